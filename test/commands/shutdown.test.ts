import test from 'ava';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { until } from '../support/until.js';
import { TYPESCRIPT } from '../support/typescript.js';

const PROGRAM = fileURLToPath(new URL('../support/defect-process.ts', import.meta.url));

test('a lost rejection is logged and survived; an exception ends in order, with 1', async (t) => {
  const child = spawn(process.execPath, [...TYPESCRIPT, PROGRAM], { stdio: 'pipe' });
  t.teardown(() => child.kill('SIGKILL'));
  let output = '';
  let log = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const exit = once(child, 'exit') as Promise<[number | null, string | null]>;
  await until('start', () => output.includes('ready'));
  child.stdin.write('reject\n');
  await until('survival', () => output.includes('alive after reject'));
  await until('log of the rejection', () => log.includes('lost promise'));
  t.is(child.exitCode, null);
  child.stdin.write('throw\n');
  t.deepEqual(await exit, [1, null]);
  t.regex(output, /closed/);
  t.regex(log, /stray exception/);
  t.regex(log, /"level":60/);
});

test('a signal ends in order, with 0', async (t) => {
  const child = spawn(process.execPath, [...TYPESCRIPT, PROGRAM], { stdio: 'pipe' });
  t.teardown(() => child.kill('SIGKILL'));
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exit = once(child, 'exit') as Promise<[number | null, string | null]>;
  await until('start', () => output.includes('ready'));
  child.kill('SIGTERM');
  t.deepEqual(await exit, [0, null]);
  t.regex(output, /closed/);
});
