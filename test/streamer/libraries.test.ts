import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { openSslSrtp, withLibraries } from '../../src/streamer/supervisor/libraries.js';

const run = promisify(execFile);

/** Prints the libsrtp2 that GStreamer's SRTP elements bring into a process. */
const PROGRAM = `
  const { readFileSync } = require('node:fs');
  const gi = require(${JSON.stringify(createRequire(import.meta.url).resolve('node-gtk'))});
  const Gst = gi.require('Gst', '1.0');
  Gst.init([]);
  Gst.ElementFactory.make('srtpenc', null);
  const line = readFileSync('/proc/self/maps', 'utf8').split('\\n').find((one) => one.includes('libsrtp2'));
  process.stdout.write(line.split(/\\s+/).at(-1));
  process.exit(0);
`;

test('a streamer’s SRTP goes through the library that was built for it', async (t) => {
  const { stdout } = await run(process.execPath, ['-e', PROGRAM], {
    env: withLibraries(process.env),
    timeout: 60_000,
  });
  const built = openSslSrtp();
  if (built) t.is(stdout, built);
  else t.regex(stdout, /^\/usr\/lib\//, 'without it, through the system’s');
});

test('what the environment says of libraries stays in it, behind ours', (t) => {
  const built = openSslSrtp();
  const ours = built ? `${dirname(built)}:` : '';
  t.is(withLibraries({ LD_LIBRARY_PATH: '/opt/lib' })['LD_LIBRARY_PATH'], `${ours}/opt/lib`);
});
