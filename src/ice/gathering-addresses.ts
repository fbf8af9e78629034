/** Which addresses of this machine candidates are made on. Pure but for the list of interfaces. */
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

export interface AddressFilter {
  /** Empty: all. */
  readonly localAddresses: readonly string[];
  /** Names of interfaces; empty or left out: all. */
  readonly interfaces?: readonly string[];
  /** Default true. */
  readonly ipv4?: boolean;
  readonly ipv6: boolean;
}

/**
 * By itself libnice uses every address of every interface, and each one costs sockets in every
 * peer.
 *
 * Link-local IPv6 addresses are valid only together with an interface, which a candidate cannot
 * name: they are never used.
 *
 * @returns empty if the filter leaves none
 */
export function gatheringAddresses(
  filter: AddressFilter,
  interfaces: ReturnType<typeof networkInterfaces> = networkInterfaces(),
): string[] {
  const named = filter.interfaces ?? [];
  const entries = Object.entries(interfaces)
    .filter(([name]) => named.length === 0 || named.includes(name))
    .flatMap(([, list]) => list ?? []);
  const fits = (address: string): boolean => {
    const family = isIP(address);
    if (family === 4) return filter.ipv4 !== false;
    return family === 6 && filter.ipv6 && !isLinkLocal(address);
  };
  if (filter.localAddresses.length > 0) {
    const present = new Set(entries.map(({ address }) => address));
    return filter.localAddresses.filter(
      // All of 127.0.0.0/8 is there, though only one address is listed.
      (address) => fits(address) && (present.has(address) || address.startsWith('127.')),
    );
  }
  const explicit = named.length > 0;
  const found = entries
    .filter(({ internal, address }) => (explicit || !internal) && fits(address))
    .map(({ address }) => address);
  if (found.length > 0 || explicit) return found;
  // A machine without a network still has itself.
  return ['127.0.0.1', '::1'].filter(fits).slice(0, 1);
}

/** fe80::/10 (RFC 4291 §2.5.6), or with a zone (RFC 4007 §11). */
export function isLinkLocal(address: string): boolean {
  return /^fe[89ab]/i.test(address) || address.includes('%');
}
