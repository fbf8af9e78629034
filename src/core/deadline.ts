import { MoonteeError } from './errors.js';

/**
 * A point in time by which work is to be done. The closing side makes it and hands earlier ones to
 * the parts, so that the sum of their waits fits.
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

  static first(...deadlines: readonly Deadline[]): Deadline {
    return new Deadline(Math.min(...deadlines.map((deadline) => deadline.#at)));
  }

  /** Milliseconds until then, 0 once it is over. */
  get left(): number {
    return Math.max(0, this.#at - performance.now());
  }

  /** This one, so many milliseconds earlier: they are for what follows. */
  before(milliseconds: number): Deadline {
    return new Deadline(this.#at - milliseconds);
  }

  /** @param share of the time that is left, from 0 to 1 */
  part(share: number): Deadline {
    return Deadline.in(share * this.left);
  }

  /**
   * The end of `work`, or an error once this is over. What `work` does later is ignored.
   *
   * @param failure the message of the error: "The pipeline did not close"
   * @throws TIMEOUT
   */
  race<T>(work: Promise<T>, failure: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new MoonteeError('TIMEOUT', `${failure} in time`));
      }, this.left);
      work.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }
}
