import { MoonteeError } from '../core/errors.js';
import { addressGroup } from './address-group.js';

export interface AddressQuotaOptions {
  /** For the refusal: "Too many …". */
  readonly what: string;
  readonly perAddress: number;
  readonly inAll: number;
  /** Of those in all, how many others have taken already. */
  readonly taken?: () => number;
}

/** Holds a place; `leave` gives it back, once. */
export interface Place {
  leave(): void;
}

interface Entry {
  readonly evict: () => void;
}

/**
 * Places for connections without credentials: a number for each address (IPv6: each /64), and one
 * for all. If all are taken, the address with the most loses its oldest to a newcomer that has
 * fewer. So one address never keeps out another, whatever it opens.
 */
export class AddressQuota {
  readonly #options: AddressQuotaOptions;
  /** Of each address, the oldest first. */
  readonly #groups = new Map<string, Set<Entry>>();
  #size = 0;

  constructor(options: AddressQuotaOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#size;
  }

  /**
   * @param evict ends the newcomer when its place is needed; the place is free by then
   * @throws LIMIT_REACHED
   */
  enter(address: string, evict: () => void): Place {
    const { what, perAddress, inAll, taken } = this.#options;
    const name = addressGroup(address);
    const count = this.#groups.get(name)?.size ?? 0;
    const refusal = `Too many ${what}`;
    if (count >= perAddress) throw new MoonteeError('LIMIT_REACHED', `${refusal} of one address`);
    if (this.#size + (taken?.() ?? 0) >= inAll && !this.makeRoom(count)) {
      throw new MoonteeError('LIMIT_REACHED', refusal);
    }
    const entry: Entry = { evict };
    const group = this.#groups.get(name) ?? new Set();
    this.#groups.set(name, group.add(entry));
    this.#size += 1;
    return { leave: () => this.#leave(name, entry) };
  }

  /** Ends one at the cost of an address that has more than `count` places. @returns whether there is one */
  makeRoom(count = 0): boolean {
    let worst = '';
    let most = count;
    for (const [name, { size }] of this.#groups) {
      if (size <= most) continue;
      worst = name;
      most = size;
    }
    const [oldest] = this.#groups.get(worst) ?? [];
    if (most === count || oldest === undefined) return false;
    this.#leave(worst, oldest);
    oldest.evict();
    return true;
  }

  #leave(name: string, entry: Entry): void {
    const group = this.#groups.get(name);
    if (group?.delete(entry) !== true) return;
    this.#size -= 1;
    if (group.size === 0) this.#groups.delete(name);
  }
}
