import { createCipheriv, createDecipheriv } from 'node:crypto';

/** Encrypted RTSP (gamestream.md §3.4), host side. */

const HEADER = 24;
const ENCRYPTED = 0x80000000;

/** Bytes of the unit at the start of `data`, or null where its length is not known yet. */
export function unitLength(data: Buffer): number | null {
  return data.length < 4 ? null : HEADER + (data.readUInt32BE(0) & 0x7fffffff);
}

/** The first byte of a unit; no RTSP method starts with it. */
export function looksEncrypted(data: Buffer): boolean {
  return ((data[0] ?? 0) & 0x80) !== 0;
}

function nonce(sequence: number, from: 'C' | 'H'): Buffer {
  const iv = Buffer.alloc(12);
  iv.writeUInt32LE(sequence, 0);
  iv.write(`${from}R`, 10, 'latin1');
  return iv;
}

/** Plaintext of a whole unit from a client; null where `key` does not open it. */
export function openUnit(key: Buffer, unit: Buffer): Buffer | null {
  const decipher = createDecipheriv('aes-128-gcm', key, nonce(unit.readUInt32BE(4), 'C'));
  decipher.setAuthTag(unit.subarray(8, HEADER));
  const plain = decipher.update(unit.subarray(HEADER));
  try {
    decipher.final();
    return plain;
  } catch {
    return null;
  }
}

/** @param sequence counts the host's messages of a session from 1 */
export function sealUnit(key: Buffer, sequence: number, plain: Buffer): Buffer {
  const cipher = createCipheriv('aes-128-gcm', key, nonce(sequence, 'H'));
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
  const header = Buffer.alloc(HEADER);
  header.writeUInt32BE((ENCRYPTED | plain.length) >>> 0, 0);
  header.writeUInt32BE(sequence, 4);
  cipher.getAuthTag().copy(header, 8);
  return Buffer.concat([header, sealed]);
}
