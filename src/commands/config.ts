import { checkConfig, documentConfig, printConfig } from '../config/report.js';
import { loadConfig } from '../config/load.js';
import { MoonteeError } from '../core/errors.js';
import { readTemplateFolder } from '../gst/template-folder.js';
import { UsageError } from './usage.js';

/** `moontee config print|check|document [--config FILE] [--KEY VALUE …]`. */
// eslint-disable-next-line @typescript-eslint/require-await -- Commands share one signature.
export async function config(args: readonly string[]): Promise<number> {
  const [verb, ...rest] = args;
  if (verb === 'print') {
    process.stdout.write(printConfig(loadConfig({ args: rest })));
    return 0;
  }
  if (verb === 'document') {
    process.stdout.write(documentConfig());
    return 0;
  }
  if (verb === 'check') {
    const { problems: faults, warnings } = checkConfig({ args: rest });
    const problems = faults.length === 0 ? pipelineProblems(rest) : faults;
    const valid = problems.length === 0;
    for (const text of problems) process.stdout.write(`problem: ${text}\n`);
    for (const text of warnings) process.stdout.write(`warning: ${text}\n`);
    if (valid) process.stdout.write('The configuration is valid.\n');
    return valid ? 0 : 1;
  }
  throw new UsageError('config takes: print, check or document.');
}

/** What is wrong with the operator's own templates. */
function pipelineProblems(args: readonly string[]): string[] {
  const { pipelines_path: folder } = loadConfig({ args }).config;
  if (folder === null) return [];
  try {
    readTemplateFolder(folder);
    return [];
  } catch (error) {
    return [MoonteeError.from(error).message];
  }
}
