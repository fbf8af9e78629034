import { ReedSolomon } from '../../moonlight/fec/reed-solomon.js';
import { AudioCipher } from '../../moonlight/audio/cipher.js';
import {
  AUDIO_OFFSET,
  AUDIO_RTP_FLAGS,
  BLOCK_DATA,
  PAYLOAD_TYPE_FEC,
  PAYLOAD_TYPE_OPUS,
} from '../../moonlight/audio/packet.js';
import type { HostStyle } from './video-packetizer.js';

export interface AudioPacketizerOptions {
  /** Milliseconds of sound in a packet. */
  readonly packetDuration: number;
  readonly style: HostStyle;
  /** Send parity after every four packets; default true. */
  readonly fec?: boolean;
  /** Session key and `rikeyid` if audio is encrypted. */
  readonly encryption?: { readonly key: Buffer; readonly keyId: number } | null;
}

/** Turns Opus packets into the datagrams of a GameStream host. */
export class AudioPacketizer {
  readonly #options: AudioPacketizerOptions;
  readonly #cipher: AudioCipher | null;
  /** Extended: only its low 16 bits travel. */
  #sequence = 0;
  #block: Buffer[] = [];

  constructor(options: AudioPacketizerOptions) {
    this.#options = options;
    const { encryption } = options;
    this.#cipher = encryption ? new AudioCipher(encryption.key, encryption.keyId) : null;
  }

  /**
   * The datagram of one Opus packet, followed by the parity of its block if it completes one. A
   * block whose payloads differ in length travels without parity, which cannot be computed then.
   */
  packetize(opus: Buffer): Buffer[] {
    const sequence = this.#sequence;
    this.#sequence++;
    const payload = this.#cipher?.encrypt(opus, sequence) ?? opus;
    const datagrams = [
      Buffer.concat([rtpHeader(PAYLOAD_TYPE_OPUS, sequence, this.#timestampOf(sequence)), payload]),
    ];
    this.#block.push(payload);
    if (this.#block.length < BLOCK_DATA) return datagrams;
    const block = this.#block;
    this.#block = [];
    if (this.#options.fec === false || block.some((other) => other.length !== payload.length)) {
      return datagrams;
    }
    return [...datagrams, ...this.#parity(block, payload.length, sequence)];
  }

  #parity(block: readonly Buffer[], length: number, lastSequence: number): Buffer[] {
    const base = lastSequence - (BLOCK_DATA - 1);
    const offset = this.#options.style === 'sunshine' ? 1 : 0;
    return ReedSolomon.audio()
      .encode(block, length)
      .map((parity, index) => {
        const header = Buffer.alloc(AUDIO_OFFSET.FEC_PAYLOAD);
        rtpHeader(PAYLOAD_TYPE_FEC, lastSequence + offset + index, 0).copy(header);
        header.writeUInt8(index, AUDIO_OFFSET.FEC_SHARD_INDEX);
        header.writeUInt8(PAYLOAD_TYPE_OPUS, AUDIO_OFFSET.FEC_PAYLOAD_TYPE);
        header.writeUInt16BE(base & 0xffff, AUDIO_OFFSET.FEC_BASE_SEQUENCE);
        header.writeUInt32BE(this.#timestampOf(base), AUDIO_OFFSET.FEC_BASE_TIMESTAMP);
        return Buffer.concat([header, parity]);
      });
  }

  #timestampOf(sequence: number): number {
    const counted = this.#options.style === 'wolf' ? sequence & 0xffff : sequence;
    return (counted * this.#options.packetDuration) >>> 0;
  }
}

function rtpHeader(payloadType: number, sequence: number, timestamp: number): Buffer {
  const header = Buffer.alloc(AUDIO_OFFSET.PAYLOAD);
  header.writeUInt8(AUDIO_RTP_FLAGS, 0);
  header.writeUInt8(payloadType, AUDIO_OFFSET.PAYLOAD_TYPE);
  header.writeUInt16BE(sequence & 0xffff, AUDIO_OFFSET.SEQUENCE);
  header.writeUInt32BE(timestamp, AUDIO_OFFSET.TIMESTAMP);
  return header;
}
