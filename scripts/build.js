/**
 * Builds what is served and run into dist/: the page (esbuild) and the server (tsc). A part
 * whose inputs have not changed since its last build is left alone.
 *
 *   node scripts/build.js [--page-only] [--page-dir DIR] [--is-built]
 *
 * With --is-built nothing is built: exit code 0 if nothing is out of date.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const STAMPS = join(ROOT, '.cache');
const BUNDLES = ['main', 'media-worker', 'sound-worklet', 'opus-decoding'];
const STATIC_FILES = ['index.html', 'style.css', 'people.css', 'favicon.svg'];

const { values: options } = parseArgs({
  options: {
    'page-only': { type: 'boolean', default: false },
    'page-dir': { type: 'string', default: join(ROOT, 'dist/web') },
    'is-built': { type: 'boolean', default: false },
  },
});

await buildPage(resolve(options['page-dir']));
if (!options['page-only']) await buildServer();

/** One bundle, those that a browser loads into threads of their own, one style sheet, one document. */
async function buildPage(directory) {
  await whenChanged(
    'page',
    ['web', 'client', 'scripts/build.js', 'package-lock.json'],
    directory,
    async () => {
      await mkdir(directory, { recursive: true });
      const { build } = await import('esbuild');
      await build({
        entryPoints: BUNDLES.map((name) => join(ROOT, 'web', `${name}.ts`)),
        outdir: directory,
        bundle: true,
        minify: true,
        format: 'esm',
        target: ['es2022'],
        sourcemap: 'linked',
        logLevel: 'warning',
      });
      for (const file of STATIC_FILES) {
        await copyFile(join(ROOT, 'web', file), join(directory, file));
      }
    },
  );
}

async function buildServer() {
  const directory = join(ROOT, 'dist/src');
  const inputs = ['src', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];
  await whenChanged('server', inputs, directory, async () => {
    // Its own record would make tsc believe that the files of a deleted directory are there.
    if (!existsSync(directory)) await rm(join(STAMPS, 'build.tsbuildinfo'), { force: true });
    const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
    // Types are checked by `npm run check`: they depend on the typelibs of the machine.
    const compile = [tsc, '-p', 'tsconfig.build.json', '--noCheck'];
    const { status } = spawnSync(process.execPath, compile, { cwd: ROOT, stdio: 'inherit' });
    if (status !== 0) process.exit(status ?? 1);
  });
}

/** Runs a step unless its inputs and its output are those of its last success. */
async function whenChanged(name, inputs, directory, step) {
  const stampFile = join(STAMPS, `${name}.stamp`);
  const stamp = await fingerprint(inputs, directory);
  const isBuilt = existsSync(directory);
  if (isBuilt && (await readFile(stampFile, 'utf8').catch(() => '')) === stamp) return;
  if (options['is-built']) process.exit(1);
  await step();
  await mkdir(STAMPS, { recursive: true });
  await writeFile(stampFile, stamp);
}

/** Names, sizes and times of all inputs. */
async function fingerprint(inputs, directory) {
  const hash = createHash('sha256').update(directory);
  for (const input of inputs) {
    const path = join(ROOT, input);
    const info = await stat(path);
    const files = info.isDirectory()
      ? (await readdir(path, { recursive: true, withFileTypes: true }))
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name))
          .sort()
      : [path];
    for (const file of files) {
      const { size, mtimeMs } = await stat(file);
      hash.update(`${file}\0${size}\0${mtimeMs}\n`);
    }
  }
  return hash.digest('hex');
}
