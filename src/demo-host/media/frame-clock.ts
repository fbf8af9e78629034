/** Counts frames on a steady clock; late ones are skipped, not made up for. */
export class FrameClock {
  readonly #period: number;
  #next: number;

  constructor(fps: number) {
    this.#period = 1000 / fps;
    this.#next = performance.now();
  }

  /** Whether a frame is due. */
  tick(now: number): boolean {
    if (now < this.#next) return false;
    const missed = Math.floor((now - this.#next) / this.#period);
    this.#next += (missed + 1) * this.#period;
    return true;
  }
}
