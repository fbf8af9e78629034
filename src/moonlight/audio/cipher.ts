import { createCipheriv, createDecipheriv } from 'node:crypto';

const IV_BYTES = 16;

/** AES-128-CBC of audio payloads, every packet on its own (gamestream.md §6.3). */
export class AudioCipher {
  readonly #key: Buffer;
  readonly #keyId: number;

  /** @param keyId `rikeyid` of the launch, signed or not */
  constructor(key: Buffer, keyId: number) {
    this.#key = key;
    this.#keyId = keyId;
  }

  encrypt(payload: Buffer, sequence: number): Buffer {
    const cipher = createCipheriv('aes-128-cbc', this.#key, this.#iv(sequence));
    return Buffer.concat([cipher.update(payload), cipher.final()]);
  }

  /** @returns `null` if length or padding are wrong: the payload was not encrypted for us */
  decrypt(payload: Buffer, sequence: number): Buffer | null {
    if (payload.length === 0 || payload.length % IV_BYTES !== 0) return null;
    const decipher = createDecipheriv('aes-128-cbc', this.#key, this.#iv(sequence));
    try {
      return Buffer.concat([decipher.update(payload), decipher.final()]);
    } catch {
      return null;
    }
  }

  #iv(sequence: number): Buffer {
    const iv = Buffer.alloc(IV_BYTES);
    iv.writeUInt32BE((this.#keyId + (sequence & 0xffff)) >>> 0, 0);
    return iv;
  }
}
