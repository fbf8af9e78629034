import type { IncomingMessage } from 'node:http';
import { isIP, type Socket } from 'node:net';
import proxyAddr from 'proxy-addr';
import { AddressList } from './address-list.js';

/** Who is at the other end, seen through the proxies that we trust. */
export class ClientAddress {
  readonly #trusted: AddressList;

  /** @param trustedProxies addresses and networks, validated */
  constructor(trustedProxies: readonly string[]) {
    this.#trusted = new AddressList(trustedProxies);
  }

  /** The address at the other end of a connection, empty if that is gone. */
  ofSocket({ remoteAddress }: Socket): string {
    return plain(remoteAddress ?? '');
  }

  /** Whether it is a proxy's that we trust. */
  isTrusted(address: string): boolean {
    return this.#trusted.has(address);
  }

  /** The nearest address that is not a trusted proxy's. */
  of(request: IncomingMessage): string {
    if (!this.isTrusted(this.ofSocket(request.socket))) return this.ofSocket(request.socket);
    const hops = proxyAddr.all(request, (address) => this.isTrusted(address)).map(plain);
    // A proxy may write what is no address.
    return hops.findLast((address) => isIP(address) !== 0) ?? this.ofSocket(request.socket);
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
