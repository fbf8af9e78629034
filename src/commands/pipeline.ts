import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { listPipelines, showPipeline } from '../gst/launch-template.js';
import { UsageError } from './usage.js';

/** Seconds that `pipeline launch` runs when it is not told. */
const DEFAULT_SECONDS = 5;
const MAX_SECONDS = 3600;

/** `moontee pipeline list|show NAME|launch NAME`. */
export async function pipeline(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { runnable: { type: 'boolean', default: false }, seconds: { type: 'string' } },
  });
  const [verb, name] = positionals;
  if (verb === 'list') {
    for (const each of listPipelines()) process.stdout.write(`${each}\n`);
    return 0;
  }
  if (verb === 'show' && name !== undefined) {
    process.stdout.write(`${showPipeline(name, { runnable: values.runnable })}\n`);
    return 0;
  }
  if (verb === 'launch' && name !== undefined) {
    const seconds = Number(values.seconds ?? DEFAULT_SECONDS);
    if (!(seconds > 0 && seconds <= MAX_SECONDS)) {
      throw new UsageError(`--seconds takes a number from 1 to ${MAX_SECONDS}.`);
    }
    return launch(showPipeline(name, { runnable: true }), seconds);
  }
  throw new UsageError('pipeline wants: list, show NAME or launch NAME.');
}

/** Runs a description under gst-launch-1.0 and ends it with an EOS after a while. */
async function launch(description: string, seconds: number): Promise<number> {
  process.stdout.write(`gst-launch-1.0 -e ${description}\n`);
  const words = description.split(/\s+/).filter((word) => word !== '');
  const child = spawn('gst-launch-1.0', ['-e', ...words], { stdio: 'inherit' });
  const stop = setTimeout(() => child.kill('SIGINT'), seconds * 1000);
  // An EOS that does not get through must not keep us.
  const kill = setTimeout(() => child.kill('SIGKILL'), (seconds + 10) * 1000);
  try {
    const [code] = (await once(child, 'exit')) as [number | null];
    return code ?? 1;
  } finally {
    clearTimeout(stop);
    clearTimeout(kill);
  }
}
