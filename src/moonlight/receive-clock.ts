/** Milliseconds beyond an owner's tick after which its process must have been held up. */
const TOLERANCE = 10;

/**
 * The time that the network had to deliver. While this process is held up (another one has the
 * core, a collection runs), datagrams pile up in the kernel. None of them is late, and none may be
 * given up for it. Such gaps count as one tick.
 */
export class ReceiveClock {
  readonly #tick: number;
  #readAt: number;
  #heldUp = 0;

  /** @param tick milliseconds between two readings at most, unless something is wrong */
  constructor(tick: number) {
    this.#tick = tick;
    this.#readAt = performance.now();
  }

  /** Milliseconds that were left out so far: what is to be added for `performance.now()`. */
  get heldUp(): number {
    return this.#heldUp;
  }

  /** Starts to count: time before this is not a gap. */
  start(): void {
    this.#readAt = performance.now();
  }

  /** Milliseconds, monotonic. To be read for every datagram and every tick. */
  read(): number {
    const now = performance.now();
    const gap = now - this.#readAt;
    if (gap > this.#tick + TOLERANCE) this.#heldUp += gap - this.#tick;
    this.#readAt = now;
    return now - this.#heldUp;
  }
}
