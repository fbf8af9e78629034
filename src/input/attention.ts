import type { InputRight } from './policy.js';

/** Milliseconds after which what a silent viewer holds is let go. */
export const SILENCE_MS = 500;

/** Milliseconds of delay by which the fastest way so far may have become slower, by statement. */
const MAX_CREEP_MS = 200;
const CREEP = 0.5;

/** A path that is later than this is another path: its statements are judged anew. */
const MAX_LATENESS_MS = 60_000;

/** The clock of a statement has 32 bits. */
const CLOCK_RANGE = 2 ** 32;

/**
 * What was last heard of one viewer, device by device, and whether it is still true. Clients that
 * state again and again what they hold are believed for {@link SILENCE_MS}; others until they say
 * something else. Pure: all times are given.
 */
export class Attention {
  readonly #heard = new Map<InputRight, number>();
  #restates = false;
  /** The smallest known difference of our clock and the client's. */
  #offset: number | undefined;
  #statedAt = 0;

  /** Something came of that device. @param now milliseconds of any clock that does not jump */
  hear(device: InputRight, now: number): void {
    this.#heard.set(device, now);
  }

  /**
   * A statement came. What waited somewhere on its way is true for the moment at which it was sent,
   * and no sign of life.
   *
   * @param at milliseconds of the client's clock, modulo 2³²
   * @returns whether it tells what is held now
   */
  state(device: InputRight, at: number, now: number): boolean {
    this.#restates = true;
    const isFresh = this.#isFresh(at, now);
    if (isFresh) this.hear(device, now);
    return isFresh;
  }

  /** The viewer's client states what it holds. */
  get restates(): boolean {
    return this.#restates;
  }

  /** Whether what is held with that device is to be let go. */
  isSilent(device: InputRight, now: number): boolean {
    return this.#restates && now - (this.#heard.get(device) ?? -Infinity) > SILENCE_MS;
  }

  #isFresh(at: number, now: number): boolean {
    const offset = wrapped(now - at);
    const gone = Math.max(0, now - this.#statedAt);
    this.#statedAt = now;
    const fastest = this.#offset ?? offset;
    const lateness = wrapped(offset - fastest + CLOCK_RANGE / 2) - CLOCK_RANGE / 2;
    if (lateness <= 0 || lateness > MAX_LATENESS_MS) {
      this.#offset = offset;
      return true;
    }
    // A way that has become slower for good is found out in seconds, a backlog is over before.
    const creep = Math.min(gone, MAX_CREEP_MS) * CREEP;
    this.#offset = wrapped(fastest + Math.min(lateness, creep));
    return lateness <= SILENCE_MS;
  }
}

function wrapped(time: number): number {
  return ((time % CLOCK_RANGE) + CLOCK_RANGE) % CLOCK_RANGE;
}
