import { X509Certificate } from 'node:crypto';
import test from 'ava';
import { parseFaults } from '../../src/demo-host/faults.js';
import { parseLaunch, parseMode } from '../../src/demo-host/http/launch.js';
import { portsOf } from '../../src/demo-host/options.js';
import { xmlAnswer } from '../../src/demo-host/http/xml.js';
import {
  clientIdentity,
  element,
  http,
  https,
  launch,
  pair,
  pairedIdentity,
  post,
  startHost,
  statusCode,
} from './support.js';

test('serverinfo has every element that clients look for', async (t) => {
  const host = await startHost(t);
  const { text } = await http(host.httpPort, '/serverinfo?uniqueid=0123456789ABCDEF&uuid=1');
  t.is(statusCode(text), 200);
  for (const name of ['hostname', 'uniqueid', 'mac', 'LocalIP', 'GfeVersion']) {
    t.truthy(element(text, name), name);
  }
  t.is(element(text, 'appversion'), '7.1.431.-1');
  t.is(element(text, 'HttpsPort'), String(host.httpsPort));
  t.is(element(text, 'ExternalPort'), String(host.httpPort));
  t.is(element(text, 'ServerCodecModeSupport'), '1');
  t.is(element(text, 'MaxLumaPixelsHEVC'), '0');
  t.is(element(text, 'PairStatus'), '0');
  t.is(element(text, 'currentgame'), '0');
  t.is(element(text, 'state'), 'SUNSHINE_SERVER_FREE');
});

test('ports follow from the HTTP port as in §1.1', (t) => {
  const ports = { http: 47989, https: 47984, rtsp: 48010, video: 47998, control: 47999 };
  t.deepEqual(portsOf({}), { ...ports, audio: 48000 });
  t.like(portsOf({ style: 'wolf' }), { video: 48100, audio: 48200, control: 47999 });
  t.like(portsOf({ httpPort: 0, rtspPort: 5 }), { https: 0, rtsp: 5 });
});

test('XML is escaped', (t) => {
  t.is(
    xmlAnswer(400, [['a', `<&>"'`]], 'a "b" <c>'),
    '<?xml version="1.0" encoding="utf-8"?>\n<root status_code="400" status_message="a &quot;b&quot; &lt;c&gt;"><a>&lt;&amp;&gt;&quot;&apos;</a></root>\n',
  );
});

test('app list and images', async (t) => {
  const host = await startHost(t, {
    apps: [{ title: 'Snow & <ice>', source: { kind: 'gstreamer', description: 'videotestsrc' } }],
  });
  const identity = await pairedIdentity(host);
  const { text } = await https(host.httpsPort, '/applist', identity);
  t.regex(text, /<AppTitle>Desktop<\/AppTitle><ID>1<\/ID>/);
  t.regex(text, /<AppTitle>Snow &amp; &lt;ice&gt;<\/AppTitle><ID>3<\/ID>/);
  const image = await https(host.httpsPort, '/appasset?appid=1&AssetType=2&AssetIdx=0', identity);
  t.is(image.type, 'image/png');
  t.is(image.body.toString('latin1', 1, 4), 'PNG');
  t.deepEqual([image.body.readUInt32BE(16), image.body.readUInt32BE(20)], [300, 400]);
  t.is(statusCode((await https(host.httpsPort, '/appasset?appid=99', identity)).text), 404);
});

test('the TLS certificate is the one of pairing', async (t) => {
  const host = await startHost(t);
  const { hostCertificate } = await pair(host, await clientIdentity());
  const { connect } = await import('node:tls');
  const socket = connect({ port: host.httpsPort, host: '127.0.0.1', rejectUnauthorized: false });
  await new Promise((resolve) => socket.once('secureConnect', resolve));
  t.deepEqual(socket.getPeerCertificate().raw, new X509Certificate(hostCertificate).raw);
  socket.destroy();
});

test('launch, busy, resume and cancel as Sunshine has them', async (t) => {
  const host = await startHost(t);
  const [one, two] = [await pairedIdentity(host), await pairedIdentity(host, 1)];
  const info = async (): Promise<string> => (await http(host.httpPort, '/serverinfo')).text;

  const early = await launch(host, one, { verb: 'resume' });
  t.is(statusCode(early.text), 503);
  t.is(element(early.text, 'resume'), '0');

  const first = await launch(host, one);
  t.is(element(first.text, 'gamesession'), '1');
  t.is(first.url, `rtsp://127.0.0.1:${host.rtspPort}`);
  t.is(element(await info(), 'currentgame'), '1');
  t.is(element(await info(), 'state'), 'SUNSHINE_SERVER_BUSY');

  const busy = await launch(host, two, { appid: 2 });
  t.is(statusCode(busy.text), 400);
  t.is(element(busy.text, 'gamesession'), '0');
  const shared = await launch(host, two, { verb: 'resume' });
  t.is(element(shared.text, 'resume'), '1');
  t.is(host.sessions.length, 2);
  t.is(host.sessions[0]?.game, host.sessions[1]?.game);

  const cancelled = await https(host.httpsPort, '/cancel?uniqueid=1', one);
  t.is(element(cancelled.text, 'cancel'), '1');
  t.is(element(await info(), 'currentgame'), '0');
  t.is(host.sessions.length, 0);
});

