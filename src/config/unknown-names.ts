/** Names of keys and variables that mean nothing, which are mostly misspelt. */
import { suggestion } from '../core/nearest.js';
import { CONFIG_KEYS, environmentName, KEYS } from './schema.js';

const PREFIX = 'MOONTEE_';

/** Read by commands, examples and scripts, and not by the configuration. */
const OTHER_VARIABLES = ['MOONTEE_CONFIG', 'MOONTEE_TOKEN', 'MOONTEE_URL', 'MOONTEE_SYSTEMS'];

/** Kubernetes sets these in every container beside a service that is called `moontee`. */
const OF_A_SERVICE = /^MOONTEE_(SERVICE_(HOST|PORT\w*)|PORT(_\d+_(TCP|UDP)\w*)?)$/;

export function unknownKeys(file: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(file)
    .filter((name) => !CONFIG_KEYS.some((key) => key === name))
    .map((name) => `Unknown configuration key ${name}${suggestion(name, CONFIG_KEYS)}`);
}

export function unknownVariables(
  environment: Readonly<Record<string, string | undefined>>,
): string[] {
  const known = new Set([
    ...OTHER_VARIABLES,
    ...CONFIG_KEYS.flatMap((name) => [environmentName(name), ...KEYS[name].aliases]),
  ]);
  return Object.keys(environment)
    .filter((name) => name.startsWith(PREFIX) && !known.has(name) && !OF_A_SERVICE.test(name))
    .map((name) => `Unknown variable ${name}${suggestion(name, known)}`);
}
