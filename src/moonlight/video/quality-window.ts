/** Milliseconds of a window (gamestream.md §5.10). */
export const QUALITY_WINDOW_MS = 3000;

/** Percent of frames lost. */
const POOR_AT_ONCE = 30;
const POOR_TWICE = 15;
const FINE = 5;

export type QualityStatus = 'ok' | 'poor';

/** Turns counts of good and lost frames into the quality signal of gamestream.md §5.10. */
export class QualityWindow {
  readonly #report: (status: QualityStatus) => void;
  #status: QualityStatus = 'ok';
  #startedAt: number | null = null;
  #first = true;
  #good = 0;
  #lost = 0;
  #poorBefore = false;

  constructor(report: (status: QualityStatus) => void) {
    this.#report = report;
  }

  frame(): void {
    this.#good++;
  }

  lost(frames: number): void {
    this.#lost += frames;
  }

  tick(now: number): void {
    if (this.#startedAt === null) {
      if (this.#good + this.#lost > 0) this.#startedAt = now;
      return;
    }
    if (now - this.#startedAt < QUALITY_WINDOW_MS) return;
    const total = this.#good + this.#lost;
    const loss = total === 0 ? 0 : 100 - (100 * this.#good) / total;
    this.#startedAt = now;
    this.#good = this.#lost = 0;
    // The first window holds the start-up.
    if (this.#first) {
      this.#first = false;
      return;
    }
    const poor = loss >= POOR_AT_ONCE || (loss >= POOR_TWICE && this.#poorBefore);
    this.#poorBefore = loss >= POOR_TWICE;
    if (poor) this.#change('poor');
    else if (loss <= FINE) this.#change('ok');
  }

  #change(status: QualityStatus): void {
    if (status === this.#status) return;
    this.#status = status;
    this.#report(status);
  }
}
