import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';

const run = promisify(execFile);
const SETPRIV = '/usr/bin/setpriv';

test('a streamer starts where setpriv may not do its work', async (t) => {
  if (spawnSync('unshare', ['--mount', 'true']).status !== 0) {
    t.pass('mounts of its own need root');
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), 'moontee-launch-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const child = join(folder, 'child.mjs');
  await writeFile(child, 'process.send("up");\n');
  const url = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
  const program = join(folder, 'program.mjs');
  await writeFile(
    program,
    `
    const { launchChild } = await import(${url('../../src/streamer/supervisor/launch.ts')});
    const { silentLog } = await import(${url('../../src/core/log.ts')});
    const child = launchChild(${JSON.stringify(child)}, 0, silentLog());
    child.once('message', (word) => process.stdout.write(word, () => process.exit(0)));
    child.once('exit', () => process.exit(1));
  `,
  );
  const node = [process.execPath, ...process.execArgv, program];
  const hidden = `mount --bind /bin/false ${SETPRIV} && exec "$@"`;
  const { stdout } = await run('unshare', ['--mount', 'sh', '-c', hidden, 'sh', ...node], {
    timeout: 60_000,
  });
  t.is(stdout, 'up');
});
