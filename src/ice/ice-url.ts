/** URLs of STUN and TURN servers (RFC 7064, RFC 7065). Pure. */
import { isIP } from 'node:net';

export interface IceUrl {
  readonly scheme: 'stun' | 'stuns' | 'turn' | 'turns';
  /** A name or an address; an IPv6 address without its brackets. */
  readonly host: string;
  readonly port: number;
  readonly transport: 'udp' | 'tcp';
}

const FORM =
  /^(stuns?|turns?):(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9._-]{1,253}))(?::(\d{1,5}))?(?:\?transport=(udp|tcp))?$/;

/** @returns null for an invalid URL */
export function parseIceUrl(text: string): IceUrl | null {
  const [, scheme, address, name, digits, transport] = FORM.exec(text) ?? [];
  if (scheme === undefined || (address !== undefined && isIP(address) !== 6)) return null;
  const secure = scheme.endsWith('s');
  const port = digits === undefined ? (secure ? 5349 : 3478) : Number(digits);
  if (port < 1 || port > 65_535) return null;
  return {
    scheme: scheme as IceUrl['scheme'],
    host: address ?? name ?? '',
    port,
    transport: (transport as 'udp' | 'tcp' | undefined) ?? (secure ? 'tcp' : 'udp'),
  };
}

export function isRelay({ scheme }: IceUrl): boolean {
  return scheme === 'turn' || scheme === 'turns';
}

export function isSecure({ scheme }: IceUrl): boolean {
  return scheme === 'stuns' || scheme === 'turns';
}

/** `host:port`, with brackets around an IPv6 address. */
export function authorityOf({ host, port }: IceUrl): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Every browser's form of it: STUN has no transport there, and an odd URL is an exception. */
export function formatIceUrl(url: IceUrl): string {
  const query = isRelay(url) ? `?transport=${url.transport}` : '';
  return `${url.scheme}:${authorityOf(url)}${query}`;
}
