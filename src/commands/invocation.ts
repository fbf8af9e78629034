import type { Command } from 'commander';
import type { ConfigInput } from '../config/load.js';
import { CONFIG_KEYS, flagName, type ConfigKey } from '../config/schema.js';

/** What the command line gives to one command, by the names of its options. */
export class Invocation {
  readonly #arguments: readonly string[];
  readonly #options: Readonly<Record<string, unknown>>;

  constructor(command: Command) {
    this.#arguments = command.args;
    this.#options = command.opts<Record<string, unknown>>();
  }

  /** All that is no option. */
  get arguments(): readonly string[] {
    return this.#arguments;
  }

  /** One that the command requires. */
  argument(index: number): string {
    return this.#arguments[index] ?? '';
  }

  /** @param name as it is typed, without dashes */
  text(name: string): string | undefined {
    const value = this.#options[attribute(name)];
    return typeof value === 'string' ? value : undefined;
  }

  number(name: string): number | undefined {
    const value = this.#options[attribute(name)];
    return typeof value === 'number' ? value : undefined;
  }

  flag(name: string): boolean {
    return this.#options[attribute(name)] === true;
  }

  /** The configuration's part: `--config`, `--bind` and the keys. */
  get settings(): ConfigInput {
    const flags: Partial<Record<ConfigKey, string>> = {};
    for (const key of CONFIG_KEYS) {
      const text = this.text(flagName(key));
      if (text !== undefined) flags[key] = text;
    }
    const bind = this.text('bind');
    if (bind !== undefined) flags.bind_address = bind;
    return { flags, configFile: this.text('config') };
  }
}

/** Under which the library keeps the value of an option. */
function attribute(name: string): string {
  return name.replace(/-(\w)/g, (_dash, letter: string) => letter.toUpperCase());
}
