/** Milliseconds: what is assumed before anything was seen. */
const FIRST_GUESS = 80;

/** Milliseconds to wait at least, and at most. */
const SHORTEST = 4;
const LONGEST = 120;

/** How much longer than the latest packet seen to wait. */
const MARGIN = 1.15;

/** What is left after each frame of what was assumed, and of what was seen: stalls come in spells. */
const GUESS_MEMORY = 0.98;
const MEMORY = 0.999;

/** The same after each wait in vain: on a lossy network, waiting costs more than it saves. */
const DISAPPOINTMENT = 0.6;

/**
 * How long to wait for packets that later ones have overtaken. It is as long as this network's have
 * been seen to need, which on most is next to nothing.
 */
export class Patience {
  #guess = FIRST_GUESS;
  #lateness = 0;

  /** Milliseconds. */
  get hold(): number {
    return Math.min(LONGEST, SHORTEST + MARGIN * Math.max(this.#guess, this.#lateness));
  }

  /** A packet came this many milliseconds after it had been passed over. */
  observe(lateness: number): void {
    if (lateness > this.#lateness) this.#lateness = Math.min(LONGEST, lateness);
  }

  /** What was waited for did not come: the next time less may do. */
  disappoint(): void {
    this.#guess *= DISAPPOINTMENT;
    this.#lateness *= DISAPPOINTMENT;
  }

  /** A frame is through. */
  fade(): void {
    this.#guess *= GUESS_MEMORY;
    this.#lateness *= MEMORY;
  }
}
