import { sequenceDistance } from './packet.js';

/** Frames in a row that began where the one before ended, for this to be taken for granted. */
const FULL_TRUST = 8;

/** What a contradiction costs, and what is needed to refuse one. */
const HALF_TRUST = FULL_TRUST / 2;

/**
 * All packets of a stream share one counter, so that a frame begins where the one before it
 * ended, or further on where others are missing in between. Packets that claim another place
 * are not of this frame. Hosts that count differently are recognised and let through.
 */
export class Seam {
  /** Sequence number after the last whole frame. */
  #end: number | null = null;
  /** Frames are missing since then. */
  #gap = false;
  #trust = 0;

  /** @returns whether a frame may begin at this sequence number */
  holds(base: number): boolean {
    if (this.#end === null) return true;
    const ahead = sequenceDistance(this.#end, base);
    if (this.#gap && ahead >= 0) return true;
    if (ahead === 0) {
      this.#trust = Math.min(FULL_TRUST, this.#trust + 1);
      return true;
    }
    const trusted = this.#trust >= HALF_TRUST;
    this.#trust = Math.max(0, this.#trust - HALF_TRUST);
    return !trusted;
  }

  /** A whole frame ended before this sequence number. */
  set(end: number): void {
    this.#end = end;
    this.#gap = false;
  }

  /** A frame was not whole: how far the next one is, nobody knows. */
  open(): void {
    this.#gap = true;
  }

  /** So much is missing, or the host counts anew, that numbers say nothing any more. */
  forget(): void {
    this.#end = null;
  }
}
