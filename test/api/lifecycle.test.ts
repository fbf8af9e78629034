import test, { type ExecutionContext } from 'ava';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import { createIdentity } from '../../src/moonlight/identity.js';
import { APP } from '../support/fake-apps.js';
import { descendantsNamed } from '../support/process-table.js';
import {
  addHost,
  type Answer,
  AUTHORIZATION,
  createBody,
  isAlive,
  PASSWORD,
  serve,
  temporaryFolder,
  type TestServer,
} from '../support/server.js';
import { until } from '../support/until.js';
import { TYPESCRIPT } from '../support/typescript.js';

function body(id: string, app: number = APP.GOOD): Record<string, unknown> {
  return { ...createBody(id, app), client_unique_id: null };
}

function pidOf(server: TestServer, id: string): number | null {
  return server.running.streamers.get(id)?.pid ?? null;
}

/** The processes there are, right now, are exactly those of the streamers there are. */
async function agree(
  t: ExecutionContext,
  server: TestServer,
  ids: readonly string[],
): Promise<void> {
  const running = server.running.streamers.list();
  t.deepEqual(
    running.map(({ id }) => id),
    ids,
  );
  const known = running.flatMap(({ pid }) => (pid === null ? [] : [pid]));
  t.deepEqual((await descendantsNamed(process.pid, 'fake-streamer')).sort(), known.sort());
}

async function statusOf(server: TestServer, id: string): Promise<string> {
  const { json } = await server.ask('GET', `/api/streamers/${id}`);
  return (json as { status?: string }).status ?? 'gone';
}

test.serial('50 parallel creates of one id: one 200, the others 409', async (t) => {
  const server = await serve(t);
  await addHost(t, server);
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => server.ask('POST', '/api/streamers', { body: body('s') })),
  );
  t.is(answers.filter(({ status }) => status === 200).length, 1);
  t.is(answers.filter(({ status }) => status === 409).length, 49);
  const { json } = await server.ask('GET', '/api/streamers');
  t.is((json as { streamers: unknown[] }).streamers.length, 1);
  await agree(t, server, ['s']);
  const deletions = await Promise.all(
    Array.from({ length: 50 }, () => server.ask('DELETE', '/api/streamers/s')),
  );
  t.is(deletions.filter(({ status }) => status === 204).length, 1);
  t.is(deletions.filter(({ status }) => status === 404).length, 49);
  await agree(t, server, []);
});

test.serial(
  '50 parallel creates under one Idempotency-Key: all get what the first made',
  async (t) => {
    const server = await serve(t);
    await addHost(t, server);
    const headers = { 'Idempotency-Key': 'once' };
    const ask = (more: object = {}): Promise<Answer> =>
      server.ask('POST', '/api/streamers', { body: { ...body('s'), ...more }, headers });
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask()));
    t.deepEqual(
      answers.filter(({ status }) => status !== 200),
      [],
    );
    t.is(new Set(answers.map(({ text }) => text)).size, 1);
    // The key for something else is another request.
    t.is((await ask({ fps: 30 })).status, 409);
    await agree(t, server, ['s']);
  },
);

test.serial('creates and deletes of a few ids, all at once: every answer is true', async (t) => {
  const server = await serve(t, { creations_per_minute: '1000000' });
  await addHost(t, server);
  const ids = ['a', 'b', 'c'];
  for (let round = 0; round < 2; round += 1) {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => {
        const id = ids[index % 3] ?? 'a';
        return index % 5 === 4
          ? server.ask('DELETE', `/api/streamers/${id}`)
          : server.ask('POST', '/api/streamers', { body: createBody(id) });
      }),
    );
    for (const { status, text } of answers) t.true([200, 204, 404, 409].includes(status), text);
    const { json } = await server.ask('GET', '/api/streamers');
    const { streamers } = json as { streamers: { streamer_id: string; status: string }[] };
    t.true(streamers.every(({ status }) => status === 'active'));
    await agree(
      t,
      server,
      streamers.map(({ streamer_id }) => streamer_id),
    );
    for (const { streamer_id: id } of streamers) {
      t.is((await server.ask('DELETE', `/api/streamers/${id}`)).status, 204);
    }
    await agree(t, server, []);
  }
});

