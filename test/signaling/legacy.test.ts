import test from 'ava';
import {
  addHost,
  createBody,
  PASSWORD,
  serve,
  type RawViewer,
  type TestServer,
} from '../support/server.js';

const PATH = '/api/host/stream';

function open(server: TestServer, init: Record<string, unknown> = {}): Promise<RawViewer> {
  return server.viewer('', { path: PATH, headers: {} }).then((viewer) => {
    viewer.send({
      AuthenticateAndInit: {
        credentials: PASSWORD,
        client_unique_id: null,
        host_id: 0,
        app_id: 1,
        bitrate: 20000,
        packet_size: 1024,
        fps: 60,
        width: 1920,
        height: 1080,
        ...init,
      },
    });
    return viewer;
  });
}

async function sessions(server: TestServer): Promise<Record<string, unknown>[]> {
  const { json } = await server.ask('GET', '/api/sessions');
  return (json as { sessions: Record<string, unknown>[] }).sessions;
}

test.serial(
  'the first viewer makes the streamer, who comes back joins it, the grace ends it',
  async (t) => {
    const server = await serve(t, { legacy_grace_ms: '1500' });
    await addHost(t, server);
    const first = await open(server);
    t.deepEqual(await first.until('UpdateApp'), {
      UpdateApp: { app: { app_id: 1, title: 'GOOD', is_hdr_supported: false } },
    });
    await first.until('WebRtcConfig');
    const names = first.names();
    t.deepEqual(names.slice(0, 2), ['UpdateApp', 'StageComplete']);
    t.deepEqual(first.messages[1], { StageComplete: { stage: 'Launch Streamer' } });
    t.true(names.indexOf('offer') < names.indexOf('WebRtcConfig'));
    first.answer();
    t.like(await first.until('ConnectionComplete'), {
      ConnectionComplete: { width: 1920, height: 1080 },
    });
    const [session] = await sessions(server);
    t.like(session, { session_id: 'legacy-0-1', mode: 'create', has_websocket: true });
    first.socket.terminate();

    const second = await open(server);
    await second.until('WebRtcConfig');
    t.is((await sessions(server))[0]?.['streamer_pid'], session?.['streamer_pid']);
    second.socket.close();
    while ((await sessions(server)).length > 0) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  },
);

function isRunning(viewer: RawViewer): boolean {
  return viewer.messages.some(
    (message) =>
      typeof message === 'object' &&
      'StageComplete' in message &&
      message.StageComplete.stage === 'Moonlight Stream',
  );
}

async function runs(viewer: RawViewer): Promise<void> {
  while (!isRunning(viewer)) await new Promise((resolve) => setTimeout(resolve, 20));
}

test.serial('keepalive starts a streamer and is closed without a code once it runs', async (t) => {
  const server = await serve(t, { legacy_grace_ms: '0' });
  await addHost(t, server);
  const keeper = await open(server, { session_id: 'agent-1', mode: 'keepalive' });
  t.is((await keeper.closed).code, 1005);
  t.true(isRunning(keeper));
  t.false(keeper.names().includes('offer'));
  // Nothing that its client would take for an error.
  t.deepEqual(
    keeper.messages.filter((message) => typeof message === 'string'),
    [],
  );
  const again = await open(server, { session_id: 'agent-1', mode: 'keepalive' });
  t.is((await again.closed).code, 1005);
  const viewer = await open(server, { session_id: 'agent-1', mode: 'join' });
  await viewer.until('WebRtcConfig');
  viewer.socket.close();
  await viewer.closed;
  t.like((await sessions(server))[0], { session_id: 'agent-1', mode: 'keepalive' });

  const lost = await open(server, { session_id: 'agent-2', mode: 'join' });
  t.is((await lost.closed).code, 1005);
  t.deepEqual(lost.messages, ['SessionNotFound']);
});

