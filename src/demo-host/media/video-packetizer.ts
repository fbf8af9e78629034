import { MoonteeError } from '../../core/errors.js';
import { MAX_SHARDS, ReedSolomon } from '../../moonlight/fec/reed-solomon.js';
import { PacketCipher } from '../../moonlight/video/cipher.js';
import {
  FRAME_HEADER_BYTES,
  FRAME_HEADER_SHORT,
  MAX_BLOCKS,
  MAX_DATA_SHARDS,
  MULTI_FEC_FLAGS,
  OFFSET,
  PACKET_FLAG,
  PACKET_HEADER_BYTES,
  RTP_FLAGS,
  RTP_HEADER_BYTES,
  parityShards,
} from '../../moonlight/video/packet.js';

/** The host whose habits are followed, if hosts differ (gamestream.md §5.2, §5.4). */
export type HostStyle = 'sunshine' | 'wolf';

export interface VideoPacketizerOptions {
  /** Bytes of a packet after its first 16; a multiple of 16, more than 16. */
  readonly packetSize: number;
  readonly style: HostStyle;
  /** Parity per data in percent, 0…255; default 20. 0 sends none. */
  readonly fecPercentage?: number;
  /** Parity packets of a block at least; default 2. */
  readonly minFecPackets?: number;
  /** The session key if video is encrypted. */
  readonly encryptionKey?: Buffer | null;
}

/** An access unit on its way out. */
export interface OutgoingFrame {
  /** Annex B, or an AV1 temporal unit. */
  readonly data: Buffer;
  /** Sunshine starts at 1, Wolf at 0; without gaps. */
  readonly frameNumber: number;
  /** A value of FRAME_TYPE. */
  readonly frameType: number;
  /** 90 kHz; a Wolf-style host always sends 0. */
  readonly rtpTimestamp: number;
  /** Milliseconds of capture and encoding; 0 is unknown. A Wolf-style host always sends 0. */
  readonly hostLatency?: number;
}

/** A run of data packets that has parity of its own. */
interface Block {
  readonly first: number;
  readonly count: number;
  readonly index: number;
  readonly last: number;
  readonly percentage: number;
  /** Shard index and count as sent, if they are not those of the block. */
  readonly wholeFrame?: { readonly total: number };
}

/** More packets than these make Wolf cut a frame into three blocks. */
const WOLF_SINGLE_BLOCK = 90;
const WOLF_BLOCKS = 3;

/** Turns access units into the datagrams of a GameStream host. */
export class VideoPacketizer {
  readonly #packetSize: number;
  readonly #style: HostStyle;
  readonly #percentage: number;
  readonly #minParity: number;
  readonly #cipher: PacketCipher | null;
  #sequence = 0;

  constructor(options: VideoPacketizerOptions) {
    const { packetSize, fecPercentage = 20 } = options;
    if (!Number.isInteger(packetSize) || packetSize <= RTP_HEADER_BYTES || packetSize % 16 !== 0) {
      throw new MoonteeError(
        'CONFIG_INVALID',
        `A video packet size of ${packetSize} is impossible`,
      );
    }
    if (!Number.isInteger(fecPercentage) || fecPercentage < 0 || fecPercentage > 255) {
      throw new MoonteeError(
        'CONFIG_INVALID',
        `A FEC percentage of ${fecPercentage} is impossible`,
      );
    }
    this.#packetSize = packetSize;
    this.#style = options.style;
    this.#percentage = fecPercentage;
    this.#minParity = options.minFecPackets ?? 2;
    this.#cipher = options.encryptionKey ? new PacketCipher(options.encryptionKey) : null;
  }

  /** The RTP sequence number of the next datagram. */
  get nextSequence(): number {
    return this.#sequence;
  }

  /**
   * The datagrams of one frame in the order to be sent. A sender should pause between runs of
   * 64 or fewer (gamestream.md §5.10).
   *
   * @throws MoonteeError `INTERNAL` for a frame of more packets than the format can number
   */
  packetize(frame: OutgoingFrame): Buffer[] {
    const packets = this.#dataPackets(frame);
    const frameStart = this.#sequence;
    const datagrams: Buffer[] = [];
    for (const block of this.#blocks(packets.length, frame.data.length + FRAME_HEADER_BYTES)) {
      datagrams.push(...this.#packetizeBlock(frame, packets, block, frameStart));
    }
    if (this.#cipher === null) return datagrams;
    const cipher = this.#cipher;
    return datagrams.map((datagram) => cipher.encrypt(datagram, frame.frameNumber));
  }

  /** Full-size packets with the frame's bytes and nothing of the headers. */
  #dataPackets(frame: OutgoingFrame): Buffer[] {
    const payloadBytes = this.#packetSize - RTP_HEADER_BYTES;
    const total = FRAME_HEADER_BYTES + frame.data.length;
    const header = Buffer.alloc(FRAME_HEADER_BYTES);
    header.writeUInt8(FRAME_HEADER_SHORT, 0);
    if (this.#style === 'sunshine') {
      header.writeUInt16LE(Math.min(0xffff, Math.round((frame.hostLatency ?? 0) * 10)), 1);
    }
    header.writeUInt8(frame.frameType, 3);
    header.writeUInt16LE(total % payloadBytes === 0 ? payloadBytes : total % payloadBytes, 4);

    const count = Math.ceil(total / payloadBytes);
    const shardBytes = this.#packetSize + RTP_HEADER_BYTES;
    const memory = Buffer.alloc(count * shardBytes);
    return Array.from({ length: count }, (_, index) => {
      const packet = memory.subarray(index * shardBytes, (index + 1) * shardBytes);
      const start = index * payloadBytes - FRAME_HEADER_BYTES;
      if (index === 0) header.copy(packet, PACKET_HEADER_BYTES);
      frame.data.copy(
        packet,
        PACKET_HEADER_BYTES + (index === 0 ? FRAME_HEADER_BYTES : 0),
        Math.max(0, start),
        Math.min(frame.data.length, start + payloadBytes),
      );
      return packet;
    });
  }

  #blocks(packets: number, totalBytes: number): Block[] {
    const blocks =
      this.#style === 'wolf'
        ? this.#wolfBlocks(packets)
        : this.#sunshineBlocks(packets, totalBytes);
    if (blocks.some((block) => (block.wholeFrame?.total ?? block.count) > MAX_DATA_SHARDS)) {
      throw new MoonteeError('INTERNAL', `A frame of ${packets} packets cannot be sent`);
    }
    return blocks;
  }

