import { CHANNEL } from '../input/packets.js';
import { decodeFrame, encodeFrame } from './framing.js';

/** Types of the encrypted generation, client → host (gamestream.md §7.5). */
const CLIENT_MESSAGE = {
  TERMINATION: 0x0109,
  PING: 0x0200,
  LOSS_STATS: 0x0201,
  INPUT: 0x0206,
  INVALIDATE_REFERENCE_FRAMES: 0x0301,
  REQUEST_IDR: 0x0302,
  START_A: 0x0305,
  START_B: 0x0307,
  LONG_TERM_REFERENCE_ACK: 0x0350,
  FRAME_FEC_STATUS: 0x5502,
} as const;

/** How the receiver fared with one FEC block (gamestream.md §7.6). */
export interface FrameFecStatus {
  readonly frameNumber: number;
  /** RTP sequence numbers, 16 bits. */
  readonly highestReceived: number;
  readonly nextContiguous: number;
  /** Packets. */
  readonly missingBeforeHighest: number;
  readonly totalData: number;
  readonly totalParity: number;
  readonly receivedData: number;
  readonly receivedParity: number;
  readonly fecPercentage: number;
  readonly blockIndex: number;
  readonly blockCount: number;
}

/** A player's messages to the host. */
export type ClientMessage =
  | { readonly type: 'request-idr' }
  | { readonly type: 'start-a' }
  | { readonly type: 'start-b' }
  | { readonly type: 'invalidate-reference-frames'; readonly first: number; readonly last: number }
  | { readonly type: 'long-term-reference-ack'; readonly frameNumber: number }
  | { readonly type: 'ping' }
  | { readonly type: 'loss-stats'; readonly lastGoodFrame: number }
  /** One input packet, as `encodeInput` makes and `decodeInput` reads it. */
  | { readonly type: 'input'; readonly packet: Buffer }
  | { readonly type: 'frame-fec-status'; readonly status: FrameFecStatus }
  | { readonly type: 'termination' };

/** How a message travels on a Sunshine-type host; input decides it by packet. */
export const CLIENT_MESSAGE_ROUTE = {
  generic: { channel: CHANNEL.GENERIC, delivery: 'reliable' },
  urgent: { channel: CHANNEL.URGENT, delivery: 'reliable' },
  status: { channel: CHANNEL.GENERIC, delivery: 'unsequenced' },
} as const;

/** The plaintext of a message, frame header included. */
export function encodeClientMessage(message: ClientMessage): Buffer {
  switch (message.type) {
    case 'request-idr':
      return encodeFrame(CLIENT_MESSAGE.REQUEST_IDR, Buffer.alloc(2));
    case 'start-a':
      return encodeFrame(CLIENT_MESSAGE.START_A, Buffer.alloc(2));
    case 'start-b':
      return encodeFrame(CLIENT_MESSAGE.START_B, Buffer.alloc(1));
    case 'invalidate-reference-frames': {
      const payload = Buffer.alloc(24);
      payload.writeUInt32LE(message.first >>> 0, 0);
      payload.writeUInt32LE(message.last >>> 0, 8);
      return encodeFrame(CLIENT_MESSAGE.INVALIDATE_REFERENCE_FRAMES, payload);
    }
    case 'long-term-reference-ack': {
      const payload = Buffer.alloc(8);
      payload.writeUInt32LE(message.frameNumber >>> 0, 0);
      return encodeFrame(CLIENT_MESSAGE.LONG_TERM_REFERENCE_ACK, payload);
    }
    case 'ping': {
      const payload = Buffer.alloc(8);
      payload.writeUInt16LE(4, 0);
      return encodeFrame(CLIENT_MESSAGE.PING, payload);
    }
    case 'loss-stats':
      return encodeFrame(CLIENT_MESSAGE.LOSS_STATS, lossStats(message.lastGoodFrame));
    case 'input':
      return encodeFrame(CLIENT_MESSAGE.INPUT, message.packet);
    case 'frame-fec-status':
      return encodeFrame(CLIENT_MESSAGE.FRAME_FEC_STATUS, frameFecStatus(message.status));
    case 'termination':
      return encodeFrame(CLIENT_MESSAGE.TERMINATION, Buffer.alloc(4));
  }
}

