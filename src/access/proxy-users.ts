import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Rights } from '../core/rights.js';
import { personName } from '../core/text.js';
import type { ClientAddress } from './client-address.js';
import { viewerPrincipal, type Principal } from './principal.js';

export interface ProxyUsersOptions {
  /** In lower case; null: proxies name nobody. */
  readonly header: string | null;
  /** Of everybody who is named, on all streamers. */
  readonly rights: Rights;
  readonly addresses: ClientAddress;
}

/** People whom a proxy in front has signed in, and names in a header. */
export class ProxyUsers {
  readonly #options: ProxyUsersOptions;

  constructor(options: ProxyUsersOptions) {
    this.#options = options;
  }

  /** Who is named. The header of anybody but a trusted proxy names nobody, nor does one given twice. */
  of(request: IncomingMessage): Principal | null {
    const { header, rights, addresses } = this.#options;
    if (header === null) return null;
    const [given, ...more] = request.headersDistinct[header] ?? [];
    if (given === undefined || more.length > 0) return null;
    if (!addresses.isTrusted(addresses.ofSocket(request.socket))) return null;
    // Node decodes headers as Latin-1, while proxies send UTF-8.
    const name = personName(Buffer.from(given, 'latin1').toString('utf8'));
    if (name === null) return null;
    const id = createHash('sha256').update(given).digest('base64url').slice(0, 22);
    return viewerPrincipal({
      id: `proxy:${id}`,
      name,
      rights,
      streamers: 'all',
      isAmbient: true,
    });
  }
}
