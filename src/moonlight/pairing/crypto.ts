import 'reflect-metadata';
import { createCipheriv, createDecipheriv, createHash, randomInt } from 'node:crypto';
import { X509Certificate } from '@peculiar/x509';

/** Bytes of salt, challenges and secrets. */
export const SECRET_LENGTH = 16;
/** Bytes of a SHA-256 hash. */
export const HASH_LENGTH = 32;

/** Four digits, as every host wants them. */
export function createPin(): string {
  return String(randomInt(10_000)).padStart(4, '0');
}

/** SHA-256 of the parts in order. */
export function pairingHash(...parts: readonly (Buffer | string)[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** AES-128 key of a pairing (gamestream.md §2.1). */
export function pairingKey(salt: Buffer, pin: string): Buffer {
  return pairingHash(salt, pin).subarray(0, SECRET_LENGTH);
}

/** AES-128-ECB without padding; `data` is a multiple of 16 bytes. */
export function encryptBlocks(key: Buffer, data: Buffer): Buffer {
  const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  return Buffer.concat([cipher.update(data), cipher.final()]);
}

/** AES-128-ECB without padding; `data` is a multiple of 16 bytes. */
export function decryptBlocks(key: Buffer, data: Buffer): Buffer {
  const decipher = createDecipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  return Buffer.concat([decipher.update(data), decipher.final()]);
}

/**
 * The raw signature of a certificate, which both sides mix into their hashes.
 *
 * @throws what the parser throws at bytes that are no certificate
 */
export function certificateSignature(pem: string): Buffer {
  return Buffer.from(new X509Certificate(pem).signature);
}
