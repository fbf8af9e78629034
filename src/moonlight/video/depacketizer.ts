import type { AccessUnit, VideoCodec } from '../types.js';
import { payloadBytes } from './fec-block.js';
import type { FrameAssembly } from './frame-assembly.js';
import { isAnnexB } from './annex-b.js';
import { isKeyFrame } from './key-frame.js';
import {
  EXTRA_FLAG,
  FRAME_HEADER_BYTES,
  FRAME_HEADER_SHORT,
  OFFSET,
  PACKET_HEADER_BYTES,
} from './packet.js';

const FRAME_HEADER_LONG = 0x81;
const FRAME_HEADER_LONG_BYTES = 24;

/** Milliseconds of one step of the host's latency field. */
const LATENCY_STEP = 0.1;

export interface DepacketizedFrame {
  readonly unit: AccessUnit;
  /** The host's value; see FRAME_TYPE. */
  readonly frameType: number;
  /** The host keeps the frame to refer to it later, if it hears that it arrived. */
  readonly longTermReference: boolean;
}

/** Whole frames → access units: header off, payloads joined, padding off (gamestream.md §5.3). */
export class Depacketizer {
  readonly #codec: VideoCodec;
  /** Bytes of the longest packet so far: shorter last packets are cut, or not padded. */
  #fullPacket = 0;

  constructor(codec: VideoCodec) {
    this.#codec = codec;
  }

  /** @returns `null` for a frame whose contents cannot be what the host sent */
  depacketize(frame: FrameAssembly): DepacketizedFrame | null {
    const first = frame.blocks[0]?.shards[0];
    const last = lastPacket(frame);
    if (first === undefined || last === undefined) return null;
    this.#fullPacket = Math.max(this.#fullPacket, first.length, frame.blocks[0]?.length ?? 0);

    const header = first.readUInt8(PACKET_HEADER_BYTES);
    let headerBytes = FRAME_HEADER_BYTES;
    if (header === FRAME_HEADER_LONG) headerBytes = FRAME_HEADER_LONG_BYTES;
    else if (header !== FRAME_HEADER_SHORT) return null;
    if (payloadBytes(first) < headerBytes) return null;
    const latency = first.readUInt16LE(PACKET_HEADER_BYTES + 1);
    const frameType = first.readUInt8(PACKET_HEADER_BYTES + 3);

    const lastBytes = this.#lastPayloadBytes(
      first.readUInt16LE(PACKET_HEADER_BYTES + 4),
      last,
      first === last ? headerBytes : 0,
    );
    if (lastBytes === null) return null;
    const data = joinPayloads(frame, headerBytes, payloadBytes(last) - lastBytes);
    if (data === null || (this.#codec !== 'av1' && !isAnnexB(data))) return null;
    return {
      unit: {
        data,
        frameNumber: frame.index,
        idr: isKeyFrame(this.#codec, data, frameType),
        rtpTimestamp: frame.rtpTimestamp,
        receivedAt: frame.firstAt,
        hostLatency: latency * LATENCY_STEP,
      },
      frameType,
      longTermReference:
        (first.readUInt8(OFFSET.EXTRA_FLAGS) & EXTRA_FLAG.LONG_TERM_REFERENCE) !== 0,
    };
  }

  /** Meaningful bytes of the last packet's payload, or `null` if it contradicts itself. */
  #lastPayloadBytes(claimed: number, last: Buffer, headerBytes: number): number | null {
    const available = payloadBytes(last);
    if (claimed > headerBytes && claimed <= available) return claimed;
    // AV1 does not forgive padding; and a short packet that should be longer was cut on its way.
    if (this.#codec === 'av1') return null;
    return claimed > available && last.length < this.#fullPacket ? null : available;
  }
}

function lastPacket(frame: FrameAssembly): Buffer | undefined {
  const block = frame.blocks[frame.lastBlock];
  return block?.shards[block.dataShards - 1];
}

/** The one copy of the picture's bytes. */
function joinPayloads(frame: FrameAssembly, skip: number, padding: number): Buffer | null {
  let total = -skip - padding;
  for (let index = 0; index <= frame.lastBlock; index++) {
    const block = frame.blocks[index];
    if (block === undefined) return null;
    for (let shard = 0; shard < block.dataShards; shard++) {
      const packet = block.shards[shard];
      if (packet === undefined) return null;
      total += payloadBytes(packet);
    }
  }
  if (total <= 0) return null;

  const data = Buffer.allocUnsafe(total);
  let at = 0;
  let from: number = OFFSET.PAYLOAD + skip;
  for (let index = 0; index <= frame.lastBlock; index++) {
    const block = frame.blocks[index];
    if (block === undefined) return null;
    for (let shard = 0; shard < block.dataShards; shard++) {
      // What does not fit any more is the padding of the last packet.
      at += block.shards[shard]?.copy(data, at, from) ?? 0;
      from = OFFSET.PAYLOAD;
    }
  }
  return data;
}
