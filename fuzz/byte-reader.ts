/** Reads decisions from an input; past its end everything is zero. */
export class ByteReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  byte(): number {
    return this.#bytes[this.#at++] ?? 0;
  }

  /** 16 bits, big-endian. */
  word(): number {
    return this.byte() * 256 + this.byte();
  }

  /** An integer in [0, bound), bound at most 65536. */
  below(bound: number): number {
    return (bound <= 256 ? this.byte() : this.word()) % bound;
  }

  flag(): boolean {
    return (this.byte() & 1) === 1;
  }

  /** A copy; shorter at the end of the input. */
  take(length: number): Buffer {
    const from = this.#at;
    this.#at += length;
    return Buffer.from(this.#bytes.subarray(from, this.#at));
  }

  /** All that is left. */
  rest(): Buffer {
    return this.take(Math.max(0, this.#bytes.length - this.#at));
  }

  choose<T>(values: readonly [T, ...T[]]): T {
    return values[this.below(values.length)] ?? values[0];
  }
}
