import { parseArgs } from 'node:util';
import { listPipelines, showPipeline } from '../gst/launch-template.js';
import { launchPipeline } from './pipeline-launch.js';
import { UsageError } from './usage.js';

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
  if (verb === 'launch' && name !== undefined) return launchPipeline(name, values.seconds);
  throw new UsageError('pipeline wants: list, show NAME or launch NAME.');
}