test.serial('delete during the start: the creator is told, nothing is left', async (t) => {
  const server = await serve(t);
  await addHost(t, server);
  const making = server.ask('POST', '/api/streamers', { body: body('s', APP.NEVER_CONNECTS) });
  while (pidOf(server, 's') === null) await new Promise((resolve) => setImmediate(resolve));
  const pid = pidOf(server, 's');
  t.is((await server.ask('DELETE', '/api/streamers/s')).status, 204);
  const answer = await making;
  t.is(answer.status, 409);
  t.like(answer.json, { code: 'STREAMER_STOPPING' });
  t.is(await statusOf(server, 's'), 'gone');
  t.false(isAlive(pid));
  await agree(t, server, []);
});

test.serial(
  'delete with viewers: told and closed before the answer; create right after works',
  async (t) => {
    const server = await serve(t);
    await addHost(t, server);
    await server.ask('POST', '/api/streamers', { body: body('s') });
    const viewers = await Promise.all([server.viewer('s'), server.viewer('s')]);
    await Promise.all(viewers.map((viewer) => viewer.until('WebRtcConfig')));
    const pid = pidOf(server, 's');
    const deleting = server.ask('DELETE', '/api/streamers/s');
    const creating = server.ask('POST', '/api/streamers', { body: body('s') });
    t.is((await deleting).status, 204);
    for (const viewer of viewers) {
      t.deepEqual(await viewer.closed, { code: 4404, reason: 'The streamer was deleted' });
      t.deepEqual(viewer.messages.slice(-2), ['PeerDisconnect', 'The streamer was deleted']);
    }
    t.false(isAlive(pid));
    // Either it came before the deletion and lost, or it waited for the end.
    t.true([200, 409].includes((await creating).status));
    const after = await server.ask('POST', '/api/streamers', { body: body('s') });
    t.is(after.status, (await creating).status === 200 ? 409 : 200);
    t.is(await statusOf(server, 's'), 'active');
    await agree(t, server, ['s']);
  },
);

test.serial('viewers that join while the streamer dies all hear of it', async (t) => {
  const server = await serve(t, { end_policy: 'end' });
  await addHost(t, server);
  await server.ask('POST', '/api/streamers', { body: body('s') });
  const killer = await server.viewer('s');
  await killer.until('WebRtcConfig');
  const joining = Array.from({ length: 10 }, () => server.viewer('s').catch(() => null));
  killer.answer('die');
  const viewers = await Promise.all(joining);
  for (const viewer of [killer, ...viewers]) {
    if (viewer === null) continue;
    const { code } = await viewer.closed;
    t.is(code, 4500);
    t.true(viewer.names().includes('PeerClosed'));
  }
  t.is(await statusOf(server, 's'), 'failed');
  const { json } = await server.ask('GET', '/api/streamers/s');
  t.like(json, { connected_peers: 0, failure: { code: 'STREAMER_FAILED' } });
  t.is(pidOf(server, 's'), null);
  await agree(t, server, ['s']);
});

