import type { TrackStats } from './receiver-messages.js';

/** Sequence numbers that are remembered to tell a duplicate from a late packet. */
const WINDOW = 8192;

const NAL_SPS = 7;
const NAL_STAP_A = 24;

/** Counts one RTP stream packet by packet. */
export class TrackCounter {
  #packets = 0;
  #bytes = 0;
  #duplicates = 0;
  #reordered = 0;
  #frames = 0;
  #markers = 0;
  #keyframes = 0;
  #first = -1;
  /** Extended sequence number, does not wrap. */
  #highest = -1;
  #distinct = 0;
  readonly #seen = new Float64Array(WINDOW).fill(-1);
  #timestamp = -1;
  #frameAt = 0;
  #longestGap = 0;
  /** Number of the picture that was the first key frame, from 1. */
  #firstKeyframe = 0;

  add(packet: Buffer): void {
    if (packet.length < 12) return;
    const sequence = packet.readUInt16BE(2);
    const extended = this.#extend(sequence);
    this.#packets += 1;
    this.#bytes += packet.length;
    const slot = extended % WINDOW;
    if (this.#seen[slot] === extended) {
      this.#duplicates += 1;
      return;
    }
    this.#seen[slot] = extended;
    this.#distinct += 1;
    if (extended < this.#highest) this.#reordered += 1;
    this.#highest = Math.max(this.#highest, extended);
    if (packet.readUInt8(1) & 0x80) this.#markers += 1;
    this.#countFrame(packet);
  }

  stats(): TrackStats {
    return {
      packets: this.#packets,
      bytes: this.#bytes,
      lost: this.#first < 0 ? 0 : this.#highest - this.#first + 1 - this.#distinct,
      duplicates: this.#duplicates,
      reordered: this.#reordered,
      frames: this.#frames,
      markers: this.#markers,
      keyframes: this.#keyframes,
      longestGap: this.#longestGap,
      firstKeyframe: this.#firstKeyframe,
    };
  }

  #extend(sequence: number): number {
    if (this.#first < 0) {
      // Room below, so that an early straggler stays positive.
      this.#first = 65536 + sequence;
      this.#highest = this.#first;
      return this.#first;
    }
    const step = ((sequence - this.#highest) << 16) >> 16;
    const extended = this.#highest + step;
    this.#first = Math.min(this.#first, extended);
    return extended;
  }

  #countFrame(packet: Buffer): void {
    const timestamp = packet.readUInt32BE(4);
    if (timestamp === this.#timestamp) return;
    this.#timestamp = timestamp;
    this.#frames += 1;
    const now = performance.now();
    if (this.#frames > 1) this.#longestGap = Math.max(this.#longestGap, now - this.#frameAt);
    this.#frameAt = now;
    if (!startsKeyframe(packet)) return;
    this.#keyframes += 1;
    if (this.#firstKeyframe === 0) this.#firstKeyframe = this.#frames;
  }
}

/** A key frame whose parameter sets are missing shows nothing to somebody who has just come. */
function startsKeyframe(packet: Buffer): boolean {
  const first = packet.readUInt8(0);
  let at = 12 + (first & 0x0f) * 4;
  if (first & 0x10) {
    if (packet.length < at + 4) return false;
    at += 4 + packet.readUInt16BE(at + 2) * 4;
  }
  if (packet.length < at + 4) return false;
  const type = packet.readUInt8(at) & 0x1f;
  if (type !== NAL_STAP_A) return type === NAL_SPS;
  // The parameter sets may follow a delimiter.
  for (let unit = at + 1; unit + 3 <= packet.length; unit += 2 + packet.readUInt16BE(unit)) {
    if ((packet.readUInt8(unit + 2) & 0x1f) === NAL_SPS) return true;
  }
  return false;
}
