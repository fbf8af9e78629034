/**
 * The requests for key frames of one output. Some servers ask every two seconds for as long as they
 * receive, and every key frame costs all viewers bitrate. So requests are paced over all attempts to
 * reach a receiver. One that comes too early is put off, not forgotten: a receiver that asks once
 * gets its key frame.
 */
import type { KeyframeReason } from './keyframes.js';
import { nodeTimers, type Scheduler } from './scheduler.js';

/** Requests in a row: one to begin with, and the first of the receiver. */
const BURST = 2;
/** Milliseconds until the arbiter, which had refused, is asked again. */
const REFUSED_RETRY_MS = 500;

export interface OutputKeyframes {
  /** The receiver needs a key frame. */
  want(reason: KeyframeReason): void;
  /** A key frame is about to be sent. */
  served(): void;
}

export interface KeyframePacerOptions {
  /** Milliseconds in which another request is earned. */
  readonly interval: number;
  /** Asks the arbiter. @returns whether it accepted */
  readonly ask: (reason: KeyframeReason) => boolean;
  readonly schedule?: Scheduler;
  /** Milliseconds. */
  readonly now?: () => number;
}

export class KeyframePacer implements OutputKeyframes {
  readonly #options: Required<KeyframePacerOptions>;
  #tokens = BURST;
  #earnedAt: number;
  /** Not asked for yet. */
  #wanted: KeyframeReason | null = null;
  /** Asked for, and not come yet: the arbiter asks the host again by itself. */
  #awaited = false;
  #cancel: (() => void) | null = null;
  #asked = 0;

  constructor(options: KeyframePacerOptions) {
    this.#options = { schedule: nodeTimers, now: () => performance.now(), ...options };
    this.#earnedAt = this.#options.now();
  }

  /** Requests that the arbiter has accepted. */
  get asked(): number {
    return this.#asked;
  }

  want(reason: KeyframeReason): void {
    if (this.#awaited) return;
    this.#wanted ??= reason;
    if (!this.#cancel) this.#ask();
  }

  served(): void {
    this.#wanted = null;
    this.#awaited = false;
    this.#stopWaiting();
  }

  #ask(): void {
    const reason = this.#wanted;
    if (reason === null) return;
    const { interval, ask, now } = this.#options;
    const time = now();
    this.#tokens = Math.min(BURST, this.#tokens + (time - this.#earnedAt) / interval);
    this.#earnedAt = time;
    if (this.#tokens < 1) {
      this.#wait(Math.ceil((1 - this.#tokens) * interval));
    } else if (ask(reason)) {
      this.#tokens -= 1;
      this.#asked += 1;
      this.#wanted = null;
      this.#awaited = true;
    } else {
      this.#wait(REFUSED_RETRY_MS);
    }
  }

  #wait(milliseconds: number): void {
    this.#cancel = this.#options.schedule(milliseconds, () => {
      this.#cancel = null;
      this.#ask();
    });
  }

  #stopWaiting(): void {
    this.#cancel?.();
    this.#cancel = null;
  }
}
