/**
 * Writes TypeScript declarations for the installed GStreamer into src/gst/generated. They must
 * match the machine's typelibs and node-gtk's own naming. So they are made in set-up and are not
 * kept in the repository.
 */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const NAMESPACES = [
  'GLib-2.0',
  'Gst-1.0',
  'GstWebRTC-1.0',
  'GstSdp-1.0',
  'GstApp-1.0',
  'GstVideo-1.0',
  'Nice-0.1',
];

const root = dirname(import.meta.dirname);
const out = join(root, 'src', 'gst', 'generated');
const tool = join(
  dirname(createRequire(import.meta.url).resolve('node-gtk/package.json')),
  'bin',
  'node-gtk.js',
);

mkdirSync(out, { recursive: true });
const run = spawnSync(process.execPath, [tool, 'generate-types', ...NAMESPACES, '--outdir', out], {
  stdio: ['ignore', 'ignore', 'inherit'],
  timeout: 120_000,
});
if (run.error) throw run.error;
if (run.status !== 0) process.exit(run.status ?? 1);
// The folder ignores itself.
writeFileSync(join(out, '.gitignore'), '*\n');
