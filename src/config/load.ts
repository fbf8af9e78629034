import { existsSync, readFileSync } from 'node:fs';
import type { Errors } from 'io-ts';
import stripJsonComments from 'strip-json-comments';
import { MoonteeError } from '../core/errors.js';
import { isLoopback, parseBindAddress, type BindAddress } from './codecs.js';
import { unreadable } from './files.js';
import {
  CONFIG_KEYS,
  environmentName,
  flagName,
  KEYS,
  type Config,
  type ConfigKey,
} from './schema.js';
import { unknownKeys, unknownVariables } from './unknown-names.js';

type ConfigSource = 'flag' | 'environment' | 'file' | 'default';

export interface LoadedConfig {
  readonly config: Config;
  readonly sources: Readonly<Record<ConfigKey, ConfigSource>>;
  /** Path of the file that was read. */
  readonly file: string | null;
  /** What is accepted but probably not meant. */
  readonly warnings: readonly string[];
  /** What has no effect because its name is unknown. A server starts all the same. */
  readonly mistakes: readonly string[];
}

export interface ConfigInput {
  /** Texts of the command line. */
  readonly flags?: Readonly<Partial<Record<ConfigKey, string>>>;
  /** The file that the command line names. */
  readonly configFile?: string | undefined;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The file that is read if it exists and no other is named. */
  readonly defaultFile?: string;
}

/** The path of the reference's configuration. */
export const DEFAULT_CONFIG_FILE = 'server/config.json';

/** Bits of 127.0.0.0/8. */
const LOOPBACK_PREFIX = 8;

/**
 * Puts the configuration together: flags over environment over file over defaults.
 *
 * @throws CONFIG_INVALID naming every key that is wrong (`details.problems`)
 */
export function loadConfig(input: ConfigInput = {}): LoadedConfig {
  const env = input.env ?? process.env;
  const { flags = {}, configFile } = input;
  const named = configFile ?? env['MOONTEE_CONFIG'] ?? '';
  const fallback = input.defaultFile ?? DEFAULT_CONFIG_FILE;
  const path = named !== '' ? named : existsSync(fallback) ? fallback : null;
  const file = path === null ? {} : readConfigFile(path);
  const resolved = resolveConfig({ file, env, flags });
  return { ...resolved, file: path };
}

/** {@link loadConfig} of what was read; only `credentials_file` is still opened. */
export function resolveConfig(input: {
  readonly file?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly flags?: Readonly<Partial<Record<ConfigKey, string>>>;
}): Omit<LoadedConfig, 'file'> {
  const { file = {}, env = {}, flags = {} } = input;
  const config: Record<string, unknown> = {};
  const sources: Record<string, ConfigSource> = {};
  const problems: string[] = [];
  const warnings: string[] = [];

  for (const name of CONFIG_KEYS) {
    const { codec, fallback } = KEYS[name];
    const given = firstGiven(name, file, env, flags);
    if (given === null) {
      config[name] = fallback;
      sources[name] = 'default';
      continue;
    }
    const values = given.text === undefined ? [given.value] : readings(given.text);
    const decoded = values.map((value) => codec.decode(value));
    const right = decoded.find((each) => each._tag === 'Right');
    if (right?._tag === 'Right') {
      config[name] = right.right;
      sources[name] = given.source;
    } else if (given.lenient) {
      warnings.push(`${given.where} is ignored: it must be ${codec.name}`);
      config[name] = fallback;
      sources[name] = 'default';
    } else {
      const left = decoded[0];
      const inner = left?._tag === 'Left' ? innerPath(left.left) : '';
      problems.push(`${given.where}${inner} must be ${codec.name}`);
    }
  }
  const mistakes = [...unknownKeys(file), ...unknownVariables(env)];
  const whole = config as unknown as Config;
  for (const name of CONFIG_KEYS) {
    if (sources[name] !== 'flag' || !KEYS[name].secret) continue;
    warnings.push(
      `${name} (--${flagName(name)}) can be read by every user of this machine: set it in a file or by ${environmentName(name)}`,
    );
  }
  if (problems.length === 0) {
    problems.push(...readCredentials(config, sources));
    addTurnServer(config, env, sources);
    problems.push(...conflicts(whole));
    if (whole.credentials === 'default') {
      warnings.push('credentials is "default": choose a password of your own');
    }
    if (whole.peer_credentials === 'optional' && whole.credentials !== null) {
      warnings.push(
        'peer_credentials is "optional": anyone who reaches this server can watch and steer every streamer',
      );
    }
    const strangers = (whole.desktop_socket?.open_to ?? []).filter(
      (entry) => !isLoopbackNetwork(entry),
    );
    if (strangers.length > 0 && whole.credentials !== null) {
      warnings.push(
        `desktop_socket.open_to has ${strangers.join(', ')}: anyone there can watch and steer without credentials`,
      );
    }
  }
  if (problems.length > 0) {
    throw new MoonteeError('CONFIG_INVALID', problems.join('; '), { details: { problems } });
  }
  return { config: whole, sources: sources as Record<ConfigKey, ConfigSource>, warnings, mistakes };
}

