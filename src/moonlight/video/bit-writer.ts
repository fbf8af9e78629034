/** Writes the bits of a coded header, most significant first. */
export class BitWriter {
  readonly #bytes: number[] = [];
  /** Bits of the last byte that are in use. */
  #used = 8;

  /** @param count 0…32 */
  bits(value: number, count: number): this {
    for (let index = count - 1; index >= 0; index--) {
      if (this.#used === 8) {
        this.#bytes.push(0);
        this.#used = 0;
      }
      const bit = Math.floor(value / 2 ** index) & 1;
      const last = this.#bytes.length - 1;
      this.#bytes[last] = (this.#bytes[last] ?? 0) | (bit << (7 - this.#used));
      this.#used += 1;
    }
    return this;
  }

  /** Unsigned Exp-Golomb codes (H.264 §9.1). @param values each 0…2³²−2 */
  codes(...values: readonly number[]): this {
    for (const value of values) {
      const length = 32 - Math.clz32(value + 1);
      this.bits(0, length - 1).bits(value + 1, length);
    }
    return this;
  }

  /** Fills the last byte with zeros. */
  align(): this {
    this.#used = 8;
    return this;
  }

  /** Whole bytes, behind {@link align}. */
  fill(value: number, count: number): this {
    for (let index = 0; index < count; index++) this.#bytes.push(value);
    return this;
  }

  /**
   * The payload of a NAL unit that ends here (H.264 §7.3.2.11), with emulation prevention.
   *
   * @param header bytes of the NAL unit's header
   */
  nalUnit(header: Buffer): Buffer {
    this.bits(1, 1);
    const out = [...header];
    let zeros = 0;
    for (const byte of this.#bytes) {
      if (zeros >= 2 && byte <= 3) {
        out.push(3);
        zeros = 0;
      }
      out.push(byte);
      zeros = byte === 0 ? zeros + 1 : 0;
    }
    return Buffer.from(out);
  }
}
