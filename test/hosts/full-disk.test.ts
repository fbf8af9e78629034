import test from 'ava';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { FullDiskReport } from '../support/full-disk-process.js';
import { temporaryFolder } from '../support/server.js';

const PROGRAM = fileURLToPath(new URL('../support/full-disk-process.ts', import.meta.url));

/** Mounted for the program alone: it goes with it. */
const ON_SMALL_DISK = 'mount -t tmpfs -o size=256k tmpfs "$1" && exec "$2" --import "$3" "$4" "$1"';

test('a full disk: said so, nothing is lost or half done, and it goes on when there is room', async (t) => {
  t.timeout(180_000);
  const folder = await temporaryFolder(t);
  const run = promisify(execFile);
  // Without root the program becomes it in a namespace of its own.
  const namespace = ['--mount', ...(process.getuid?.() === 0 ? [] : ['--map-root-user'])];
  const refusal = await run('unshare', [...namespace, 'true']).then(
    () => null,
    (error: unknown) => String(error),
  );
  if (refusal !== null) {
    t.log(`skipped, since this machine mounts nothing: ${refusal}`);
    t.pass();
    return;
  }
  const { stdout, stderr } = await run(
    'unshare',
    [
      ...namespace,
      ...['sh', '-c', ON_SMALL_DISK, 'sh', folder],
      ...[process.execPath, new URL('../../scripts/typescript.js', import.meta.url).href, PROGRAM],
    ],
    { timeout: 120_000 },
  );
  const report = JSON.parse(stdout) as FullDiskReport;
  t.regex(report.adding, /data\.json cannot be written: no space left on device/);
  t.regex(report.unpairing, /data\.json cannot be written: no space left on device/);
  t.is(report.hostsWhileFull, 1);
  t.true(report.pairedWhileFull);
  // The host has accepted the new identity: it serves, and the log says that it was not kept.
  t.is(report.created, 200);
  for (const text of ['streamer identity not saved', 'streamers not saved']) {
    t.true(stderr.includes(text), `the log has “${text}”`);
  }
  t.deepEqual({ ...report.full, rest: '' }, { ...report.before, rest: '' });
  t.is(report.before['rest'], '');
  t.is(report.full['rest'], 'filler');

  t.is(report.after['rest'], '');
  t.is((JSON.parse(report.after['data.json'] ?? '') as { hosts: unknown[] }).hosts.length, 2);
  const identities = report.after['identities.json'] ?? '';
  for (const name of ['helix-one', 'helix-two', 'helix-three']) t.true(identities.includes(name));
  const streamers = report.after['streamers.json'] ?? '';
  t.false(streamers.includes('"one"'));
  t.true(streamers.includes('"two"') && streamers.includes('"three"'));
});
