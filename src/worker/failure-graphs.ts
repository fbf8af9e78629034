/**
 * Keeps the graphs of pipelines that failed, as files in a folder: the process that could answer
 * for them is about to end.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MoonteeError } from '../core/errors.js';
import type { Log } from '../core/log.js';

/** Bytes of a graph that is worth a place on the disk: hundreds of viewers. */
const MAX_BYTES = 16 * 1_048_576;
/** Of the files of ours; others in the folder are not touched. */
const NAME = /^(\d{8}T\d{9}Z)-[0-9a-f]{16}\.dot$/;

export interface FailureGraphOptions {
  readonly folder: string;
  /** Files that stay; the oldest go. */
  readonly kept: number;
}

/**
 * Synchronous, since the process ends next. Never throws.
 *
 * @param streamerId anything: the name of the file has its hash alone
 * @returns the path of the file; null if it was not written
 */
export function keepFailureGraph(
  { folder, kept }: FailureGraphOptions,
  streamerId: string,
  graph: string,
  log: Log,
): string | null {
  if (kept < 1 || graph === '' || Buffer.byteLength(graph) > MAX_BYTES) return null;
  const hash = createHash('sha256').update(streamerId).digest('hex').slice(0, 16);
  const time = new Date().toISOString().replace(/[-:.]/g, '');
  const path = join(folder, `${time}-${hash}.dot`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const file of surplus(folder, kept - 1)) rmSync(join(folder, file), { force: true });
    writeFileSync(path, graph, { mode: 0o600, flag: 'wx' });
    return path;
  } catch (thrown) {
    log.warn({ err: MoonteeError.from(thrown) }, 'graph of the failed pipeline not written');
    return null;
  }
}

/** The oldest files above a number. */
function surplus(folder: string, kept: number): string[] {
  const files = readdirSync(folder)
    .filter((file) => NAME.test(file))
    .sort();
  return files.slice(0, Math.max(0, files.length - kept));
}
