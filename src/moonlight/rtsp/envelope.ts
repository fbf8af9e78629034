import { createCipheriv, createDecipheriv } from 'node:crypto';
import { MoonteeError } from '../../core/errors.js';
import { MAX_RESPONSE } from './message.js';

/** Bytes of length, sequence number and tag before the ciphertext. */
export const ENVELOPE_HEADER = 24;

const ENCRYPTED = 0x8000_0000;
const TAG_OFFSET = 8;
const CIPHER = 'aes-128-gcm';

/** Which side made a message; part of the nonce. */
export type Direction = 'client' | 'host';

/** Wraps one message for `rtspenc://` (gamestream.md §3.4). */
export function sealMessage(
  key: Buffer,
  direction: Direction,
  sequence: number,
  message: Buffer,
): Buffer {
  const cipher = createCipheriv(CIPHER, key, nonce(direction, sequence));
  const header = Buffer.alloc(ENVELOPE_HEADER);
  header.writeUInt32BE((ENCRYPTED | message.length) >>> 0, 0);
  header.writeUInt32BE(sequence, 4);
  const ciphertext = Buffer.concat([cipher.update(message), cipher.final()]);
  cipher.getAuthTag().copy(header, TAG_OFFSET);
  return Buffer.concat([header, ciphertext]);
}

/** Length of the whole envelope that begins so, or null while its header is incomplete. */
export function envelopeLength(bytes: Buffer): number | null {
  if (bytes.length < 4) return null;
  const word = bytes.readUInt32BE(0);
  const length = (word & ~ENCRYPTED) >>> 0;
  if (word < ENCRYPTED || length > MAX_RESPONSE) {
    throw new MoonteeError('RTSP_FAILED', "The host's RTSP answer is not encrypted");
  }
  return ENVELOPE_HEADER + length;
}

/** @throws MoonteeError RTSP_FAILED unless it is exactly one message under this key */
export function openMessage(key: Buffer, direction: Direction, envelope: Buffer): Buffer {
  if (envelopeLength(envelope) !== envelope.length) {
    throw new MoonteeError('RTSP_FAILED', "The host's encrypted RTSP answer has a wrong length");
  }
  const sequence = envelope.readUInt32BE(4);
  const decipher = createDecipheriv(CIPHER, key, nonce(direction, sequence));
  decipher.setAuthTag(envelope.subarray(TAG_OFFSET, ENVELOPE_HEADER));
  try {
    return Buffer.concat([decipher.update(envelope.subarray(ENVELOPE_HEADER)), decipher.final()]);
  } catch (error) {
    throw new MoonteeError('RTSP_FAILED', "The host's RTSP answer does not decrypt", {
      cause: error,
    });
  }
}

function nonce(direction: Direction, sequence: number): Buffer {
  const iv = Buffer.alloc(12);
  iv.writeUInt32LE(sequence, 0);
  iv.write(direction === 'client' ? 'CR' : 'HR', 10, 'latin1');
  return iv;
}
