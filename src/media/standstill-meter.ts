/**
 * Finds a viewer that sends reports, is sent video, and by its own reports gets none. Its SRTP has
 * lost count of the packets and rejects every later one. Pure.
 */

/** Packets that SRTP can lose without losing count (RFC 3711, 3.3.1). */
const COUNTABLE = 32_768;
/** Milliseconds; and how much longer than ever before it must stand still. */
const PATIENCE_MS = 10_000;
const UNUSUAL = 4;
/** Reports of progress before it is judged: not everybody reports on video each time. */
const KNOWN_AFTER = 5;
/** Milliseconds after which a viewer counts as silent, and other meters judge it. */
const RECENT_MS = 3_000;

/** One look at a viewer's reports. */
export interface ProgressSample {
  /**
   * Highest sequence number of the video that it reports as received; null if it does not report.
   */
  readonly highest: number | null;
  /** Packets of video that went to it so far. */
  readonly sent: number;
  /** When something of any kind came from it last. */
  readonly heardAt: number;
}

export class StandstillMeter {
  #highest: number | null = null;
  #steps = 0;
  #movedAt = 0;
  #sentThen = 0;
  /** Milliseconds between two steps, at most. */
  #longest = 0;

  /**
   * To be asked about once a second.
   *
   * @param now milliseconds, of the same clock as `heardAt`
   * @returns whether it will never go on
   */
  poll({ highest, sent, heardAt }: ProgressSample, now: number): boolean {
    if (highest !== null && highest !== this.#highest) {
      if (this.#highest !== null) this.#longest = Math.max(this.#longest, now - this.#movedAt);
      this.#highest = highest;
      this.#steps += 1;
      this.#movedAt = now;
      this.#sentThen = sent;
      return false;
    }
    return (
      this.#steps >= KNOWN_AFTER &&
      now - heardAt < RECENT_MS &&
      now - this.#movedAt > Math.max(PATIENCE_MS, UNUSUAL * this.#longest) &&
      sent - this.#sentThen >= COUNTABLE
    );
  }
}
