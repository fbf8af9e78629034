import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { STATUS_CODES } from 'node:http';
import type { ClientAddress } from '../access/client-address.js';
import { bearerOf, type Credentials } from '../access/credentials.js';
import { errorBody } from '../http/error-answers.js';
import type { OriginGuard } from '../access/origin-guard.js';
import { localPath } from '../http/paths.js';
import { MoonteeError } from '../errors.js';
import type { Log } from '../log.js';
import type { StreamerRegistry } from '../streamer/registry.js';

/** What is known of a socket before it is one. */
export interface SocketGrant {
  readonly endpoint: 'peer' | 'legacy';
  readonly streamerId: string | null;
  /** The upgrade carried the right credentials, or none are needed. */
  readonly authenticated: boolean;
  readonly address: string;
}

export interface UpgradeOptions {
  readonly streamers: StreamerRegistry;
  readonly credentials: Credentials;
  readonly addresses: ClientAddress;
  readonly guard: OriginGuard;
  readonly prefix: string;
  /** Sockets that are open and have not authenticated. */
  readonly pending: () => number;
  readonly maxPending: number;
  readonly log: Log;
}

const PEER = /^\/api\/streamers\/([^/]+)\/peer$/;

/** Decides about an upgrade before there is a socket. @throws MoonteeError the refusal */
export async function grantSocket(
  request: IncomingMessage,
  options: UpgradeOptions,
): Promise<SocketGrant> {
  const { streamers, credentials, addresses, guard } = options;
  const url = parseUrl(request.url ?? '/');
  const path = localPath(url.pathname, options.prefix);
  const streamerId = peerPath(path);
  if (streamerId === null && path !== '/api/host/stream') throw new MoonteeError('NOT_FOUND');
  if (!guard.allowsHost(request)) throw new MoonteeError('FORBIDDEN');

  const address = addresses.of(request);
  const bearer = bearerOf(request.headers.authorization);
  let authenticated = !credentials.required;
  if (bearer !== null && credentials.required) {
    if (!(await credentials.check(bearer, address))) throw new MoonteeError('UNAUTHORIZED');
    authenticated = true;
  } else if (!guard.allowsSocket(request)) {
    throw new MoonteeError('FORBIDDEN', 'This page may not open a socket here');
  }
  if (streamerId !== null) streamers.require(streamerId);
  if (!authenticated) {
    await credentials.assertNotLimited(address);
    if (options.pending() >= options.maxPending) {
      throw new MoonteeError('LIMIT_REACHED', 'Too many sockets that have not authenticated');
    }
  }
  return {
    endpoint: streamerId === null ? 'legacy' : 'peer',
    streamerId,
    authenticated,
    address,
  };
}

/** Answers an upgrade that is refused, as plain HTTP. */
export function refuseUpgrade(socket: Duplex, error: MoonteeError): void {
  const { status } = error;
  const body = status === 401 ? '' : JSON.stringify(errorBody(error));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Connection: close',
    ...(body === '' ? [] : ['Content-Type: application/json; charset=utf-8']),
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  socket.once('finish', () => socket.destroy());
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

function parseUrl(text: string): URL {
  try {
    return new URL(text, 'http://local');
  } catch {
    throw new MoonteeError('BAD_REQUEST', 'Invalid URL');
  }
}

function peerPath(path: string): string | null {
  const id = PEER.exec(path)?.[1];
  if (id === undefined) return null;
  try {
    return decodeURIComponent(id);
  } catch {
    throw new MoonteeError('STREAMER_NOT_FOUND');
  }
}
