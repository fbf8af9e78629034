import { createHmac } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { browserServers } from '../../src/ice/browser-servers.js';
import { formatIceUrl, parseIceUrl } from '../../src/ice/ice-url.js';
import { IceServerProvider } from '../../src/ice/provider.js';
import { parseServersAnswer, type ServersAnswer } from '../../src/ice/servers-answer.js';
import { commandSource, urlSource, type ServersSource } from '../../src/ice/servers-source.js';
import { turnRestCredentials } from '../../src/ice/turn-rest.js';
import { silentLog } from '../../src/core/log.js';

test('URLs of RFC 7064 and RFC 7065', (t) => {
  const turn = { scheme: 'turn', host: 'example.org', port: 3478, transport: 'udp' } as const;
  t.deepEqual(parseIceUrl('turn:example.org'), turn);
  t.deepEqual(parseIceUrl('turn:example.org:80?transport=tcp'), {
    ...turn,
    port: 80,
    transport: 'tcp',
  });
  t.like(parseIceUrl('turns:example.org'), { port: 5349, transport: 'tcp' });
  t.like(parseIceUrl('stun:[2001:db8::1]:19302'), { host: '2001:db8::1', port: 19_302 });
  for (const bad of [
    '',
    'stun:',
    'http://example.org',
    'turn:exa mple.org',
    'turn:example.org:0',
    'turn:example.org:70000',
    'turn:[::g]',
    'turn:[1.2.3.4]',
    'turn:a?transport=sctp',
    'turn:a@b',
    'turn:a/b',
  ]) {
    t.is(parseIceUrl(bad), null, bad);
  }
});

test('URLs come back as they were written', (t) => {
  const hosts = fc.oneof(
    fc.domain(),
    fc.ipV4(),
    fc.ipV6().map((address) => `[${address}]`),
  );
  fc.assert(
    fc.property(
      fc.constantFrom('turn', 'turns'),
      hosts,
      fc.integer({ min: 1, max: 65_535 }),
      fc.constantFrom('udp', 'tcp'),
      (scheme, host, port, transport) => {
        const text = `${scheme}:${host}:${port}?transport=${transport}`;
        const url = parseIceUrl(text);
        t.is(url && formatIceUrl(url), text);
      },
    ),
    { seed: 5 },
  );
});

test('browsers get nothing that makes RTCPeerConnection throw', (t) => {
  t.deepEqual(
    browserServers([
      { urls: [] },
      { urls: ['stun:stun.example.org?transport=udp'] },
      { urls: ['nonsense', 'turn:example.org'] },
      { urls: ['turn:example.org', 'stun:example.org'], username: 'me' },
      { urls: ['turn:[::1]', 'turns:example.org'], username: 'me', credential: 'pw' },
    ]),
    [
      { urls: ['stun:stun.example.org:3478'], username: '', credential: '' },
      { urls: ['stun:example.org:3478'], username: 'me', credential: '' },
      {
        urls: ['turn:[::1]:3478?transport=udp', 'turns:example.org:5349?transport=tcp'],
        username: 'me',
        credential: 'pw',
      },
    ],
  );
});

test('shared-secret credentials', (t) => {
  // echo -n 1700086400:viewer | openssl dgst -sha1 -hmac north -binary | base64
  t.deepEqual(turnRestCredentials({ secret: 'north', ttl: 86_400 }, 'viewer', 1_700_000_000.9), {
    username: '1700086400:viewer',
    credential: 'KjXXRZ8n2EK/ZeUUm6uiwXVLUAA=',
  });
  t.is(turnRestCredentials({ secret: 's', ttl: 1 }, '', 1).username, '2');
  t.is(turnRestCredentials({ secret: 's', ttl: 1 }, 'a:b\n', 1).username, '2:ab');
});

test('answers in the forms that services give', (t) => {
  const server = { urls: ['turn:example.org'], username: 'u', credential: 'p' };
  const plain = { servers: [server], ttl: null };
  t.deepEqual(parseServersAnswer(JSON.stringify([server])), plain);
  t.deepEqual(parseServersAnswer(JSON.stringify({ iceServers: server })), plain);
  t.deepEqual(parseServersAnswer(JSON.stringify({ ice_servers: [server], ttl: '60' })), {
    ...plain,
    ttl: 60,
  });
  t.deepEqual(
    parseServersAnswer('{"username":"u","password":"p","ttl":86400,"uris":["turn:example.org"]}'),
    { ...plain, ttl: 86_400 },
  );
  t.deepEqual(parseServersAnswer('[{"urls":"stun:example.org"}]').servers, [
    { urls: ['stun:example.org'], username: '', credential: '' },
  ]);
});

test('answers that are none, and none of them is quoted', (t) => {
  for (const bad of [
    '',
    'hunter2',
    'null',
    '7',
    '{}',
    '[7]',
    '[{"urls":[]}]',
    '[{"urls":["http://example.org"]}]',
    '[{"urls":["turn:example.org"],"username":7}]',
    '[{"urls":["turn:example.org"],"username":"a\\nb"}]',
    '{"iceServers":[],"ttl":0}',
    '{"iceServers":[],"ttl":"soon"}',
    JSON.stringify(Array.from({ length: 17 }, () => ({ urls: 'stun:example.org' }))),
  ]) {
    const error = t.throws(() => parseServersAnswer(bad), { code: 'CONFIG_INVALID' }, bad);
    t.false(error.message.includes('hunter2'));
  }
  fc.assert(
    fc.property(fc.json(), (text) => {
      try {
        parseServersAnswer(text);
      } catch (error) {
        t.is((error as { code?: string }).code, 'CONFIG_INVALID');
      }
    }),
    { seed: 5 },
  );
});

