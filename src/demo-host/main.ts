/**
 * The demo host's process. Prints one JSON line once it listens. Ends on SIGTERM, SIGINT, an order
 * to exit, or when the parent that started it is gone.
 */
import { MoonteeError } from '../core/errors.js';
import { createLog, flushLog, surviveLostReaders } from '../core/log.js';
import { useTemplateFolder } from '../gst/template-folder.js';
import { parseArguments } from './arguments.js';
import { DemoHost } from './demo-host.js';
import { USAGE } from './usage.js';

/** Milliseconds that a close may take before the process ends anyway. */
const CLOSE_DEADLINE_MS = 1500;
/** Milliseconds between two looks at who our parent is. */
const PARENT_CHECK = 500;

const log = createLog('demo-host');

async function main(): Promise<void> {
  const options = parseArguments(process.argv.slice(2));
  if (options === null) {
    process.stdout.write(USAGE);
    return;
  }
  const parent = process.ppid;
  useTemplateFolder(options.pipelines ?? null);
  const host = await DemoHost.start({ ...options, log });

  let ending = false;
  const end = (reason: string): void => {
    if (ending) return;
    ending = true;
    log.info({ reason }, 'demo host ends');
    // GStreamer's threads must not keep a process that is asked to exit.
    setTimeout(() => process.exit(0), CLOSE_DEADLINE_MS);
    void host
      .close()
      .then(
        () => 0,
        (error: unknown) => {
          log.error({ err: error }, 'demo host did not close');
          return 1;
        },
      )
      .then(async (code) => {
        await flushLog();
        process.exit(code);
      });
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => end(signal));
  process.on('disconnect', () => end('the parent disconnected'));
  host.on('exit-ordered', () => setImmediate(() => end('ordered')));
  setInterval(() => {
    if (process.ppid !== parent) end('the parent is gone');
  }, PARENT_CHECK);

  const ready = {
    ready: true,
    http_port: host.httpPort,
    https_port: host.httpsPort,
    rtsp_port: host.rtspPort,
    video_port: host.videoPort,
    control_port: host.controlPort,
    audio_port: host.audioPort,
  };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
}

surviveLostReaders();
main().catch(async (error: unknown) => {
  const failure = MoonteeError.from(error);
  log.fatal({ err: failure, code: failure.code }, 'demo host does not start');
  if (failure.code === 'CONFIG_INVALID') process.stderr.write(`\n${USAGE}`);
  await flushLog();
  process.exit(failure.code === 'CONFIG_INVALID' ? 2 : 1);
});
