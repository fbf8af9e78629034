/** One owner of the data on disk, and the way through it for the command line. */
import test, { type ExecutionContext } from 'ava';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { MoonteeError } from '../../src/core/errors.js';
import { askServer } from '../../src/hosts/control-socket.js';
import { silentLog } from '../../src/core/log.js';
import type { ControlItem } from '../../src/protocol/control-command.js';
import { createIdentity } from '../../src/moonlight/identity.js';
import { FolderLock } from '../../src/storage/folder-lock.js';
import { FakeHost } from '../support/fake-host.js';
import { isAlive, serve, temporaryFolder } from '../support/server.js';
import { until } from '../support/until.js';
import { TYPESCRIPT } from '../support/typescript.js';

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const SERVER = fileURLToPath(new URL('../support/server-process.ts', import.meta.url));

async function code(t: ExecutionContext, promise: Promise<unknown>): Promise<MoonteeError> {
  return t.throwsAsync(promise, { instanceOf: MoonteeError });
}

async function fakeHost(t: ExecutionContext): Promise<FakeHost> {
  const host = await FakeHost.start();
  t.teardown(() => host.close());
  return host;
}

async function moontee(folder: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [...TYPESCRIPT, CLI, ...args], {
    env: { ...process.env, MOONTEE_DATA_PATH: join(folder, 'data.json') },
    timeout: 120_000,
  });
  return stdout;
}

test.serial(
  'of many that start at once one gets the folder, the others are told who has it',
  async (t) => {
    const folder = join(await temporaryFolder(t), 'made/for/it');
    const takes = await Promise.allSettled(
      Array.from({ length: 12 }, () => FolderLock.take(folder, silentLog())),
    );
    const got = takes.filter((take) => take.status === 'fulfilled');
    t.is(got.length, 1);
    for (const take of takes) {
      if (take.status === 'rejected') t.is((take.reason as MoonteeError).code, 'DATA_IN_USE');
    }
    const error = await code(t, FolderLock.take(folder, silentLog()));
    t.true(error.message.includes(`process ${process.pid} on `) && error.message.includes(folder));
    await got[0]?.value.release();
    await got[0]?.value.release();
    const next = await FolderLock.take(folder, silentLog());
    await next.release();
  },
);

