import { ENVELOPE_HEADER, openMessage } from '../../moonlight/rtsp/envelope.js';

/**
 * Encrypted RTSP (gamestream.md §3.4) on the host's side: the key identifies the sender of a unit.
 */

/** Whether a unit starts here; no RTSP method begins with such a byte. */
export function looksEncrypted(data: Buffer): boolean {
  return ((data[0] ?? 0) & 0x80) !== 0;
}

/** Bytes of the unit at the start of `data`, or null if its length is not known yet. */
export function unitLength(data: Buffer): number | null {
  return data.length < 4 ? null : ENVELOPE_HEADER + (data.readUInt32BE(0) & 0x7fffffff);
}

/** Plaintext of a whole unit from a client; null if `key` does not open it. */
export function openUnit(key: Buffer, unit: Buffer): Buffer | null {
  try {
    return openMessage(key, 'client', unit);
  } catch {
    return null;
  }
}
