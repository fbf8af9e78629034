import { OFFSET, sequenceDistance } from './packet.js';

/** Distances beyond this are a new start, not a loss. */
const PLAUSIBLE_GAP = 1024;

/** Sequence numbers that are remembered; a power of two, more than any plausible gap. */
const MEMORY = 2048;

const ARRIVED = -1;

/**
 * Keeps the books of RTP sequence numbers, which all packets of a stream share: which came, and
 * since when those that did not have been passed over by later ones.
 */
export class SequenceBook {
  readonly #passedAt = new Float64Array(MEMORY).fill(ARRIVED);
  #highest = 0;
  #expected = 0;
  #received = 0;

  /** Numbers that never came, so far. */
  get lost(): number {
    return Math.max(0, this.#expected - this.#received);
  }

  /**
   * @param now milliseconds, monotonic
   * @returns milliseconds by which the packet is later than the first that passed it over; 0 for
   *   one that comes in its turn, or a second time
   */
  enter(packet: Buffer, now: number): number {
    const sequence = packet.readUInt16BE(OFFSET.SEQUENCE);
    const distance = sequenceDistance(this.#highest, sequence);
    if (this.#expected === 0 || Math.abs(distance) > PLAUSIBLE_GAP) {
      this.#passedAt.fill(ARRIVED);
      this.#highest = sequence;
      this.#expected++;
      this.#received++;
      return 0;
    }
    if (distance > 0) {
      for (let step = 1; step < distance; step++) this.#set(this.#highest + step, now);
      this.#set(sequence, ARRIVED);
      this.#highest = sequence;
      this.#expected += distance;
      this.#received++;
      return 0;
    }
    const passedAt = this.#passedAt[sequence & (MEMORY - 1)] ?? ARRIVED;
    if (passedAt === ARRIVED) return 0;
    this.#set(sequence, ARRIVED);
    this.#received++;
    return now - passedAt;
  }

  /** A packet came of which nothing else is known. */
  credit(): void {
    this.#received++;
  }

  /** Whether a number has not come, although later ones had come by `time`. */
  isMissingSince(sequence: number, time: number): boolean {
    if (sequenceDistance(this.#highest, sequence) >= 0) return false;
    const passedAt = this.#passedAt[sequence & (MEMORY - 1)] ?? ARRIVED;
    return passedAt !== ARRIVED && passedAt <= time;
  }

  #set(sequence: number, value: number): void {
    this.#passedAt[sequence & (MEMORY - 1)] = value;
  }
}
