import type { TrackStats } from './receiver-messages.js';
import { SequenceTally } from './sequence-tally.js';

const NAL_SPS = 7;
const NAL_STAP_A = 24;

/** Counts one RTP stream packet by packet. */
export class TrackCounter {
  #packets = 0;
  readonly #payloads = new Set<number>();
  #bytes = 0;
  #reordered = 0;
  #frames = 0;
  #markers = 0;
  #underWay = false;
  #keyframes = 0;
  readonly #sequence = new SequenceTally();
  #timestamp = -1;
  #frameAt = 0;
  #longestGap = 0;
  /** Number of the picture that was the first key frame, from 1. */
  #firstKeyframe = 0;

  add(packet: Buffer): void {
    if (packet.length < 12) return;
    this.#packets += 1;
    this.#bytes += packet.length;
    this.#payloads.add(packet.readUInt8(1) & 0x7f);
    const { highest } = this.#sequence;
    const extended = this.#sequence.add(packet.readUInt16BE(2));
    if (extended === null) return;
    if (extended < highest) this.#reordered += 1;
    this.#countFrame(packet);
    if ((packet.readUInt8(1) & 0x80) === 0) return;
    this.#markers += 1;
    if (packet.readUInt32BE(4) === this.#timestamp) this.#underWay = false;
  }

  stats(): TrackStats {
    return {
      packets: this.#packets,
      payloads: [...this.#payloads],
      bytes: this.#bytes,
      lost: this.#sequence.lost,
      duplicates: this.#sequence.duplicates,
      reordered: this.#reordered,
      frames: this.#frames,
      markers: this.#markers,
      underWay: this.#underWay,
      keyframes: this.#keyframes,
      longestGap: this.#longestGap,
      firstKeyframe: this.#firstKeyframe,
    };
  }

  #countFrame(packet: Buffer): void {
    const timestamp = packet.readUInt32BE(4);
    if (timestamp === this.#timestamp) return;
    this.#timestamp = timestamp;
    this.#frames += 1;
    this.#underWay = true;
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
