import { ClickUnitJudge, type ClickUnit } from './click-unit.js';
import type { ScrollUnit } from './viewer-input.js';

/** The host's unit (gamestream.md §8.5). */
const NOTCH = 120;

/** One hundred notches: no hand turns more in one message, and the wire has an i16. */
const MAX_AMOUNT = 100 * NOTCH;

/** Pixels in a tenth, as clients mean it. */
const TENTH = 10;

/** Turns one axis of a viewer's wheel into the host's 120 a notch and keeps the fraction. */
class ScrollAxis {
  /** Fifths of a host unit not sent yet. */
  #carry = 0;

  /**
   * Browsers report 100 or 120 pixels a notch, touch pads any number. Multiples of 120 count as
   * notches, all others as 100 pixels a notch.
   *
   * @returns host units to send now, 0 for none
   */
  pixels(delta: number): number {
    return delta % NOTCH === 0 ? limit(delta) : this.#hundredths(delta);
  }

  /** As {@link pixels}; more clicks are never fewer units. */
  clicks(delta: number, unit: ClickUnit): number {
    if (unit === 'notches') return limit(delta * NOTCH);
    return this.#hundredths(unit === 'tenths' ? delta * TENTH : delta);
  }

  #hundredths(delta: number): number {
    if (delta === 0) return 0;
    // What is left over from the other direction would delay the turn.
    if (Math.sign(delta) !== Math.sign(this.#carry)) this.#carry = 0;
    const fifths = this.#carry + delta * 6;
    const amount = Math.trunc(fifths / 5);
    this.#carry = fifths - amount * 5;
    return limit(amount);
  }
}

/** The wheel of one viewer, both axes. */
export class ScrollWheel {
  readonly #vertical = new ScrollAxis();
  readonly #horizontal = new ScrollAxis();
  readonly #clicks = new ClickUnitJudge();

  /**
   * @param now milliseconds of any clock that does not jump
   * @returns host units of either axis to send now, 0 for none
   */
  turn(
    dx: number,
    dy: number,
    unit: ScrollUnit,
    now: number,
  ): { readonly vertical: number; readonly horizontal: number } {
    if (unit === 'pixels') {
      return { vertical: this.#vertical.pixels(dy), horizontal: this.#horizontal.pixels(dx) };
    }
    const meant = this.#clicks.judge(dx, dy, now);
    return {
      vertical: this.#vertical.clicks(dy, meant),
      horizontal: this.#horizontal.clicks(dx, meant),
    };
  }
}

function limit(amount: number): number {
  return Math.min(MAX_AMOUNT, Math.max(-MAX_AMOUNT, amount));
}
