/** Nanoseconds in a millisecond. */
const NANOSECONDS = 1e6;

/** Share of a packet's distance to its arrival in the smoothed distance. */
const GAIN = 1 / 128;

/** Milliseconds of smoothed distance that are corrected, one packet at a time. */
const TOLERANCE = 12;

/** Packets between two corrections, so that the smoothed distance can follow. */
const PAUSE = 400;

/** The same while the distance is larger than drift makes it: after a hold-up. */
const BRISK_PAUSE = 40;
const BRISK_DISTANCE = 16;

/** Milliseconds of lateness at once that exceed jitter: the source paused, or we did. */
const JUMP = 500;

/** Milliseconds of a lesser lateness that is believed once it has lasted for PERSISTENCE. */
const PERSISTENT = 60;
const PERSISTENCE = 500;

/**
 * Milliseconds by which a packet's time may be ahead of its arrival. Arrivals cannot be early: a
 * packet that had waited set the time line, and those behind it had waited less.
 */
const AHEAD = 60;

/** Packets in a row that must all be ahead, so that jitter is not taken for it. */
const AHEAD_PACKETS = 8;

/** Milliseconds ahead of its arrival that no packet is given, whatever came before it. */
const AHEAD_LIMIT = 200;

/**
 * The presentation times of sound. A receiver plays by RTP timestamps to the sample, so packets
 * follow each other by exactly their duration. The drift between the host's clock and ours is made
 * up for in whole packets, some inaudible milliseconds at a time. The backlog of a hold-up is made
 * up for at once: only its newest sound is played.
 */
export class SoundTimeline {
  readonly #origin: number;
  readonly #duration: number;
  /** Packets from the timeline's sequence zero to the origin; set with the first packet. */
  #anchor: number | null = null;
  /** Smoothed milliseconds by which packets come later than their times. */
  #lateness = 0;
  /** The same of what was handed out, whatever the reason. */
  #told = 0;
  #sinceCorrection = 0;
  /** Arrival since which every packet is late, and by how much at least. */
  #lateSince: number | null = null;
  #leastLate = Infinity;
  /** Packets in a row that are ahead, and by how much at least. */
  #aheadPackets = 0;
  #leastAhead = Infinity;
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

  /** Smoothed milliseconds by which packets come later than they are played; negative is early. */
  get lateness(): number {
    return this.#told;
  }

  /**
   * @param sequence extended
   * @param arrival milliseconds of the local clock
   * @returns nanoseconds since the origin, a multiple of the duration; null if the packet has no
   * room left between the one before and now: leave it out
   */
  advance(sequence: number, arrival: number): number | null {
    const now = (arrival - this.#origin) / this.#duration;
    this.#anchor ??= Math.max(Math.ceil(now), 0) - sequence;
    const late = (now - sequence - this.#anchor) * this.#duration;
    if (late > JUMP || late < -AHEAD_LIMIT) {
      this.#restart(Math.ceil(now) - sequence);
    } else {
      this.#shift(this.#overdue(late, arrival) || -this.#excess(late) || this.#correction(late));
    }
    const packet = sequence + this.#anchor;
    if (packet <= this.#last) return null;
    this.#last = packet;
    this.#told += GAIN * ((now - packet) * this.#duration - this.#told);
    return Math.round(packet * this.#duration * NANOSECONDS);
  }

  #restart(anchor: number): void {
    this.#anchor = anchor;
    this.#lateness = 0;
    this.#sinceCorrection = 0;
    this.#lateSince = null;
    this.#aheadPackets = 0;
  }

  /** Moves all times from here on. */
  #shift(packets: number): void {
    if (packets === 0) return;
    this.#anchor = (this.#anchor ?? 0) + packets;
    this.#lateness -= packets * this.#duration;
    this.#leastLate -= packets * this.#duration;
    this.#leastAhead += packets * this.#duration;
    this.#sinceCorrection = 0;
  }

  /** @returns packets by which all has been late for some time */
  #overdue(late: number, arrival: number): number {
    if (late < PERSISTENT) {
      this.#lateSince = null;
      return 0;
    }
    this.#leastLate = this.#lateSince === null ? late : Math.min(this.#leastLate, late);
    this.#lateSince ??= arrival;
    if (arrival - this.#lateSince < PERSISTENCE) return 0;
    this.#lateSince = null;
    return Math.floor(this.#leastLate / this.#duration);
  }

  /** @returns packets by which all are too far ahead: this one and its followers move up */
  #excess(late: number): number {
    if (late > -AHEAD) {
      this.#aheadPackets = 0;
      return 0;
    }
    this.#leastAhead = this.#aheadPackets === 0 ? -late : Math.min(this.#leastAhead, -late);
    this.#aheadPackets += 1;
    if (this.#aheadPackets < AHEAD_PACKETS) return 0;
    this.#aheadPackets = 0;
    return Math.floor(this.#leastAhead / this.#duration);
  }

  /** @returns packets that the time line is to be moved by for the smoothed distance: -1, 0 or 1 */
  #correction(late: number): number {
    // A packet that waited for us, or for the network, is a poor measure of the clocks.
    const believed = Math.max(-AHEAD, Math.min(late, PERSISTENT));
    this.#lateness += GAIN * (believed - this.#lateness);
    this.#sinceCorrection += 1;
    const distance = Math.abs(this.#lateness);
    if (this.#sinceCorrection < (distance > BRISK_DISTANCE ? BRISK_PAUSE : PAUSE)) return 0;
    return distance < TOLERANCE ? 0 : Math.sign(this.#lateness);
  }
}
