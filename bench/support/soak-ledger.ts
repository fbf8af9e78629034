/** What a soak sent, what arrived and what was shown: the books that its figures come from. */
import { dataShardsOf } from '../../src/moonlight/video/fec-block.js';
import { MAX_BLOCKS, OFFSET, PACKET_HEADER_BYTES } from '../../src/moonlight/video/packet.js';

const NOT_SENT = 0xffff;

export interface FrameFigures {
  readonly sent: number;
  /** Enough shards of every block arrived. */
  readonly recoverable: number;
  /** Recoverable, and so is every frame from the latest key frame to it. */
  readonly decodable: number;
  /** Handed out by the receive path. */
  readonly shown: number;
  /** Decodable, but not handed out. */
  readonly missed: number;
  /** Handed out with other bytes than were sent, or although it cannot be decoded. */
  readonly wrong: number;
}

/** Memory is allocated once, so that it cannot be taken for growth of what is measured. */
export class SoakLedger {
  readonly #frames: number;
  readonly #arrived: Uint16Array;
  readonly #needed: Uint16Array;
  readonly #blocks: Uint8Array;
  readonly #unit: Uint16Array;
  readonly #shown: Uint32Array;

  constructor(frames: number) {
    this.#frames = frames;
    this.#arrived = new Uint16Array((frames + 1) * MAX_BLOCKS);
    this.#needed = new Uint16Array((frames + 1) * MAX_BLOCKS);
    this.#blocks = new Uint8Array(frames + 1);
    this.#unit = new Uint16Array(frames + 1).fill(NOT_SENT);
    this.#shown = new Uint32Array(frames + 1);
  }

  /** A clear datagram came out of the socket; none comes twice. */
  arrived(datagram: Buffer): void {
    if (datagram.length <= PACKET_HEADER_BYTES) return;
    const frame = datagram.readUInt32LE(OFFSET.FRAME_INDEX);
    if (frame > this.#frames) return;
    const place = datagram.readUInt8(OFFSET.MULTI_FEC_BLOCKS);
    const slot = frame * MAX_BLOCKS + ((place >> 4) & 3);
    this.#arrived[slot] = (this.#arrived[slot] ?? 0) + 1;
    this.#needed[slot] = dataShardsOf(datagram.readUInt32LE(OFFSET.FEC_INFO));
    this.#blocks[frame] = (place >> 6) + 1;
  }

  /** @param checksum of the access unit; zero is taken for none */
  shown(frame: number, checksum: number): void {
    this.#shown[frame] = checksum;
  }

  sent(first: number, units: readonly number[]): void {
    units.forEach((unit, index) => (this.#unit[first + index] = unit));
  }

  /**
   * @param checksums of the clip's units, the key frame first
   * @param perPart frames of a part of the stream
   * @returns the figures of each part
   */
  figures(checksums: readonly number[], perPart: number): FrameFigures[] {
    const parts: FrameFigures[] = [];
    let whole = false;
    for (let first = 1; first <= this.#frames; first += perPart) {
      const part = { sent: 0, recoverable: 0, decodable: 0, shown: 0, missed: 0, wrong: 0 };
      for (let frame = first; frame < first + perPart && frame <= this.#frames; frame++) {
        const unit = this.#unit[frame] ?? NOT_SENT;
        if (unit === NOT_SENT) continue;
        const checksum = this.#shown[frame] ?? 0;
        const recoverable = this.#recoverable(frame);
        whole = recoverable && (whole || unit === 0);
        part.sent++;
        if (recoverable) part.recoverable++;
        if (whole) part.decodable++;
        if (checksum !== 0) part.shown++;
        if (whole && checksum === 0) part.missed++;
        if (checksum !== 0 && (!whole || checksum !== checksums[unit])) part.wrong++;
      }
      parts.push(part);
    }
    return parts;
  }

  #recoverable(frame: number): boolean {
    const blocks = this.#blocks[frame] ?? 0;
    for (let block = 0; block < blocks; block++) {
      const slot = frame * MAX_BLOCKS + block;
      const needed = this.#needed[slot] ?? 0;
      if (needed === 0 || (this.#arrived[slot] ?? 0) < needed) return false;
    }
    return blocks > 0;
  }
}
