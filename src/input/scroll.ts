import type { ScrollUnit } from './viewer-input.js';

/** The host's unit (gamestream.md §8.5). */
const NOTCH = 120;

/** One hundred notches: more in one message is nonsense, and the wire has an i16. */
const MAX_AMOUNT = 100 * NOTCH;

/**
 * Turns one axis of a viewer's wheel into the host's 120 a notch and keeps the fraction.
 * Browsers report 100 or 120 pixels a notch, touch pads any number: multiples of 120 are taken
 * as notches, everything else at 100 pixels a notch.
 */
export class ScrollAxis {
  /** Fifths of a host unit not sent yet. */
  #carry = 0;

  /** @returns host units to send now, 0 for none */
  add(delta: number, unit: ScrollUnit): number {
    if (unit === 'notches') return limit(delta * NOTCH);
    if (delta % NOTCH === 0) return limit(delta);
    // What is left over from the other direction would delay the turn.
    if (Math.sign(delta) !== Math.sign(this.#carry)) this.#carry = 0;
    const fifths = this.#carry + delta * 6;
    const amount = Math.trunc(fifths / 5);
    this.#carry = fifths - amount * 5;
    return limit(amount);
  }
}

function limit(amount: number): number {
  return Math.min(MAX_AMOUNT, Math.max(-MAX_AMOUNT, amount));
}
