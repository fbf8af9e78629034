/**
 * Builds the package `@moontee/client` from `client/`, by default into `dist/client`, for `npm
 * pack` and `npm publish`. None of the server's sources is part of it.
 */
import { spawnSync } from 'node:child_process';
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const CLIENT = join(ROOT, 'client');

const { values: options } = parseArgs({
  options: { dir: { type: 'string', default: join(ROOT, 'dist/client') } },
});
const directory = resolve(options.dir);

await rm(directory, { recursive: true, force: true });
await mkdir(directory, { recursive: true });
await build({
  entryPoints: [join(CLIENT, 'index.ts'), join(CLIENT, 'rest.ts')],
  outdir: directory,
  bundle: true,
  splitting: true,
  format: 'esm',
  target: ['es2022'],
  sourcemap: 'linked',
  logLevel: 'warning',
});
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const declare = [tsc, '-p', join(CLIENT, 'tsconfig.build.json'), '--outDir', directory];
const { status } = spawnSync(process.execPath, declare, { cwd: ROOT, stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);
for (const file of ['package.json', 'README.md']) {
  await copyFile(join(CLIENT, file), join(directory, file));
}
await copyFile(join(ROOT, 'LICENSE'), join(directory, 'LICENSE'));
