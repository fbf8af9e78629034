/** What somebody may do to the server before, and with, its credentials. */
import test, { type ExecutionContext } from 'ava';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { WebSocket } from 'ws';
import {
  addHost,
  AUTHORIZATION,
  createBody,
  PASSWORD,
  serve,
  type RawViewer,
  type TestServer,
} from '../support/server.js';

const INIT = { AuthenticateAndInit: { credentials: PASSWORD } };

async function serving(
  t: ExecutionContext,
  flags: Parameters<typeof serve>[1] = {},
): Promise<TestServer> {
  const server = await serve(t, flags);
  await addHost(t, server);
  const body = { ...createBody('s'), client_unique_id: null };
  t.is((await server.ask('POST', '/api/streamers', { body })).status, 200);
  return server;
}

async function stranger(server: TestServer): Promise<RawViewer> {
  return server.viewer('s', { headers: {} });
}

test('a stranger has one message, of a size that fits, and it must be the right one', async (t) => {
  const server = await serving(t, { auth_timeout_ms: '86400000' });
  const padded = (bytes: number): string =>
    JSON.stringify({ AuthenticateAndInit: { credentials: 'x'.repeat(bytes) } });
  const firsts: [string, (string | Buffer)[]][] = [
    ['too large', [padded(16_385)]],
    ['nested', [`${'['.repeat(8_000)}${']'.repeat(8_000)}`]],
    ['nested in the right place', [`{"AuthenticateAndInit":${'{"a":'.repeat(2_000)}`]],
    ['no JSON', ['{']],
    ['nonsense', ['{"Nonsense":1}']],
    ['binary', [Buffer.from(JSON.stringify(INIT))]],
    ['another message', ['{"RestartIce":{}}', JSON.stringify(INIT)]],
    ['wrong credentials, then the right ones', [padded(1), JSON.stringify(INIT)]],
    ['a candidate', ['{"Signaling":{"AddIceCandidate":{"candidate":""}}}']],
  ];
  for (const [name, messages] of firsts) {
    const viewer = await stranger(server);
    for (const message of messages) viewer.socket.send(message);
    t.is((await viewer.closed).code, 4401, name);
    t.like(await viewer.until('PeerClosed'), { PeerClosed: { code: 'UNAUTHORIZED' } }, name);
    t.false(viewer.names().includes('offer'), name);
  }
  const oversize = await stranger(server);
  oversize.socket.send('x'.repeat(65_537));
  t.is((await oversize.closed).code, 1009);
  t.is(server.running.streamers.require('s').viewers.length, 0);
});

test('what follows the right first message at once is not lost', async (t) => {
  const server = await serving(t);
  const viewer = await stranger(server);
  // In one segment: all are there before anything was decided.
  viewer.socket.send(JSON.stringify(INIT));
  viewer.send({
    Signaling: { AddIceCandidate: { candidate: 'candidate:1 1 udp 1 127.0.0.1 1 typ host' } },
  });
  viewer.answer();
  await viewer.until('WebRtcConfig');
  viewer.answer();
  await viewer.until('ConnectionComplete');
});

test('messages that wait for a slow first one are bounded', async (t) => {
  const server = await serve(t);
  const host = await addHost(t, server);
  const { port } = host;
  await host.close();
  const silent = createServer().listen(port, '127.0.0.1');
  await once(silent, 'listening');
  t.teardown(() => silent.close());
  const viewer = await server.viewer('', { path: '/api/host/stream', headers: {} });
  viewer.send({ AuthenticateAndInit: { ...INIT.AuthenticateAndInit, host_id: 0, app_id: 1 } });
  for (let i = 0; i < 100; i += 1) viewer.send({ RestartIce: {} });
  t.is((await viewer.closed).code, 4429);
});

test('messages of a viewer have the size of their kind', async (t) => {
  const server = await serving(t);
  const viewer = await server.viewer('s');
  await viewer.until('WebRtcConfig');
  const sdp = (bytes: number) => ({
    Signaling: { Description: { ty: 'answer', sdp: 'x'.repeat(bytes) } },
  });
  viewer.send({ Signaling: { AddIceCandidate: { candidate: 'x'.repeat(4_000) } } });
  viewer.send(sdp(40_000));
  viewer.send({ RestartIce: { padding: 'x'.repeat(300) } });
  viewer.send({ AuthenticateAndInit: { credentials: 'x'.repeat(17_000) } });
  viewer.send(`{"RestartIce":${'{"a":'.repeat(9)}1${'}'.repeat(10)}`);
  viewer.send(sdp(20_000));
  await viewer.until('ConnectionComplete');
  t.regex((await server.ask('GET', '/metrics')).text, /messages_invalid_total 5\b/);
});

test('pings, pongs and fragments are a flood too', async (t) => {
  const server = await serving(t, { max_messages_per_second: '20' });
  const quiet = await server.viewer('s');
  await quiet.until('WebRtcConfig');
  const flood = async (send: (socket: WebSocket) => void, count = 200): Promise<number> => {
    const viewer = await server.viewer('s');
    await viewer.until('WebRtcConfig');
    for (let i = 0; i < count; i += 1) send(viewer.socket);
    return (await viewer.closed).code;
  };
  t.is(await flood((socket) => socket.ping()), 4429);
  t.is(await flood((socket) => socket.pong()), 4429);
  t.is(await flood((socket) => socket.send('x', { fin: false })), 1008);
  // Binary messages are input, of which a mouse sends hundreds a second.
  t.is(await flood((socket) => socket.send(Buffer.of(1)), 10_000), 4429);
  // Bytes count as well, of messages that are passed on and of those that are too large.
  t.is(await flood((socket) => socket.send(Buffer.alloc(2_000, 1))), 4429);
  t.is(await flood((socket) => socket.send(Buffer.alloc(20_000, 1)), 20), 4429);
  // A few pings are answered, and none of that was felt by others.
  quiet.socket.ping('hello');
  const [data] = (await once(quiet.socket, 'pong')) as [Buffer];
  t.is(data.toString(), 'hello');
  quiet.answer();
  await quiet.until('ConnectionComplete');
});

test('wrong passwords do not lock out the right one: by REST, header and first message', async (t) => {
  const server = await serving(t, { auth_failures_per_minute: '5' });
  const wrong = { Authorization: 'Bearer wrong' };
  const statuses: number[] = [];
  for (let i = 0; i < 20; i += 1) {
    const answer = await server.ask('GET', '/api/hosts', { headers: wrong });
    statuses.push(answer.status);
    if (answer.status === 429) t.true(Number(answer.headers['retry-after']) > 0);
  }
  t.deepEqual(statuses, [...Array<number>(5).fill(401), ...Array<number>(15).fill(429)]);
  t.is((await server.upgrade('/api/streamers/s/peer', wrong)).status, 429);
  const unlucky = await stranger(server);
  unlucky.send({ AuthenticateAndInit: { credentials: 'wrong' } });
  t.is((await unlucky.closed).code, 4429);

  t.is((await server.ask('GET', '/api/hosts')).status, 200);
  const byHeader = await server.viewer('s', { headers: { ...AUTHORIZATION } });
  await byHeader.until('offer');
  const byMessage = await stranger(server);
  byMessage.send(INIT);
  await byMessage.until('offer');
});
