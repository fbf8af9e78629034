/** What a client means by the small numbers of its "clicks" (signaling.md c.2, type 04). */
export type ClickUnit = 'notches' | 'tenths' | 'pixels';

/** From the fewest to the most in a turn of the wheel. */
const UNITS: readonly ClickUnit[] = ['notches', 'tenths', 'pixels'];

interface Limits {
  /** The largest number of one message. */
  readonly message: number;
  /** The sum of a second: a hand turns a wheel by no more. */
  readonly second: number;
}

/** What a unit's numbers do not exceed; whose do, means a smaller unit. */
const LIMITS: Readonly<Record<ClickUnit, Limits>> = {
  notches: { message: 2, second: 60 },
  tenths: { message: 40, second: 600 },
  pixels: { message: Infinity, second: Infinity },
};

const SECOND = 1000;

/**
 * Finds out the unit of one client. Some send notches, some pixels, some tenths of the number of
 * pixels, all in the same message. The judgement is valid for all that the client sends, and
 * changes in one direction only. Numbers that were once too large for a unit do not become smaller.
 */
export class ClickUnitJudge {
  #judged = 0;
  #since = -Infinity;
  #sum = 0;

  /**
   * @param now milliseconds of any clock that does not jump
   * @returns the unit of this message, which counts for its judgement
   */
  judge(dx: number, dy: number, now: number): ClickUnit {
    const size = Math.max(Math.abs(dx), Math.abs(dy));
    if (now - this.#since >= SECOND) {
      this.#since = now;
      this.#sum = 0;
    }
    this.#sum += size;
    while (this.#exceeds(size)) this.#judged += 1;
    return this.#unit;
  }

  get #unit(): ClickUnit {
    return UNITS[this.#judged] ?? 'pixels';
  }

  #exceeds(size: number): boolean {
    const { message, second } = LIMITS[this.#unit];
    return size > message || this.#sum > second;
  }
}