test('Wolf runs an app for each client and uses HTTP codes', async (t) => {
  const host = await startHost(t, { style: 'wolf' });
  const [one, two] = [await pairedIdentity(host), await pairedIdentity(host, 1)];
  t.is(element((await launch(host, one)).text, 'gamesession'), '1');
  t.is(element((await launch(host, two, { appid: 2 })).text, 'gamesession'), '1');
  const mine = await https(host.httpsPort, '/serverinfo', two);
  t.is(element(mine.text, 'currentgame'), '2');
  t.is(element(mine.text, 'PairStatus'), '1');

  await https(host.httpsPort, '/cancel', one);
  t.is(host.sessions.length, 1);
  t.is(element((await https(host.httpsPort, '/serverinfo', one)).text, 'currentgame'), '0');
  const unknown = await https(host.httpsPort, '/launch?appid=77&rikey=00&rikeyid=1', two);
  t.is(unknown.status, 400);
  t.is((await https(host.httpsPort, '/applist', await clientIdentity(2))).status, 401);
});

test('a launch that lacks something is refused and changes nothing', async (t) => {
  const host = await startHost(t);
  const identity = await pairedIdentity(host);
  const key = '00'.repeat(16);
  for (const query of [
    'appid=1&rikeyid=1',
    `appid=1&rikey=${key}`,
    `appid=1&rikey=zz&rikeyid=1`,
    `appid=1&rikey=${key}&rikeyid=x`,
    `appid=99&rikey=${key}&rikeyid=1`,
    `rikey=${key}&rikeyid=1`,
    `appid=1&rikey=${key}&rikeyid=1&mode=0x0x0`,
    `appid=1&rikey=${key}&rikeyid=1&mode=99999x99999x60`,
  ]) {
    const { text } = await https(host.httpsPort, `/launch?${query}`, identity);
    t.not(statusCode(text), 200, query);
    t.is(element(text, 'gamesession'), '0', query);
  }
  t.is(host.sessions.length, 0);
});

test('refuse-launch refuses, and encryption may be mandatory', async (t) => {
  const refusing = await startHost(t, { faults: parseFaults(['refuse-launch']) });
  const refused = await launch(refusing, await pairedIdentity(refusing));
  t.is(statusCode(refused.text), 503);

  const host = await startHost(t, { rtspEncryption: 'required' });
  const identity = await pairedIdentity(host);
  const path = `/launch?appid=1&rikey=${'00'.repeat(16)}&rikeyid=1`;
  t.is(statusCode((await https(host.httpsPort, path, identity)).text), 403);
  t.regex((await launch(host, identity)).url ?? '', /^rtspenc:/);
});

test('rikeyid is a signed number, mode has its bounds', (t) => {
  const query = (id: string) => new URLSearchParams({ rikey: '00'.repeat(16), rikeyid: id });
  t.like(parseLaunch(query('-592585034'), 'c', 'a'), { keyId: -592585034 });
  t.like(parseLaunch(query('3702382262'), 'c', 'a'), { keyId: -592585034 });
  t.deepEqual(parseMode('1920x1080x0'), { width: 1920, height: 1080, fps: 60 });
  t.is(parseMode('1920x1080'), null);
  t.is(parseMode('1x1x60'), null);
});

test('paths and methods that do not exist', async (t) => {
  const host = await startHost(t);
  t.is(statusCode((await http(host.httpPort, '/nothing')).text), 404);
  t.is(statusCode((await http(host.httpPort, '/applist')).text), 404);
  t.is(statusCode((await post(host.httpPort, '/serverinfo', '')).text), 405);
  t.is((await post(host.httpPort, '/pin', 'x'.repeat(100_000))).status, 413);
});

test('orders are for loopback alone and are validated', async (t) => {
  const host = await startHost(t);
  const order = (body: string, type?: string) => post(host.httpPort, '/demo/control', body, type);
  t.is((await order('{')).status, 400);
  t.is((await order('{"order":"nonsense"}')).status, 400);
  t.is((await order('{"order":"rumble","pad":0,"low":1,"high":2}')).status, 404);
  t.is((await order('{"order":"exit"}', 'text/plain')).status, 415);
  t.deepEqual(JSON.parse((await http(host.httpPort, '/demo/state')).text), { sessions: [] });

  const open = await startHost(t, { bind: '0.0.0.0' });
  t.is(statusCode((await post(open.httpPort, '/demo/control', '{"order":"exit"}')).text), 404);
  t.is(statusCode((await http(open.httpPort, '/demo/state')).text), 404);
});
