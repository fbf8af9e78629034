import test, { type ExecutionContext } from 'ava';
import { X509Certificate } from 'node:crypto';
import { MoonteeError, type ErrorCode } from '../../../src/core/errors.js';
import { silentLog } from '../../../src/core/log.js';
import { HostClient } from '../../../src/moonlight/nvhttp/host-client.js';
import { parseSessionUrl, type LaunchRequest } from '../../../src/moonlight/nvhttp/launch.js';
import { FakeHost, rawServer, TEAR, twoIdentities, xml, type HostReply } from './fake-host.js';

const REQUEST: LaunchRequest = {
  appId: 2,
  settings: {
    width: 1280,
    height: 720,
    fps: 60,
    audioChannels: 6,
    playAudioOnHost: false,
    hdr: false,
  },
  rikey: Buffer.from('00112233445566778899aabbccddeeff', 'hex'),
  rikeyId: Buffer.from('dcaddeb6', 'hex').readInt32BE(),
  gamepads: 1,
};

async function paired(t: ExecutionContext): Promise<{ host: FakeHost; client: HostClient }> {
  const [us, them] = await twoIdentities();
  const host = await FakeHost.start(them);
  t.teardown(() => host.close());
  host.on('serverinfo', ({ secure }) => host.serverInfo({ PairStatus: secure ? '1' : '0' }));
  const client = HostClient.forPaired(host.paired, us, silentLog());
  return { host, client };
}

async function code(t: ExecutionContext, answer: Promise<unknown>): Promise<string> {
  return (await t.throwsAsync(answer, { instanceOf: MoonteeError })).code;
}

test('an unpaired client reads server info over HTTP', async (t) => {
  const { host } = await paired(t);
  const { httpPort } = host;
  const client = new HostClient({ address: '127.0.0.1', httpPort, log: silentLog() });
  const info = await client.serverInfo();
  t.is(info.trust, 'unpaired');
  t.is(info.name, 'Fake & host');
  t.is(info.mac, '00:11:22:aa:bb:cc');
  t.is(info.codecModeSupport, 65793);
  t.is(host.requests[0]?.query.get('uniqueid'), '0123456789ABCDEF');
  t.is(await code(t, client.apps()), 'HOST_NOT_PAIRED');
});

test('a paired client learns the port over HTTP, then stays with TLS', async (t) => {
  const { host, client } = await paired(t);
  const [us] = await twoIdentities();
  t.is((await client.serverInfo()).trust, 'paired');
  t.is((await client.serverInfo()).trust, 'paired');
  t.deepEqual(host.verbs(), ['http serverinfo', 'https serverinfo', 'https serverinfo']);
  const shown = host.requests[1]?.clientCertificate;
  t.true(shown?.equals(new X509Certificate(us.certificatePem).raw));
  t.is(host.requests[1]?.query.get('uniqueid'), us.uniqueId);
  const nonces = new Set(host.requests.map(({ query }) => query.get('uuid')));
  t.is(nonces.size, 3);
});

test('401 over TLS falls back to HTTP and says unpaired', async (t) => {
  const { host, client } = await paired(t);
  const refusal = xml('', 401, 'The client is not authorized.');
  for (const reply of [refusal, { status: 401, body: refusal }, { status: 401, body: '' }]) {
    host.on('serverinfo', ({ secure }) => (secure ? reply : host.serverInfo()));
    t.is((await client.serverInfo()).trust, 'unpaired');
    host.on('applist', () => reply);
    t.is(await code(t, client.apps()), 'HOST_NOT_PAIRED');
  }
});

test('another certificate is refused before a byte is written', async (t) => {
  const [us, them] = await twoIdentities();
  const host = await FakeHost.start(us);
  t.teardown(() => host.close());
  const client = HostClient.forPaired(
    { ...host.paired, certificatePem: them.certificatePem },
    us,
    silentLog(),
  );
  host.on('launch', () =>
    xml('<sessionUrl0>rtsp://1.2.3.4:1</sessionUrl0><gamesession>1</gamesession>'),
  );
  t.is(await code(t, client.launch(REQUEST)), 'HOST_CERTIFICATE_CHANGED');
  t.is(await code(t, client.cancel()), 'HOST_CERTIFICATE_CHANGED');
  t.is((await client.serverInfo()).trust, 'certificate-changed');
  t.is(host.secureBytes, 0);
  t.true(host.verbs().every((verb) => verb === 'http serverinfo'));
});

test('launch sends what hosts want and reads the session URL', async (t) => {
  const { host, client } = await paired(t);
  host.on('launch', () =>
    xml('<sessionUrl0>rtspenc://10.0.0.5:48010</sessionUrl0><gamesession>1</gamesession>'),
  );
  const url = await client.launch(REQUEST);
  t.deepEqual(url, {
    text: 'rtspenc://10.0.0.5:48010',
    encrypted: true,
    host: '10.0.0.5',
    port: 48010,
  });
  const query = [...(host.requests.at(-1)?.query ?? [])].slice(2);
  t.deepEqual(query, [
    ['appid', '2'],
    ['mode', '1280x720x60'],
    ['additionalStates', '1'],
    ['sops', '0'],
    ['rikey', '00112233445566778899aabbccddeeff'],
    ['rikeyid', '-592585034'],
    ['localAudioPlayMode', '0'],
    ['surroundAudioInfo', '4128774'],
    ['remoteControllersBitmap', '1'],
    ['gcmap', '1'],
    ['corever', '1'],
  ]);
  host.on('resume', () => xml('<sessionUrl0>rtsp://10.0.0.5</sessionUrl0><resume>1</resume>'));
  const hdr = {
    ...REQUEST,
    settings: { ...REQUEST.settings, hdr: true, audioChannels: 8 as const },
  };
  t.is((await client.resume(hdr)).port, 48010);
  const resumed = host.requests.at(-1)?.query;
  t.is(resumed?.get('hdrMode'), '1');
  t.is(resumed?.get('surroundAudioInfo'), '104792072');
});

