import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { silentLog } from '../../src/core/log.js';
import { keepFailureGraph } from '../../src/worker/failure-graphs.js';

const log = silentLog();

async function place(t: ExecutionContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'moontee-graphs-'));
  t.teardown(() => rm(path, { recursive: true, force: true }));
  return path;
}

test('a graph is kept for its owner, under a name without the id', async (t) => {
  const folder = join(await place(t), 'failed', 'pipelines');
  const path = keepFailureGraph({ folder, kept: 3 }, '../../etc/passwd\0', 'digraph {}', log);
  t.is(dirname(path ?? ''), folder);
  t.regex(basename(path ?? ''), /^\d{8}T\d{9}Z-[0-9a-f]{16}\.dot$/);
  t.is(await readFile(path ?? '', 'utf8'), 'digraph {}');
  t.is((await stat(path ?? '')).mode & 0o777, 0o600);
  t.is((await stat(folder)).mode & 0o777, 0o700);
});

test('the oldest go, and files of others stay', async (t) => {
  const folder = await place(t);
  await writeFile(join(folder, 'mine.dot'), '');
  const paths: string[] = [];
  for (let count = 0; count < 5; count += 1) {
    paths.push(keepFailureGraph({ folder, kept: 3 }, `id ${count}`, `g ${count}`, log) ?? '');
    // Names have milliseconds.
    await sleep(3);
  }
  const left = await readdir(folder);
  t.deepEqual(left.sort(), [...paths.slice(-3).map((path) => basename(path)), 'mine.dot'].sort());
});

test('nothing is kept if that is not wanted, and a folder that cannot be is no error', async (t) => {
  const folder = await place(t);
  t.is(keepFailureGraph({ folder, kept: 0 }, 'id', 'digraph {}', log), null);
  t.is(keepFailureGraph({ folder, kept: 1 }, 'id', '', log), null);
  t.deepEqual(await readdir(folder), []);
  const file = join(folder, 'file');
  await writeFile(file, '');
  t.is(keepFailureGraph({ folder: join(file, 'x'), kept: 1 }, 'id', 'digraph {}', log), null);
});
