import { AppCatalogue } from '../../src/demo-host/apps.js';
import { NO_FAULTS } from '../../src/demo-host/faults.js';
import { fingerprint, parseCertificate } from '../../src/demo-host/http/certificate.js';
import type { NvRequest } from '../../src/demo-host/http/nvhttp.js';
import { Pairing } from '../../src/demo-host/http/pairing.js';
import { Routes } from '../../src/demo-host/http/routes.js';
import { createIdentity } from '../../src/demo-host/identity.js';
import { Orders } from '../../src/demo-host/orders.js';
import { PairedClients } from '../../src/demo-host/paired-clients.js';
import { Sessions } from '../../src/demo-host/sessions.js';
import { silentLog } from '../../src/core/log.js';
import { parseHostDocument } from '../../src/moonlight/nvhttp/xml.js';
import { expect, type FuzzTarget } from '../target.js';

const LAUNCH =
  'appid=1&mode=1280x720x60&additionalStates=1&sops=0&rikey=000102030405060708090a0b0c0d0e0f&rikeyid=-592585034&localAudioPlayMode=0&surroundAudioInfo=196610&remoteControllersBitmap=1&gcmap=1&corever=1';
const ID = 'uniqueid=0123456789ABCDEF&uuid=1';
const SALT = 'salt=000102030405060708090a0b0c0d0e0f';

/**
 * The demo host's HTTP and HTTPS routes without their sockets. An input is lines of requests:
 * `s` (HTTPS, paired), `t` (HTTPS, unknown) or `p` (HTTP), method, target, body.
 */
export async function demoHttp(): Promise<FuzzTarget> {
  const log = silentLog();
  const identity = await createIdentity();
  const clients = await PairedClients.load(null);
  await clients.add(identity.certificatePem);
  const client = fingerprint(parseCertificate(identity.certificatePem).raw);
  const certificate = Buffer.from(identity.certificatePem).toString('hex');
  const catalogue = new AppCatalogue([], [{ codec: 'h264', bitDepth: 8 }]);

  const run = async (input: Buffer, style: 'sunshine' | 'wolf'): Promise<void> => {
    const sessions = new Sessions(style, log);
    const pairing = new Pairing(identity, { pin: '1234', delay: 0 }, () => Promise.resolve(), log);
    const orders = new Orders({ sessions, media: () => undefined, exit: () => undefined });
    const routes = new Routes({
      name: 'Demo <&> "host"',
      style,
      rtspEncryption: 'offered',
      identity,
      clients,
      pairing,
      catalogue,
      sessions,
      faults: NO_FAULTS,
      ports: () => ({ http: 47_989, https: 47_984, rtsp: 48_010 }),
      prepare: () => Promise.resolve(),
      orders: orders.handle,
      log,
    });
    try {
      for (const line of input.toString('utf8').split('\n').slice(0, 12)) {
        const [how = '', method = '', target = '', ...body] = line.split(' ');
        const request = requestOf(how, method, target, body.join(' '), client);
        const answer = await routes.handle(request);
        expect(answer.status >= 200 && answer.status < 600, 'a status that is none');
        expect(/^[\w/;= +.-]+$/.test(answer.type), 'a content type that is none');
        expect(answer.body.length < 1_000_000, 'a huge answer');
        if (answer.type !== 'application/xml') continue;
        expect(parseHostDocument(Buffer.from(answer.body)) !== null, 'an answer without a root');
        expect(sessions.all.length <= 16, 'too many sessions');
      }
    } finally {
      pairing.close();
      sessions.close('over');
    }
  };

  return {
    name: 'demo-http',
    seeds: [
      `p GET /serverinfo?${ID}`,
      `s GET /serverinfo?${ID}\ns GET /applist?${ID}\ns GET /appasset?${ID}&appid=2&AssetType=2&AssetIdx=0`,
      `s GET /launch?${ID}&${LAUNCH}\ns GET /resume?${ID}&${LAUNCH}\ns GET /cancel?${ID}`,
      `t GET /launch?${ID}&${LAUNCH}\np GET /launch?${LAUNCH}`,
      `p GET /pair?${ID}&devicename=roth&updateState=1&phrase=getservercert&${SALT}&clientcert=${certificate}`,
      `p GET /pair?${ID}&phrase=getservercert&${SALT}&clientcert=${certificate}\np GET /pair?${ID}&clientchallenge=5febcdc985b2baddd65925da162380eb\np GET /pair?${ID}&serverchallengeresp=be16b48a273260d616a4ef44874acd4be2dc7ebadcb8ffab14bab095373e1c7a\np GET /pair?${ID}&clientpairingsecret=4041424344`,
      `s GET /pair?${ID}&phrase=pairchallenge\np GET /unpair?${ID}`,
      `p POST /pin/ {"pin":"1234","secret":"0123456789abcdef"}\np GET /pin/`,
      `p POST /demo/control {"order":"rumble","pad":0,"low":1,"high":2}\np GET /demo/state`,
    ].map((text) => Buffer.from(text)),
    words: [
      '&rikey=',
      '&appid=',
      '&mode=',
      '\n',
      's GET ',
      '%00',
      '%',
      '&uniqueid=',
      '/demo/',
      'x',
    ],
    run: async (input) => {
      for (const style of ['sunshine', 'wolf'] as const) await run(input, style);
    },
  };
}

function requestOf(
  how: string,
  method: string,
  target: string,
  body: string,
  client: string,
): NvRequest {
  const [path = '/', search = ''] = target.split(/\?(.*)/s, 2);
  const secure = how === 's' || how === 't';
  return {
    method,
    path,
    query: new URLSearchParams(search),
    secure,
    client: how === 's' ? client : null,
    address: '127.0.0.1',
    localAddress: how === 'p' ? '::1' : '127.0.0.1',
    body: Buffer.from(body),
    contentType: 'application/json',
    signal: AbortSignal.timeout(10_000),
  };
}
