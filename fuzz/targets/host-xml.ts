import { readDocument } from '../../src/moonlight/nvhttp/host-client.js';
import { readLaunchAnswer } from '../../src/moonlight/nvhttp/launch.js';
import { readAppList, readServerInfo } from '../../src/moonlight/nvhttp/server-info.js';
import { parseHostDocument } from '../../src/moonlight/nvhttp/xml.js';
import { expect, tolerate, type FuzzTarget } from '../target.js';

const DOCUMENTS = [
  '<?xml version="1.0" encoding="utf-8"?>\n<root status_code="200"><hostname>PC &amp; co</hostname><appversion>7.1.431.-1</appversion><GfeVersion>3.23.0.74</GfeVersion><uniqueid>A-B</uniqueid><HttpsPort>47984</HttpsPort><ExternalPort>47989</ExternalPort><MaxLumaPixelsHEVC>1869449984</MaxLumaPixelsHEVC><mac>00:11:22:33:44:55</mac><LocalIP>10.0.0.5</LocalIP><ServerCodecModeSupport>65793</ServerCodecModeSupport><PairStatus>1</PairStatus><currentgame>5</currentgame><state>SUNSHINE_SERVER_BUSY</state></root>',
  '<root status_code="200"><App><IsHdrSupported>1</IsHdrSupported><AppTitle>Desktop</AppTitle><ID>-12</ID></App><App><AppTitle/><ID>2</ID></App></root>',
  '<root status_code="200"><sessionUrl0>rtspenc://10.0.0.5:48010</sessionUrl0><gamesession>1</gamesession></root>',
  '<root status_code="401" query="/launch" status_message="The client is not authorized."/>',
  '<root status_code="4294967295" status_message="Invalid"></root>HTTP/1.1 404 Not Found\r\n',
  '<root status_code="200"><paired>1</paired><plaincert>2d2d2d</plaincert><resume>0</resume></root>',
  '<root status_code="200"><sessionUrl0>rtsp://[fe80::1]:48010</sessionUrl0><resume>1</resume></root>',
];

/** Everything that a client reads out of a host's HTTP answer. */
export const hostXml: FuzzTarget = {
  name: 'host-xml',
  seeds: DOCUMENTS.map((text) => Buffer.from(text)),
  words: [
    '<root',
    '</root>',
    '<![CDATA[',
    ']]>',
    '<!--',
    '-->',
    '&amp;',
    '&#0;',
    '&#x41;',
    '<!DOCTYPE x [',
    '<!ENTITY a "b">',
    '__proto__',
    '<constructor>',
    '<App>',
    '</App>',
    '<?xml ',
    'status_code="200"',
  ],
  run: (input) => {
    const before = Object.keys(Object.prototype).length;
    const root = tolerate(() => parseHostDocument(input));
    for (const verb of ['serverinfo', 'launch', 'pair']) {
      for (const status of [200, 400]) tolerate(() => readDocument(verb, { status, body: input }));
    }
    expect(Object.keys(Object.prototype).length === before, 'a prototype was changed');
    if (root === null) return;
    expect(Number.isInteger(root.statusCode), 'a status that is none');
    expect(Array.from(root.statusMessage).length <= 200, 'a long message');
    const info = tolerate(() => readServerInfo(root, 47_989));
    if (info !== null) {
      for (const port of [info.httpsPort, info.externalPort]) {
        expect(port >= 1 && port <= 0xffff, 'a port that is none');
      }
      expect(typeof info.name === 'string' && typeof info.localIp === 'string', 'no text');
      expect(Number.isSafeInteger(info.codecModeSupport), 'modes that are none');
    }
    for (const app of readAppList(root)) {
      expect(Number.isInteger(app.id) && typeof app.title === 'string', 'an app that is none');
    }
    for (const verb of ['launch', 'resume'] as const) {
      const url = tolerate(() => readLaunchAnswer(verb, root));
      if (url === null) continue;
      expect(url.port >= 1 && url.port <= 0xffff, 'a port that is none');
      expect(/^[\x21-\x7e]+$/.test(url.text), 'a URL that breaks a request');
    }
  },
};
