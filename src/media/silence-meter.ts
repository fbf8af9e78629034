/**
 * Tells a viewer whose path is dead from one that says little. What is sent into a hole of the network
 * moves our numbers on and the viewer's not: after 2^15 packets its SRTP takes every later one for
 * one that came before (RFC 3711, 3.3.1), for good. So it is judged by packets rather than by time.
 * Pure.
 */

/** Packets of video that may be sent to a viewer that is not heard: half of what SRTP bears. */
const UNHEARD_LIMIT = 16_000;
/** How much longer than usual a silence must be. */
const UNUSUAL = 1.5;
/** Milliseconds that nobody must speak more often than: players report once a second, more or less. */
const ALWAYS_FINE = 1_500;
/** The same for somebody who has hardly spoken yet: the first sender report takes its time. */
const FINE_AT_FIRST_MS = 3_000;
/** Silences that are remembered, and how many there must be to know a habit. */
const REMEMBERED = 16;
const KNOWN_AFTER = 3;
/** Signs of life until a viewer that was silent counts as being back. */
const BACK_AFTER = 3;
/** Milliseconds after which a viewer without a report is one that never reports. */
const FIRST_REPORT_DEADLINE_MS = 10_000;

/** One look at a viewer. */
export interface HearingSample {
  /** That have come from it so far, of any kind. */
  readonly packetsIn: number;
  /** Whether it is known to report. */
  readonly reported: boolean;
  /** That the payloader of the video has made so far. */
  readonly videoPackets: number;
  /** Whether they go to this viewer at the moment. */
  readonly fed: boolean;
}

export class SilenceMeter {
  #startedAt: number | null = null;
  #packetsIn = -1;
  #heardAt = 0;
  #videoPackets = -1;
  #sent = 0;
  /** Sent since it was heard, and in a hole of which it is not safely back. */
  #unheard = 0;
  /** Milliseconds; holes are among them. */
  readonly #silences: number[] = [];
  #silent = false;
  /** Signs of life that are still to come after a hole. */
  #owed = 0;

  /** Packets of video that went to the viewer. */
  get sent(): number {
    return this.#sent;
  }

  /** Those of them that it may never have got. */
  get unheard(): number {
    return this.#unheard;
  }

  get heardAt(): number {
    return this.#heardAt;
  }

  /**
   * To be asked several times a second.
   *
   * @param now milliseconds of a clock that only goes forward
   * @returns whether nothing should be sent to it before it is heard again
   */
  poll(sample: HearingSample, now: number): boolean {
    const { packetsIn, videoPackets, fed } = sample;
    this.#startedAt ??= now;
    if (fed && this.#videoPackets >= 0) {
      const packets = Math.max(0, videoPackets - this.#videoPackets);
      this.#sent += packets;
      this.#unheard += packets;
    }
    this.#videoPackets = videoPackets;
    const early = now - this.#startedAt < FIRST_REPORT_DEADLINE_MS;
    if (packetsIn !== this.#packetsIn) this.#hear(packetsIn, now);
    else if (!sample.reported && !early) {
      // Who never reports cannot fall silent.
      this.#silent = false;
    } else if (this.#unheard > UNHEARD_LIMIT && now - this.#heardAt > this.#usual()) {
      this.#silent = true;
    }
    return this.#silent;
  }

  #hear(packetsIn: number, now: number): void {
    if (this.#packetsIn >= 0) this.#remember(now - this.#heardAt);
    this.#packetsIn = packetsIn;
    this.#heardAt = now;
    if (this.#silent) this.#owed = BACK_AFTER;
    this.#silent = false;
    // One packet may get through a path that is dead all the same: until it is back, what went
    // into the hole counts on.
    if (this.#owed > 0) this.#owed -= 1;
    if (this.#owed === 0) this.#unheard = 0;
  }

  #remember(silence: number): void {
    this.#silences.push(silence);
    if (this.#silences.length > REMEMBERED) this.#silences.shift();
  }

  /** Milliseconds of silence that mean nothing. By the median, so that holes are no habit. */
  #usual(): number {
    const { length } = this.#silences;
    if (length < KNOWN_AFTER) return FINE_AT_FIRST_MS;
    const longestFirst = [...this.#silences].sort((a, b) => b - a);
    const median = longestFirst[Math.ceil(length / 2) - 1] ?? 0;
    // Who may still be in a hole has used up what it was given.
    return Math.max(this.#owed > 0 ? 0 : ALWAYS_FINE, UNUSUAL * median);
  }
}
