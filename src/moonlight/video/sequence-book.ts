import { OFFSET, sequenceDistance } from './packet.js';

/** Distances beyond this are a new start, not a loss. */
const PLAUSIBLE_GAP = 1024;

/** Keeps the books of RTP sequence numbers. */
export class SequenceBook {
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

  enter(packet: Buffer): void {
    const sequence = packet.readUInt16BE(OFFSET.SEQUENCE);
    const distance = sequenceDistance(this.#highest, sequence);
    this.#received++;
    if (this.#received === 1 || Math.abs(distance) > PLAUSIBLE_GAP) {
      this.#highest = sequence;
      this.#expected++;
    } else if (distance > 0) {
      this.#highest = sequence;
      this.#expected += distance;
    }
  }
}
