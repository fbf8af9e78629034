import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** Who is at the other end, seen through the proxies that we trust. */
export class ClientAddress {
  readonly #trusted = new BlockList();

  constructor(trustedProxies: readonly string[]) {
    for (const entry of trustedProxies) {
      const [address = '', prefix] = entry.split('/');
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
      if (prefix === undefined) this.#trusted.addAddress(address, family);
      else this.#trusted.addSubnet(address, Number(prefix), family);
    }
  }

  /** The nearest address that is not a trusted proxy's. */
  of(request: IncomingMessage): string {
    let address = plain(request.socket.remoteAddress ?? '');
    const header = request.headers['x-forwarded-for'];
    const hops = (Array.isArray(header) ? header.join(',') : (header ?? '')).split(',');
    while (this.#trusts(address)) {
      const previous = plain(hops.pop()?.trim() ?? '');
      if (isIP(previous) === 0) break;
      address = previous;
    }
    return address;
  }

  /** The origin under which a browser sees us. */
  originOf(request: IncomingMessage, secure: boolean): string {
    const proxied = this.#trusts(plain(request.socket.remoteAddress ?? ''));
    const forwarded = proxied ? first(request.headers['x-forwarded-host']) : undefined;
    const protocol = proxied ? first(request.headers['x-forwarded-proto']) : undefined;
    const scheme = protocol ?? (secure ? 'https' : 'http');
    return `${scheme}://${forwarded ?? request.headers.host ?? ''}`;
  }

  #trusts(address: string): boolean {
    const family = isIP(address);
    return family !== 0 && this.#trusted.check(address, family === 6 ? 'ipv6' : 'ipv4');
  }
}

/** IPv4 as such, also where a dual-stack socket wraps it. */
function plain(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}

function first(header: string | string[] | undefined): string | undefined {
  const value = Array.isArray(header) ? header[0] : header;
  return value?.split(',')[0]?.trim();
}
