/** Codecs of configuration values. Their names end the sentence "KEY must be …". */
import { isIP } from 'node:net';
import * as t from 'io-ts';
import { isAllowedTarget } from '../core/allowed-targets.js';

function refined<T>(base: t.Type<T>, name: string, holds: (value: T) => boolean): t.Type<T> {
  return new t.Type<T>(
    name,
    (value): value is T => base.is(value) && holds(value),
    (value, context) =>
      base.is(value) && holds(value) ? t.success(value) : t.failure(value, context),
    t.identity,
  );
}

export function integer(min: number, max: number): t.Type<number> {
  return refined(
    t.number,
    `an integer from ${min} to ${max}`,
    (value) => Number.isSafeInteger(value) && value >= min && value <= max,
  );
}

export const text = refined(t.string, 'a text that is not empty', (value) => value !== '');

export const flag = refined(t.boolean, 'true or false', () => true);

export function choice<const T extends string>(...options: readonly T[]): t.Type<T> {
  return new t.Type<T>(
    `one of ${options.join(', ')}`,
    (value): value is T => options.includes(value as T),
    (value, context) =>
      options.includes(value as T) ? t.success(value as T) : t.failure(value, context),
    t.identity,
  );
}

export function nullable<T>(codec: t.Type<T>): t.Type<T | null> {
  return new t.Type<T | null>(
    `${codec.name}, or null`,
    (value): value is T | null => value === null || codec.is(value),
    (value, context) => (value === null ? t.success(null) : codec.validate(value, context)),
    t.identity,
  );
}

export function list<T>(codec: t.Type<T>): t.Type<T[]> {
  const array = t.array(codec);
  return new t.Type<T[]>(
    `a list, each ${codec.name}`,
    (value): value is T[] => array.is(value),
    (value, context) => array.validate(value, context),
    t.identity,
  );
}

export const transports = refined(
  list(choice('webrtc', 'websocket')),
  'a list of webrtc, websocket, or both',
  (value) => value.length > 0,
);

/** `host:port`, an IPv6 host in brackets. */
export interface BindAddress {
  readonly host: string;
  readonly port: number;
}

/** @returns null for an invalid address */
export function parseBindAddress(value: string): BindAddress | null {
  const match = /^(?:\[([^\]]+)\]|([^:\s]+)):(\d{1,5})$/.exec(value);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535) return null;
  if (match?.[1] !== undefined && isIP(host) !== 6) return null;
  return { host, port };
}

export const bindAddress = refined(
  t.string,
  'an address and a port, like 127.0.0.1:8080 or [::1]:8080',
  (value) => parseBindAddress(value) !== null,
);

/** Only this machine can reach it. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

export const pathPrefix = refined(
  t.string,
  'empty or a path like /moonlight, without a slash at its end',
  (value) => value === '' || /^(\/[\w.~-]+)+$/.test(value),
);

export const origin = refined(t.string, 'an origin like https://example.org', (value) => {
  try {
    return new URL(value).origin === value;
  } catch {
    return false;
  }
});

export const ipAddress = refined(t.string, 'an IP address', (value) => isIP(value) !== 0);

export const network = refined(t.string, 'an IP address or a network like 10.0.0.0/8', (value) => {
  const [address = '', prefix, ...rest] = value.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && +prefix <= (family === 4 ? 32 : 128));
});

export const pin = refined(t.string, 'four digits', (value) => /^\d{4}$/.test(value));

const iceUrl = refined(t.string, 'a stun:, stuns:, turn: or turns: URL', (value) =>
  /^(stuns?|turns?):[^\s/]+$/.test(value),
);

/** The reference writes an empty user name for a missing one. */
export const iceServer = t.intersection(
  [
    t.type({ urls: list(iceUrl) }),
    t.partial({ username: nullable(t.string), credential: nullable(t.string) }),
  ],
  'an ICE server: {"urls": […], "username": "…", "credential": "…"}',
);

const port = integer(1, 65_535);

const turnUrl = refined(t.string, 'a turn: or turns: URL', (value) =>
  /^turns?:[^\s/]+$/.test(value),
);

export const turnRest = t.type(
  { urls: list(turnUrl), secret: text, ttl: integer(60, 31_536_000) },
  'TURN servers with a shared secret: {"urls": […], "secret": "…", "ttl": seconds}',
);

export const argv = refined(
  t.array(t.string),
  'a program and its arguments, like ["/usr/local/bin/turn-credentials", "--json"]',
  ([program = '']) => program !== '',
);

export const httpUrl = refined(t.string, 'an http: or https: URL', (value) => {
  try {
    return /^https?:$/.test(new URL(value).protocol);
  } catch {
    return false;
  }
});

export const identity = refined(
  t.intersection([
    t.type({ issuer: text, audience: text }),
    t.partial({
      jwks_url: nullable(httpUrl),
      jwks_path: nullable(text),
      claims: nullable(
        t.partial({ name: nullable(text), rights: nullable(text), streamers: nullable(text) }),
      ),
    }),
  ]),
  'an identity provider: {"issuer": "…", "audience": "…"} with either "jwks_url" or "jwks_path"',
  ({ jwks_url: url = null, jwks_path: path = null }) => (url === null) !== (path === null),
);

export const headerName = refined(
  t.string,
  'the name of a header, like X-Forwarded-User',
  (value) => /^[!#$%&'*+.^`|~\w-]+$/.test(value) && !/^(authorization|host|cookie)$/i.test(value),
);

/** Of a socket beside the interface, which has all paths below /api and /metrics for itself. */
const socketPath = refined(
  t.string,
  'a path like /ws/stream, not below /api or /metrics',
  (value) => /^(\/[\w.~-]+)+$/.test(value) && !/^\/(api|metrics)(\/|$)/i.test(value),
);

export const desktopSocket = t.intersection(
  [t.type({ path: socketPath }), t.partial({ streamer: nullable(text), open_to: list(network) })],
  'a desktop socket: {"path": "/ws/stream", "streamer": "…" or null, "open_to": ["127.0.0.1"]}',
);

export const outputTarget = refined(
  t.string,
  'a target like https://sfu.example.org/whip, rtp://10.0.0.5:5004 or rtp://10.0.0.0/24:5000-5010',
  isAllowedTarget,
);

export const portRange = new t.Type<{ min: number; max: number }>(
  'a range of ports like {"min": 40000, "max": 40100}',
  (value): value is { min: number; max: number } =>
    t.type({ min: port, max: port }).is(value) && value.min <= value.max,
  (value, context) => {
    const decoded = t.type({ min: port, max: port }).validate(value, context);
    if (decoded._tag === 'Left') return decoded;
    return decoded.right.min <= decoded.right.max ? decoded : t.failure(value, context);
  },
  t.identity,
);

export const nat1to1 = t.type(
  { ips: list(ipAddress), ice_candidate_type: choice('srflx', 'host') },
  'an address translation: {"ips": ["203.0.113.5"], "ice_candidate_type": "host" or "srflx"}',
);

export const certificate = t.type(
  { private_key_pem: text, certificate_pem: text },
  'two paths of PEM files: {"private_key_pem": "…", "certificate_pem": "…"}',
);
