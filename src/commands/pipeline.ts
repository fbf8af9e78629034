import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { loadConfig } from '../config/load.js';
import { listPipelines, loadTemplate, showPipeline } from '../gst/launch-template.js';
import { useTemplateFolder } from '../gst/template-folder.js';
import { fetchDot } from './live-graph.js';
import { asLinked } from './pipeline-as-linked.js';
import { printDifferences } from './pipeline-diff.js';
import { launchPipeline } from './pipeline-launch.js';
import { UsageError } from './usage.js';

/** The template whose elements are linked, and joined by others, while a streamer runs. */
const LINKED = 'peer';

/** `moontee pipeline list|show NAME|launch NAME|diff ID`, with the templates of the configuration. */
export async function pipeline(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      runnable: { type: 'boolean', default: false },
      'as-linked': { type: 'boolean', default: false },
      seconds: { type: 'string' },
      dot: { type: 'string' },
      config: { type: 'string' },
    },
  });
  const [verb, name] = positionals;
  const { config } = loadConfig({
    args: values.config === undefined ? [] : ['--config', values.config],
  });
  useTemplateFolder(config.pipelines_path);
  if (verb === 'list') {
    for (const each of listPipelines()) process.stdout.write(`${each}\n`);
    return 0;
  }
  if (verb === 'show' && name !== undefined) {
    if (values['as-linked'] && loadTemplate(name).name !== LINKED) {
      throw new UsageError(
        `${name} has no linked form: it runs as it is written, with its placeholders filled in. ` +
          `--as-linked is for ${LINKED}.`,
      );
    }
    const text = values['as-linked']
      ? await asLinked()
      : `${showPipeline(name, { runnable: values.runnable })}\n`;
    process.stdout.write(text);
    return 0;
  }
  if (verb === 'launch' && name !== undefined) return launchPipeline(name, values.seconds);
  if (verb === 'diff' && (name !== undefined || values.dot !== undefined)) {
    return printDifferences(
      values.dot === undefined
        ? await fetchDot(config, name ?? '')
        : await readFile(values.dot, 'utf8'),
    );
  }
  throw new UsageError('pipeline takes: list, show NAME, launch NAME or diff ID.');
}
