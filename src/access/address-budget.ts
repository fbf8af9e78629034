import { addressGroup } from './address-group.js';

/** Milliseconds that are counted together. */
const WINDOW_MS = 60_000;
/** Addresses that are remembered at a time: some megabytes. */
const MAX_ADDRESSES = 10_000;

interface Window {
  count: number;
  /** Of the monotonic clock, which cannot be set. */
  readonly endsAt: number;
}

/**
 * How often something may happen for one address in a minute. Memory is bounded: of more addresses
 * than are remembered, those whose minute is nearest to its end are forgotten first.
 */
export class AddressBudget {
  readonly #perMinute: number;
  readonly #maxAddresses: number;
  /** In the order of their ends. */
  readonly #windows = new Map<string, Window>();

  constructor(perMinute: number, maxAddresses = MAX_ADDRESSES) {
    this.#perMinute = perMinute;
    this.#maxAddresses = maxAddresses;
  }

  /** Addresses that are remembered now. */
  get size(): number {
    return this.#windows.size;
  }

  /**
   * Counts one more. @returns null if it was still allowed, else the seconds to wait: 0 < s ≤ 60
   */
  take(address: string): number | null {
    const now = performance.now();
    this.#forget(now);
    const group = addressGroup(address);
    let window = this.#windows.get(group);
    if (window === undefined) {
      if (this.#windows.size >= this.#maxAddresses) this.#forgetOldest();
      window = { count: 0, endsAt: now + WINDOW_MS };
      this.#windows.set(group, window);
    }
    if (window.count >= this.#perMinute) return (window.endsAt - now) / 1_000;
    window.count += 1;
    return null;
  }

  #forget(now: number): void {
    for (const [group, { endsAt }] of this.#windows) {
      if (endsAt > now) return;
      this.#windows.delete(group);
    }
  }

  #forgetOldest(): void {
    const [oldest] = this.#windows.keys();
    if (oldest !== undefined) this.#windows.delete(oldest);
  }
}
