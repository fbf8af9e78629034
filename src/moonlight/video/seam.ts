/** Frames in a row that began where the one before ended, for this to be taken for granted. */
const FULL_TRUST = 8;

/** What a contradiction costs, and what is needed to refuse one. */
const HALF_TRUST = FULL_TRUST / 2;

/**
 * All packets of a stream share one counter, so that a frame begins where the one before it
 * ended. Packets that claim another place are not of this frame. Hosts that count differently
 * are recognised and let through.
 */
export class Seam {
  /** Where the next frame must begin; unknown after a frame that was not whole. */
  #expected: number | null = null;
  #trust = 0;

  /** @returns whether a frame may begin at this sequence number */
  holds(base: number): boolean {
    if (this.#expected === null) return true;
    if (base === this.#expected) {
      this.#trust = Math.min(FULL_TRUST, this.#trust + 1);
      return true;
    }
    const trusted = this.#trust >= HALF_TRUST;
    this.#trust = Math.max(0, this.#trust - HALF_TRUST);
    return !trusted;
  }

  /** A whole frame ended before this sequence number. */
  set(end: number): void {
    this.#expected = end;
  }

  forget(): void {
    this.#expected = null;
  }
}
