/** Smoothed round trip and its variance in whole milliseconds (gamestream.md §7.2, RTT filter). */
export class RoundTrip {
  #mean = 500;
  #variance = 0;
  #sampled = false;

  get mean(): number {
    return this.#mean;
  }

  get variance(): number {
    return this.#variance;
  }

  /** @param sample milliseconds; counts as at least 1 */
  add(sample: number): void {
    const value = Math.max(1, sample);
    if (!this.#sampled) {
      this.#sampled = true;
      this.#mean = value;
      this.#variance = (value + 1) >> 1;
      return;
    }
    const difference = Math.abs(value - this.#mean);
    this.#variance -= (this.#variance + 3) >> 2;
    this.#variance += (difference + 3) >> 2;
    const step = (difference + 7) >> 3;
    this.#mean += value >= this.#mean ? step : -step;
  }

  /**
   * Milliseconds until a command is sent again for the first time.
   *
   * @param timeoutMaximum after which a peer is given up; a fifth of it is the upper bound
   */
  retransmissionTimeout(timeoutMaximum: number): number {
    const slack = Math.min(this.#mean, 4 * Math.max(1, this.#variance));
    return Math.min(this.#mean + slack, Math.max(1, Math.floor(timeoutMaximum / 5)));
  }
}
