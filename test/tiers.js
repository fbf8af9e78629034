/**
 * The tiers of the tests, by what they need. A file is in the first one that names it or its folder, and in
 * `service` if none does: real sockets and processes, the server as a whole.
 */
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import base from '../ava.config.js';

const ENDING = '.test.ts';
/** Files at a time, however many cores there are: each may hold a browser and an encoder. */
const MOST = 4;

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
  // Chromium and Firefox with the page; those of `network` are with the media.
  browser: [
    ...['web', 'examples', 'e2e/client-variants', 'e2e/demo', 'e2e/recording', 'e2e/sound'],
  ],
  // Encoders, pipelines, networks and other stacks, in real time.
  media: ['attack', 'demo-host', 'e2e', 'gst', 'matrix', 'network', 'pipelines'],
};

/** Files of half a minute and more, by how long they take. */
const LONGEST = [
  ...[
    'web/auto-transport',
    'e2e/faults',
    'web/socket-hardship',
    'gst/floods',
    'network/browser-faults',
  ],
  ...['e2e/host-faults', 'network/dead-path', 'e2e/desktop-socket', 'web/firefox', 'matrix/matrix'],
  ...['attack/campaign', 'e2e/churn', 'gst/churn', 'network/ice-restart', 'network/browser-paths'],
  ...['e2e/exhaustion', 'e2e/company', 'web/shared-desk', 'e2e/recording-lost-session'],
  ...['e2e/agent-input', 'api/rights-matrix', 'api/lifecycle', 'streamer/hunger'],
];

/** ava's configuration for one tier. */
export function configurationOf(tier) {
  return { ...base, files: filesOf(tier), concurrency: tier === 'unit' ? 2 : base.concurrency };
}

/**
 * ava's configuration for all tiers but `unit`. Most of these tests wait as much as they work, and how long
 * a file takes differs by a hundred. So as many run beside each other as there are cores, the longest ones first,
 * and whoever is ready takes the next. One more would be quicker, and too much for those in real time.
 */
export function mixedConfiguration() {
  const files = ['service', 'media', 'browser'].flatMap(filesOf);
  const rank = (path) => {
    const at = LONGEST.findIndex((name) => path.endsWith(`/test/${name}${ENDING}`));
    return at === -1 ? LONGEST.length : at;
  };
  return {
    ...base,
    files,
    concurrency: Math.min(availableParallelism(), MOST),
    sortTestFiles: (one, other) => rank(one) - rank(other),
  };
}

function filesOf(tier) {
  return readdirSync(import.meta.dirname, { recursive: true })
    .filter((file) => file.endsWith(ENDING) && tierOf(file.slice(0, -ENDING.length)) === tier)
    .map((file) => `test/${file}`);
}

/** @param file its path in this folder, without the ending */
function tierOf(file) {
  const named = Object.entries(TIERS).find(([, names]) =>
    names.some((name) => file === name || file.startsWith(`${name}/`)),
  );
  return named?.[0] ?? 'service';
}
