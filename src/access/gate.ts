import type { IncomingMessage } from 'node:http';
import { MoonteeError } from '../core/errors.js';
import { RIGHTS, type Right } from '../core/rights.js';
import type { Authenticator } from './authenticator.js';
import type { ClientAddress } from './client-address.js';
import { bearerOf } from './credentials.js';
import { ADMINISTRATOR, rightsOn, STRANGER, type Principal } from './principal.js';
import type { ProxyUsers } from './proxy-users.js';

/**
 * What a route asks of its caller: nothing; to be known, where the handler asks for the rest; any right,
 * or that one, on the streamer that `:id` names; to be an administrator.
 */
export const ACCESS = ['open', 'known', 'member', ...RIGHTS, 'administrator'] as const;
export type Access = (typeof ACCESS)[number];

export interface GateOptions {
  readonly authenticator: Authenticator;
  readonly proxyUsers: ProxyUsers;
  readonly addresses: ClientAddress;
  /** The token in the query; undefined if there is none. @throws BAD_REQUEST */
  readonly tokenOf: (request: IncomingMessage) => string | undefined;
  /** Gets every request of an administrator. */
  readonly onKnown: (request: IncomingMessage) => void;
}

const identified = new WeakMap<IncomingMessage, Principal>();

/** Who sends a request that was let in. @throws INTERNAL for one that was not asked */
export function principalOf(request: IncomingMessage): Principal {
  const principal = identified.get(request);
  if (principal === undefined) throw new MoonteeError('INTERNAL', 'The caller is not known');
  return principal;
}

/** The one place that decides who may in: for REST, for sockets and for what does not exist. */
export class Gate {
  readonly #options: GateOptions;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /**
   * Who sends this request, by its `Authorization` header, the token of its query, or the word of a proxy.
   *
   * @throws UNAUTHORIZED for wrong credentials, RATE_LIMITED, BAD_REQUEST, IDENTITY_UNAVAILABLE
   */
  async identify(request: IncomingMessage): Promise<Principal> {
    const principal = await this.#find(request);
    if (principal.kind === 'administrator') this.#options.onKnown(request);
    identified.set(request, principal);
    return principal;
  }

  /**
   * Lets a request in that may.
   *
   * @param streamerId that it is about; null: none
   * @throws UNAUTHORIZED, FORBIDDEN, and what {@link identify} throws
   */
  async admit(
    request: IncomingMessage,
    access: Access,
    streamerId: string | null = null,
  ): Promise<void> {
    if (access === 'open') return;
    assertMay(await this.identify(request), access, streamerId);
  }

  async #find(request: IncomingMessage): Promise<Principal> {
    const { authenticator, proxyUsers, addresses, tokenOf } = this.#options;
    const address = addresses.of(request);
    const given = bearerOf(request.headers.authorization);
    if (given !== null) return authenticator.identify(given, address);
    const token = tokenOf(request);
    if (token !== undefined) return authenticator.identifyToken(token, address);
    const user = proxyUsers.of(request);
    if (user !== null) return user;
    return authenticator.required ? STRANGER : ADMINISTRATOR;
  }
}

/**
 * Somebody without any right on a streamer is answered as a stranger is, and so cannot find out whether it
 * exists.
 *
 * @throws UNAUTHORIZED, FORBIDDEN
 */
export function assertMay(principal: Principal, access: Access, streamerId: string | null): void {
  const { kind } = principal;
  if (access === 'open' || kind === 'administrator') return;
  const own = streamerId === null ? principal.rights : rightsOn(principal, streamerId);
  if (kind === 'stranger' || own.size === 0) throw new MoonteeError('UNAUTHORIZED');
  if (access === 'known' || access === 'member') return;
  if (access === 'administrator' || !own.has(access)) throw new MoonteeError('FORBIDDEN');
}

/** Whether this is a right on one streamer, which the route has to name. */
export function isOfStreamer(access: Access): access is Right | 'member' {
  return access === 'member' || RIGHTS.includes(access as Right);
}

/**
 * The access that a path without a route requires. The first segment of the interface, in any
 * spelling, is closed to strangers, who so cannot find out what exists.
 */
export function accessOfUnknown(path: string): Access {
  const [, first = ''] = path.split('/');
  return /^(?:api|metrics)$/i.test(first) ? 'administrator' : 'open';
}
