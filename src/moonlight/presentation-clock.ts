import { SoundTimeline } from './sound-timeline.js';
import type { AccessUnit } from './types.js';

/** Nanoseconds in a millisecond. */
const NANOSECONDS = 1e6;

/** Ticks of the host's video clock in a millisecond. */
const VIDEO_TICKS = 90;

/** How much of the distance to the arrivals is made up for with each frame or packet. */
interface Steering {
  /** Share, while the distance may well be the network's jitter. */
  readonly gentle: number;
  /** Share beyond `tolerance`. */
  readonly brisk: number;
  /** Milliseconds. */
  readonly tolerance: number;
  /** Milliseconds of lateness that cannot be jitter: the source paused. */
  readonly pause: number;
  /** Milliseconds of a lesser lateness that is believed once it has lasted. */
  readonly persistent: number;
}

/** A clock of the host runs: its steps are exact, only drift has to be followed. */
const CLOCKED: Steering = {
  gentle: 1 / 64,
  brisk: 1 / 64,
  tolerance: Infinity,
  pause: 1000,
  persistent: 150,
};

/** Milliseconds for which `persistent` lateness must last. */
const PERSISTENCE = 500;

/** A step of the host's clock that differs from that of the arrivals by more is a jump of it. */
const CLOCK_JUMP = 2000;

/** Arrivals cannot be early: a frame that is ahead of them by more was set up during a stall. */
const AHEAD_LIMIT = 60;

/** Milliseconds between two times at least. */
const SMALLEST_STEP = 0.5;

/** Share of a newly measured interval in the smoothed one. */
const INTERVAL_GAIN = 1 / 16;

/** Share of a frame's lateness in the smoothed one that is reported. */
const LATENESS_GAIN = 1 / 32;

/** Intervals longer than these many nominal ones are pauses, not a slower rate. */
const LONGEST_INTERVAL = 8;

/**
 * One medium's times. Every step is the medium's own, and the sum of steps is steered towards the
 * arrivals, slowly enough for jitter to average out.
 */
class Timeline {
  /** Milliseconds on the clock of the arrivals. */
  #time: number | null = null;
  #arrival = 0;
  #lateSince: number | null = null;
  #nanoseconds = -1;
  #lateness = 0;
  readonly #origin: number;

  constructor(origin: number) {
    this.#origin = origin;
  }

  get started(): boolean {
    return this.#time !== null;
  }

  /** Smoothed milliseconds by which arrivals are later than the times that they are given. */
  get lateness(): number {
    return this.#lateness;
  }

  /** Milliseconds since the last arrival. */
  since(arrival: number): number {
    return arrival - this.#arrival;
  }

  /**
   * @param step milliseconds since the one before, by the medium's own clock
   * @param arrival milliseconds of the local clock
   * @returns nanoseconds since the origin
   */
  advance(step: number, arrival: number, steering: Steering): number {
    this.#time = this.#time === null ? arrival : this.#next(this.#time, step, arrival, steering);
    this.#arrival = arrival;
    this.#lateness += LATENESS_GAIN * (arrival - this.#time - this.#lateness);
    // Rounding, and arrivals before the origin, must not break the order.
    const wanted = Math.round((this.#time - this.#origin) * NANOSECONDS);
    this.#nanoseconds = Math.max(this.#nanoseconds + 1, wanted);
    return this.#nanoseconds;
  }

  #next(last: number, step: number, arrival: number, steering: Steering): number {
    const soonest = last + SMALLEST_STEP;
    if (step <= 0 || Math.abs(step - this.since(arrival)) > CLOCK_JUMP) {
      this.#lateSince = null;
      return Math.max(soonest, arrival);
    }
    const predicted = last + step;
    const late = arrival - predicted;
    if (this.#isPause(late, arrival, steering)) {
      this.#lateSince = null;
      return Math.max(soonest, arrival);
    }
    if (late < -AHEAD_LIMIT) return Math.max(soonest, arrival + AHEAD_LIMIT);
    const share = Math.abs(late) > steering.tolerance ? steering.brisk : steering.gentle;
    return Math.max(soonest, predicted + share * late);
  }

  #isPause(late: number, arrival: number, steering: Steering): boolean {
    if (late >= steering.pause) return true;
    if (late < steering.persistent) {
      this.#lateSince = null;
      return false;
    }
    this.#lateSince ??= arrival;
    return arrival - this.#lateSince >= PERSISTENCE;
  }
}

export interface PresentationClockOptions {
  /** Milliseconds of `performance.now()` that are time zero of both media. */
  readonly origin: number;
  readonly fps: number;
  /** Milliseconds of sound in a packet. */
  readonly packetDuration: number;
}

/**
 * Gives access units and Opus packets strictly increasing presentation times, in nanoseconds
 * since the origin. Both media are steered to the same local clock, so that what arrived
 * together is shown together. Pure: all clocks are passed in.
 */
export class PresentationClock {
  readonly #nominal: number;
  readonly #unclocked: Steering;
  readonly #video: Timeline;
  readonly #audio: SoundTimeline;
  /** Smoothed milliseconds from frame to frame, for hosts whose clock stands still. */
  #interval: number;
  #frame = 0;
  #rtp = 0;

  constructor(options: PresentationClockOptions) {
    this.#nominal = this.#interval = 1000 / options.fps;
    this.#unclocked = {
      gentle: 1 / 32,
      brisk: 1 / 8,
      tolerance: Math.max(25, 1.5 * this.#nominal),
      pause: Math.max(120, 4 * this.#nominal),
      persistent: Infinity,
    };
    this.#video = new Timeline(options.origin);
    this.#audio = new SoundTimeline(options.origin, options.packetDuration);
  }

  /**
   * Smoothed milliseconds by which both media come later than they are shown. The difference
   * between the two is the distance of sound and picture.
   */
  get lateness(): { readonly video: number; readonly audio: number } {
    return { video: this.#video.lateness, audio: this.#audio.lateness };
  }

  /** @returns nanoseconds */
  video(unit: Pick<AccessUnit, 'frameNumber' | 'rtpTimestamp' | 'receivedAt'>): number {
    const frames = (unit.frameNumber - this.#frame) | 0;
    const ticks = (unit.rtpTimestamp - this.#rtp) | 0;
    this.#frame = unit.frameNumber;
    this.#rtp = unit.rtpTimestamp;
    if (!this.#video.started) return this.#video.advance(0, unit.receivedAt, this.#unclocked);

    if (ticks !== 0) return this.#video.advance(ticks / VIDEO_TICKS, unit.receivedAt, CLOCKED);
    if (frames > 0) {
      const measured = this.#video.since(unit.receivedAt) / frames;
      if (measured <= LONGEST_INTERVAL * this.#nominal) {
        this.#interval += INTERVAL_GAIN * (measured - this.#interval);
      }
    }
    return this.#video.advance(frames * this.#interval, unit.receivedAt, this.#unclocked);
  }

  /**
   * @param sequence extended
   * @param receivedAt milliseconds of `performance.now()`
   * @returns nanoseconds; null for a packet that is to be left out
   */
  audio(sequence: number, receivedAt: number): number | null {
    return this.#audio.advance(sequence, receivedAt);
  }
}
