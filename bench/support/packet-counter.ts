import { SequenceTally } from '../../test/support/sequence-tally.js';
import type { FrameArrival, ReceiverStats } from './receiver-messages.js';

/** Pictures whose arrival is kept: nearly five minutes of 60 a second. */
const MAX_ARRIVALS = 16_384;

const RTP_HEADER_BYTES = 12;

/**
 * Counts one RTP stream by its headers, which SRTP leaves in the clear. Allocates nothing a
 * packet.
 */
export class PacketCounter {
  #packets = 0;
  #bytes = 0;
  readonly #sequence = new SequenceTally();

  #frames = 0;
  #complete = 0;
  #timestamp = -1;
  #frameAt = 0;
  #longestGap = 0;
  /** Sequence number that the next packet of an undamaged picture has; -1 after damage. */
  #expected = -1;

  readonly #arrivals = {
    timestamp: new Float64Array(MAX_ARRIVALS),
    at: new Float64Array(MAX_ARRIVALS),
    bytes: new Float64Array(MAX_ARRIVALS),
    packets: new Float64Array(MAX_ARRIVALS),
  };
  #arrivalCount = 0;

  /** @param now monotonic milliseconds */
  add(packet: Buffer, now: number): void {
    this.#packets += 1;
    this.#bytes += packet.length;
    const extended = this.#sequence.add(packet.readUInt16BE(2));
    if (extended !== null) this.#countFrame(packet, extended, now);
  }

  /** Fields of a receiver report: extended highest sequence number and packets lost so far. */
  get reception(): { readonly highest: number; readonly lost: number } {
    const { highest, lost } = this.#sequence;
    return { highest, lost };
  }

  /**
   * Sequence numbers that did not come although later ones did.
   *
   * @param depth how far back to look, at most the counter's memory
   */
  missing(depth: number): number[] {
    const { first, highest } = this.#sequence;
    const numbers: number[] = [];
    for (let at = Math.max(first, highest - depth); at < highest; at += 1) {
      if (!this.#sequence.has(at)) numbers.push(at & 0xffff);
    }
    return numbers;
  }

  stats(): Omit<ReceiverStats, 'id' | 'audioPackets' | 'reports'> {
    return {
      packets: this.#packets,
      bytes: this.#bytes,
      lost: this.#sequence.lost,
      duplicates: this.#sequence.duplicates,
      frames: this.#frames,
      complete: this.#complete,
      longestGap: this.#longestGap,
    };
  }

  arrivals(): FrameArrival[] {
    const { timestamp, at, bytes, packets } = this.#arrivals;
    // The latest picture may still be coming in.
    return Array.from({ length: Math.max(0, this.#arrivalCount - 1) }, (_, i) => ({
      timestamp: timestamp[i] ?? 0,
      at: at[i] ?? 0,
      bytes: bytes[i] ?? 0,
      packets: packets[i] ?? 0,
    }));
  }

  #countFrame(packet: Buffer, extended: number, now: number): void {
    const timestamp = packet.readUInt32BE(4);
    const marker = (packet.readUInt8(1) & 0x80) !== 0;
    if (timestamp !== this.#timestamp) {
      this.#frames += 1;
      if (this.#timestamp >= 0) this.#longestGap = Math.max(this.#longestGap, now - this.#frameAt);
      // A packet is missing before this one: it may have been this picture's.
      const undamaged = this.#timestamp < 0 || this.#sequence.has(extended - 1);
      this.#expected = undamaged ? extended : -1;
      this.#timestamp = timestamp;
      this.#frameAt = now;
      if (this.#arrivalCount < MAX_ARRIVALS) {
        this.#arrivals.timestamp[this.#arrivalCount] = timestamp;
        this.#arrivals.at[this.#arrivalCount] = now;
        this.#arrivalCount += 1;
      }
    }
    const arrival = this.#arrivalCount - 1;
    const { bytes, packets } = this.#arrivals;
    bytes[arrival] = (bytes[arrival] ?? 0) + packet.length - RTP_HEADER_BYTES;
    packets[arrival] = (packets[arrival] ?? 0) + 1;
    if (extended !== this.#expected) {
      this.#expected = -1;
      return;
    }
    this.#expected += 1;
    if (marker) this.#complete += 1;
  }
}
