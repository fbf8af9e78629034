import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import test from 'ava';

const LAUNCHER = resolve(import.meta.dirname, '../../moontee');

interface Outcome {
  readonly code: number;
  readonly stderr: string;
}

function launch(environment: NodeJS.ProcessEnv, ...args: string[]): Promise<Outcome> {
  return new Promise((done) => {
    const options = { env: environment, timeout: 60_000 };
    execFile('/bin/sh', [LAUNCHER, ...args], options, (error, _stdout, stderr) => {
      done({ code: typeof error?.code === 'number' ? error.code : 0, stderr });
    });
  });
}

test('a system without glibc is refused with the reason, before anything is installed', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'moontee-musl-'));
  t.teardown(() => rm(folder, { recursive: true }));
  // What musl's getconf says of the name.
  const getconf = join(folder, 'getconf');
  await writeFile(getconf, '#!/bin/sh\necho "getconf: GNU_LIBC_VERSION: unknown" >&2\nexit 1\n');
  await chmod(getconf, 0o755);
  const { code, stderr } = await launch({ PATH: `${folder}:/usr/bin:/bin` }, 'help');
  t.is(code, 1);
  t.regex(stderr, /needs glibc/);
  t.notRegex(stderr, /installing/);
});
