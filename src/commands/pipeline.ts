import { readFile } from 'node:fs/promises';
import { loadConfig } from '../config/load.js';
import type { Config } from '../config/schema.js';
import { listPipelines, loadTemplate, showPipeline } from '../gst/launch-template.js';
import { useTemplateFolder } from '../gst/template-folder.js';
import type { Invocation } from './invocation.js';
import { fetchDot } from './live-graph.js';
import { print } from './output.js';
import { asLinked } from './pipeline-as-linked.js';
import { printDifferences } from './pipeline-diff.js';
import { launchPipeline } from './pipeline-launch.js';
import { UsageError } from './usage.js';

/** The template whose elements are linked, and joined by others, while a streamer runs. */
const LINKED = 'peer';

/** The configuration, whose templates take the place of ours from now on. */
function configOf(call: Invocation): Config {
  const { config } = loadConfig(call.settings);
  useTemplateFolder(config.pipelines_path);
  return config;
}

/** `moontee pipeline list`. */
export function list(call: Invocation): Promise<number> {
  configOf(call);
  for (const name of listPipelines()) print(name);
  return Promise.resolve(0);
}

/** `moontee pipeline show NAME [--runnable] [--as-linked]`. */
export async function show(call: Invocation): Promise<number> {
  configOf(call);
  const name = call.argument(0);
  const isLinked = call.flag('as-linked');
  if (isLinked && loadTemplate(name).name !== LINKED) {
    throw new UsageError(
      `${name} has no linked form: it runs as it is written, with its placeholders filled in. ` +
        `--as-linked is for ${LINKED}`,
      'pipeline show',
    );
  }
  const text = isLinked
    ? await asLinked()
    : `${showPipeline(name, { runnable: call.flag('runnable') })}\n`;
  process.stdout.write(text);
  return 0;
}

/** `moontee pipeline launch NAME [--seconds N]`. */
export async function launch(call: Invocation): Promise<number> {
  configOf(call);
  return launchPipeline(call.argument(0), call.number('seconds'));
}

/** `moontee pipeline diff STREAMER_ID`, or `diff --dot FILE`. */
export async function diff(call: Invocation): Promise<number> {
  const config = configOf(call);
  const file = call.text('dot');
  const id = call.argument(0);
  if (file === undefined && id === '') {
    throw new UsageError(
      'pipeline diff needs the id of a streamer, or --dot FILE',
      'pipeline diff',
    );
  }
  const dot = file === undefined ? await fetchDot(config, id) : await readFile(file, 'utf8');
  return printDifferences(dot);
}
