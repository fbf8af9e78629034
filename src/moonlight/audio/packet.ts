/** Where the fields of audio packets stand (gamestream.md §6.1, §6.2). */
export const AUDIO_OFFSET = {
  PAYLOAD_TYPE: 1,
  SEQUENCE: 2,
  TIMESTAMP: 4,
  PAYLOAD: 12,
  FEC_SHARD_INDEX: 12,
  FEC_PAYLOAD_TYPE: 13,
  FEC_BASE_SEQUENCE: 14,
  FEC_BASE_TIMESTAMP: 16,
  FEC_PAYLOAD: 24,
} as const;

export const AUDIO_RTP_FLAGS = 0x80;
export const PAYLOAD_TYPE_OPUS = 97;
export const PAYLOAD_TYPE_FEC = 127;

/** Data packets of a FEC block; blocks start at multiples of it. */
export const BLOCK_DATA = 4;
export const BLOCK_PARITY = 2;

/** Bytes of the largest audio datagram (gamestream.md §6.1). */
export const MAX_AUDIO_DATAGRAM = 1400;
