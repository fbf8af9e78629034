/**
 * Every process that a benchmark starts, so that none outlives it: not after a failure, not
 * after Ctrl-C. Processes are stopped by their own pid and nothing else.
 */
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { TYPESCRIPT } from '../../test/support/typescript.js';

/** Milliseconds a process has to end after SIGTERM. */
const GRACE_MS = 3_000;

const running = new Set<ChildProcess>();
const directories = new Set<string>();

/** Ends a process of ours with us, unless it has ended before. */
export function keep(child: ChildProcess): ChildProcess {
  running.add(child);
  child.once('exit', () => running.delete(child));
  child.once('error', () => running.delete(child));
  return child;
}

function killAll(): void {
  for (const child of running) child.kill('SIGKILL');
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
}

process.once('exit', killAll);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => process.exit(1));
}

export interface ForkOptions {
  readonly environment?: NodeJS.ProcessEnv;
  readonly stdout?: 'ignore' | 'pipe';
}

/** A TypeScript program with an IPC channel. */
export function forkProgram(
  url: URL,
  args: readonly string[] = [],
  { environment = {}, stdout = 'ignore' }: ForkOptions = {},
): ChildProcess {
  return keep(
    fork(url, [...args], {
      execArgv: [...TYPESCRIPT],
      stdio: ['ignore', stdout, 'inherit', 'ipc'],
      env: { ...process.env, ...environment },
    }),
  );
}

/** Any program; its output is dropped. */
export function startProgram(command: string, args: readonly string[]): ChildProcess {
  return keep(spawn(command, args, { stdio: 'ignore' }));
}

/** Ends a process: SIGTERM, then SIGKILL. Resolves when it is gone. */
export async function end(child: ChildProcess): Promise<void> {
  if (!running.has(child) || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
  await gone;
  clearTimeout(timer);
}

/** A directory to be removed when the benchmark is over, however it ends. */
export function removeAtExit(directory: string): void {
  directories.add(directory);
}

/** Of the programs under measurement: their information is not what is wanted here. */
export function logLevel(): string {
  return process.env['MOONTEE_LOG'] ?? 'error';
}
