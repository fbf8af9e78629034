/**
 * The tiers of the tests, by what they need. A file is in the first one that names it or its folder, and in
 * `service` if none does: real sockets and processes, the server as a whole.
 */
import { readdirSync } from 'node:fs';
import base from '../ava.config.js';

const ENDING = '.test.ts';

const TIERS = {
  // Compilers and a great deal of random input: out of what should be quick.
  service: ['fuzz', 'client/package', 'client/rest-operations', 'moonlight/video/hostile-network'],
  // Plain code. Nothing else has to keep up with it, so files may run beside each other.
  unit: [
    ...['client', 'config', 'core', 'docs', 'input', 'media', 'protocol', 'worker'],
    ...['web/sound-ring', 'web/media-figures', 'web/paint-watch'],
    ...['web/situation', 'web/zoom'],
    ...['moonlight/audio', 'moonlight/control', 'moonlight/fec', 'moonlight/input'],
    ...['moonlight/nvhttp', 'moonlight/rtsp', 'moonlight/video'],
  ],
  // Chromium and Firefox. Those of `network` are with the media, so that both lanes are equally long.
  browser: [
    ...['web', 'examples', 'e2e/client-variants', 'e2e/demo', 'e2e/recording', 'e2e/sound'],
  ],
  // Encoders, pipelines, networks and other stacks, in real time.
  media: ['attack', 'demo-host', 'e2e', 'gst', 'matrix', 'network', 'pipelines'],
};

/** ava's configuration for one tier. */
export function configurationOf(tier) {
  const files = readdirSync(import.meta.dirname, { recursive: true })
    .filter((file) => file.endsWith(ENDING) && tierOf(file.slice(0, -ENDING.length)) === tier)
    .map((file) => `test/${file}`);
  return { ...base, files, concurrency: tier === 'unit' ? 2 : base.concurrency };
}

/** @param file its path in this folder, without the ending */
function tierOf(file) {
  const named = Object.entries(TIERS).find(([, names]) =>
    names.some((name) => file === name || file.startsWith(`${name}/`)),
  );
  return named?.[0] ?? 'service';
}
