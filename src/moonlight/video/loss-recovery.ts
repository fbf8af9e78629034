import { FRAME_TYPE } from './packet.js';
import type { FrameRange } from './types.js';

/** Milliseconds after which an unanswered request is repeated. */
export const REQUEST_DEADLINE_MS = 300;

/** The same if a frame was lost meanwhile, which may have been the answer. */
const LOST_ANSWER_DEADLINE_MS = 120;

/** Milliseconds after a loss when help is asked for even if no whole frame has followed. */
const QUIET_DEADLINE_MS = 250;

/**
 * Invalidations requested in vain before an IDR is requested instead. With more than one under way
 * it would be unknown which of them a frame answers, and so what it refers to.
 */
const INVALIDATION_ATTEMPTS = 1;

export interface LossRecoverySink {
  requestIdr(): void;
  requestInvalidation(range: FrameRange): void;
}

/**
 * Decides which whole frames a decoder may see, and what to ask the host for (gamestream.md §5.7).
 * After a loss nothing passes until an IDR, or the first frame after an invalidation, has come. At
 * most one request is under way. The first is sent with the news of the loss. Later ones wait until
 * whole frames, or time, show that an answer has a chance.
 */
export class LossRecovery {
  readonly #sink: LossRecoverySink;
  readonly #canInvalidate: boolean;
  #waitingFor: 'nothing' | 'idr' | 'invalidation' = 'idr';
  /** First frame after the last one that was passed on. */
  #windowStart = 0;
  /** Last frame that is lost or was held back. */
  #windowEnd = 0;
  #sawIdr = false;
  /** When the last request went out, and how many of its kind before it. */
  #askedAt: number | null = null;
  #answerMayBeLost = false;
  #attempts = 0;
  #brokenAt: number | null = null;

  constructor(sink: LossRecoverySink, canInvalidate: boolean) {
    this.#sink = sink;
    this.#canInvalidate = canInvalidate;
  }

  /** @returns whether the frame may be handed out */
  frame(index: number, frameType: number, idr: boolean, now: number): boolean {
    const repaired =
      this.#waitingFor === 'nothing' ||
      idr ||
      (this.#waitingFor === 'invalidation' && frameType === FRAME_TYPE.AFTER_INVALIDATION);
    if (repaired) {
      if (idr) this.#sawIdr = true;
      this.#windowStart = (index + 1) >>> 0;
      this.#settle();
      return true;
    }
    this.#windowEnd = index;
    // The network delivers whole frames again: now an answer has a chance.
    if (this.#askedAt === null) this.#ask(now);
    else this.tick(now);
    return false;
  }

  lost(range: FrameRange, now: number): void {
    this.#windowEnd = range.last;
    this.#brokenAt ??= now;
    this.#answerMayBeLost = this.#askedAt !== null;
    if (this.#waitingFor !== 'nothing') return;
    this.#waitingFor = this.#canInvalidate && this.#sawIdr ? 'invalidation' : 'idr';
    // Up to this frame the network delivered, and it delivered the news of the loss.
    this.#ask(now);
  }

  /** Whether a whole frame of this type makes all that is missing before it dispensable. */
  isAnswer(frameType: number): boolean {
    if (this.#waitingFor === 'nothing') return false;
    return (
      frameType === FRAME_TYPE.IDR ||
      (this.#waitingFor === 'invalidation' && frameType === FRAME_TYPE.AFTER_INVALIDATION)
    );
  }

  /** Frame numbers start again: only an IDR helps. */
  restart(now: number): void {
    this.#settle();
    this.#waitingFor = 'idr';
    this.#brokenAt = now;
  }

  /** Repeats what was not answered. To be called from time to time. */
  tick(now: number): void {
    if (this.#waitingFor === 'nothing') return;
    if (this.#askedAt !== null) {
      const deadline = this.#answerMayBeLost ? LOST_ANSWER_DEADLINE_MS : REQUEST_DEADLINE_MS;
      if (now - this.#askedAt >= deadline) this.#ask(now);
    } else if (this.#brokenAt !== null && now - this.#brokenAt >= QUIET_DEADLINE_MS) {
      this.#ask(now);
    }
  }

  #ask(now: number): void {
    if (this.#waitingFor === 'invalidation' && this.#attempts >= INVALIDATION_ATTEMPTS) {
      this.#waitingFor = 'idr';
    }
    this.#askedAt = now;
    this.#answerMayBeLost = false;
    this.#attempts++;
    if (this.#waitingFor === 'invalidation') {
      this.#sink.requestInvalidation({ first: this.#windowStart, last: this.#windowEnd });
    } else {
      this.#sink.requestIdr();
    }
  }

  #settle(): void {
    this.#waitingFor = 'nothing';
    this.#askedAt = null;
    this.#brokenAt = null;
    this.#attempts = 0;
  }
}
