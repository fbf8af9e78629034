import { MAX_SHARDS, ReedSolomon } from '../fec/reed-solomon.js';
import {
  OFFSET,
  PACKET_FLAG,
  PACKET_HEADER_BYTES,
  RTP_HEADER_BYTES,
  parityShards,
} from './packet.js';
import type { FecStatus } from './types.js';

/** What a block did with a packet. */
export const VERDICT = { STORED: 0, DUPLICATE: 1, UNNEEDED: 2, INVALID: 3 } as const;
export type Verdict = (typeof VERDICT)[keyof typeof VERDICT];

/** Data shard count and percentage within fecInfo; equal in all packets of a block. */
const DESCRIPTION_MASK = 0xffc00ff0;

const KNOWN_FLAGS =
  PACKET_FLAG.PICTURE_DATA | PACKET_FLAG.END_OF_FRAME | PACKET_FLAG.START_OF_FRAME;

const UNKNOWN = -1;

export const shardIndexOf = (fecInfo: number): number => (fecInfo >>> 12) & 0x3ff;
export const dataShardsOf = (fecInfo: number): number => fecInfo >>> 22;
/** Packet index of shard 0, computed from one of the shards. */
const packetIndexOf = (packet: Buffer, shard: number): number =>
  ((packet.readUInt32LE(OFFSET.PACKET_INDEX) >>> 8) - shard) & 0xffffff;
const percentageOf = (fecInfo: number): number => (fecInfo >>> 4) & 0xff;

/**
 * One FEC block in the making. Packets are kept as they came; what is missing is computed as
 * soon as enough are there. Objects are reused from frame to frame.
 */
export class FecBlock {
  dataShards = 0;
  parityShards = 0;
  /** All data shards are there. */
  complete = false;
  /** Recovery yielded an invalid frame: the packets contradict each other. */
  corrupt = false;
  /** Data shards that had to be computed. */
  recovered = 0;
  /** Packets kept. */
  received = 0;
  /** Sequence number of shard 0. */
  base = 0;
  /** Bytes of a full packet; 0 while only a last one, which may be short, is here. */
  length = 0;
  readonly shards: (Buffer | undefined)[] = [];
  #description = 0;
  #receivedData = 0;
  #highest = 0;
  /** Packet index of shard 0 (24 bits). */
  #packetIndex = UNKNOWN;
  #isFirst = false;
  #isLast = false;
  /** Which data shards had come when the others were computed. */
  #arrived: readonly boolean[] = [];

  /** Sequence number after the last shard. */
  get end(): number {
    return (this.base + this.dataShards + this.parityShards) & 0xffff;
  }

  reset(): void {
    this.shards.length = 0;
    this.dataShards = this.parityShards = this.received = this.recovered = this.length = 0;
    this.#receivedData = 0;
    this.#packetIndex = UNKNOWN;
    this.complete = this.corrupt = false;
  }

