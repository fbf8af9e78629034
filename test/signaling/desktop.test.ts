/** Who may open a desktop socket, and whose process gets it. */
import test, { type ExecutionContext } from 'ava';
import { DesktopClient } from '../support/desktop-client.js';
import { APP } from '../support/fake-apps.js';
import { addHost, AUTHORIZATION, createBody, serve, type TestServer } from '../support/server.js';
import { until } from '../support/until.js';

const NO_HEADERS = {};

function desktop(fields: Readonly<Record<string, unknown>> = {}): { desktop_socket: string } {
  return { desktop_socket: JSON.stringify({ path: '/ws/stream', ...fields }) };
}

async function withStreamers(
  t: ExecutionContext,
  flags: Parameters<typeof serve>[1],
  ...ids: readonly string[]
): Promise<TestServer> {
  const server = await serve(t, flags);
  await addHost(t, server);
  for (const id of ids) {
    const { status, text } = await server.ask('POST', '/api/streamers', { body: createBody(id) });
    if (status !== 200) throw new Error(text);
  }
  return server;
}

const path = (query: string): string => `/ws/stream${query}`;

test.serial('it is off unless it is configured', async (t) => {
  const server = await withStreamers(t, {}, 's');
  t.is((await server.upgrade(path('?session_id=s'))).status, 404);
});

test.serial(
  'it asks for credentials, and the streamer’s process gets the connection',
  async (t) => {
    const server = await withStreamers(t, desktop(), 's', 'other');
    t.is((await server.upgrade(path('?session_id=s'), NO_HEADERS)).status, 401);
    t.is((await server.upgrade(path('?session_id=s'), { Authorization: 'Bearer no' })).status, 401);
    t.is((await server.upgrade(path('?session_id=none'))).status, 404);
    t.is((await server.upgrade(path('?session_id=s&session_id=s'))).status, 400);
    const answer = await server.upgrade(path('?session_id=s&client_id=c'));
    t.is(answer.status, 418);
    t.like(answer.json, { client_id: 'c' });
    const { peer_id: peerId } = answer.json as { peer_id: string };
    const [s, other] = ['s', 'other'].map((id) => server.running.streamers.require(id).viewers);
    t.like(s, [{ peerId, transport: 'desktop', state: 'negotiating' }]);
    t.deepEqual(other, []);
  },
);

test.serial('a streamer that is configured is shown whatever the client names', async (t) => {
  const server = await withStreamers(t, desktop({ streamer: 'other' }), 's', 'other');
  t.is((await server.upgrade(path('?session_id=s'))).status, 418);
  t.is(server.running.streamers.require('s').viewers.length, 0);
  t.is(server.running.streamers.require('other').viewers.length, 1);
});

test.serial(
  'it is open to the addresses that are named, and to no page of elsewhere',
  async (t) => {
    const server = await withStreamers(
      t,
      desktop({ streamer: 's', open_to: ['127.0.0.0/8'] }),
      's',
    );
    t.is((await server.upgrade(path(''), NO_HEADERS)).status, 418);
    t.is((await server.upgrade(path(''), { Origin: 'https://elsewhere.example' })).status, 403);
    const own = `http://127.0.0.1:${server.port}`;
    t.is((await server.upgrade(path(''), { Origin: own })).status, 418);
    const rebound = { Origin: 'http://evil.example', Host: 'evil.example' };
    t.is((await server.upgrade(path(''), rebound)).status, 403);
    t.is((await server.upgrade(path(''), { Authorization: 'Bearer no' })).status, 401);
    // Nothing else is open by it.
    t.is(
      (await server.ask('GET', '/api/streamers', { headers: { Authorization: '' } })).status,
      401,
    );
  },
);

test.serial('another address is a stranger, also behind a proxy', async (t) => {
  const server = await withStreamers(
    t,
    {
      ...desktop({ streamer: 's', open_to: ['10.0.0.1', '127.0.0.1'] }),
      trusted_proxies: '127.0.0.1',
    },
    's',
  );
  const from = (address: string): Record<string, string> => ({ 'X-Forwarded-For': address });
  t.is((await server.upgrade(path(''), from('10.0.0.1'))).status, 418);
  t.is((await server.upgrade(path(''), from('10.0.0.2'))).status, 401);
});

test.serial('a streamer has no more viewers by it than it may have', async (t) => {
  const server = await withStreamers(t, { ...desktop(), max_viewers: '1' }, 's');
  t.is((await server.upgrade(path('?session_id=s'))).status, 418);
  t.is((await server.upgrade(path('?session_id=s'))).status, 503);
});

test.serial('a connection waits for a session, and ends with its streamer', async (t) => {
  const server = await withStreamers(t, desktop());
  const body = createBody('s', APP.NEVER_CONNECTS);
  const creating = server.ask('POST', '/api/streamers', { body });
  await until('it is there', () => server.running.streamers.get('s'));
  const upgrading = server.upgrade(path('?session_id=s'));
  const viewers = (): number => server.running.streamers.get('s')?.viewers.length ?? 0;
  await until('it waits', () => viewers() === 1);
  await server.ask('DELETE', '/api/streamers/s');
  t.is((await upgrading).status, 409);
  await creating;
});

test.serial('one that waits is given away as soon as there is a session', async (t) => {
  const server = await withStreamers(t, desktop());
  const creating = server.ask('POST', '/api/streamers', { body: createBody('s') });
  await until('it is there', () => server.running.streamers.get('s'));
  t.is((await server.upgrade(path('?session_id=s'))).status, 418);
  t.is((await creating).status, 200);
});

test.serial('without a name in the upgrade the first message names it', async (t) => {
  const server = await withStreamers(t, desktop(), 's');
  const connect = (query = ''): DesktopClient => {
    const url = `ws://127.0.0.1:${server.port}${path(query)}`;
    const client = new DesktopClient(url, { headers: AUTHORIZATION });
    t.teardown(() => client.socket.terminate());
    return client;
  };
  const unknown = connect();
  unknown.init({ session_id: 'none' });
  await until('it is closed', () => unknown.closed !== null);
  t.deepEqual(unknown.texts, ['{"error":"Streamer not found"}']);
  const nameless = connect();
  nameless.init();
  await until('it is closed', () => nameless.closed !== null);
  t.deepEqual(nameless.texts, ['{"error":"The first message names no session"}']);
  const wrong = connect();
  wrong.text('hello');
  await until('it is closed', () => wrong.closed !== null);
  t.is(wrong.closed?.code, 1008);
  const known = connect('?client_id=c');
  known.send('40 00000001 0000000000000001');
  known.init({ session_id: 's' });
  await until('it is a viewer', () => server.running.streamers.require('s').viewers.length === 1);
  // The process of this test answers what is no WebSocket.
  await until('its process has it', () => known.closed !== null);
});
