import 'reflect-metadata';
import { createCipheriv, createDecipheriv, createHash, randomInt } from 'node:crypto';
import { X509Certificate } from '@peculiar/x509';

/** Bytes of salt, challenges and secrets. */
export const SECRET_LENGTH = 16;

/** Hash functions of pairing, by the generation of the host (gamestream.md §2.1). */
export type PairingDigest = 'sha256' | 'sha1';
/** Bytes of a hash. */
export const HASH_LENGTHS: Readonly<Record<PairingDigest, number>> = { sha256: 32, sha1: 20 };

/** @param major first number of the host's app version */
export function pairingDigest(major: number): PairingDigest {
  return major >= 7 ? 'sha256' : 'sha1';
}

/** Four digits, as every host wants them. */
export function createPin(): string {
  return String(randomInt(10_000)).padStart(4, '0');
}

/** Hash of the parts in order. */
export function pairingHash(digest: PairingDigest, ...parts: readonly (Buffer | string)[]): Buffer {
  const hash = createHash(digest);
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** AES-128 key of a pairing (gamestream.md §2.1). */
export function pairingKey(digest: PairingDigest, salt: Buffer, pin: string): Buffer {
  return pairingHash(digest, salt, pin).subarray(0, SECRET_LENGTH);
}

/** Zeros after a hash that does not end with a block. */
export function padBlocks(data: Buffer): Buffer {
  return Buffer.concat([data, Buffer.alloc(-data.length & 15)]);
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
 * @throws the parser's error for an invalid certificate
 */
export function certificateSignature(pem: string): Buffer {
  return Buffer.from(new X509Certificate(pem).signature);
}
