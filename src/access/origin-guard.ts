import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { ClientAddress } from './client-address.js';

export interface OriginGuardOptions {
  readonly allowedOrigins: readonly string[];
  readonly credentialsRequired: boolean;
  readonly secure: boolean;
  readonly addresses: ClientAddress;
}

/**
 * Keeps pages of other sites away from a server without a password. A browser could reach it for
 * them, directly or by a name that they point at it (DNS rebinding). With a password, such a page
 * would need to know it; origins are then checked only if some are configured.
 */
export class OriginGuard {
  readonly #options: OriginGuardOptions;
  readonly #hosts: ReadonlySet<string>;

  constructor(options: OriginGuardOptions) {
    this.#options = options;
    this.#hosts = new Set(options.allowedOrigins.map((origin) => new URL(origin).hostname));
  }

  /** The name under which we are called is one that others cannot point at us. */
  allowsHost(request: IncomingMessage): boolean {
    return this.#options.credentialsRequired || this.#isCalledByOwnName(request);
  }

  #isCalledByOwnName(request: IncomingMessage): boolean {
    const { addresses, secure } = this.#options;
    let name: string;
    try {
      name = new URL(addresses.originOf(request, secure)).hostname;
    } catch {
      return false;
    }
    const address = name.replace(/^\[(.*)\]$/, '$1');
    return (
      isIP(address) !== 0 ||
      name === 'localhost' ||
      name.endsWith('.localhost') ||
      this.#hosts.has(name)
    );
  }

  /** It comes from no page, or from one of ours: what its browser shows by itself may count. */
  isOwnPage(request: IncomingMessage): boolean {
    const { origin } = request.headers;
    const { allowedOrigins, addresses, secure } = this.#options;
    if (origin === undefined || allowedOrigins.includes(origin)) return true;
    return origin === addresses.originOf(request, secure);
  }

  /**
   * A WebSocket from this page may be opened. Not asked if the upgrade has credentials.
   *
   * @param isOpen it will not be asked for credentials later either
   */
  allowsSocket(request: IncomingMessage, isOpen: boolean): boolean {
    const { origin } = request.headers;
    // Not a browser.
    if (origin === undefined) return true;
    const { allowedOrigins, credentialsRequired, addresses, secure } = this.#options;
    if (allowedOrigins.includes(origin)) return true;
    const isAsked = credentialsRequired && !isOpen;
    if (isAsked && allowedOrigins.length === 0) return true;
    if (origin !== addresses.originOf(request, secure)) return false;
    return isAsked || this.#isCalledByOwnName(request);
  }
}