function lossStats(lastGoodFrame: number): Buffer {
  const payload = Buffer.alloc(32);
  payload.writeUInt32LE(50, 4);
  payload.writeUInt32LE(1000, 8);
  payload.writeBigUInt64LE(BigInt(lastGoodFrame >>> 0), 12);
  payload.writeUInt32LE(0x14, 28);
  return payload;
}

function frameFecStatus(status: FrameFecStatus): Buffer {
  const payload = Buffer.alloc(21);
  payload.writeUInt32BE(status.frameNumber >>> 0, 0);
  const counts = [
    status.highestReceived,
    status.nextContiguous,
    status.missingBeforeHighest,
    status.totalData,
    status.totalParity,
    status.receivedData,
    status.receivedParity,
  ];
  counts.forEach((count, index) => payload.writeUInt16BE(count & 0xffff, 4 + 2 * index));
  payload.writeUInt8(status.fecPercentage & 0xff, 18);
  payload.writeUInt8(status.blockIndex & 0xff, 19);
  payload.writeUInt8(status.blockCount & 0xff, 20);
  return payload;
}

/** The host's side. Undefined for unknown types and payloads that are too short. */
export function decodeClientMessage(plaintext: Buffer): ClientMessage | undefined {
  const frame = decodeFrame(plaintext);
  if (frame === undefined) return undefined;
  const { type, payload } = frame;
  switch (type) {
    case CLIENT_MESSAGE.REQUEST_IDR:
      return { type: 'request-idr' };
    case CLIENT_MESSAGE.START_A:
      return { type: 'start-a' };
    case CLIENT_MESSAGE.START_B:
      return { type: 'start-b' };
    case CLIENT_MESSAGE.INVALIDATE_REFERENCE_FRAMES:
      if (payload.length < 12) return undefined;
      return {
        type: 'invalidate-reference-frames',
        first: payload.readUInt32LE(0),
        last: payload.readUInt32LE(8),
      };
    case CLIENT_MESSAGE.LONG_TERM_REFERENCE_ACK:
      if (payload.length < 4) return undefined;
      return { type: 'long-term-reference-ack', frameNumber: payload.readUInt32LE(0) };
    case CLIENT_MESSAGE.PING:
      return { type: 'ping' };
    case CLIENT_MESSAGE.LOSS_STATS:
      if (payload.length < 20) return undefined;
      return { type: 'loss-stats', lastGoodFrame: payload.readUInt32LE(12) };
    case CLIENT_MESSAGE.INPUT:
      return { type: 'input', packet: payload };
    case CLIENT_MESSAGE.FRAME_FEC_STATUS:
      if (payload.length < 21) return undefined;
      return { type: 'frame-fec-status', status: readFrameFecStatus(payload) };
    case CLIENT_MESSAGE.TERMINATION:
      return { type: 'termination' };
    default:
      return undefined;
  }
}

function readFrameFecStatus(payload: Buffer): FrameFecStatus {
  return {
    frameNumber: payload.readUInt32BE(0),
    highestReceived: payload.readUInt16BE(4),
    nextContiguous: payload.readUInt16BE(6),
    missingBeforeHighest: payload.readUInt16BE(8),
    totalData: payload.readUInt16BE(10),
    totalParity: payload.readUInt16BE(12),
    receivedData: payload.readUInt16BE(14),
    receivedParity: payload.readUInt16BE(16),
    fecPercentage: payload.readUInt8(18),
    blockIndex: payload.readUInt8(19),
    blockCount: payload.readUInt8(20),
  };
}
