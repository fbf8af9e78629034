/** Tokens a second and how many may be saved up. */
export interface Budget {
  readonly rate: number;
  readonly burst: number;
}

/** A token bucket whose clock is given by the caller. */
export class TokenBucket {
  readonly #budget: Budget;
  #tokens: number;
  #filledAt: number | undefined;

  constructor(budget: Budget) {
    this.#budget = budget;
    this.#tokens = budget.burst;
  }

  /** @param now milliseconds; a clock that runs backwards refills nothing */
  take(cost: number, now: number): boolean {
    const elapsed = Math.max(0, now - (this.#filledAt ?? now));
    this.#filledAt = now;
    this.#tokens = Math.min(
      this.#budget.burst,
      this.#tokens + (elapsed * this.#budget.rate) / 1000,
    );
    if (this.#tokens < cost) return false;
    this.#tokens -= cost;
    return true;
  }
}