/** Host and port of `bind_address`. */
export function bindOf(config: Config): BindAddress {
  return parseBindAddress(config.bind_address) ?? { host: '127.0.0.1', port: 8080 };
}

interface Given {
  readonly source: ConfigSource;
  /** How the reader finds the place. */
  readonly where: string;
  readonly text?: string;
  readonly value?: unknown;
  /** A variable may belong to another program: an invalid value must not prevent the start. */
  readonly lenient: boolean;
}

function firstGiven(
  name: ConfigKey,
  file: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string | undefined>>,
  flags: Readonly<Partial<Record<ConfigKey, string>>>,
): Given | null {
  const flagText = flags[name];
  if (flagText !== undefined) {
    const where = `${name} (--${flagName(name)})`;
    return { source: 'flag', where, text: flagText, lenient: false };
  }
  for (const variable of [environmentName(name), ...KEYS[name].aliases]) {
    const value = env[variable] ?? '';
    // An empty variable is what a template makes of a value that is not set.
    if (value === '') continue;
    const lenient = variable !== environmentName(name);
    return { source: 'environment', where: `${name} (${variable})`, text: value, lenient };
  }
  const value = Object.hasOwn(file, name) ? file[name] : undefined;
  if (value === undefined || value === null) return null;
  return { source: 'file', where: name, value, lenient: false };
}

/** What a text may mean, most literal first. */
function readings(raw: string): unknown[] {
  const values: unknown[] = [raw];
  try {
    values.push(JSON.parse(raw));
  } catch {
    // Not JSON.
  }
  const parts = raw.split(',').map((part) => part.trim());
  return [...values, parts.filter((part) => part !== '')];
}

/** `.min` of `webrtc_port_range`, if the mistake is inside. */
function innerPath(errors: Errors): string {
  const context = errors[0]?.context ?? [];
  const keys = context.slice(1).map((entry) => entry.key);
  const named = keys.filter((part, index) => part !== '' && !isBranch(context, index));
  return named.map((part) => `.${part}`).join('');
}

/** io-ts counts the members of an intersection as keys. */
function isBranch(context: Errors[number]['context'], index: number): boolean {
  const type = context[index]?.type as { _tag?: string } | undefined;
  return type?._tag === 'IntersectionType' || type?._tag === 'UnionType';
}

/** The password of `credentials_file`. @returns what is wrong with it */
function readCredentials(
  config: Record<string, unknown>,
  sources: Record<string, ConfigSource>,
): string[] {
  const path = config['credentials_file'];
  if (typeof path !== 'string') return [];
  if (config['credentials'] !== null)
    return ['credentials and credentials_file exclude each other'];
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    return [`credentials_file: ${unreadable(path, error)}`];
  }
  const [line = ''] = content.split(/\r?\n/, 1);
  if (line === '') return [`credentials_file: the first line of ${path} is empty`];
  config['credentials'] = line;
  sources['credentials'] = sources['credentials_file'] ?? 'file';
  return [];
}

