import { createCipheriv, createDecipheriv, createHash, timingSafeEqual, verify } from 'node:crypto';
import { certificateSignature, parseCertificate } from './certificate.js';

/** The arithmetic of §2.1 for hosts of generation 7: SHA-256 and AES-128-ECB without padding. */
export const pairingMath = {
  key(salt: Buffer, pin: string): Buffer {
    return sha256(salt, Buffer.from(pin, 'ascii')).subarray(0, 16);
  },
  encrypt(key: Buffer, data: Buffer): Buffer {
    const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
    return Buffer.concat([cipher.update(data), cipher.final()]);
  },
  decrypt(key: Buffer, data: Buffer): Buffer {
    const decipher = createDecipheriv('aes-128-ecb', key, null).setAutoPadding(false);
    return Buffer.concat([decipher.update(data), decipher.final()]);
  },
  /** `H(challenge ‖ Sig(certificate) ‖ secret)`, SH and CH of the table. */
  proof(challenge: Buffer, signature: Buffer, secret: Buffer): Buffer {
    return sha256(challenge, signature, secret);
  },
};

function sha256(...parts: readonly Buffer[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** What a client has claimed by phase 3. */
interface ClaimedPairing {
  readonly certificatePem: string;
  readonly serverChallenge: Buffer;
  readonly clientHash: Buffer;
}

/** Phase 4 (§2.3): the hash proves the PIN, the signature the certificate. */
export function isProven(attempt: ClaimedPairing, data: Buffer): boolean {
  if (data.length <= 16) return false;
  const secret = data.subarray(0, 16);
  const certificate = parseCertificate(attempt.certificatePem);
  const signature = certificateSignature(attempt.certificatePem);
  const expected = pairingMath.proof(attempt.serverChallenge, signature, secret);
  try {
    const signed = verify('sha256', secret, certificate.publicKey, data.subarray(16));
    return timingSafeEqual(expected, attempt.clientHash) && signed;
  } catch {
    return false;
  }
}
