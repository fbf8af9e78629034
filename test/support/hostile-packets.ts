/** RTP and RTCP that no browser sends. */
import { randomBytes } from 'node:crypto';

/** The video that the sender of hostile packets has seen last. */
export interface SeenPacket {
  readonly ssrc: number;
  readonly sequence: number;
}

/** Packets that one entry of a NACK asks for (RFC 4585 §6.2.1). */
const NACK_ENTRY = 17;

/** @param bytes rounded down to whole words */
export function hostilePacket(
  kind: 'nack' | 'junk' | 'rtp',
  bytes: number,
  seen: SeenPacket,
): Buffer {
  if (kind === 'nack') return nack(bytes, seen);
  return kind === 'rtp' ? rtp(bytes) : junk(bytes);
}

/** RFC 4585 §6.2.1: asks for the last packets again and again. */
function nack(bytes: number, { ssrc, sequence }: SeenPacket): Buffer {
  const entries = Math.max(1, Math.floor((bytes - 12) / 4));
  const packet = Buffer.alloc(12 + entries * 4);
  packet.writeUInt8(0x81, 0);
  packet.writeUInt8(205, 1);
  packet.writeUInt16BE(packet.length / 4 - 1, 2);
  packet.writeUInt32BE(1, 4);
  packet.writeUInt32BE(ssrc, 8);
  for (let entry = 0; entry < entries; entry += 1) {
    const first = sequence - NACK_ENTRY * (1 + (entry % 16));
    packet.writeUInt16BE(first & 0xffff, 12 + entry * 4);
    packet.writeUInt16BE(0xffff, 14 + entry * 4);
  }
  return packet;
}

/** RFC 3550 §6.1: a right header before random content. */
function junk(bytes: number): Buffer {
  const words = Math.max(2, Math.floor(bytes / 4));
  const packet = randomBytes(words * 4);
  packet.writeUInt8(0x80 | (packet.readUInt8(0) & 0x1f), 0);
  packet.writeUInt8(200 + (packet.readUInt8(1) % 8), 1);
  packet.writeUInt16BE(words - 1, 2);
  return packet;
}

/** RFC 3550 §5.1: each of a source of its own. */
function rtp(bytes: number): Buffer {
  const packet = randomBytes(Math.max(12, bytes));
  packet.writeUInt8(0x80, 0);
  packet.writeUInt8(102, 1);
  return packet;
}