test('every refusal of a launch has its code', async (t) => {
  const { host, client } = await paired(t);
  const url = '<sessionUrl0>rtsp://10.0.0.5:48010</sessionUrl0>';
  const cases: [HostReply, ErrorCode][] = [
    [xml(`${url}<gamesession>0</gamesession>`), 'HOST_REFUSED'],
    [xml(url), 'HOST_REFUSED'],
    [xml('<gamesession>1</gamesession>'), 'HOST_ANSWER_INVALID'],
    [
      xml('<sessionUrl0>rtsp://a\r\nX: y</sessionUrl0><gamesession>1</gamesession>'),
      'HOST_ANSWER_INVALID',
    ],
    [xml('', 400, 'An app is already running on this host'), 'HOST_BUSY'],
    [{ status: 409, body: '' }, 'HOST_BUSY'],
    [xml('', 403, 'Encryption is mandatory'), 'ENCRYPTION_REQUIRED'],
    [xml('', 403, 'Permission denied'), 'HOST_REFUSED'],
    [xml('<resume>0</resume>', 403), 'HOST_REFUSED'],
    [{ status: 403, body: '' }, 'HOST_REFUSED'],
    [xml('', 503, 'Failed to initialize video capture'), 'HOST_REFUSED'],
    [{ status: 500, body: 'oops' }, 'HOST_REFUSED'],
    ['hello', 'HOST_ANSWER_INVALID'],
    ['<root status_code="200"', 'HOST_ANSWER_INVALID'],
    [TEAR, 'HOST_ANSWER_INVALID'],
  ];
  for (const [reply, expected] of cases) {
    host.on('launch', () => reply);
    const error = await t.throwsAsync(client.launch(REQUEST), { instanceOf: MoonteeError });
    t.is(error.code, expected, JSON.stringify(reply));
    t.false(JSON.stringify([error.message, error.details]).includes('aabbccdd'));
  }
});

test('a refusal carries the host’s words, whatever its status', async (t) => {
  const { host, client } = await paired(t);
  for (const verb of ['launch', 'resume'] as const) {
    for (const status of [400, 403, 404, 500, 503, -1]) {
      host.on(verb, () => xml(`<${verb}>0</${verb}>`, status, 'Ask &#39;Bob&#39; for it'));
      const error = await t.throwsAsync(client[verb](REQUEST), { instanceOf: MoonteeError });
      t.is(error.code, 'HOST_REFUSED');
      t.is(error.message, `The host refused to ${verb}: ${status} Ask 'Bob' for it`);
    }
    const word = verb === 'launch' ? 'gamesession' : 'resume';
    host.on(verb, () => xml(`<${word}>0</${word}>`, 200, 'Not today'));
    const error = await t.throwsAsync(client[verb](REQUEST), { instanceOf: MoonteeError });
    t.is(error.message, `The host refused to ${verb}: Not today`);
  }
});

test('cancel, images and the polite unpair', async (t) => {
  const { host, client } = await paired(t);
  host.on('cancel', () => xml('<cancel>1</cancel>'));
  await t.notThrowsAsync(client.cancel());
  host.on('cancel', () => xml('<cancel>0</cancel>'));
  t.is(await code(t, client.cancel()), 'HOST_REFUSED');

  const png = Buffer.from('89504e470d0a1a0a', 'hex');
  host.on('appasset', () => ({ status: 200, body: png }));
  t.true((await client.appAsset(3)).equals(png));
  t.is(host.requests.at(-1)?.query.get('AssetType'), '2');
  host.on('appasset', () => ({ status: 404, body: '' }));
  t.is(await code(t, client.appAsset(3)), 'NOT_FOUND');
  host.on('appasset', () => ({ status: 400, body: xml('', 400) }));
  t.is(await code(t, client.appAsset(3)), 'NOT_FOUND');

  host.on('unpair', () => TEAR);
  await t.notThrowsAsync(client.unpair());
});

test('a host that comes back with another TLS port is found again', async (t) => {
  const { host, client } = await paired(t);
  const dead = await rawServer(() => undefined);
  await dead.close();
  let port = dead.port;
  host.on('serverinfo', ({ secure }) =>
    host.serverInfo({ HttpsPort: String(port), PairStatus: secure ? '1' : '0' }),
  );
  t.is(await code(t, client.serverInfo()), 'HOST_UNREACHABLE');
  port = host.httpsPort;
  t.is((await client.serverInfo()).trust, 'paired');
});

test('session URLs that must not be echoed are refused', (t) => {
  const good = [
    'rtsp://0.0.0.0:48010',
    'rtspenc://[fe80::1]:48010',
    'RTSP://wolf',
    'rtsp://1.2.3.4:1/',
  ];
  for (const url of good) t.is(parseSessionUrl(url).text, url);
  const bad = [
    '',
    'http://1.2.3.4',
    'rtsp://',
    'rtsp://a b',
    'rtsp://a:0',
    'rtsp://a:70000',
    'rtsp://a/x\r\n',
    `rtsp://${'a'.repeat(300)}`,
  ];
  for (const url of bad) t.throws(() => parseSessionUrl(url), { instanceOf: MoonteeError }, url);
});
