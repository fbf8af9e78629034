import { MoonteeError } from '../core/errors.js';
import { missingFiles } from './files.js';
import { loadConfig, type ConfigInput, type LoadedConfig } from './load.js';
import { CONFIG_KEYS, environmentName, flagName, KEYS } from './schema.js';

/** The effective configuration as JSON, with the source of each value in a comment; no secrets. */
export function printConfig({ config, sources, file }: LoadedConfig): string {
  const width = Math.max(...CONFIG_KEYS.map((name) => name.length));
  const lines = CONFIG_KEYS.map((name) => {
    const value = config[name];
    const shown = KEYS[name].secret && value !== null ? '"[set]"' : JSON.stringify(value);
    const source = sources[name] === 'file' ? `file ${file ?? ''}` : sources[name];
    return `${name.padEnd(width)} = ${shown}  # ${source}`;
  });
  return `${lines.join('\n')}\n`;
}

export interface ConfigVerdict {
  readonly valid: boolean;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * Whether a server would start with it and take notice of all of it, and what is wrong. Never throws
 * for bad values.
 */
export function checkConfig(input: ConfigInput): ConfigVerdict {
  try {
    const { config, mistakes, warnings } = loadConfig(input);
    const problems = [...mistakes, ...missingFiles(config)];
    return { valid: problems.length === 0, problems, warnings };
  } catch (thrown) {
    const error = MoonteeError.from(thrown, 'CONFIG_INVALID');
    const problems = error.details['problems'];
    return {
      valid: false,
      problems: Array.isArray(problems) ? (problems as string[]) : [error.message],
      warnings: [],
    };
  }
}

/** A Markdown table of every key. */
export function documentConfig(): string {
  const rows = CONFIG_KEYS.map((name) => {
    const { codec, fallback, doc, aliases } = KEYS[name];
    const variables = [environmentName(name), ...aliases].map((each) => `\`${each}\``).join(', ');
    const cells = [
      `\`${name}\``,
      `\`${JSON.stringify(fallback)}\``,
      `${doc} Must be ${codec.name}.`,
      `\`--${flagName(name)}\``,
      variables,
    ];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  return [
    '| key | default | meaning | flag | environment |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}
