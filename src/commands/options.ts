/** Options that several commands have, and readers of their values. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { CONFIG_KEYS, flagName, KEYS, type ConfigKey } from '../config/schema.js';

/** Keys that most people set; the others are accepted without being listed. */
const SHOWN: Readonly<Partial<Record<ConfigKey, string>>> = {
  credentials_file: 'file whose first line is the password',
  data_path: 'file of the hosts and their pairings',
  log_level: 'trace, debug, info, warn, error, fatal or silent',
  log_format: 'text or json; auto is text on a terminal',
};

const EVERY_KEY = `
Every key of the configuration is an option too, as --max-viewers 10 is for max_viewers.
"moontee config document" lists them.`;

export function configOption(): Option {
  return new Option('--config <file>', 'configuration; default: server/config.json, if it exists');
}

export function jsonOption(): Option {
  return new Option('--json', 'print JSON');
}

/** `--config`, `--bind` and one option for each key. */
export function addSettings(command: Command): Command {
  command
    .addOption(configOption())
    .addOption(new Option('--bind <address:port>', 'where to listen; default: 127.0.0.1:8080'));
  for (const name of CONFIG_KEYS) {
    const help = SHOWN[name];
    const option = new Option(`--${flagName(name)} <value>`, help ?? KEYS[name].doc);
    command.addOption(help === undefined ? option.hideHelp() : option);
  }
  return command.addHelpText('after', EVERY_KEY);
}

/** A reader for `argParser`. */
export function integerFrom(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^-?\d{1,15}$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It takes an integer from ${min} to ${max}.`);
  };
}

export function secondsUpTo(max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && value > 0 && value <= max) return value;
    throw new InvalidArgumentError(`It takes a number of seconds up to ${max}.`);
  };
}

export const hostIdFrom = (text: string): number => {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It takes the id of a host; "moontee hosts" lists them.');
};

export const pinFrom = (text: string): string => {
  if (/^\d{4}$/.test(text)) return text;
  throw new InvalidArgumentError('It takes four digits.');
};
