/** Streamers of one host, whose end is not each other’s: with real sessions. */
import test, { type ExecutionContext } from 'ava';
import type { ConfigKey } from '../../src/config/schema.js';
import { DemoHost } from '../../src/demo-host/demo-host.js';
import type { HostStyle } from '../../src/demo-host/options.js';
import { defaultChildModule } from '../../src/streamer/supervisor/process.js';
import { createBody, PASSWORD, serve, type TestServer } from '../support/server.js';
import { until } from '../support/until.js';

interface Scene {
  readonly host: DemoHost;
  readonly server: TestServer;
  readonly appId: number;
}

async function scene(
  t: ExecutionContext,
  style: HostStyle = 'sunshine',
  flags: Partial<Record<ConfigKey, string>> = {},
): Promise<Scene> {
  const host = await DemoHost.start({
    httpPort: 0,
    pin: '1234',
    style,
    // Newer Wolf: a server may have several sessions there.
    markSessions: true,
    apps: [{ title: 'Blocks', source: { kind: 'blocks' } }],
  });
  t.teardown(() => host.close());
  const server = await start(t, undefined, flags);
  const added = await server.running.hosts.add('127.0.0.1', host.httpPort);
  await server.running.hosts.pair(added, '1234');
  const app = (await added.apps()).find(({ title }) => title === 'Blocks');
  return { host, server, appId: app?.id ?? 0 };
}

function start(
  t: ExecutionContext,
  folder?: string,
  flags: Partial<Record<ConfigKey, string>> = {},
): Promise<TestServer> {
  return serve(
    t,
    { stop_timeout_ms: '20000', restore_streamers: String(folder !== undefined), ...flags },
    { childModule: defaultChildModule(), ...(folder === undefined ? {} : { folder }) },
  );
}

async function create({ server, appId }: Scene, ...ids: string[]): Promise<void> {
  const answers = await Promise.all(
    ids.map((id) =>
      server.ask('POST', '/api/streamers', {
        body: { ...createBody(id, appId), width: 320, height: 240, fps: 10 },
      }),
    ),
  );
  for (const { status, text } of answers) if (status !== 200) throw new Error(text);
}

interface Told {
  readonly status: string;
  readonly restarts: number;
  readonly failure: { readonly reason: string } | null;
}

async function told({ server }: Scene, id: string): Promise<Told> {
  return (await server.ask('GET', `/api/streamers/${id}`)).json as Told;
}

/** It runs, and has not been started anew. A starved machine may cost its session pictures for a while. */
async function goesOn(t: ExecutionContext, scenery: Scene, id: string): Promise<void> {
  await until(`${id} is active`, async () => (await told(scenery, id)).status === 'active');
  t.is((await told(scenery, id)).restarts, 0);
}

/** Connected sessions on the host. */
function connected({ host }: Scene): number {
  return host.sessions.filter(({ state }) => state === 'connected').length;
}

