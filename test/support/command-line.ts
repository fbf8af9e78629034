/** The command line as a process of its own. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { TYPESCRIPT } from './typescript.js';

export const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs it to its end, in the root of the sources unless `cwd` says otherwise. */
export function moontee(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  cwd = ROOT,
): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...TYPESCRIPT, CLI, ...args],
      { cwd, env: { ...process.env, ...environment }, timeout: 120_000 },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
      },
    );
  });
}
