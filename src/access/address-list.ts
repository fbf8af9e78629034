import { isIP } from 'node:net';
import proxyAddr from 'proxy-addr';

/** Addresses and networks of the configuration. */
export class AddressList {
  readonly #contains: (address: string, hop: number) => boolean;

  /** @param entries addresses and networks, validated */
  constructor(entries: readonly string[]) {
    this.#contains = proxyAddr.compile([...entries]);
  }

  /** False for what is not an address. */
  has(address: string): boolean {
    return isIP(address) !== 0 && this.#contains(address, 0);
  }
}
