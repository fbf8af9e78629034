/** `moontee pipeline launch`: a template with stand-ins, run by gst-launch-1.0. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { MoonteeError } from '../core/errors.js';
import { elementsOf, loadTemplate, showPipeline } from '../gst/launch-template.js';
import { factoriesOf, launchArguments } from '../gst/launch-text.js';
import { gstRuntime } from '../gst/runtime.js';

/** Buffers of the stand-in source if no time is given. */
const BUFFERS = 100;
/** Seconds until a pipeline without an end of its own gets one. */
const DEFAULT_SECONDS = 5;
/** Milliseconds for an end of stream to get through. */
const END_DEADLINE_MS = 20_000;
/** The descriptor that takes the bytes of an encoder: /dev/null. */
const NULL_FD = 3;

/**
 * @param seconds to run; undefined: until the stand-in source has sent its buffers
 * @returns the exit code of gst-launch-1.0
 * @throws NOT_FOUND, ELEMENT_MISSING with the package that has the element
 */
export async function launchPipeline(name: string, seconds: number | undefined): Promise<number> {
  const time = seconds ?? DEFAULT_SECONDS;
  const template = loadTemplate(name);
  const description = showPipeline(name, {
    runnable: true,
    buffers: seconds === undefined ? BUFFERS : -1,
    values: template.placeholders.has('fd') ? { fd: NULL_FD } : {},
  });
  gstRuntime().requireElements(...elementsOf(template), ...factoriesOf(description));
  // A webrtcbin that has not negotiated lets nothing pass, not even an end of stream.
  const ends = !factoriesOf(description).includes('webrtcbin');
  return run([...(ends ? ['-e'] : []), ...launchArguments(description)], description, time);
}

async function run(words: string[], description: string, seconds: number): Promise<number> {
  process.stdout.write(`gst-launch-1.0 ${words[0] === '-e' ? '-e ' : ''}${description}\n`);
  const child = spawn('gst-launch-1.0', words, {
    stdio: ['inherit', 'inherit', 'inherit', 'ignore'],
  });
  const stop = setTimeout(() => child.kill('SIGINT'), seconds * 1000);
  const kill = setTimeout(() => child.kill('SIGKILL'), seconds * 1000 + END_DEADLINE_MS);
  try {
    const [code] = (await once(child, 'exit')) as [number | null];
    return code ?? 1;
  } catch (cause) {
    throw new MoonteeError(
      'ELEMENT_MISSING',
      'gst-launch-1.0 does not start; install the Debian package gstreamer1.0-tools',
      { cause },
    );
  } finally {
    clearTimeout(stop);
    clearTimeout(kill);
  }
}
