import { createCipheriv, createDecipheriv } from 'node:crypto';

/** The kind of nonces: 2 if SS_ENC_CONTROL_V2 was enabled in ANNOUNCE (Sunshine), else 1. */
export type ControlEncryption = 1 | 2;

export interface ControlCipherOptions {
  /** `rikey`, 16 bytes. */
  readonly key: Buffer;
  readonly encryption: ControlEncryption;
  /** Our side of the wire. */
  readonly role: 'client' | 'host';
}

const ENVELOPE_TYPE = 0x0001;
const HEADER_SIZE = 8;
const TAG_SIZE = 16;
/** Bytes of an envelope around its plaintext. */
const ENVELOPE_OVERHEAD = HEADER_SIZE + TAG_SIZE;
const ALGORITHM = 'aes-128-gcm';

/**
 * The encrypted envelope of control messages (gamestream.md §7.3):
 * `u16le 1 · u16le length of the rest · u32le sequence · tag · ciphertext`.
 */
export class ControlCipher {
  readonly #options: ControlCipherOptions;
  #sequence = 0;

  constructor(options: ControlCipherOptions) {
    if (options.key.length !== 16) throw new TypeError('rikey must have 16 bytes');
    this.#options = options;
  }

  /** Encrypts with the next sequence number. */
  seal(plaintext: Buffer): Buffer {
    const { key, role } = this.#options;
    const sequence = this.#sequence;
    this.#sequence = (sequence + 1) >>> 0;
    const cipher = createCipheriv(ALGORITHM, key, this.#nonce(sequence, role));
    const header = Buffer.alloc(HEADER_SIZE);
    header.writeUInt16LE(ENVELOPE_TYPE, 0);
    header.writeUInt16LE(4 + TAG_SIZE + plaintext.length, 2);
    header.writeUInt32LE(sequence, 4);
    const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
    return Buffer.concat([header, cipher.getAuthTag(), ciphertext]);
  }

  /**
   * Decrypts what the other side sealed. Undefined if it is not an envelope or does not
   * authenticate. Sequence numbers may repeat: Wolf always sends 0.
   */
  open(message: Buffer): Buffer | undefined {
    if (message.length < ENVELOPE_OVERHEAD || message.readUInt16LE(0) !== ENVELOPE_TYPE) {
      return undefined;
    }
    const end = 4 + message.readUInt16LE(2);
    if (end < ENVELOPE_OVERHEAD || end > message.length) return undefined;
    const { key, role } = this.#options;
    const nonce = this.#nonce(message.readUInt32LE(4), role === 'client' ? 'host' : 'client');
    const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_SIZE });
    decipher.setAuthTag(message.subarray(HEADER_SIZE, ENVELOPE_OVERHEAD));
    try {
      const head = decipher.update(message.subarray(ENVELOPE_OVERHEAD, end));
      return Buffer.concat([head, decipher.final()]);
    } catch {
      return undefined;
    }
  }

  #nonce(sequence: number, sender: 'client' | 'host'): Buffer {
    if (this.#options.encryption === 1) {
      const nonce = Buffer.alloc(16);
      nonce.writeUInt8(sequence & 0xff, 0);
      return nonce;
    }
    const nonce = Buffer.alloc(12);
    nonce.writeUInt32LE(sequence, 0);
    nonce.write(sender === 'client' ? 'CC' : 'HC', 10, 'latin1');
    return nonce;
  }
}
