export interface BackoffOptions {
  /** Milliseconds before the first retry, at most. */
  readonly base?: number;
  /** Milliseconds that no wait exceeds. */
  readonly cap?: number;
  /** 0…1, for tests. */
  readonly random?: () => number;
}

/**
 * Waits that double, each shortened by up to half at random. Viewers who lost their server together
 * do not come back together.
 */
export class Backoff {
  readonly #base: number;
  readonly #cap: number;
  readonly #random: () => number;
  #attempts = 0;

  constructor({ base = 500, cap = 15_000, random = Math.random }: BackoffOptions = {}) {
    this.#base = base;
    this.#cap = cap;
    this.#random = random;
  }

  /** How many waits have been taken since the last reset. */
  get attempts(): number {
    return this.#attempts;
  }

  /** @returns milliseconds to wait before the next attempt */
  next(): number {
    const ceiling = Math.min(this.#cap, this.#base * 2 ** Math.min(this.#attempts, 30));
    this.#attempts += 1;
    return Math.round(ceiling * (0.5 + this.#random() / 2));
  }

  reset(): void {
    this.#attempts = 0;
  }
}
