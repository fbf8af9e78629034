import { FecBlock, VERDICT, type Verdict } from './fec-block.js';
import { MAX_BLOCKS, OFFSET } from './packet.js';

/** One frame in the making: up to four FEC blocks. Objects are reused. */
export class FrameAssembly {
  readonly blocks: readonly FecBlock[] = Array.from({ length: MAX_BLOCKS }, () => new FecBlock());
  /** False while the object waits for its next frame. */
  active = false;
  index = 0;
  lastBlock = 0;
  rtpTimestamp = 0;
  /** Milliseconds at which the first packet came. */
  firstAt = 0;
  /** Packets kept. */
  packets = 0;

  begin(index: number, now: number): void {
    this.active = true;
    this.index = index;
    this.firstAt = now;
    this.packets = 0;
  }

  release(): void {
    this.active = false;
    this.packets = 0;
    for (const block of this.blocks) block.reset();
  }

  accept(packet: Buffer, fecInfo: number): Verdict {
    const place = packet.readUInt8(OFFSET.MULTI_FEC_BLOCKS);
    const index = (place >> 4) & 3;
    const last = place >> 6;
    const block = this.blocks[index];
    if (block === undefined || index > last) return VERDICT.INVALID;
    if (this.packets === 0) {
      this.lastBlock = last;
      this.rtpTimestamp = packet.readUInt32BE(OFFSET.TIMESTAMP);
    } else if (last !== this.lastBlock) {
      if (this.packets > 1 || this.complete) return VERDICT.INVALID;
      this.#restart();
      return this.accept(packet, fecInfo);
    }
    const before = block.received;
    const verdict = block.accept(packet, fecInfo, index === 0, index === last);
    // A block may have thrown out what it had believed before.
    this.packets += block.received - before;
    return verdict;
  }

  /** Every block is there. */
  get complete(): boolean {
    if (this.packets === 0) return false;
    for (let index = 0; index <= this.lastBlock; index++) {
      if (this.blocks[index]?.complete !== true) return false;
    }
    return true;
  }

  /** What is complete belongs together: one packet size, one run of sequence numbers. */
  get consistent(): boolean {
    let previous: FecBlock | null = null;
    for (let index = 0; index <= this.lastBlock; index++) {
      const block = this.blocks[index];
      if (block === undefined || block.corrupt) return false;
      if (previous !== null) {
        if (block.base !== previous.end) return false;
        if (block.length !== 0 && previous.length !== block.length) return false;
      }
      previous = block;
    }
    return true;
  }

  get recovered(): number {
    let sum = 0;
    for (let index = 0; index <= this.lastBlock; index++) sum += this.blocks[index]?.recovered ?? 0;
    return sum;
  }

  /** The host's value, see FRAME_TYPE; 0 while the first packet is missing. */
  get type(): number {
    const first = this.blocks[0]?.shards[0];
    return first === undefined || first.length <= OFFSET.FRAME_TYPE
      ? 0
      : first.readUInt8(OFFSET.FRAME_TYPE);
  }

  /** @param isLost whether a sequence number will not come any more */
  isHopeless(isLost: (sequence: number) => boolean): boolean {
    return this.blocks.some((block) => block.isHopeless(isLost));
  }

  /** Sequence number of the first packet. */
  get base(): number {
    return this.blocks[0]?.base ?? 0;
  }

  /** Sequence number after the last packet. */
  get end(): number {
    return this.blocks[this.lastBlock]?.end ?? 0;
  }

  #restart(): void {
    for (const block of this.blocks) block.reset();
    this.packets = 0;
  }
}
