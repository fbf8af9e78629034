/** Who reads the log may stand still or go: nobody waits for it, and what is lost is told. */
import test, { type ExecutionContext } from 'ava';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  openSync,
  readFileSync,
  readSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createIdentity } from '../../src/moonlight/identity.js';
import { temporaryFolder } from '../support/server.js';
import { PATIENCE, until } from '../support/until.js';
import { TYPESCRIPT } from '../support/typescript.js';

const WRITER = fileURLToPath(new URL('../support/log-writer.ts', import.meta.url));
const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));

interface Told {
  readonly written: number;
  readonly dropped: number;
}

/** A pipe whose reader, the test, reads when it likes. */
async function pipe(
  t: ExecutionContext,
): Promise<{ writer: number; read(): string; fill(): void; closeReader(): void }> {
  const path = join(await temporaryFolder(t), 'log');
  execFileSync('mkfifo', [path]);
  const { O_RDONLY, O_WRONLY, O_NONBLOCK } = constants;
  let reader: number | null = openSync(path, O_RDONLY | O_NONBLOCK);
  const writer = openSync(path, O_WRONLY);
  const closeReader = (): void => {
    if (reader !== null) closeSync(reader);
    reader = null;
  };
  t.teardown(() => {
    closeReader();
    closeSync(writer);
  });
  return {
    writer,
    closeReader,
    fill() {
      const filler = openSync(path, O_WRONLY | O_NONBLOCK);
      t.throws(() => {
        for (;;) writeSync(filler, '.\n');
      });
      closeSync(filler);
    },
    read() {
      let text = '';
      const buffer = Buffer.alloc(65_536);
      for (;;) {
        try {
          const count = reader === null ? 0 : readSync(reader, buffer);
          if (count === 0) return text;
          text += buffer.toString('utf8', 0, count);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return text;
          throw error;
        }
      }
    },
  };
}

async function write(child: ChildProcess, lines: number): Promise<Told> {
  const answer = once(child, 'message', { signal: AbortSignal.timeout(PATIENCE) });
  child.send({ lines });
  const [told] = (await answer) as [Told];
  return told;
}