test.serial('a stopped child is found hung, told so, and restarted', async (t) => {
  const server = await serve(t, { heartbeat_timeout_ms: '2000', heartbeat_interval_ms: '100' });
  await addHost(t, server);
  await server.ask('POST', '/api/streamers', { body: body('s') });
  const viewer = await server.viewer('s');
  await viewer.until('WebRtcConfig');
  const pid = pidOf(server, 's') ?? 0;
  process.kill(pid, 'SIGSTOP');
  await viewer.closed;
  t.like(await viewer.until('PeerClosed'), { PeerClosed: { code: 'STREAMER_HUNG' } });
  while ((await statusOf(server, 's')) !== 'active') {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  t.false(isAlive(pid));
  t.like((await server.ask('GET', '/api/streamers/s')).json, {
    restarts: 1,
    failure: { code: 'STREAMER_HUNG' },
  });
});

test.serial(
  '200 sockets that never authenticate are closed, a good one is served meanwhile',
  async (t) => {
    const server = await serve(t, { auth_timeout_ms: '3000' });
    await addHost(t, server);
    await server.ask('POST', '/api/streamers', { body: body('s') });
    const sockets = Array.from({ length: 200 }, () => {
      const socket = new WebSocket(`ws://127.0.0.1:${server.port}/api/streamers/s/peer`);
      return { opened: once(socket, 'open'), closed: once(socket, 'close') };
    });
    await Promise.all(sockets.map(({ opened }) => opened));
    const good = await server.viewer('s');
    await good.until('WebRtcConfig');
    for (const { closed } of sockets) t.is((await closed)[0], 4401);
    good.answer();
    await good.until('ConnectionComplete');
    t.is(server.running.streamers.require('s').viewers.length, 1);
    await agree(t, server, ['s']);
  },
);

test.serial('slow-loris headers and bodies are cut off, others are served', async (t) => {
  const server = await serve(t, { request_timeout_ms: '1500' });
  const head = 'POST /api/streamers HTTP/1.1\r\nHost: 127.0.0.1\r\n';
  const slow: Socket[] = [];
  for (let i = 0; i < 20; i += 1) {
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.resume();
    socket.write(
      i % 2 === 0
        ? head
        : `${head}Authorization: Bearer ${PASSWORD}\r\nContent-Type: application/json\r\n` +
            'Content-Length: 1000\r\n\r\n{',
    );
    slow.push(socket);
  }
  const closed = slow.map((socket) => once(socket, 'close'));
  const trickle = setInterval(() => {
    for (const socket of slow) if (socket.writable) socket.write(' ');
  }, 200);
  t.is((await server.ask('GET', '/api/streamers')).status, 200);
  await Promise.all(closed);
  clearInterval(trickle);
  t.is((await server.ask('GET', '/api/streamers')).status, 200);
});

test.serial(
  'closing the server: viewers told, children gone, connections closed, in time',
  async (t) => {
    const server = await serve(t, { stop_timeout_ms: '3000' });
    await addHost(t, server);
    for (const [id, app] of [
      ['a', APP.GOOD],
      ['b', APP.IGNORES_STOP],
    ] as const) {
      const answer = await server.ask('POST', '/api/streamers', { body: createBody(id, app) });
      t.is(answer.status, 200);
    }
    const pids = [pidOf(server, 'a'), pidOf(server, 'b')];
    const viewer = await server.viewer('a');
    await viewer.until('WebRtcConfig');
    const pending = await server.viewer('a', { headers: {} });
    const events = http.get({ port: server.port, path: '/api/events', headers: AUTHORIZATION });
    const [feed] = (await once(events, 'response')) as [http.IncomingMessage];
    feed.resume();
    const idle = connect(server.port, '127.0.0.1');
    idle.on('error', () => undefined);
    await once(idle, 'connect');
    const ended = [once(feed, 'end'), once(idle, 'close')];

    await Promise.all([server.running.close(), server.running.close()]);
    t.is((await viewer.closed).code, 1001);
    t.like(await viewer.until('PeerClosed'), { PeerClosed: { code: 'CLOSED' } });
    t.is((await pending.closed).code, 1001);
    await Promise.all(ended);
    t.false(pids.some(isAlive));
    await t.throwsAsync(server.ask('GET', '/'), { code: 'ECONNREFUSED' });
  },
);

test.serial('streamers come back after a restart where that is configured, else not', async (t) => {
  const server = await serve(t, { restore_streamers: 'true' });
  const host = await addHost(t, server);
  for (const id of ['a', 'b', 'c']) {
    await server.ask('POST', '/api/streamers', { body: createBody(id) });
  }
  await server.ask('DELETE', '/api/streamers/b');
  await server.running.close();
  const second = await serve(t, { restore_streamers: 'true' }, { folder: server.folder });
  const ids = second.running.streamers.list().map(({ id }) => id);
  t.deepEqual(ids, ['a', 'c']);
  for (const id of ids) await second.running.streamers.require(id).connected();
  // The own pairing and those of the two that were not deleted.
  await until('b’s identity is given back', () => host.paired.size === 3);
  await second.running.close();
  const third = await serve(t, {}, { folder: server.folder });
  t.deepEqual(third.running.streamers.list(), []);
});

test.serial('what REST refuses is not restored either; the rest of the list is', async (t) => {
  const first = await serve(t, { restore_streamers: 'true' });
  await addHost(t, first);
  for (const id of ['a', 'b', 'c', 'd']) {
    await first.ask('POST', '/api/streamers', { body: createBody(id) });
  }
  await first.running.close();
  const file = join(first.folder, 'streamers.json');
  const list = JSON.parse(await readFile(file, 'utf8')) as {
    streamers: [Wrong, Wrong, Wrong, Wrong];
  };
  interface Wrong {
    streamer_id: string;
    settings: Record<string, number>;
  }
  list.streamers[0].settings['width'] = 1e9;
  list.streamers[1].streamer_id = '../b';
  list.streamers[2].settings['fps'] = -1;
  await writeFile(file, JSON.stringify(list));
  const second = await serve(t, { restore_streamers: 'true' }, { folder: first.folder });
  t.deepEqual(
    second.running.streamers.list().map(({ id }) => id),
    ['d'],
  );
});

test.serial('a data folder that is deleted while the server runs is made again', async (t) => {
  const folder = join(await temporaryFolder(t), 'data');
  const server = await serve(t, { restore_streamers: 'true' }, { folder });
  await addHost(t, server);
  t.is((await server.ask('POST', '/api/streamers', { body: createBody('a') })).status, 200);
  await rm(folder, { recursive: true });
  t.is((await server.ask('POST', '/api/streamers', { body: createBody('b') })).status, 200);
  t.is((await server.ask('GET', '/api/hosts')).status, 200);
  await server.running.close();
  const list = await readFile(join(folder, 'streamers.json'), 'utf8');
  t.deepEqual(
    (JSON.parse(list) as { streamers: { streamer_id: string }[] }).streamers.map(
      ({ streamer_id: id }) => id,
    ),
    ['a', 'b'],
  );
});

test.serial('a list of streamers that is of no use starts nothing, and the server', async (t) => {
  const put: ((path: string) => Promise<unknown>)[] = [
    (path) => mkdir(path),
    (path) => writeFile(path, ''),
    (path) => writeFile(path, '{"streamers":[null]}'),
  ];
  for (const make of put) {
    const folder = await temporaryFolder(t);
    await make(join(folder, 'streamers.json'));
    const server = await serve(t, { restore_streamers: 'true' }, { folder });
    t.is((await server.ask('GET', '/api/streamers')).text, '{"streamers":[]}');
  }
});

test.serial(
  'a create that a shutdown cuts off does not come to life, one that was answered does',
  async (t) => {
    const server = await serve(t, { restore_streamers: 'true' });
    await addHost(t, server);
    const create = (id: string, app: number, query = ''): Promise<Answer> =>
      server.ask('POST', `/api/streamers${query}`, { body: createBody(id, app) });
    t.is((await create('running', APP.GOOD)).status, 200);
    t.is((await create('answered', APP.NEVER_CONNECTS, '?wait=false')).status, 200);
    const cut = create('cut', APP.NEVER_CONNECTS);
    while (pidOf(server, 'cut') === null) await new Promise((resolve) => setImmediate(resolve));
    await server.running.close();
    t.not((await cut).status, 200);
    const second = await serve(t, { restore_streamers: 'true' }, { folder: server.folder });
    t.deepEqual(
      second.running.streamers.list().map(({ id }) => id),
      ['running', 'answered'],
    );
  },
);

test.serial(
  'closing is bounded, whatever children, sockets and readers do meanwhile',
  async (t) => {
    // Without a bound of its own it would take as long as children may.
    const server = await serve(t, { stop_timeout_ms: '60000' });
    await addHost(t, server);
    for (const id of ['a', 'b', 'c']) {
      const { status, text } = await server.ask('POST', '/api/streamers', { body: createBody(id) });
      t.is(status, 200, text);
    }
    const pids = ['a', 'b', 'c'].map((id) => pidOf(server, id) ?? 0);
    const viewers = await Promise.all(
      Array.from({ length: 60 }, (_, i) => server.viewer(['a', 'b', 'c'][i % 3] ?? 'a')),
    );
    await Promise.all(viewers.map((viewer) => viewer.until('WebRtcConfig')));
    const strangers = await Promise.all(
      Array.from({ length: 100 }, () => server.viewer('a', { headers: {} })),
    );
    // They neither read nor answer a close frame.
    for (const { socket } of [...viewers.slice(0, 30), ...strangers]) socket.pause();
    const idle = Array.from({ length: 100 }, () => connect(server.port, '127.0.0.1'));
    for (const socket of idle) {
      socket.on('error', () => undefined);
      socket.write('GET / HTTP/1.1\r\n');
    }
    const waiting = server.ask('POST', '/api/streamers', {
      body: createBody('d', APP.NEVER_CONNECTS),
    });
    while (pidOf(server, 'd') === null) await new Promise((resolve) => setImmediate(resolve));
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    const from = performance.now();
    await server.running.close();
    // Five seconds is the promise; the machine may be busy with others.
    t.true(performance.now() - from < 20_000);
    t.not((await waiting.catch(() => ({ status: 0 }))).status, 200);
    t.is((await viewers.at(-1)?.closed)?.code, 1001);
    await until('children are gone', () => !pids.some(isAlive));
    for (const socket of idle) socket.destroy();
    for (const { socket } of [...viewers, ...strangers]) socket.terminate();
  },
);

test.serial('TLS: the interface and the sockets', async (t) => {
  const folder = await temporaryFolder(t);
  const { certificatePem, privateKeyPem } = await createIdentity();
  const paths = {
    private_key_pem: join(folder, 'key.pem'),
    certificate_pem: join(folder, 'cert.pem'),
  };
  const flags = { certificate: JSON.stringify(paths) };
  await t.throwsAsync(serve(t, flags, { folder }), { message: /private_key_pem.*cannot be read/ });
  await writeFile(paths.private_key_pem, privateKeyPem);
  await writeFile(paths.certificate_pem, certificatePem);
  const server = await serve(t, flags, { folder });
  t.regex(server.running.url, /^https:/);
  const hosts = await server.ask('GET', '/api/hosts');
  t.is(hosts.status, 200);
  t.truthy(hosts.headers['strict-transport-security']);
  await addHost(t, server);
  t.is((await server.ask('POST', '/api/streamers', { body: body('s') })).status, 200);
  const viewer = await server.viewer('s');
  await viewer.until('offer');
});

test.serial('an address in use is an error that names it', async (t) => {
  const server = await serve(t);
  await t.throwsAsync(serve(t, { bind_address: `127.0.0.1:${server.port}` }), {
    message: /^Cannot listen on 127\.0\.0\.1:/,
  });
});

interface Told {
  readonly id: string;
  readonly pid: number;
}

/** A server of its own process, once its streamers run. */
async function serverProcess(
  t: ExecutionContext,
  folder: string,
  restore: boolean,
  create: readonly string[],
): Promise<{ readonly streamers: readonly Told[]; kill(): Promise<void> }> {
  const program = fileURLToPath(new URL('../support/server-process.ts', import.meta.url));
  const child = spawn(
    process.execPath,
    [...TYPESCRIPT, program, join(folder, 'data.json'), String(restore), create.join(',')],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const exited = once(child, 'exit');
  t.teardown(() => child.kill('SIGKILL'));
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return {
    streamers: JSON.parse(line.toString()) as Told[],
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

test.serial(
  'a server that is killed while three streamers run leaves none, and brings back all or nothing',
  async (t) => {
    const server = await serve(t);
    await addHost(t, server);
    await server.running.close();
    const { folder } = server;
    const gone = async (streamers: readonly Told[]): Promise<void> => {
      while (streamers.some(({ pid }) => isAlive(pid))) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    const ids = ['a', 'b', 'c'];
    const first = await serverProcess(t, folder, true, ids);
    t.deepEqual(
      first.streamers.map(({ id }) => id),
      ids,
    );
    t.true(first.streamers.every(({ pid }) => isAlive(pid)));
    await first.kill();
    await gone(first.streamers);

    const second = await serverProcess(t, folder, true, []);
    t.deepEqual(
      second.streamers.map(({ id }) => id),
      ids,
    );
    t.true(second.streamers.every(({ pid }) => isAlive(pid)));
    await second.kill();
    await gone(second.streamers);

    const third = await serverProcess(t, folder, false, []);
    t.deepEqual(third.streamers, []);
    await third.kill();
    t.deepEqual(await descendantsNamed(process.pid, 'fake-streamer'), []);
  },
);

test.serial(
  'the app of a child that ignores Stop is quit before the server has ended',
  async (t) => {
    const server = await serve(t, { stop_timeout_ms: '60000' });
    const host = await addHost(t, server);
    const made = await server.ask('POST', '/api/streamers', { body: body('s', APP.IGNORES_STOP) });
    t.is(made.status, 200, made.text);
    const pid = pidOf(server, 's');
    host.busy = true;
    host.runs = APP.IGNORES_STOP;
    await server.running.close();
    t.false(isAlive(pid));
    t.is(host.cancelled, 1);
  },
);
