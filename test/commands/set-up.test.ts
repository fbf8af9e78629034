/** scripts/setup.sh, with stand-ins for the programs that would install something. */
import test, { type ExecutionContext } from 'ava';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Outcome } from '../support/command-line.js';
import { temporaryFolder } from '../support/server.js';
import { until } from '../support/until.js';

const SCRIPT = join(import.meta.dirname, '..', '..', 'scripts', 'setup.sh');

/** What the script may use of this machine. */
const TOOLS =
  `bash awk cat cut dirname env find flock grep head mkdir readlink rm sed sha256sum sleep
  tail tr wc`.split(/\s+/);

interface Machine {
  readonly folder: string;
  /** @param onText gets what is on standard error so far */
  readonly run: (onText?: (text: string) => void) => Promise<Outcome>;
}

/** A folder with the script, and a machine that has only the tools and these programs. */
async function machine(
  t: ExecutionContext,
  programs: Readonly<Record<string, string>>,
): Promise<Machine> {
  const folder = await temporaryFolder(t);
  const bin = join(folder, 'bin');
  await mkdir(bin);
  await mkdir(join(folder, 'scripts'));
  await copyFile(SCRIPT, join(folder, 'scripts/setup.sh'));
  await writeFile(join(folder, 'package-lock.json'), '{}');
  for (const tool of TOOLS) await symlink(`/usr/bin/${tool}`, join(bin, tool));
  for (const [name, text] of Object.entries(programs)) {
    const path = join(bin, name);
    if (text.startsWith('/')) await symlink(text, path);
    else {
      await writeFile(path, `#!/bin/bash\n${text}\n`);
      await chmod(path, 0o755);
    }
  }
  const run: Machine['run'] = (onText) =>
    new Promise((resolve) => {
      const options = { env: { PATH: bin, HOME: folder }, timeout: 60_000 };
      const child = execFile(
        join(folder, 'scripts/setup.sh'),
        ['run'],
        options,
        (error, stdout, stderr) => {
          resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
        },
      );
      let text = '';
      child.stderr?.on('data', (chunk: string) => onText?.((text += chunk)));
    });
  return { folder, run };
}

const candidate = (version: string): string => `printf 'nodejs:\\n  Candidate: ${version}\\n'`;
const NO_NPM = 'echo "no registry here"; exit 7';

test.serial('without Node the archive’s own is named, if that is new enough', async (t) => {
  const { run } = await machine(t, { 'apt-cache': candidate('20.19.2+dfsg-1') });
  const { code, stderr } = await run();
  t.is(code, 1);
  t.regex(stderr, /Node\.js 20\.18 or later is needed and was not found in PATH\./);
  t.regex(stderr, /apt-get install --no-install-recommends nodejs npm\n/);
  t.notRegex(stderr, /npm install --global/);
});

test.serial('with an older one in the archive, npm’s registry has a newer', async (t) => {
  const old = 'if [ "$1" = -p ]; then echo "18 20"; else echo v18.20.4; fi';
  const { run } = await machine(t, { 'apt-cache': candidate('18.20.4+dfsg-1'), node: old });
  const { code, stderr } = await run();
  t.is(code, 1);
  t.regex(stderr, /is needed, this is v18\.20\.4 \(.*\/bin\/node\)\./);
  t.regex(stderr, /nodejs npm\n *npm install --global node@22/);
});

test.serial('elsewhere no program of Debian is named', async (t) => {
  const { run } = await machine(t, {});
  const { code, stderr } = await run();
  t.is(code, 1);
  t.regex(stderr, /npm install --global node@22/);
  t.notRegex(stderr, /apt-get/);
});

test.serial('a step that fails shows its log and ends the set-up', async (t) => {
  const { run } = await machine(t, { node: process.execPath, npm: NO_NPM });
  const { code, stderr } = await run();
  t.is(code, 1);
  t.regex(stderr, /this is not Debian/);
  t.regex(stderr, /moontee: installing npm packages.* \(usually .*; log: \/.*\.cache\/npm\.log\)/);
  t.regex(stderr, /no registry here\nmoontee: installing npm packages failed, see above\./);
  // Elsewhere than on a terminal nothing is written over.
  t.false(stderr.includes('\r'));
});

test.serial('of two set-ups at once the second waits for the first', async (t) => {
  const { folder, run } = await machine(t, { node: process.execPath, npm: NO_NPM });
  await mkdir(join(folder, '.cache'));
  const first = spawn('flock', [join(folder, '.cache/setup.lock'), 'cat'], { stdio: 'pipe' });
  t.teardown(() => first.kill('SIGKILL'));
  first.stdin.write('has it\n');
  await once(first.stdout, 'data');
  let reported = '';
  const second = run((text) => (reported = text));
  await until('it waits', () => reported.includes('waiting for it'));
  t.notRegex(reported, /npm/);
  first.stdin.end();
  const { stderr } = await second;
  t.regex(
    stderr,
    /another set-up of this folder is running: waiting for it\n.*this is not Debian/s,
  );
});

test.serial('sizes are told before, and apt’s lock is waited for with one word', async (t) => {
  const { folder, run } = await machine(t, {
    node: process.execPath,
    npm: NO_NPM,
    id: 'echo 0',
    'dpkg-query': 'exit 1',
    'apt-cache': 'exit 0',
    'apt-get': `
      here=$(dirname "$0")
      case "$*" in
        update*) exit 0 ;;
        *--assume-no*)
          echo '0 upgraded, 212 newly installed, 0 to remove and 0 not upgraded.'
          echo 'Need to get 169 MB/299 MB of archives.'
          echo 'After this operation, 1152 MB of additional disk space will be used.'
          exit 1 ;;
      esac
      echo "$*" >>"$here/calls"
      if [ "$(wc -l <"$here/calls")" -lt 3 ]; then
        echo 'E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 4711 (apt)' >&2
        exit 100
      fi`,
  });
  await writeFile(join(folder, 'scripts/build-srtp.sh'), '#!/bin/bash\n');
  await chmod(join(folder, 'scripts/build-srtp.sh'), 0o755);
  const { stderr } = await run();
  t.regex(stderr, /212 Debian packages are missing: 169 MB to download, 1152 MB on the disk/);
  t.is(stderr.match(/another program uses apt/g)?.length, 1);
  t.regex(
    stderr,
    /installing Debian packages.*\n(.*\n)*moontee: {3}done in \d+ s\n(.*\n)*moontee: installing npm/,
  );
  t.regex(
    await readFile(join(folder, 'bin/calls'), 'utf8'),
    /install -y .*gstreamer1\.0-plugins-bad/,
  );
  t.regex(await readFile(join(folder, '.cache/apt.log'), 'utf8'), /Could not get lock/);
});