/** Helix's template names its TURN server by two variables. */
function addTurnServer(
  config: Record<string, unknown>,
  env: Readonly<Record<string, string | undefined>>,
  sources: Record<string, ConfigSource>,
): void {
  const ip = env['TURN_PUBLIC_IP'] ?? '';
  const password = env['TURN_PASSWORD'] ?? '';
  if (ip === '' || password === '' || config['webrtc_ice_servers'] !== null) return;
  const urls = ['udp', 'tcp'].map((transport) => `turn:${ip}:3478?transport=${transport}`);
  config['webrtc_ice_servers'] = [{ urls, username: 'helix', credential: password }];
  sources['webrtc_ice_servers'] = 'environment';
}

function conflicts(config: Config): string[] {
  const { host } = bindOf(config);
  const problems: string[] = [];
  if (!isLoopback(host) && (config.credentials === null || config.credentials === 'default')) {
    problems.push(
      `credentials must be set, and not to "default", where bind_address (${config.bind_address}) is not loopback`,
    );
  }
  if (config.webrtc_network_types.length === 0) {
    problems.push('webrtc_network_types must not be empty');
  }
  if (config.webrtc_relay_only && !mayHaveRelay(config)) {
    problems.push('webrtc_relay_only needs a TURN server');
  }
  if (config.user_header !== null && config.trusted_proxies.length === 0) {
    problems.push('user_header needs trusted_proxies');
  }
  if (config.identity?.issuer === 'moontee') {
    problems.push('identity.issuer must not be "moontee", which is our own name');
  }
  if (config.ping_timeout_ms <= config.ping_interval_ms) {
    problems.push('ping_timeout_ms must be more than ping_interval_ms');
  }
  if (config.heartbeat_timeout_ms <= 2 * config.heartbeat_interval_ms) {
    problems.push('heartbeat_timeout_ms must be more than twice heartbeat_interval_ms');
  }
  if (config.restart_backoff_max_ms < config.restart_backoff_min_ms) {
    problems.push('restart_backoff_max_ms must not be less than restart_backoff_min_ms');
  }
  return problems;
}

function isLoopbackNetwork(entry: string): boolean {
  const [address = '', prefix = '32'] = entry.split('/');
  return isLoopback(address) && Number(prefix) >= LOOPBACK_PREFIX;
}

function mayHaveRelay(config: Config): boolean {
  const fixed = (config.webrtc_ice_servers ?? []).flatMap(({ urls }) => urls);
  return (
    fixed.some((url) => /^turns?:/.test(url)) ||
    config.webrtc_turn_rest !== null ||
    config.webrtc_ice_servers_command !== null ||
    config.webrtc_ice_servers_url !== null
  );
}

function readConfigFile(path: string): Record<string, unknown> {
  let raw: string;
  try {
    raw = readFileSync(path, 'utf8');
  } catch (error) {
    throw new MoonteeError('CONFIG_INVALID', unreadable(path, error), { cause: error });
  }
  let value: unknown;
  try {
    // Comments become spaces: places stay where they are.
    value = JSON.parse(stripJsonComments(raw, { trailingCommas: true }));
  } catch (error) {
    // The parser's own words quote what stands there, which may be a password.
    const [place = ''] = /at position \d+( \(line \d+ column \d+\))?/.exec(String(error)) ?? [];
    throw new MoonteeError('CONFIG_INVALID', `${path} is not valid JSON ${place}`.trim());
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new MoonteeError('CONFIG_INVALID', `${path} must hold an object`);
  }
  return value as Record<string, unknown>;
}