async function runsApp({ host }: Scene): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${host.httpPort}/serverinfo?uniqueid=1`);
  return (await answer.text()).includes('_SERVER_BUSY');
}

test.serial('one app for all: it is quit by its last user only', async (t) => {
  const scenery = await scene(t);
  const { server } = scenery;
  await create(scenery, 'a', 'b', 'c');
  await until('three sessions', () => connected(scenery) === 3);
  const [first] = scenery.host.sessions;
  t.is((await server.ask('DELETE', '/api/streamers/a')).status, 204);
  t.true(await runsApp(scenery));
  await until('two sessions', () => connected(scenery) === 2);
  for (const id of ['b', 'c']) await goesOn(t, scenery, id);
  t.true(scenery.host.sessions.every(({ game }) => game === first?.game));
  // A process that is gone has not taken its leave: its app is quit all the same, once it is the last.
  t.is((await server.ask('DELETE', '/api/streamers/b')).status, 204);
  process.kill(server.running.streamers.require('c').pid ?? 0, 'SIGKILL');
  t.is((await server.ask('DELETE', '/api/streamers/c')).status, 204);
  t.false(await runsApp(scenery));
});

test.serial('an app that is quit for all comes back for those who stay', async (t) => {
  const scenery = await scene(t);
  const { server } = scenery;
  await create(scenery, 'a', 'b');
  t.is((await server.ask('DELETE', '/api/streamers/a?quit_app=true')).status, 204);
  const b = await until('b is back', async () => {
    const now = await told(scenery, 'b');
    return now.status === 'active' && now.restarts === 1 && now;
  });
  t.regex(b.failure?.reason ?? '', /another streamer/);
  t.true(await runsApp(scenery));
  // By hand it is over, and it is said who wanted it.
  t.is((await server.ask('POST', '/api/host/cancel', { body: { host_id: 0 } })).status, 200);
  const over = await until('b is over', async () => {
    const now = await told(scenery, 'b');
    return now.status === 'failed' && now;
  });
  t.is(over.failure?.reason, 'The app was quit on request');
});

test.serial('a legacy streamer whose grace is over quits the app only as the last', async (t) => {
  const scenery = await scene(t, 'sunshine', { legacy_grace_ms: '200' });
  const { server, appId } = scenery;
  await create(scenery, 'a');
  const legacy = await server.viewer('', { path: '/api/host/stream' });
  legacy.send({
    AuthenticateAndInit: {
      ...createBody('b', appId),
      credentials: PASSWORD,
      session_id: 'b',
      width: 320,
      height: 240,
      fps: 10,
    },
  });
  await until('it streams', () => connected(scenery) === 2);
  await until('it has a viewer', () => server.running.streamers.get('b')?.viewers.length === 1);
  legacy.socket.close();
  await until('its grace is over', () => server.running.streamers.get('b') === undefined);
  await goesOn(t, scenery, 'a');
  t.true(await runsApp(scenery));
  t.is((await server.ask('DELETE', '/api/streamers/a')).status, 204);
  t.false(await runsApp(scenery));
});

test.serial('deletes at once, and a create in their midst, leave what is wanted', async (t) => {
  const scenery = await scene(t);
  const { server } = scenery;
  await create(scenery, 'a', 'b', 'c');
  const [statuses] = await Promise.all([
    Promise.all(['a', 'b', 'c'].map((id) => server.ask('DELETE', `/api/streamers/${id}`))),
    create(scenery, 'd'),
  ]);
  t.deepEqual(
    statuses.map(({ status }) => status),
    [204, 204, 204],
  );
  await until('d is active', async () => (await told(scenery, 'd')).status === 'active');
  await until('one session', () => connected(scenery) === 1);
  t.true(await runsApp(scenery));
  const all = await Promise.all(
    ['d', 'd'].map((id) => server.ask('DELETE', `/api/streamers/${id}`)),
  );
  t.deepEqual(all.map(({ status }) => status).sort(), [204, 404]);
  t.false(await runsApp(scenery));
});

test.serial('an app for each client: each quits its own', async (t) => {
  const scenery = await scene(t, 'wolf');
  const { server, host } = scenery;
  await create(scenery, 'a', 'b');
  await until('two sessions', () => connected(scenery) === 2);
  const games = new Map(host.sessions.map(({ game }) => [game.client, game]));
  t.is(games.size, 2);
  t.is((await server.ask('DELETE', '/api/streamers/a')).status, 204);
  await goesOn(t, scenery, 'b');
  await until('one session', () => connected(scenery) === 1);
  t.is(host.runningApps, 1);
  t.is((await server.ask('DELETE', '/api/streamers/b')).status, 204);
  t.is(host.runningApps, 0);
});

test.serial('a restart: the app goes on for those that come back', async (t) => {
  const scenery = await scene(t);
  await scenery.server.running.close();
  const { folder } = scenery.server;
  const first = { ...scenery, server: await start(t, folder) };
  await create(first, 'a', 'b');
  await first.server.running.close();
  t.is(scenery.host.runningApps, 1);
  const second = { ...scenery, server: await start(t, folder) };
  for (const id of ['a', 'b']) {
    await until(`${id} is back`, async () => (await told(second, id)).status === 'active');
  }
  t.is((await second.server.ask('DELETE', '/api/streamers/a')).status, 204);
  await goesOn(t, second, 'b');
  await second.server.running.close();
  const { running } = await serve(t, {}, { folder, childModule: defaultChildModule() });
  t.is(scenery.host.runningApps, 1);
  await running.close();
});