test.serial('what a dead owner has left does not count, whatever it says', async (t) => {
  const folder = await temporaryFolder(t);
  // Another boot, another container or a number that is used again: this very process.
  const note = { pid: process.pid, machine: 'elsewhere', since: '2001-01-01T00:00:00Z' };
  await writeFile(join(folder, 'moontee.lock'), JSON.stringify(note));
  await (await FolderLock.take(folder, silentLog())).release();

  const child = spawn(
    process.execPath,
    [...TYPESCRIPT, SERVER, join(folder, 'data.json'), 'false', ''],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const exited = once(child, 'exit');
  await once(child.stdout, 'data');
  await code(t, FolderLock.take(folder, silentLog()));
  t.true((await readdir(folder)).includes('moontee.sock'));
  child.kill('SIGKILL');
  await exited;
  t.false(isAlive(child.pid ?? 0));
  // Its socket is still there, and nobody answers.
  t.false(
    await askServer(join(folder, 'data.json'), { command: 'forget', host_id: 0 }, () => undefined),
  );
  const second = await serve(t, {}, { folder });
  t.is((await second.ask('GET', '/api/hosts')).status, 200);
});

test.serial('a second server on one folder is refused, and the first goes on', async (t) => {
  const first = await serve(t);
  const error = await code(t, serve(t, {}, { folder: first.folder }));
  t.is(error.code, 'DATA_IN_USE');
  t.regex(error.message, /^Another Moontee uses the data folder .*, process \d+ on /);
  t.is((await first.ask('GET', '/api/hosts')).status, 200);
  await first.running.close();
  const second = await serve(t, {}, { folder: first.folder });
  t.is((await second.ask('GET', '/api/hosts')).status, 200);
});

test.serial('without locks of the kernel a server that answers keeps others away', async (t) => {
  const first = await serve(t);
  const { PATH } = process.env;
  process.env['PATH'] = '/nonexistent';
  try {
    t.is((await code(t, serve(t, {}, { folder: first.folder }))).code, 'DATA_IN_USE');
    await first.running.close();
    const second = await serve(t, {}, { folder: first.folder });
    t.is((await second.ask('GET', '/api/hosts')).status, 200);
    await second.running.close();
  } finally {
    process.env['PATH'] = PATH;
  }
});

test.serial(
  'commands go through the server that runs, behind TLS, credentials and a prefix',
  async (t) => {
    const folder = join(await temporaryFolder(t), 'a'.repeat(120));
    await mkdir(folder);
    const { certificatePem, privateKeyPem } = await createIdentity();
    await writeFile(join(folder, 'key.pem'), privateKeyPem);
    await writeFile(join(folder, 'cert.pem'), certificatePem);
    const certificate = JSON.stringify({
      private_key_pem: join(folder, 'key.pem'),
      certificate_pem: join(folder, 'cert.pem'),
    });
    const server = await serve(t, { certificate, web_path_prefix: '/gate' }, { folder });
    t.is((await stat(join(folder, 'moontee.sock'))).mode & 0o777, 0o600);
    t.deepEqual(
      (await readdir(folder)).filter((name) => name.startsWith('.')),
      [],
    );

    const [host, other] = [await fakeHost(t), await fakeHost(t)];
    const said = await moontee(folder, 'pair', `127.0.0.1:${host.port}`, '--pin', '1234');
    t.is(said, 'Enter this PIN on the host: 1234\nPaired. The host has the id 0.\n');
    t.true(server.running.hosts.require(0).paired);
    // What the server writes next keeps it.
    await server.running.hosts.add('127.0.0.1', other.port);
    t.regex(await server.data(), /"client_private_key": "-----BEGIN/);

    host.pin = '9999';
    const refused = await t.throwsAsync(moontee(folder, 'pair', `127.0.0.1:${host.port}`));
    t.regex(refused.message, /PAIRING_WRONG_PIN/);
    await moontee(folder, 'unpair', '0');
    t.false(server.running.hosts.require(0).paired);
    await moontee(folder, 'forget', '0');
    t.throws(() => server.running.hosts.require(0), { message: 'Host not found' });
    const missing = await t.throwsAsync(moontee(folder, 'forget', '7'));
    t.regex(missing.message, /Host not found \(HOST_NOT_FOUND\)/);

    const elsewhere = askServer(
      join(folder, 'x.json'),
      { command: 'forget', host_id: 1 },
      () => undefined,
    );
    t.regex((await code(t, elsewhere)).message, /keeps its hosts in data\.json/);
    await server.running.close();
    t.false((await readdir(folder)).includes('moontee.sock'));
  },
);

test.serial('without a server a command owns the folder itself, one after the other', async (t) => {
  const folder = await temporaryFolder(t);
  const hosts = [await fakeHost(t), await fakeHost(t)];
  await Promise.all(
    hosts.map((host) => moontee(folder, 'pair', `127.0.0.1:${host.port}`, '--pin', '1234')),
  );
  const data = JSON.parse(await readFile(join(folder, 'data.json'), 'utf8')) as {
    hosts: { paired?: object }[];
  };
  t.is(data.hosts.filter(({ paired }) => paired !== undefined).length, 2);
  t.regex(await moontee(folder, 'hosts'), /^0 .* paired/m);
});

test.serial('rubbish on the socket ends nothing', async (t) => {
  const server = await serve(t);
  const path = join(server.folder, 'moontee.sock');
  for (const line of [
    '',
    '{}',
    'null',
    '{"file":"data.json","ask":{"command":"rm"}}',
    'x'.repeat(100_000),
  ]) {
    const socket = connect({ path });
    socket.on('error', () => undefined);
    let answer = '';
    socket.on('data', (data: Buffer) => (answer += data.toString()));
    socket.write(`${line}\n`);
    await until('an answer', () => socket.destroyed || socket.readableEnded);
    if (line.length < 4_096) t.like(JSON.parse(answer), { code: 'BAD_REQUEST' });
    socket.destroy();
  }
  const host = await fakeHost(t);
  const items: ControlItem[] = [];
  const ask = { command: 'pair', address: '127.0.0.1', http_port: host.port, pin: '1234' } as const;
  t.true(await askServer(join(server.folder, 'data.json'), ask, (item) => items.push(item)));
  t.like(items, [{ pin: '1234' }, { host: { host_id: 0, paired: 'Paired' } }]);
});
