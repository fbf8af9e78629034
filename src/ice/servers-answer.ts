/**
 * The answers that a command or a URL with ICE servers may give. Either a list of servers, or an
 * object with such a list (`iceServers` or `ice_servers`; a single server will do) and perhaps a
 * `ttl` in seconds. Or the form of draft-uberti-behave-turn-rest-00 (`username`, `password`,
 * `uris`, `ttl`). Pure.
 */
import type { IceServer } from './types.js';
import { MoonteeError } from '../core/errors.js';
import { parseIceUrl } from './ice-url.js';

export interface ServersAnswer {
  readonly servers: readonly IceServer[];
  /** Seconds for which the answer is valid; null if it does not name them. */
  readonly ttl: number | null;
}

const MAX_SERVERS = 16;
const MAX_URLS = 8;
/** Visible ASCII and spaces: what user names and passwords of TURN are made of. */
const CREDENTIAL = /^[\x20-\x7e]{0,1024}$/;

type Fields = Readonly<Record<string, unknown>>;

function invalid(reason: string): MoonteeError {
  return new MoonteeError('CONFIG_INVALID', `Invalid list of ICE servers: ${reason}`);
}

/**
 * @throws CONFIG_INVALID with the reason; the text itself is never quoted, it holds passwords
 */
export function parseServersAnswer(text: string): ServersAnswer {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid('it is not JSON');
  }
  if (Array.isArray(value)) return { servers: servers(value), ttl: null };
  if (!isFields(value)) throw invalid('it is neither a list nor an object');
  const ttl = lifetime(value['ttl']);
  if (value['uris'] !== undefined) {
    const { uris, username, password } = value;
    return { servers: [server({ urls: uris, username, credential: password })], ttl };
  }
  const inner = value['iceServers'] ?? value['ice_servers'];
  if (inner === undefined) throw invalid('it has no iceServers');
  return { servers: servers(Array.isArray(inner) ? inner : [inner]), ttl };
}

function servers(values: readonly unknown[]): IceServer[] {
  if (values.length > MAX_SERVERS) throw invalid(`more than ${MAX_SERVERS} servers`);
  return values.map((value) => {
    if (!isFields(value)) throw invalid('a server is not an object');
    return server(value);
  });
}

function server(fields: Fields): IceServer {
  const { urls: given, username, credential } = fields;
  const urls: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (urls.length === 0 || urls.length > MAX_URLS) throw invalid(`not 1 to ${MAX_URLS} URLs`);
  return {
    urls: urls.map((url) => {
      if (typeof url !== 'string' || parseIceUrl(url) === null) {
        throw invalid('an entry of urls is no stun:, stuns:, turn: or turns: URL');
      }
      return url;
    }),
    username: secret('username', username),
    credential: secret('credential', credential),
  };
}

function secret(name: string, value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string' || !CREDENTIAL.test(value)) throw invalid(`a bad ${name}`);
  return value;
}

/** Some services write numbers as text. */
function lifetime(value: unknown): number | null {
  if (value === undefined || value === null) return null;
  const seconds = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
  if (typeof seconds !== 'number' || !Number.isFinite(seconds) || seconds <= 0) {
    throw invalid('ttl is not a number of seconds');
  }
  return seconds;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
