import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, type Socket } from 'node:net';

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

  /** The address at the other end of a connection, empty if that is gone. */
  ofSocket({ remoteAddress }: Socket): string {
    return plain(remoteAddress ?? '');
  }

  /** Whether it is a proxy's that we trust. */
  isTrusted(address: string): boolean {
    const family = isIP(address);
    return family !== 0 && this.#trusted.check(address, family === 6 ? 'ipv6' : 'ipv4');
  }

  /** The nearest address that is not a trusted proxy's. */
  of(request: IncomingMessage): string {
    let address = this.ofSocket(request.socket);
    const header = request.headers['x-forwarded-for'];
    const hops = (Array.isArray(header) ? header.join(',') : (header ?? '')).split(',');
    while (this.isTrusted(address)) {
      const previous = plain(hops.pop()?.trim() ?? '');
      if (isIP(previous) === 0) break;
      address = previous;
    }
    return address;
  }

  /** The origin under which a browser sees us. */
  originOf(request: IncomingMessage, secure: boolean): string {
    const proxied = this.isTrusted(this.ofSocket(request.socket));
    const forwarded = proxied ? first(request.headers['x-forwarded-host']) : undefined;
    const protocol = proxied ? first(request.headers['x-forwarded-proto']) : undefined;
    const scheme = protocol ?? (secure ? 'https' : 'http');
    return `${scheme}://${forwarded ?? request.headers.host ?? ''}`;
  }
}

/** IPv4 as such, even if a dual-stack socket wraps it. */
function plain(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}

function first(header: string | string[] | undefined): string | undefined {
  const value = Array.isArray(header) ? header[0] : header;
  return value?.split(',')[0]?.trim();
}
