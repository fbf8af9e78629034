import test from 'ava';
import fc from 'fast-check';
import { MoonteeError } from '../../../src/errors.js';
import { readAppList, readServerInfo } from '../../../src/moonlight/nvhttp/server-info.js';
import { parseHostDocument, type HostDocument } from '../../../src/moonlight/nvhttp/xml.js';

function parse(text: string): HostDocument {
  const root = parseHostDocument(Buffer.from(text));
  if (root === null) throw new Error('no root');
  return root;
}

test('reads status, texts and repeated elements', (t) => {
  const root = parse(
    '<?xml version="1.0"?>\r\n<root  query="/applist" status_message="all &quot;well&quot;" status_code="200">' +
      '<App><AppTitle>Tom &amp; Jerry</AppTitle><ID>-5</ID><IsHdrSupported>1</IsHdrSupported></App>' +
      '<App><AppTitle></AppTitle><ID>134906179</ID></App><App><ID>x</ID></App></root>',
  );
  t.is(root.statusCode, 200);
  t.is(root.statusMessage, 'all "well"');
  t.deepEqual(readAppList(root), [
    { id: -5, title: 'Tom & Jerry', hdrSupported: true },
    { id: 134906179, title: '', hdrSupported: false },
  ]);
});

test('a status code is unsigned on the wire and signed for us', (t) => {
  t.is(parse('<root status_code="4294967295"/>').statusCode, -1);
  t.is(parse('<root status_code="401" status_message=""/>').statusCode, 401);
  t.is(parse('<root/>').statusCode, -1);
  t.is(parse('<root status_code="2x"></root>').statusCode, -1);
});

test('junk around the root element is ignored', (t) => {
  const root = parse('junk <root status_code="404"></root>HTTP/1.1 404 Not Found\r\n\r\n');
  t.is(root.statusCode, 404);
  t.is(parse('<root status_code="404"/>HTTP/1.1 404 Not Found\r\n\r\n').statusCode, 404);
});

test('no root is no document, broken XML and entities are refused', (t) => {
  t.is(parseHostDocument(Buffer.from('')), null);
  t.is(parseHostDocument(Buffer.from('<html><rooted/></html>')), null);
  const bomb =
    '<!DOCTYPE root [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><root status_code="200">&b;</root>';
  for (const text of [bomb, '<root status_code="200" <<', `<root>${'<a>'.repeat(5000)}</root>`]) {
    const error = t.throws(() => parse(text), { instanceOf: MoonteeError });
    t.is(error.code, 'HOST_ANSWER_INVALID');
  }
});

test('server info: defaults, busy rule and useless addresses', (t) => {
  const info = readServerInfo(
    parse(
      '<root status_code="200"><appversion>7.1.431.-1</appversion><currentgame>7</currentgame>' +
        '<state>SUNSHINE_SERVER_FREE</state><mac>00:00:00:00:00:00</mac><HttpsPort>0</HttpsPort></root>',
    ),
    4000,
  );
  t.deepEqual(info.appVersion, [7, 1, 431, -1]);
  t.is(info.currentGame, 0);
  t.is(info.mac, null);
  t.is(info.httpsPort, 47984);
  t.is(info.externalPort, 4000);
  t.is(info.codecModeSupport, 1);
  t.throws(() => readServerInfo(parse('<root status_code="200"/>'), 1), {
    instanceOf: MoonteeError,
  });
});

test('any bytes give a document, null or a MoonteeError', (t) => {
  const piece = fc.oneof(
    fc.constantFrom('<root', '<root status_code="200">', '</root>', '<App>', '</App>', '<ID>'),
    fc.constantFrom('&amp;', '&#x41;', '<![CDATA[', ']]>', '<!--', '-->', '<?', '?>', '"', '='),
    fc.constantFrom('<__proto__>', '<constructor>', '<state>', '_SERVER_BUSY', '1', '-', '>'),
    fc.string({ maxLength: 20 }),
  );
  const text = fc.array(piece, { maxLength: 40 }).map((pieces) => `<root ${pieces.join('')}`);
  fc.assert(
    fc.property(fc.oneof(text, fc.string({ maxLength: 300 })), (input) => {
      try {
        const root = parseHostDocument(Buffer.from(input));
        if (root === null) return;
        t.is(typeof root.statusCode, 'number');
        t.true(root.statusMessage.length <= 200);
        readAppList(root);
        readServerInfo(root, 1);
      } catch (error) {
        t.true(error instanceof MoonteeError, String(error));
      }
    }),
    { seed: 7, numRuns: 2000 },
  );
});
