import { createCipheriv, createDecipheriv } from 'node:crypto';

/** Bytes in front of an encrypted packet (gamestream.md §5.8). */
export const CIPHER_PREFIX_BYTES = 32;

const IV_BYTES = 12;
const FRAME_NUMBER_OFFSET = 12;
const TAG_OFFSET = 16;
const TAG_BYTES = 16;
const IV_MARK = 0x56;

/**
 * The frame an encrypted packet claims to belong to; 0 is unknown. Not authenticated: good
 * only to save the work of decrypting what is too late.
 */
export function claimedFrame(datagram: Buffer): number {
  return datagram.readUInt32LE(FRAME_NUMBER_OFFSET);
}

/** @returns the clear packet, or `null` if it is too short or its tag is wrong */
export function decryptPacket(key: Buffer, datagram: Buffer): Buffer | null {
  if (datagram.length <= CIPHER_PREFIX_BYTES) return null;
  const decipher = createDecipheriv('aes-128-gcm', key, datagram.subarray(0, IV_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAuthTag(datagram.subarray(TAG_OFFSET, TAG_OFFSET + TAG_BYTES));
  const clear = decipher.update(datagram.subarray(CIPHER_PREFIX_BYTES));
  try {
    decipher.final();
  } catch {
    return null;
  }
  return clear;
}

/** The host's side: numbers every datagram of the session. */
export class PacketCipher {
  readonly #key: Buffer;
  #counter = 0n;

  constructor(key: Buffer) {
    this.#key = key;
  }

  encrypt(packet: Buffer, frameNumber: number): Buffer {
    const datagram = Buffer.alloc(CIPHER_PREFIX_BYTES + packet.length);
    datagram.writeBigUInt64LE(this.#counter++, 0);
    datagram.writeUInt8(IV_MARK, IV_BYTES - 1);
    datagram.writeUInt32LE(frameNumber >>> 0, FRAME_NUMBER_OFFSET);
    const cipher = createCipheriv('aes-128-gcm', this.#key, datagram.subarray(0, IV_BYTES), {
      authTagLength: TAG_BYTES,
    });
    cipher.update(packet).copy(datagram, CIPHER_PREFIX_BYTES);
    cipher.final();
    cipher.getAuthTag().copy(datagram, TAG_OFFSET);
    return datagram;
  }
}
