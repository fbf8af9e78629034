import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { parseArguments } from '../../src/demo-host/arguments.js';
import { DEADLINE, http, post, until } from './support.js';
import { TYPESCRIPT } from '../support/typescript.js';

const MAIN = fileURLToPath(new URL('../../src/demo-host/main.ts', import.meta.url));

interface Ready {
  readonly ready: boolean;
  readonly http_port: number;
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('no stdout');
  const lines = createInterface(child.stdout);
  const signal = AbortSignal.timeout(DEADLINE);
  const [line] = (await once(lines, 'line', { signal })) as [string];
  return line;
}

async function start(t: ExecutionContext, ...args: string[]): Promise<[ChildProcess, Ready]> {
  const child = spawn(process.execPath, [...TYPESCRIPT, MAIN, '--http-port', '0', ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  return [child, JSON.parse(await firstLine(child)) as Ready];
}

async function exitCode(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}

test.serial('it says where it listens, and ends on SIGTERM', async (t) => {
  const [child, ready] = await start(t, '--pin', '1234', '--name', 'Somebody');
  t.true(ready.ready);
  t.regex((await http(ready.http_port, '/serverinfo')).text, /<hostname>Somebody</);
  child.kill('SIGTERM');
  t.is(await exitCode(child), 0);
});

test.serial('it ends when it is told to over loopback', async (t) => {
  const [child, ready] = await start(t);
  t.is((await post(ready.http_port, '/demo/control', '{"order":"exit"}')).status, 200);
  t.is(await exitCode(child), 0);
});

test.serial('it ends when the parent disconnects', async (t) => {
  const child = fork(MAIN, ['--http-port', '0'], {
    execArgv: [...TYPESCRIPT],
    stdio: ['ignore', 'pipe', 'ignore', 'ipc'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  await firstLine(child);
  child.disconnect();
  t.is(await exitCode(child), 0);
});

test.serial('it does not outlive a parent that was killed', async (t) => {
  const script = `
    const { spawn } = require('node:child_process');
    const child = spawn(process.execPath, ${JSON.stringify([...TYPESCRIPT, MAIN, '--http-port', '0'])},
      { stdio: ['ignore', 'pipe', 'ignore'] });
    child.stdout.once('data', () => console.log(child.pid));
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  t.teardown(() => parent.kill('SIGKILL'));
  const pid = Number(await firstLine(parent));
  t.true(pid > 0);
  parent.kill('SIGKILL');
  await until('the end of the orphan', () => {
    try {
      process.kill(pid, 0);
      return false;
    } catch {
      return true;
    }
  });
});

test.serial('wrong arguments end it with code 2', async (t) => {
  const child = spawn(process.execPath, [...TYPESCRIPT, MAIN, '--fault', 'nonsense'], {
    stdio: 'ignore',
  });
  t.is(await exitCode(child), 2);
});

function clip(title: string, file: string, codec: string, bitDepth: number, hdr: boolean): object {
  return { title, source: { kind: 'clip', file, codec, bitDepth, hdr } };
}

test('the command line', (t) => {
  t.is(parseArguments(['--help']), null);
  t.deepEqual(parseArguments([]), {});
  t.like(
    parseArguments([
      '--http-port=5000',
      '--style=wolf',
      '--control-encryption=1',
      '--fec=50',
      '--app=Snow=gst:videotestsrc pattern=snow',
      '--app=Loop=clip:/tmp/a.b.h265',
      '--app=Deep=clip:/tmp/a.10bit.av1',
      '--app=Bright=clip:/tmp/a.HDR.hevc',
      '--app=Blocks=blocks',
      '--fault=loss=0.1',
    ]),
    {
      httpPort: 5000,
      style: 'wolf',
      controlEncryption: 1,
      fecPercentage: 50,
      apps: [
        { title: 'Snow', source: { kind: 'gstreamer', description: 'videotestsrc pattern=snow' } },
        clip('Loop', '/tmp/a.b.h265', 'h265', 8, false),
        clip('Deep', '/tmp/a.10bit.av1', 'av1', 10, false),
        clip('Bright', '/tmp/a.HDR.hevc', 'h265', 10, true),
        { title: 'Blocks', source: { kind: 'blocks' } },
      ],
    },
  );
  for (const bad of [
    '--http-port=x',
    '--http-port=70000',
    '--style=mine',
    '--app=x',
    '--app=x=clip:file.mp4',
    '--app=x=blocks:y',
    '--nothing',
    'word',
    '--fec=-1',
  ]) {
    t.throws(() => parseArguments([bad]), { code: 'CONFIG_INVALID' }, bad);
  }
});
