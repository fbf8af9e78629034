/** Commands beside a running server, and without one: what they print, and what they change. */
import test, { type ExecutionContext } from 'ava';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { moontee as run, type Outcome } from '../support/command-line.js';
import { addHost, createBody, serve, temporaryFolder, type TestServer } from '../support/server.js';
import { until } from '../support/until.js';

const CONFIGURED = 'moontee.json';

/** Commands of somebody who has the configuration's file, and nothing else. */
async function commandsFor(
  folder: string,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<(...args: string[]) => Promise<Outcome>> {
  const file = join(folder, CONFIGURED);
  await writeFile(file, JSON.stringify({ data_path: join(folder, 'data.json'), ...settings }));
  return (...args) => run([...args, '--config', file]);
}

async function good(t: ExecutionContext, outcome: Promise<Outcome>): Promise<string> {
  const { code, stdout, stderr } = await outcome;
  t.deepEqual([code, stderr], [0, '']);
  return stdout;
}

async function json(t: ExecutionContext, outcome: Promise<Outcome>): Promise<unknown> {
  return JSON.parse(await good(t, outcome));
}

async function withHost(t: ExecutionContext): Promise<{
  server: TestServer;
  moontee: (...args: string[]) => Promise<Outcome>;
  port: number;
}> {
  const server = await serve(t);
  const { port } = await addHost(t, server);
  return { server, moontee: await commandsFor(server.folder), port };
}

test.serial('hosts, apps and wake: as text and as JSON, with and without a server', async (t) => {
  const { server, moontee, port } = await withHost(t);
  const host = {
    host_id: 0,
    address: '127.0.0.1',
    http_port: port,
    paired: 'Paired',
    server_state: 'Free',
  };
  for (const runs of [true, false]) {
    if (!runs) await server.running.close();
    t.regex(
      await good(t, moontee('hosts')),
      new RegExp(`^0 {2}127\\.0\\.0\\.1:${port} {2}paired {2}\\S.* \\(free\\)\n$`),
    );
    t.like(await json(t, moontee('hosts', '--json')), { hosts: [host] });
    t.regex(await good(t, moontee('apps', '0')), /^ +1 {2}GOOD$/m);
    const { apps } = (await json(t, moontee('apps', '0', '--json'))) as { apps: unknown[] };
    t.deepEqual(apps[0], { app_id: 1, title: 'GOOD', is_hdr_supported: false });
    t.is(await good(t, moontee('wake', '0')), 'Host 0 was sent a packet that wakes it.\n');
    const missing = await moontee('apps', '7');
    t.is(missing.code, 1);
    t.is(
      missing.stderr,
      "moontee: Host not found (HOST_NOT_FOUND)\n'moontee hosts' lists those that are known; 'moontee pair ADDRESS' adds one.\n",
    );
  }
  t.deepEqual(await json(t, moontee('unpair', '0', '--json')), { host_id: 0 });
  t.like(await json(t, moontee('hosts', '--json')), { hosts: [{ paired: 'NotPaired' }] });
  t.deepEqual(await json(t, moontee('forget', '0', '--json')), { host_id: 0 });
  const none = await moontee('hosts');
  t.deepEqual([none.code, none.stdout], [0, '']);
  t.regex(none.stderr, /No host is known.*moontee pair ADDRESS/);
});

test.serial('pair reports the PIN and then the host, in JSON a line each', async (t) => {
  const server = await serve(t);
  const fake = await addHost(t, server, false);
  const moontee = await commandsFor(server.folder);
  const text = await good(t, moontee('pair', `127.0.0.1:${fake.port}`, '--json'));
  const [pin, host, ...rest] = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
  t.deepEqual([pin, rest], [{ pin: '1234' }, []]);
  t.like(host, { host: { host_id: 0, paired: 'Paired', http_port: fake.port } });
});

test.serial('streamers are made, listed and deleted, without the password', async (t) => {
  const { server, moontee } = await withHost(t);
  t.is((await moontee('streamers', 'list')).stdout, '');
  const made = await good(
    t,
    moontee('streamers', 'create', '0', '1', '--id', 'desk', '--fps', '30'),
  );
  t.regex(made, /^Streamer desk is active: \d+x\d+ at \d+/);
  const other = await json(
    t,
    moontee('streamers', 'create', '0', '1', '--client-id', 'second', '--json'),
  );
  const { streamer_id: id } = other as { streamer_id: string };
  t.regex(id, /^streamer-[0-9a-f]{8}$/);
  t.is(server.running.streamers.require('desk').spec.settings.fps, 30);
  const list = await good(t, moontee('streamers', 'list'));
  t.regex(list, /^desk +active {2}host 0, app 1 {2}\d+x\d+ at \d+.* 0 viewers$/m);
  t.like(await json(t, moontee('streamers', 'list', '--json')), {
    streamers: [{ streamer_id: 'desk' }, { streamer_id: id }],
  });
  const again = await moontee('streamers', 'create', '0', '1', '--id', 'desk');
  t.is(again.code, 1);
  t.regex(again.stderr, /already exists \(STREAMER_EXISTS\)\n.*moontee streamers delete ID/);
  t.is(await good(t, moontee('streamers', 'delete', id)), `Streamer ${id} is deleted.\n`);
  t.deepEqual(await json(t, moontee('streamers', 'delete', 'desk', '--json')), {
    streamer_id: 'desk',
  });
  t.regex((await moontee('streamers', 'delete', 'desk')).stderr, /moontee streamers list/);
  const wrong = await moontee('streamers', 'create', '0', '1', '--channels', '3');
  t.is(wrong.code, 2);
  t.regex(wrong.stderr, /audio_channels: must be 2 or 6 or 8; channels of sound/);
  await server.running.close();
  const { code, stderr } = await moontee('streamers', 'list');
  t.is(code, 1);
  t.regex(
    stderr,
    /No server runs on the data folder .* \(NO_SERVER\)\nStart it with 'moontee serve'/,
  );
});

test.serial(
  'a drained server lets nobody else in, and ends when the last viewer has gone',
  async (t) => {
    const { server, moontee } = await withHost(t);
    await server.ask('POST', '/api/streamers', { body: createBody('s') });
    const viewer = await server.viewer('s');
    await viewer.until('offer');
    t.is((await server.ask('GET', '/readyz')).status, 200);
    const drained = server.running.drained.then(() => server.running.close());
    const draining = moontee('drain');
    await until('the doors close', async () => (await server.ask('GET', '/readyz')).status === 503);
    t.deepEqual((await server.ask('GET', '/readyz')).json, {
      status: 'not_ready',
      reasons: ['draining'],
    });
    t.is((await server.ask('GET', '/healthz')).status, 200);
    const refused = await server.ask('POST', '/api/streamers', { body: createBody('other') });
    t.is(refused.status, 503);
    t.like(refused.json, { code: 'DRAINING' });
    const late = await server.viewer('s');
    t.like(await late.until('PeerClosed'), { PeerClosed: { code: 'DRAINING' } });
    // Who is in stays in, and so does the streamer.
    t.is(server.running.streamers.require('s').viewers.length, 1);
    viewer.socket.close();
    await drained;
    const text = await good(t, draining);
    t.regex(text, /lets nobody else in/);
    t.regex(text, /Viewers that are left: 1\nNobody is left\.\nThe server has ended\.\n$/);
  },
);

test.serial('a drain ends after its time, whoever is left, and without its command', async (t) => {
  const { server, moontee } = await withHost(t);
  await server.ask('POST', '/api/streamers', { body: createBody('s') });
  const viewer = await server.viewer('s');
  await viewer.until('offer');
  const drained = server.running.drained.then(() => server.running.close());
  const lines = (await good(t, moontee('drain', '--timeout', '0.5', '--json'))).trim().split('\n');
  await drained;
  t.deepEqual(
    lines.map((line) => JSON.parse(line) as unknown),
    [{ viewers: 1 }, { ended: true }],
  );
  t.is((await moontee('drain')).code, 1);
});

test.serial(
  'a backup beside a running server is whole, and is restored only without one',
  async (t) => {
    const { server, moontee } = await withHost(t);
    await server.ask('POST', '/api/streamers', { body: createBody('s') });
    const token = await server.ask('POST', '/api/streamers/s/tokens', {
      body: { rights: ['watch'] },
    });
    t.is(token.status, 201);
    const file = join(server.folder, 'backup');
    t.regex(await good(t, moontee('backup', file)), /holds data\.json.*private keys/);
    t.is((await stat(file)).mode & 0o777, 0o600);
    const over = await moontee('backup', file);
    t.is(over.code, 1);
    t.regex(over.stderr, /is there already \(BACKUP_INVALID\)/);

    const busy = await moontee('restore', file);
    t.is(busy.code, 1);
    t.regex(busy.stderr, /\(DATA_IN_USE\)/);

    const before = await server.data();
    await server.running.hosts.remove(0);
    await server.running.close();
    const restored = await json(t, moontee('restore', file, '--json'));
    const { kept } = restored as { kept: string };
    t.is(await readFile(join(server.folder, 'data.json'), 'utf8'), before);
    t.is((await stat(join(server.folder, 'data.json'))).mode & 0o777, 0o600);
    // What was there before the restore can be had back.
    await good(t, moontee('restore', kept));
    t.deepEqual(JSON.parse(await readFile(join(server.folder, 'data.json'), 'utf8')), {
      hosts: [],
    });

    await good(t, moontee('restore', file));
    const again = await serve(t, {}, { folder: server.folder });
    t.true(again.running.hosts.require(0).paired);
    await again.running.close();
    const copy = join(server.folder, 'without-server');
    await good(t, moontee('backup', copy, '--json'));
    const filesOf = async (path: string): Promise<Record<string, string>> =>
      (JSON.parse(await readFile(path, 'utf8')) as { files: Record<string, string> }).files;
    t.is((await filesOf(copy))['token-key'], (await filesOf(file))['token-key']);
  },
);

test.serial(
  'what is no backup, a damaged one or one of a later version changes nothing',
  async (t) => {
    const folder = await temporaryFolder(t);
    const moontee = await commandsFor(folder);
    await writeFile(join(folder, 'data.json'), '{"hosts": []}');
    const path = join(folder, 'backup');
    const whole = { moontee_backup: 1, version: '1', made_at: 'x', files: {} };
    for (const [content, words] of [
      [null, /does not exist/],
      ['{', /not valid JSON/],
      ['{"hosts": []}', /no backup of Moontee/],
      [JSON.stringify({ ...whole, moontee_backup: 2 }), /has format 2; this version reads up to 1/],
      [JSON.stringify({ ...whole, files: { 'data.json': 3 } }), /damaged/],
      [JSON.stringify({ ...whole, files: { '../x': '' } }), /file of an unknown name/],
      [JSON.stringify({ ...whole, files: { 'data.json': '{}' } }), /data\.json: hosts: missing/],
      [
        JSON.stringify({ ...whole, files: { 'access.json': '{' } }),
        /access\.json in the backup is damaged/,
      ],
    ] as const) {
      if (content !== null) await writeFile(path, content);
      const { code, stderr } = await moontee('restore', path);
      t.is(code, 1);
      t.regex(stderr, words);
      t.is(await readFile(join(folder, 'data.json'), 'utf8'), '{"hosts": []}');
    }
  },
);

test.serial(
  'config init writes an example that a check passes, and never over a file',
  async (t) => {
    const folder = await temporaryFolder(t);
    const first = await run(['config', 'init'], {}, folder);
    t.is(first.code, 0, first.stderr);
    const path = join(folder, 'server/config.json');
    t.is((await stat(path)).mode & 0o777, 0o600);
    t.is((await run(['config', 'check'], {}, folder)).stdout, 'The configuration is valid.\n');
    await writeFile(path, '{}');
    const second = await run(['config', 'init'], {}, folder);
    t.is(second.code, 2);
    t.regex(second.stderr, /server\/config\.json is there already, and is left as it is/);
    t.is(await readFile(path, 'utf8'), '{}');
    const wrong = await run(['config', 'check'], { MOONTEE_MAX_VIEWER: '3' }, folder);
    t.is(wrong.code, 1);
    t.is(
      wrong.stdout,
      'problem: Unknown variable MOONTEE_MAX_VIEWER; did you mean MOONTEE_MAX_VIEWERS?\n',
    );
  },
);

test.serial('a port in use is told with the option that chooses another', async (t) => {
  const server = await serve(t);
  const folder = await temporaryFolder(t);
  const moontee = await commandsFor(folder, { log_level: 'silent' });
  const { code, stderr } = await moontee('serve', '--bind', `127.0.0.1:${server.port}`);
  t.is(code, 1);
  t.regex(
    stderr,
    new RegExp(`Cannot listen on 127\\.0\\.0\\.1:${server.port}: another program uses this port`),
  );
  t.regex(stderr, /--bind ADDRESS:PORT.*--port NUMBER/);
});