test.serial('a kickoff is its client’s to close, and the streamer ends with it', async (t) => {
  const server = await serve(t, { legacy_grace_ms: '300' });
  await addHost(t, server);
  const client = { session_id: 'agent-1-kickoff', mode: 'keepalive' };
  const [one, other] = [await open(server, client), await open(server, client)];
  await Promise.all([runs(one), runs(other)]);
  one.socket.close(1000);
  t.is((await one.closed).code, 1000);
  // As long as anybody keeps it, it lives.
  await new Promise((resolve) => setTimeout(resolve, 800));
  t.is((await sessions(server)).length, 1);
  t.is(other.socket.readyState, 1);
  other.socket.close(1000);
  await other.closed;
  while ((await sessions(server)).length > 0) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  // Also where the client is gone before there is a streamer.
  const hasty = await open(server, client);
  hasty.socket.terminate();
  await hasty.closed;
  const early = await open(server, { session_id: 'agent-3', mode: 'create' });
  early.socket.terminate();
  await early.closed;
  for (let quiet = 0; quiet < 10; quiet += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    if ((await sessions(server)).length > 0) quiet = 0;
  }
  t.pass();
});

test.serial('a client comes back to what it has started under another name', async (t) => {
  const server = await serve(t);
  await addHost(t, server);
  const client = { client_unique_id: 'helix-agent-1' };
  const kickoff = await open(server, {
    ...client,
    session_id: 'agent-1-kickoff',
    mode: 'keepalive',
  });
  await kickoff.until('StageComplete');
  kickoff.socket.close(1000);
  t.is((await kickoff.closed).code, 1000);
  const viewer = await open(server, { ...client, session_id: 'agent-1' });
  await viewer.until('WebRtcConfig');
  t.deepEqual(
    (await sessions(server)).map((session) => session['session_id']),
    ['agent-1-kickoff'],
  );
  // Another client, or another app, is something else.
  const other = await open(server, { client_unique_id: 'helix-agent-2', session_id: 'agent-2' });
  await other.until('WebRtcConfig');
  t.is((await sessions(server)).length, 2);
});

test.serial('what cannot be started is a bare string and a close without a code', async (t) => {
  const server = await serve(t);
  const refused = async (init: Record<string, unknown> = {}): Promise<unknown> => {
    const viewer = await open(server, init);
    t.is((await viewer.closed).code, 1005);
    const plain = viewer.messages.filter((message) => typeof message === 'string');
    // Where the word says little, the reason comes last, for people.
    if (plain[0] !== 'InternalServerError') return plain.join();
    t.is(plain.length, 2);
    t.regex(plain[1] ?? '', / /);
    return plain[0];
  };
  t.is(await refused(), 'HostNotFound');
  const host = await addHost(t, server, false);
  t.is(await refused(), 'HostNotPaired');
  await server.ask('POST', '/api/pair', { body: { host_id: 0 } });
  t.is(await refused({ app_id: 77 }), 'AppNotFound');
  t.is(await refused({ width: -1 }), 'InternalServerError');
  await host.close();
  t.is(await refused(), 'InternalServerError');
});

test.serial('authentication of the legacy socket', async (t) => {
  const server = await serve(t, { auth_timeout_ms: '1000' });
  const failure = { StageFailed: { stage: 'Authentication', error_code: -1 } };
  const wrong = await open(server, { credentials: 'wrong' });
  t.is((await wrong.closed).code, 4401);
  t.deepEqual(wrong.messages, [
    failure,
    { PeerClosed: { code: 'UNAUTHORIZED', reason: 'Wrong credentials' } },
    'Wrong credentials',
  ]);
  const silent = await server.viewer('', { path: PATH, headers: {} });
  t.is((await silent.closed).code, 4401);
  const other = await server.viewer('', { path: PATH, headers: {} });
  other.send({ RestartIce: {} });
  t.is((await other.closed).code, 4401);
  // With the header the message needs no credentials.
  const header = await server.viewer('', { path: PATH });
  header.send({ AuthenticateAndInit: { credentials: null } });
  t.is((await header.closed).code, 1005);
  t.deepEqual(header.messages, ['HostNotFound']);
});

test.serial('streamers that it makes are among those that an address may ask for', async (t) => {
  const server = await serve(t, { creations_per_minute: '2' });
  await addHost(t, server);
  for (const id of ['a', 'b']) {
    const viewer = await open(server, { session_id: id, client_unique_id: id });
    await viewer.until('offer');
  }
  const third = await open(server, { session_id: 'c', client_unique_id: 'c' });
  await third.until('InternalServerError');
  await third.closed;
  const body = { ...createBody('d'), client_unique_id: null };
  t.is((await server.ask('POST', '/api/streamers', { body })).status, 429);
  // What runs already can be looked at.
  const again = await open(server, { session_id: 'a', client_unique_id: 'a' });
  await again.until('offer');
  t.is(server.running.streamers.list().length, 2);
});
