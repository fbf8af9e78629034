/** Milliseconds: what is assumed before anything was seen. */
const FIRST_GUESS = 80;

/** Milliseconds to wait at least, and at most. */
const SHORTEST = 8;
const LONGEST = 120;

/** How much longer than the latest packet seen to wait. */
const MARGIN = 1.5;

/** What is left of a guess after each frame. */
const MEMORY = 0.995;

/**
 * How long to wait for a frame that later ones have passed over: as long as this network's
 * packets have been seen to need, which on most is next to nothing.
 */
export class Patience {
  #lateness = FIRST_GUESS;

  /** Milliseconds. */
  get hold(): number {
    return Math.min(LONGEST, SHORTEST + MARGIN * this.#lateness);
  }

  /** A packet that was still of use came this many milliseconds after its frame was passed over. */
  observe(lateness: number): void {
    if (lateness > this.#lateness) this.#lateness = Math.min(LONGEST, lateness);
  }

  /** A frame is through. */
  fade(): void {
    this.#lateness *= MEMORY;
  }
}
