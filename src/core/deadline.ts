/**
 * A point in time by which work is to be done. Whoever closes something makes it; what it closes
 * first gets an earlier one, so that the sum of all waits fits.
 */
export class Deadline {
  /** Milliseconds of `performance.now()`. */
  readonly #at: number;

  private constructor(at: number) {
    this.#at = at;
  }

  static in(milliseconds: number): Deadline {
    return new Deadline(performance.now() + milliseconds);
  }

  /** Milliseconds until then, 0 once it is over. */
  get left(): number {
    return Math.max(0, this.#at - performance.now());
  }
}
