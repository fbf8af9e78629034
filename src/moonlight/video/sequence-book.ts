import { OFFSET, sequenceDistance } from './packet.js';

/** Distances beyond this are a new start, not a loss. */
const PLAUSIBLE_GAP = 1024;

/** Keeps the books of RTP sequence numbers: what is missing, and whether order holds. */
export class SequenceBook {
  /** Packets in a row that none had overtaken. */
  ordered = 0;
  #highest = 0;
  #expected = 0;
  #received = 0;

  /**
   * Numbers that never came, so far. Second copies that are not recognised as such (their
   * frame is through) make up for one loss each.
   */
  get lost(): number {
    return Math.max(0, this.#expected - this.#received);
  }

  /** @returns false for a packet that others overtook */
  enter(packet: Buffer): boolean {
    const sequence = packet.readUInt16BE(OFFSET.SEQUENCE);
    const distance = sequenceDistance(this.#highest, sequence);
    this.#received++;
    if (this.#received === 1 || Math.abs(distance) > PLAUSIBLE_GAP) {
      this.#highest = sequence;
      this.#expected++;
    } else if (distance > 0) {
      this.#highest = sequence;
      this.#expected += distance;
    } else {
      return false;
    }
    this.ordered++;
    return true;
  }
}
