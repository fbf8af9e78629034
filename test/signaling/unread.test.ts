/**
 * Clients that stop reading while much is sent to them. The kernel takes some megabytes for
 * each; what comes after that must not pile up in the server.
 */
import { readFile } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import { DeafClient } from '../support/deaf-client.js';
import { addHost, createBody, PASSWORD, serve, type TestServer } from '../support/server.js';
import { until } from '../support/until.js';

const BEARER = `Authorization: Bearer ${PASSWORD}`;
/** Bytes that the server may hold for one client, beyond the kernel's buffers. */
const HELD_LIMIT = 2 << 20;

/** The most that the kernel buffers on both ends of a connection. */
async function kernelBuffers(): Promise<number> {
  const names = ['tcp_rmem', 'tcp_wmem'];
  const files = names.map((name) => readFile(`/proc/sys/net/ipv4/${name}`, 'utf8'));
  const limits = (await Promise.all(files)).map((text) => Number(text.trim().split(/\s+/)[2]));
  return limits.reduce((sum, limit) => sum + limit, 0);
}

async function serving(t: ExecutionContext): Promise<TestServer> {
  // Nobody answers pings here either: the bound must be the first to act.
  const server = await serve(t, { ping_timeout_ms: '86400000', auth_timeout_ms: '86400000' });
  await addHost(t, server);
  const body = { ...createBody('s'), client_unique_id: null };
  t.is((await server.ask('POST', '/api/streamers', { body })).status, 200);
  return server;
}

/** What the registry says of viewers that left. */
function departures(server: TestServer): { peerId: string; code: string }[] {
  const left: { peerId: string; code: string }[] = [];
  server.running.streamers.on('viewer', (_streamer, { peerId, code }) => {
    if (code !== null) left.push({ peerId, code });
  });
  return left;
}

const FLOOD = { Signaling: { Description: { ty: 'answer', sdp: 'flood' } } };

async function isLetGo(
  t: ExecutionContext,
  server: TestServer,
  client: DeafClient,
  left: readonly { code: string }[],
): Promise<void> {
  t.teardown(() => client.destroy());
  client.say(FLOOD);
  // The flood ends by itself long before memory does: without a bound nothing would happen.
  await until('the viewer is let go', () => left.length > 0);
  t.is(left[0]?.code, 'VIEWER_STALLED');
  await until('its connection is closed', async () => !(await client.held()));
  // What was on its way, and no more.
  t.true((await client.drain()) < (await kernelBuffers()) + HELD_LIMIT);
  t.is(left.length, 1);
  t.is(server.running.streamers.list()[0]?.viewers.length, 0);
}

test.serial('a viewer that stops reading is let go, and disturbs no other', async (t) => {
  const server = await serving(t);
  const left = departures(server);
  const deaf = await DeafClient.upgrade(server.port, '/api/streamers/s/peer', [BEARER]);
  await isLetGo(t, server, deaf, left);
  const other = await server.viewer('s');
  await other.until('WebRtcConfig');
  other.answer();
  await other.until('ConnectionComplete');
});

test.serial('so is one of the legacy socket', async (t) => {
  const server = await serving(t);
  const left = departures(server);
  const deaf = await DeafClient.upgrade(server.port, '/api/host/stream', [BEARER]);
  deaf.say({ AuthenticateAndInit: { credentials: null, session_id: 's', mode: 'join' } });
  await until('it has joined', () => server.running.streamers.require('s').viewers.length === 1);
  await isLetGo(t, server, deaf, left);
});

test.serial('so is a reader of the event feed', async (t) => {
  const server = await serving(t);
  const deaf = await DeafClient.open(server.port, [
    'GET /api/events HTTP/1.1',
    'Host: 127.0.0.1',
    BEARER,
  ]);
  t.teardown(() => deaf.destroy());
  const { streamers } = server.running;
  const streamer = streamers.require('s');
  const change = { kind: 'socket', what: 'left', peerId: 'x'.repeat(400), code: 'LEFT' } as const;
  const most = (await kernelBuffers()) + HELD_LIMIT;
  let published = 0;
  while (await deaf.held()) {
    for (let i = 0; i < 200; i += 1) streamers.emit('viewer', streamer, change);
    published += 200 * change.peerId.length;
    t.true(published < 3 * most, 'nobody bounds it');
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.true((await deaf.drain()) < most);
  const { status } = await server.ask('GET', '/api/streamers');
  t.is(status, 200);
});
