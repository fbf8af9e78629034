import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { exampleConfig } from '../config/example.js';
import { checkConfig, documentConfig, printConfig } from '../config/report.js';
import { DEFAULT_CONFIG_FILE, loadConfig } from '../config/load.js';
import { MoonteeError } from '../core/errors.js';
import { readTemplateFolder } from '../gst/template-folder.js';
import type { Invocation } from './invocation.js';
import { print } from './output.js';
import { UsageError } from './usage.js';

/** `moontee config init [FILE]`: an example to begin with, never over a file. */
export async function initConfig(call: Invocation): Promise<number> {
  const [path = DEFAULT_CONFIG_FILE] = call.arguments;
  try {
    await mkdir(dirname(path), { recursive: true });
    // It will hold a password.
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(exampleConfig());
    } finally {
      await file.close();
    }
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const problem =
      code === 'EEXIST'
        ? 'is there already, and is left as it is'
        : `cannot be written: ${code ?? ''}`;
    throw new UsageError(`${path} ${problem}; name another file`, 'config init', { cause });
  }
  const option = path === DEFAULT_CONFIG_FILE ? '' : ` --config ${path}`;
  print(`${path} is written. Change what you need, then:`);
  print(`  moontee config check${option}`);
  print(`  moontee serve${option}`);
  return 0;
}

/** `moontee config print [--config FILE] [--KEY VALUE …]`. */
export function printValues(call: Invocation): Promise<number> {
  process.stdout.write(printConfig(loadConfig(call.settings)));
  return Promise.resolve(0);
}

/** `moontee config document`. */
export function documentKeys(): Promise<number> {
  process.stdout.write(documentConfig());
  return Promise.resolve(0);
}

/** `moontee config check [--config FILE] [--KEY VALUE …]`. */
export function check({ settings }: Invocation): Promise<number> {
  const { problems: faults, warnings } = checkConfig(settings);
  const problems = faults.length === 0 ? pipelineProblems(settings) : faults;
  for (const text of problems) print(`problem: ${text}`);
  for (const text of warnings) print(`warning: ${text}`);
  if (problems.length > 0) return Promise.resolve(1);
  print('The configuration is valid.');
  return Promise.resolve(0);
}

/** What is wrong with the operator's own templates. */
function pipelineProblems(settings: Invocation['settings']): string[] {
  const { pipelines_path: folder } = loadConfig(settings).config;
  if (folder === null) return [];
  try {
    readTemplateFolder(folder);
    return [];
  } catch (error) {
    return [MoonteeError.from(error).message];
  }
}
