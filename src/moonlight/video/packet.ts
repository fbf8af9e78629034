/**
 * Where the fields of a clear video packet stand (gamestream.md §5.2, §5.3). Readers work on
 * the datagram itself, so that nothing is allocated for a packet.
 */
export const OFFSET = {
  RTP_FLAGS: 0,
  SEQUENCE: 2,
  TIMESTAMP: 4,
  PACKET_INDEX: 16,
  FRAME_INDEX: 20,
  FLAGS: 24,
  EXTRA_FLAGS: 25,
  MULTI_FEC_FLAGS: 26,
  MULTI_FEC_BLOCKS: 27,
  FEC_INFO: 28,
  PAYLOAD: 32,
  /** In the header of the frame, which the first packet carries. */
  FRAME_TYPE: 35,
} as const;

/** Bytes in front of the part that `packetSize` counts. */
export const RTP_HEADER_BYTES = 16;

/** Bytes of all headers of a packet. */
export const PACKET_HEADER_BYTES = OFFSET.PAYLOAD;

/** RTP version 2 with the extension bit that every host of this generation sets. */
export const RTP_FLAGS = 0x90;

export const MULTI_FEC_FLAGS = 0x10;

export const PACKET_FLAG = { PICTURE_DATA: 1, END_OF_FRAME: 2, START_OF_FRAME: 4 } as const;

export const EXTRA_FLAG = { LONG_TERM_REFERENCE: 1 } as const;

/** Bytes of the header in front of a frame's data. */
export const FRAME_HEADER_BYTES = 8;

export const FRAME_HEADER_SHORT = 0x01;

export const FRAME_TYPE = { P: 1, IDR: 2, INTRA_REFRESH: 4, AFTER_INVALIDATION: 5 } as const;

/** Blocks of a frame at most: two bits carry their index. */
export const MAX_BLOCKS = 4;

/** Data shards that the ten bits of fecInfo can express. */
export const MAX_DATA_SHARDS = 1023;

/** Parity shards of a block (gamestream.md §5.4, formula 1). */
export function parityShards(dataShards: number, percentage: number): number {
  return Math.floor((dataShards * percentage + 99) / 100);
}

/** Distance from one 16-bit sequence number to another, negative if it is behind. */
export function sequenceDistance(from: number, to: number): number {
  return ((to - from) << 16) >> 16;
}