test('a command is run without a shell, within limits', async (t) => {
  const node = (code: string): ServersSource => commandSource([process.execPath, '-e', code]);
  const good = await node(`console.log('[{"urls":"stun:example.org"}]')`).fetch();
  t.is(good.servers.length, 1);
  const literal = commandSource([
    process.execPath,
    '-e',
    'console.log(JSON.stringify([{urls:"stun:a",username:process.argv[1]}]))',
    '$(id); `id` > x',
  ]);
  t.is((await literal.fetch()).servers[0]?.username, '$(id); `id` > x');
  await t.throwsAsync(node('process.exit(3)').fetch(), { message: /exit code 3/ });
  await t.throwsAsync(node(`console.log('x'.repeat(100_000))`).fetch(), { message: /65536 bytes/ });
  await t.throwsAsync(node(`console.log('oops')`).fetch(), { message: /not JSON/ });
  await t.throwsAsync(commandSource(['/nowhere/at-all']).fetch(), { message: /ENOENT/ });
  const slow = commandSource([process.execPath, '-e', 'setInterval(() => 0, 1000)'], 200);
  await t.throwsAsync(slow.fetch(), { message: /within 200 ms/ });
});

async function listen(t: ExecutionContext, handler: RequestListener): Promise<string> {
  const server = createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a URL is asked with its credentials, within limits', async (t) => {
  let authorization: string | undefined;
  const authority = await listen(t, (request, response) => {
    authorization = request.headers.authorization;
    switch (request.url) {
      case '/good':
        response.end('{"iceServers":[{"urls":["stun:example.org"]}],"ttl":60}');
        return;
      case '/large':
        response.end('x'.repeat(100_000));
        return;
      case '/elsewhere':
        response.writeHead(302, { Location: '/good' }).end();
        return;
      case '/slow':
        return;
      default:
        response.writeHead(403).end();
    }
  });
  const source = urlSource(`http://me:p%40ss@${authority}/good`);
  t.is((await source.fetch()).ttl, 60);
  t.is(authorization, `Basic ${Buffer.from('me:p@ss').toString('base64')}`);
  t.false(source.name.includes('ss@'));
  const fails = (path: string, message: RegExp, deadline?: number): Promise<unknown> =>
    t.throwsAsync(urlSource(`http://${authority}${path}`, deadline).fetch(), {
      code: 'CONFIG_INVALID',
      message,
    });
  await fails('/large', /65536 bytes/);
  await fails('/elsewhere', /redirect/);
  await fails('/slow', /within 200 ms/, 200);
  await fails('/', /status 403/);
});

/** A source whose answers come when the test says so. */
class Scripted implements ServersSource {
  readonly name = 'script';
  asked = 0;
  answer: () => Promise<ServersAnswer> = () => Promise.reject(new Error('nothing yet'));

  fetch(): Promise<ServersAnswer> {
    this.asked += 1;
    return this.answer();
  }
}

test('an answer is kept until it is half used up, and used until it expires', async (t) => {
  const script = new Scripted();
  let now = 1_000_000;
  let wall = 5_000_000;
  const provider = new IceServerProvider({
    fixed: [{ urls: ['stun:fixed'] }],
    turnRest: { urls: ['turn:rest'], secret: 'north', ttl: 600 },
    sources: [script],
    log: silentLog(),
    now: () => wall,
    steady: () => now,
  });
  const urls = async (): Promise<string[]> =>
    (await provider.serversFor('me')).flatMap((server) => server.urls);
  const answer = (url: string) => (): Promise<ServersAnswer> =>
    Promise.resolve({ servers: [{ urls: [url] }], ttl: 100 });

  t.deepEqual(await urls(), ['stun:fixed', 'turn:rest'], 'a source that fails costs nothing');
  await urls();
  t.is(script.asked, 1, 'and is left alone for a while');

  now += 10_000;
  // The answers' age has nothing to do with what a wall clock is set to.
  wall -= 3_600_000;
  script.answer = answer('turn:one');
  t.deepEqual(await Promise.all([urls(), urls()]), [
    ['stun:fixed', 'turn:rest', 'turn:one'],
    ['stun:fixed', 'turn:rest', 'turn:one'],
  ]);
  t.is(script.asked, 2, 'viewers who come together share one question');
  now += 49_000;
  wall += 7_200_000;
  await urls();
  t.is(script.asked, 2);

  now += 2_000;
  script.answer = answer('turn:two');
  t.deepEqual(await urls(), ['stun:fixed', 'turn:rest', 'turn:one'], 'nobody waits for the new');
  t.deepEqual(await urls(), ['stun:fixed', 'turn:rest', 'turn:two']);
  t.is(script.asked, 3);

  now += 99_000;
  script.answer = () => Promise.reject(new Error('down'));
  t.deepEqual(await urls(), ['stun:fixed', 'turn:rest', 'turn:two'], 'still good');
  now += 1_000;
  t.deepEqual(await urls(), ['stun:fixed', 'turn:rest'], 'an expired answer is not given out');

  const [, rest] = await provider.serversFor('me');
  const username = `${wall / 1_000 + 600}:me`;
  t.is(rest?.username, username);
  t.is(rest?.credential, createHmac('sha1', 'north').update(username).digest('base64'));
});