  /**
   * @param isFirst block 0 of its frame
   * @param isLast last block of its frame
   */
  accept(packet: Buffer, fecInfo: number, isFirst: boolean, isLast: boolean): Verdict {
    const shard = shardIndexOf(fecInfo);
    const base = (packet.readUInt16BE(OFFSET.SEQUENCE) - shard) & 0xffff;
    if (this.received === 0) {
      if (!this.#begin(fecInfo, base, isFirst, isLast)) return VERDICT.INVALID;
    } else if (base !== this.base || (fecInfo & DESCRIPTION_MASK) !== this.#description) {
      return this.#dispute(packet, fecInfo, isFirst, isLast);
    }
    if (shard >= this.dataShards + this.parityShards) return this.#refuse();
    if (this.complete) return VERDICT.UNNEEDED;
    if (this.shards[shard] !== undefined) return VERDICT.DUPLICATE;
    if (!this.#fits(packet, shard)) return this.#dispute(packet, fecInfo, isFirst, isLast);

    this.shards[shard] = packet;
    this.received++;
    if (shard < this.dataShards) {
      this.#receivedData++;
      this.#packetIndex = packetIndexOf(packet, shard);
    }
    if (this.received === 1 || shard > this.#highest) this.#highest = shard;
    if (this.#receivedData === this.dataShards) this.complete = true;
    else if (this.received >= this.dataShards) this.#recover();
    return VERDICT.STORED;
  }

  /**
   * More packets are lost than parity can make up for.
   *
   * @param isLost whether a sequence number will not come any more
   */
  isHopeless(isLost: (sequence: number) => boolean): boolean {
    if (this.complete || this.received === 0) return false;
    let spare = this.parityShards;
    for (let shard = 0; shard < this.shards.length; shard++) {
      if (this.shards[shard] !== undefined || !isLost((this.base + shard) & 0xffff)) continue;
      if (spare-- === 0) return true;
    }
    return false;
  }

  status(frameIndex: number, blockIndex: number, blockCount: number): FecStatus {
    let contiguous = 0;
    while (contiguous <= this.#highest && this.#wasReceived(contiguous)) contiguous++;
    let missing = 0;
    for (let shard = 0; shard < this.#highest; shard++) if (!this.#wasReceived(shard)) missing++;
    return {
      frameIndex,
      highestReceivedSequence: (this.base + this.#highest) & 0xffff,
      nextContiguousSequence: (this.base + contiguous) & 0xffff,
      missingBeforeHighest: missing,
      totalData: this.dataShards,
      totalParity: this.parityShards,
      receivedData: this.#receivedData,
      receivedParity: this.received - this.#receivedData,
      fecPercentage: percentageOf(this.#description),
      blockIndex,
      blockCount,
    };
  }

  #begin(fecInfo: number, base: number, isFirst: boolean, isLast: boolean): boolean {
    const data = dataShardsOf(fecInfo);
    const parity = parityShards(data, percentageOf(fecInfo));
    if (data === 0 || shardIndexOf(fecInfo) >= data + parity) return false;
    if (parity > 0 && data + parity > MAX_SHARDS) return false;
    this.dataShards = data;
    this.parityShards = parity;
    this.base = base;
    this.#description = fecInfo & DESCRIPTION_MASK;
    this.#isFirst = isFirst;
    this.#isLast = isLast;
    for (let shard = 0; shard < data + parity; shard++) this.shards.push(undefined);
    return true;
  }

  /**
   * Two packets that cannot belong to one block. The new one yields to several packets that agree,
   * but not to a single one, which is as likely to be the damaged one.
   */
  #dispute(packet: Buffer, fecInfo: number, isFirst: boolean, isLast: boolean): Verdict {
    if (this.received > 1 || this.complete) return VERDICT.INVALID;
    if (this.received === 0) return this.#refuse();
    this.reset();
    return this.accept(packet, fecInfo, isFirst, isLast);
  }

  #refuse(): Verdict {
    if (this.received === 0) this.reset();
    return VERDICT.INVALID;
  }

  #fits(packet: Buffer, shard: number): boolean {
    const lastData = shard === this.dataShards - 1;
    if (shard < this.dataShards && !this.#marksFit(packet, shard)) return false;
    // Only the last packet of a frame may be short, on hosts that do not pad it.
    if (lastData && this.#isLast) return this.length === 0 || packet.length <= this.length;
    if (this.length === 0) {
      const last = this.shards[this.dataShards - 1];
      if (last !== undefined && last.length > packet.length) return false;
      this.length = packet.length;
    }
    return packet.length === this.length;
  }

  /** Flags and packet index of a data shard agree with its place. */
  #marksFit(packet: Buffer, shard: number): boolean {
    const flags = packet.readUInt8(OFFSET.FLAGS);
    if ((flags & PACKET_FLAG.PICTURE_DATA) === 0 || (flags & ~KNOWN_FLAGS) !== 0) return false;
    const starts = (flags & PACKET_FLAG.START_OF_FRAME) !== 0;
    const ends = (flags & PACKET_FLAG.END_OF_FRAME) !== 0;
    // Some hosts mark the ends of every block, others only those of the frame.
    if (shard !== 0 ? starts : this.#isFirst && !starts) return false;
    if (shard !== this.dataShards - 1 ? ends : this.#isLast && !ends) return false;

    return this.#packetIndex === UNKNOWN || packetIndexOf(packet, shard) === this.#packetIndex;
  }

  #recover(): void {
    const before: boolean[] = [];
    for (let shard = 0; shard < this.dataShards; shard++) {
      before.push(this.shards[shard] !== undefined);
    }
    const code = ReedSolomon.cauchy(this.dataShards, this.parityShards);
    if (!code.recover(this.shards, this.length, RTP_HEADER_BYTES)) return;
    this.complete = true;
    for (let shard = 0; shard < this.dataShards; shard++) {
      if (before[shard] === true) continue;
      this.recovered++;
      const packet = this.shards[shard];
      if (packet === undefined || !this.#marksFit(packet, shard)) this.corrupt = true;
    }
    this.#arrived = before;
  }

  #wasReceived(shard: number): boolean {
    if (this.shards[shard] === undefined) return false;
    return this.recovered === 0 || shard >= this.dataShards || this.#arrived[shard] === true;
  }
}

/** Bytes of picture data and frame header in a packet. */
export const payloadBytes = (packet: Buffer): number => packet.length - PACKET_HEADER_BYTES;
