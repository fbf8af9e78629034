import type { IncomingMessage } from 'node:http';
import { MoonteeError } from '../core/errors.js';
import type { ClientAddress } from './client-address.js';
import { bearerOf, type Credentials } from './credentials.js';

/** What a route asks of its caller; each includes those before it. */
export const ACCESS = ['open', 'viewer', 'administrator'] as const;
export type Access = (typeof ACCESS)[number];

/** Who calls. The server's password makes an administrator, and so does a server without one. */
export type Principal = 'stranger' | 'administrator';

/** The one place that decides who may in: for REST, for sockets and for what does not exist. */
export class Gate {
  readonly #credentials: Credentials;
  readonly #addresses: ClientAddress;
  readonly #onKnown: (request: IncomingMessage) => void;

  /** @param onKnown gets every request that shows the right credentials, or needs none */
  constructor(
    credentials: Credentials,
    addresses: ClientAddress,
    onKnown: (request: IncomingMessage) => void = () => undefined,
  ) {
    this.#onKnown = onKnown;
    this.#credentials = credentials;
    this.#addresses = addresses;
  }

  /**
   * Who sends this request, by its `Authorization` header.
   *
   * @throws UNAUTHORIZED for wrong credentials, RATE_LIMITED
   */
  identify(request: IncomingMessage): Principal {
    if (this.#credentials.required) {
      const given = bearerOf(request.headers.authorization);
      if (given === null) return 'stranger';
      const address = this.#addresses.of(request);
      if (!this.#credentials.check(given, address)) throw new MoonteeError('UNAUTHORIZED');
    }
    this.#onKnown(request);
    return 'administrator';
  }

  /** Lets a request in that may. @throws UNAUTHORIZED, RATE_LIMITED */
  admit(request: IncomingMessage, access: Access): void {
    if (access === 'open') return;
    if (this.identify(request) === 'stranger') throw new MoonteeError('UNAUTHORIZED');
  }
}

/**
 * The access that a path without a route requires. The first segment of the interface, in any
 * spelling, is closed to strangers, who so cannot find out what exists.
 */
export function accessOfUnknown(path: string): Access {
  const [, first = ''] = path.split('/');
  return /^(?:api|metrics)$/i.test(first) ? 'administrator' : 'open';
}