  #sunshineBlocks(packets: number, totalBytes: number): Block[] {
    const payloadBytes = this.#packetSize - RTP_HEADER_BYTES;
    let percentage = this.#percentage;
    let count = Math.ceil(packets / Math.floor((MAX_SHARDS * 100) / (100 + percentage)));
    if (count > MAX_BLOCKS) {
      count = MAX_BLOCKS;
      percentage = 0;
    }
    return runs(packets, Math.ceil(Math.floor(totalBytes / count) / payloadBytes), percentage);
  }

  #wolfBlocks(packets: number): Block[] {
    const count = packets > WOLF_SINGLE_BLOCK ? WOLF_BLOCKS : 1;
    const perBlock = Math.ceil(packets / count);
    const blocks = runs(packets, perBlock, this.#percentage);
    if (perBlock + parityShards(perBlock, this.#percentage) <= MAX_SHARDS) return blocks;
    return blocks.map((block) => ({
      ...block,
      index: 0,
      last: 0,
      percentage: 0,
      wholeFrame: { total: packets },
    }));
  }

  #packetizeBlock(
    frame: OutgoingFrame,
    packets: readonly Buffer[],
    block: Block,
    frameStart: number,
  ): Buffer[] {
    const data = packets.slice(block.first, block.first + block.count);
    let percentage = block.percentage;
    let parity = parityShards(block.count, percentage);
    if (percentage > 0 && parity < this.#minParity) {
      percentage = Math.min(255, Math.floor((100 * this.#minParity) / block.count));
      parity = parityShards(block.count, percentage);
    }

    const wholeFrameMarks = this.#style === 'wolf';
    const blockStart = this.#sequence;
    data.forEach((packet, index) => {
      const place = block.first + index;
      const first = wholeFrameMarks ? place === 0 : index === 0;
      const last = wholeFrameMarks ? place === packets.length - 1 : index === block.count - 1;
      const counter = wholeFrameMarks ? frameStart + place : blockStart + index;
      packet.writeUInt32LE((counter << 8) >>> 0, OFFSET.PACKET_INDEX);
      packet.writeUInt8(
        PACKET_FLAG.PICTURE_DATA |
          (first ? PACKET_FLAG.START_OF_FRAME : 0) |
          (last ? PACKET_FLAG.END_OF_FRAME : 0),
        OFFSET.FLAGS,
      );
      packet.writeUInt8(MULTI_FEC_FLAGS, OFFSET.MULTI_FEC_FLAGS);
    });

    const shardBytes = this.#packetSize + RTP_HEADER_BYTES;
    const code = parity > 0 ? ReedSolomon.cauchy(block.count, parity) : null;
    const shards = code === null ? data : [...data, ...code.encode(data, shardBytes)];
    shards.forEach((shard, index) => {
      const whole = block.wholeFrame;
      shard.writeUInt8(RTP_FLAGS, OFFSET.RTP_FLAGS);
      shard.writeUInt8(0, 1);
      shard.writeUInt16BE(this.#sequence & 0xffff, OFFSET.SEQUENCE);
      shard.writeUInt32BE(wholeFrameMarks ? 0 : frame.rtpTimestamp >>> 0, OFFSET.TIMESTAMP);
      shard.writeUInt32LE(frame.frameNumber >>> 0, OFFSET.FRAME_INDEX);
      if (wholeFrameMarks) shard.writeUInt8(MULTI_FEC_FLAGS, OFFSET.MULTI_FEC_FLAGS);
      shard.writeUInt8((block.index << 4) | (block.last << 6), OFFSET.MULTI_FEC_BLOCKS);
      shard.writeUInt32LE(
        (((whole ? block.first + index : index) << 12) |
          ((whole?.total ?? block.count) << 22) |
          (percentage << 4)) >>>
          0,
        OFFSET.FEC_INFO,
      );
      // The packet index has 24 bits; a counter that wraps late keeps both views of it right.
      this.#sequence = (this.#sequence + 1) % 0x100_0000;
    });
    return shards;
  }
}

/** Cuts a frame into blocks of `perBlock` packets; the last takes the rest. */
function runs(packets: number, perBlock: number, percentage: number): Block[] {
  const last = Math.ceil(packets / perBlock) - 1;
  return Array.from({ length: last + 1 }, (_, index) => ({
    first: index * perBlock,
    count: Math.min(perBlock, packets - index * perBlock),
    index,
    last,
    percentage,
  }));
}
