/** Nanoseconds in a millisecond. */
const NANOSECONDS = 1e6;

/** Share of a packet's distance to its arrival in the smoothed distance. */
const GAIN = 1 / 128;

/** Packets of smoothed distance that are corrected, one packet at a time. */
const TOLERANCE = 4;

/** Packets between two corrections, so that the smoothed distance can follow. */
const PAUSE = 400;

/** Milliseconds of distance at once that are no jitter: the source paused or started again. */
const JUMP = 500;

/**
 * The presentation times of sound. A receiver plays what the RTP timestamps say to the sample,
 * so packets follow each other by exactly their duration; the drift between the host's clock
 * and ours is made up for in whole packets, some inaudible milliseconds at a time.
 */
export class SoundTimeline {
  readonly #origin: number;
  readonly #duration: number;
  /** Packets from the timeline's sequence zero to the origin; set with the first packet. */
  #anchor: number | null = null;
  /** Smoothed milliseconds by which packets come later than their times. */
  #lateness = 0;
  #sinceCorrection = 0;
  /** Last time handed out, in packets since the origin. */
  #last = -1;

  /**
   * @param origin milliseconds of the local clock that are time zero
   * @param duration milliseconds of sound in a packet
   */
  constructor(origin: number, duration: number) {
    this.#origin = origin;
    this.#duration = duration;
  }

  /**
   * @param sequence extended
   * @param arrival milliseconds of the local clock
   * @returns nanoseconds since the origin, a multiple of the duration; null where the packet has
   *   no room left between the one before and now, and is to be left out
   */
  advance(sequence: number, arrival: number): number | null {
    const now = (arrival - this.#origin) / this.#duration;
    if (this.#anchor === null) this.#restart(sequence, now);
    let packet = sequence + (this.#anchor ?? 0);
    const late = (now - packet) * this.#duration;
    if (Math.abs(late) > JUMP) {
      this.#restart(sequence, now);
      packet = sequence + (this.#anchor ?? 0);
    } else {
      packet += this.#correct(late);
    }
    if (packet <= this.#last) return null;
    this.#last = packet;
    return Math.round(packet * this.#duration * NANOSECONDS);
  }

  #restart(sequence: number, now: number): void {
    this.#anchor = Math.max(Math.ceil(now), this.#last + 1) - sequence;
    this.#lateness = 0;
    this.#sinceCorrection = 0;
  }

  /** @returns packets by which the time line has just been moved: -1, 0 or 1 */
  #correct(late: number): number {
    this.#lateness += GAIN * (late - this.#lateness);
    this.#sinceCorrection += 1;
    if (this.#sinceCorrection < PAUSE) return 0;
    if (Math.abs(this.#lateness) < TOLERANCE * this.#duration) return 0;
    const step = Math.sign(this.#lateness);
    this.#anchor = (this.#anchor ?? 0) + step;
    this.#lateness -= step * this.#duration;
    this.#sinceCorrection = 0;
    return step;
  }
}
