/** Sequence numbers that are remembered to tell a duplicate from a late packet. */
const WINDOW = 8192;

/**
 * Sequence numbers of one RTP stream, extended so that they do not wrap. Allocates nothing a
 * packet.
 */
export class SequenceTally {
  #first = -1;
  #highest = -1;
  #distinct = 0;
  #duplicates = 0;
  readonly #seen = new Float64Array(WINDOW).fill(-1);

  /** Extended, as the highest is; both are -1 before the first packet. */
  get first(): number {
    return this.#first;
  }

  get highest(): number {
    return this.#highest;
  }

  get duplicates(): number {
    return this.#duplicates;
  }

  get lost(): number {
    return this.#first < 0 ? 0 : this.#highest - this.#first + 1 - this.#distinct;
  }

  /** @returns the extended number; null for a duplicate */
  add(sequence: number): number | null {
    const extended = this.#extend(sequence);
    if (this.has(extended)) {
      this.#duplicates += 1;
      return null;
    }
    this.#seen[extended % WINDOW] = extended;
    this.#distinct += 1;
    this.#highest = Math.max(this.#highest, extended);
    return extended;
  }

  /** Whether it has come, if that is not too long ago. */
  has(extended: number): boolean {
    return this.#seen[extended % WINDOW] === extended;
  }

  #extend(sequence: number): number {
    if (this.#first < 0) {
      // Room below, so that an early straggler stays positive.
      this.#first = 65_536 + sequence;
      this.#highest = this.#first;
      return this.#first;
    }
    const step = ((sequence - this.#highest) << 16) >> 16;
    const extended = this.#highest + step;
    this.#first = Math.min(this.#first, extended);
    return extended;
  }
}
