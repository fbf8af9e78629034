/**
 * Packets of frames far from the one that is waited for: the other side of a long gap, a host
 * that began to count anew, or damage. Only several that agree are believed.
 */
export class StrayPackets {
  /** Frames within which packets agree. */
  readonly #span: number;
  #frame = 0;
  #count = 0;
  #packet: Buffer | null = null;

  constructor(span: number) {
    this.#span = span;
  }

  /** Lowest frame of those that agree. */
  get frame(): number {
    return this.#frame;
  }

  /** Notes a packet. @returns how many agree by now; a repetition counts once */
  add(packet: Buffer, frameIndex: number): number {
    const distance = (frameIndex - this.#frame) | 0;
    if (this.#count > 0 && Math.abs(distance) < this.#span) {
      if (this.#packet?.equals(packet) !== true) this.#count++;
      if (distance < 0) this.#frame = frameIndex;
    } else {
      this.#count = 1;
      this.#frame = frameIndex;
    }
    return this.#count;
  }

  /** Remembers the packet noted last. @returns the one before it */
  keep(packet: Buffer): Buffer | null {
    const before = this.#packet;
    this.#packet = packet;
    return before;
  }

  clear(): void {
    this.#count = 0;
    this.#packet = null;
  }
}