async function writer(t: ExecutionContext, stdout: number, stderr: number | 'pipe') {
  const child = spawn(process.execPath, [...TYPESCRIPT, WRITER], {
    stdio: ['ignore', stdout, stderr, 'ipc'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  await once(child, 'message', { signal: AbortSignal.timeout(PATIENCE) });
  return child;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

test('a pipe that nobody reads costs lines: they are counted, told once there is room, and the rest is whole', async (t) => {
  const log = await pipe(t);
  const out = await pipe(t);
  const child = await writer(t, out.writer, log.writer);
  const first = await write(child, 5_000);
  t.is(first.written, 5_000);
  t.true(first.dropped > 1_000 && first.dropped < 5_000, String(first.dropped));
  let text = '';
  const note = await until('a note about the drops', () => {
    text += log.read();
    return text.split('\n').find((line) => line.includes('log lines dropped'));
  });
  t.is((JSON.parse(note) as Told).dropped, first.dropped);
  const { dropped } = await write(child, 10);
  t.is(dropped, first.dropped, 'a reader that is back gets everything');
  child.send('exit');
  t.deepEqual(await once(child, 'exit'), [0, null]);
  text += log.read();
  const lines = text.split('\n').filter((line) => line !== '');
  const kept = lines
    .map((line) => (JSON.parse(line) as { written?: number }).written)
    .filter((each) => each !== undefined);
  t.is(kept.length, 5_010 - dropped);
  t.deepEqual(
    kept,
    [...kept].sort((a, b) => a - b),
  );
  t.true(lines.at(-1)?.includes('the last line'));
});

for (const [kind, order, code] of [
  ['orderly', 'exit', 0],
  ['fatal', 'fatal', 1],
] as const) {
  test(`the ${kind} end of a process whose reader stands still is not held up`, async (t) => {
    const log = await pipe(t);
    const out = await pipe(t);
    log.fill();
    const child = await writer(t, out.writer, log.writer);
    await write(child, 10);
    child.send(order);
    t.deepEqual(await once(child, 'exit', { signal: AbortSignal.timeout(PATIENCE) }), [code, null]);
  });
}

test('a socket that nobody reads, as children have: the same', async (t) => {
  const out = await pipe(t);
  const child = await writer(t, out.writer, 'pipe');
  child.stderr?.pause();
  const { written, dropped } = await write(child, 5_000);
  t.is(written, 5_000);
  t.true(dropped > 1_000, String(dropped));
  child.send('fatal');
  t.deepEqual(await once(child, 'exit', { signal: AbortSignal.timeout(PATIENCE) }), [1, null]);
});

test('somebody who shares the socket and makes it block again holds nothing up', async (t) => {
  const out = await pipe(t);
  const child = await writer(t, out.writer, 'pipe');
  child.stderr?.pause();
  await write(child, 1);
  child.send('block');
  const { dropped } = await write(child, 5_000);
  t.true(dropped > 1_000, String(dropped));
  child.send('exit');
  t.deepEqual(await once(child, 'exit', { signal: AbortSignal.timeout(PATIENCE) }), [0, null]);
});

test('readers that go, of the log and of what is printed, end nothing', async (t) => {
  const log = await pipe(t);
  const out = await pipe(t);
  const child = await writer(t, out.writer, log.writer);
  log.closeReader();
  out.closeReader();
  const { written } = await write(child, 100);
  t.is(written, 100);
  t.is((await write(child, 100)).dropped, 200);
  child.send('exit');
  t.deepEqual(await once(child, 'exit', { signal: AbortSignal.timeout(PATIENCE) }), [0, null]);
});

for (const [what, stall] of [
  ['stand still', false],
  ['are gone from the start', true],
] as const) {
  test(`a server whose readers ${what} serves, and ends when it is told to`, async (t) => {
    const log = await pipe(t);
    const out = await pipe(t);
    if (stall) {
      log.closeReader();
      out.closeReader();
    } else {
      log.fill();
      out.fill();
    }
    const folder = await temporaryFolder(t);
    const port = await freePort();
    const server = spawn(
      process.execPath,
      [
        ...TYPESCRIPT,
        CLI,
        'serve',
        '--bind',
        `127.0.0.1:${port}`,
        '--data-path',
        join(folder, 'd.json'),
      ],
      { stdio: ['ignore', out.writer, log.writer], env: { ...process.env, MOONTEE_LOG: 'trace' } },
    );
    t.teardown(() => server.kill('SIGKILL'));
    const url = `http://127.0.0.1:${port}`;
    await until('the server answers', () => fetch(`${url}/api/hosts`).catch(() => null));
    for (let i = 0; i < 100; i += 1) {
      const answer = await fetch(`${url}/api/streamers/${'x'.repeat(200)}${i}`);
      t.is(answer.status, 404);
      await answer.text();
    }
    const exit = once(server, 'exit', { signal: AbortSignal.timeout(PATIENCE) });
    server.kill('SIGTERM');
    t.deepEqual(await exit, [0, null]);
  });
}

test('a password of the command line does not stay there for others to read', async (t) => {
  const folder = await temporaryFolder(t);
  const args = ['--credentials', 'hunter2-hunter2', '--data-path', join(folder, 'd.json')];
  const server = spawn(
    process.execPath,
    [...TYPESCRIPT, CLI, 'serve', '--bind', '127.0.0.1:0', ...args],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  t.teardown(() => server.kill('SIGKILL'));
  let text = '';
  server.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const [url] = (await once(server.stdout, 'data', {
    signal: AbortSignal.timeout(PATIENCE),
  })) as [Buffer];
  t.false(readFileSync(`/proc/${server.pid ?? 0}/cmdline`, 'utf8').includes('hunter2'));
  const headers = { Authorization: 'Bearer hunter2-hunter2' };
  t.is((await fetch(`${url.toString().trim()}api/hosts`, { headers })).status, 200);
  await until('the warning', () => text.includes('(--credentials) can be read by every user'));
  t.false(text.includes('hunter2'));
  const exit = once(server, 'exit', { signal: AbortSignal.timeout(PATIENCE) });
  server.kill('SIGTERM');
  t.deepEqual(await exit, [0, null]);
});

for (const secure of [false, true]) {
  test(`SIGHUP does not end a server ${secure ? 'with' : 'without'} TLS`, async (t) => {
    const folder = await temporaryFolder(t);
    const paths = {
      private_key_pem: join(folder, 'key.pem'),
      certificate_pem: join(folder, 'cert.pem'),
    };
    const put = async (): Promise<void> => {
      const { privateKeyPem, certificatePem } = await createIdentity();
      writeFileSync(paths.private_key_pem, privateKeyPem);
      writeFileSync(paths.certificate_pem, certificatePem);
    };
    await put();
    const server = spawn(
      process.execPath,
      [...TYPESCRIPT, CLI, 'serve', '--bind', '127.0.0.1:0', '--data-path', join(folder, 'd.json')],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          ...process.env,
          ...(secure ? { MOONTEE_CERTIFICATE: JSON.stringify(paths) } : {}),
        },
      },
    );
    t.teardown(() => server.kill('SIGKILL'));
    let text = '';
    server.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await once(server.stdout, 'data', { signal: AbortSignal.timeout(PATIENCE) });
    for (let i = 0; i < 3; i += 1) server.kill('SIGHUP');
    await put();
    server.kill('SIGHUP');
    if (secure) await until('the new certificate', () => text.includes('certificate renewed'));
    const exit = once(server, 'exit', { signal: AbortSignal.timeout(PATIENCE) });
    server.kill('SIGTERM');
    t.deepEqual(await exit, [0, null]);
    t.true(text.includes('server stopped'));
  });
}
