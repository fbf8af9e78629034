/** Bits of a coded header, most significant first. Past the end everything is 0. */
export class BitReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** The payload of a NAL unit, behind its header and without emulation prevention. */
  static ofNalUnit(unit: Buffer, headerBytes: number): BitReader {
    const out: number[] = [];
    let zeros = 0;
    for (const byte of unit.subarray(headerBytes)) {
      if (zeros >= 2 && byte === 3) {
        zeros = 0;
        continue;
      }
      out.push(byte);
      zeros = byte === 0 ? zeros + 1 : 0;
    }
    return new BitReader(Buffer.from(out));
  }

  /** More was read than there is: what was read is worth nothing. */
  get exhausted(): boolean {
    return this.#at > this.#bytes.length * 8;
  }

  /** Bits that were read. */
  get position(): number {
    return this.#at;
  }

  /** The position of the last bit that is set, which ends the payload of a NAL unit; -1 if there is none. */
  get stopBit(): number {
    for (let index = this.#bytes.length - 1; index >= 0; index--) {
      const byte = this.#bytes[index] ?? 0;
      if (byte !== 0) return index * 8 + 7 - Math.log2(byte & -byte);
    }
    return -1;
  }

  /** @param count 0…32 */
  bits(count: number): number {
    let value = 0;
    for (let index = 0; index < count; index++) {
      const byte = this.#bytes[this.#at >> 3] ?? 0;
      value = value * 2 + ((byte >> (7 - (this.#at & 7))) & 1);
      this.#at += 1;
    }
    return value;
  }

  flag(): boolean {
    return this.bits(1) === 1;
  }

  skip(count: number): void {
    this.#at += count;
  }

  /** A signed Exp-Golomb code (H.264 §9.1.1). */
  signedCode(): number {
    const code = this.code();
    return code % 2 === 1 ? (code + 1) / 2 : -code / 2;
  }

  /** An unsigned Exp-Golomb code (H.264 §9.1). */
  code(): number {
    let zeros = 0;
    while (zeros < 32 && !this.exhausted && !this.flag()) zeros += 1;
    return 2 ** zeros - 1 + this.bits(zeros);
  }
}
