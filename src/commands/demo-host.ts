import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Invocation } from './invocation.js';

/** The demo host's own program, compiled or not like this file. */
export function demoHostModule(): string {
  const url = new URL(`../demo-host/main${extname(import.meta.url)}`, import.meta.url);
  return fileURLToPath(url);
}

/** `moontee demo-host …`: runs the host's own program with the same arguments. */
export async function demoHost(call: Invocation): Promise<number> {
  const words = [...process.execArgv, demoHostModule(), ...call.arguments];
  const child = spawn(process.execPath, words, { stdio: 'inherit' });
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on('SIGTERM', forward);
  // A terminal's Ctrl-C reaches the child by itself.
  process.on('SIGINT', () => undefined);
  const [code] = (await once(child, 'exit')) as [number | null];
  process.off('SIGTERM', forward);
  return code ?? 1;
}
