/** Milliseconds that loss is counted over (gamestream.md §5.10). */
export const QUALITY_WINDOW = 3000;

const POOR_AT_ONCE = 30;
const POOR_TWICE = 15;
const OK_AGAIN = 5;

export type Quality = 'ok' | 'poor';

/** Judges the link by the frames lost in a window; the first window does not count. */
export class ConnectionQuality {
  #status: Quality = 'ok';
  #complete = 0;
  #lost = 0;
  #windowEnd: number | undefined;
  #first = true;
  #previousLoss = 0;

  get status(): Quality {
    return this.#status;
  }

  frames(complete: number, lost: number): void {
    this.#complete += complete;
    this.#lost += lost;
  }

  /**
   * Closes the window where it is over.
   *
   * @param now milliseconds
   * @returns the new status where it changed
   */
  update(now: number): Quality | undefined {
    if (this.#windowEnd === undefined) {
      this.#windowEnd = now + QUALITY_WINDOW;
      return undefined;
    }
    const total = this.#complete + this.#lost;
    if (now < this.#windowEnd || total === 0) return undefined;
    const loss = 100 - Math.floor((100 * this.#complete) / total);
    const before = this.#status;
    if (this.#first) this.#first = false;
    else this.#judge(loss);
    this.#windowEnd = now + QUALITY_WINDOW;
    this.#complete = 0;
    this.#lost = 0;
    return this.#status === before ? undefined : this.#status;
  }

  #judge(loss: number): void {
    const bad = loss >= POOR_AT_ONCE || (loss >= POOR_TWICE && this.#previousLoss >= POOR_TWICE);
    if (bad) this.#status = 'poor';
    else if (loss <= OK_AGAIN) this.#status = 'ok';
    this.#previousLoss = loss;
  }
}
