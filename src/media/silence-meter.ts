/**
 * Distinguishes a viewer whose path is dead from one that sends little. Packets sent into a hole of
 * the network advance our numbers and not the viewer's. After 2^15 packets its SRTP takes every
 * later one for an earlier one (RFC 3711, 3.3.1), for good. So it is judged by packets rather than
 * by time. Pure.
 */

/** Packets of video that may be sent to a silent viewer: half of what SRTP can bear. */
const UNHEARD_LIMIT = 16_000;
/** How much longer than usual a silence must be. */
const UNUSUAL = 1.5;
/** Milliseconds of silence that are always fine: players report about once a second. */
const ALWAYS_FINE = 1_500;
/** The same for a viewer that has hardly reported yet: the first sender report takes its time. */
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
  /** Packets sent since its last sign of life, and in a hole from which it is not safely back. */
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
   * To be called several times a second.
   *
   * @param now milliseconds of a clock that only goes forward
   * @returns whether nothing should be sent to it before its next sign of life
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
    // One packet may get through a dead path all the same. Until the viewer is back, packets that
    // were lost in the hole keep counting.
    if (this.#owed > 0) this.#owed -= 1;
    if (this.#owed === 0) this.#unheard = 0;
  }

  #remember(silence: number): void {
    this.#silences.push(silence);
    if (this.#silences.length > REMEMBERED) this.#silences.shift();
  }

  /**
   * Milliseconds of silence that are usual. The median is used, so that holes do not become a
   * habit.
   */
  #usual(): number {
    const { length } = this.#silences;
    if (length < KNOWN_AFTER) return FINE_AT_FIRST_MS;
    const longestFirst = [...this.#silences].sort((a, b) => b - a);
    const median = longestFirst[Math.ceil(length / 2) - 1] ?? 0;
    // Who may still be in a hole has used up what it was given.
    return Math.max(this.#owed > 0 ? 0 : ALWAYS_FINE, UNUSUAL * median);
  }
}
