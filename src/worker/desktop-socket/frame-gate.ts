/**
 * Decides whether a frame is sent to a viewer of the desktop socket. That frontend acknowledges nothing and
 * cannot ask for a key frame, so that what waits in this process decides, and a frame that is left out
 * ends in a key frame or in the end of the viewer. Pure: the time is passed in, in milliseconds.
 */

export interface FrameLimits {
  /** Frames that may wait for a viewer. */
  readonly maxFrames: number;
  /** Bytes that may wait for a viewer. */
  readonly maxBytes: number;
  /** Frames in a row that may find the queue full. */
  readonly patience: number;
  /** Milliseconds until a key frame that did not come is requested again. */
  readonly keyframeRetry: number;
}

export const FRAME_LIMITS: FrameLimits = {
  maxFrames: 120,
  maxBytes: 4 * 1_048_576,
  patience: 30,
  keyframeRetry: 1_000,
};

export interface FrameQueue {
  readonly frames: number;
  readonly bytes: number;
}

/** `give-up`: the viewer is too slow, and has to be ended. */
export type FrameVerdict = 'send' | 'drop' | 'give-up';

type Phase =
  /** Frames begin with the next key frame. */
  | { readonly kind: 'waiting'; readonly reason: 'join' | 'drop'; askedAt: number }
  | { readonly kind: 'flowing' }
  /** The viewer wants no pictures. */
  | { readonly kind: 'off' };

export class FrameGate {
  readonly #limits: FrameLimits;
  #phase: Phase = { kind: 'waiting', reason: 'join', askedAt: -Infinity };
  #hasBegun = false;
  #fullInRow = 0;
  #dropped = 0;

  constructor(limits: FrameLimits = FRAME_LIMITS) {
    this.#limits = limits;
  }

  get phase(): Phase['kind'] {
    return this.#phase.kind;
  }

  /** Frames that were left out since the first one, except while none were wanted. */
  get dropped(): number {
    return this.#dropped;
  }

  /** The last frame found no room. */
  get isFull(): boolean {
    return this.#fullInRow > 0;
  }

  /** @param queue what waits in front of the frame */
  admit(frame: { keyframe: boolean; size: number }, queue: FrameQueue): FrameVerdict {
    if (this.#phase.kind === 'off') return 'drop';
    const { maxFrames, maxBytes, patience } = this.#limits;
    const isFull =
      queue.frames >= maxFrames || (queue.bytes > 0 && queue.bytes + frame.size > maxBytes);
    this.#fullInRow = isFull ? this.#fullInRow + 1 : 0;
    if (this.#fullInRow > patience) return 'give-up';
    // What follows a frame that is missing can be decoded from the next key frame on.
    if (isFull && this.#phase.kind === 'flowing') {
      this.#phase = { kind: 'waiting', reason: 'drop', askedAt: -Infinity };
    }
    if (isFull || (this.#phase.kind === 'waiting' && !frame.keyframe)) {
      if (this.#hasBegun) this.#dropped += 1;
      return 'drop';
    }
    this.#phase = { kind: 'flowing' };
    this.#hasBegun = true;
    return 'send';
  }

  /**
   * To be called several times a second.
   *
   * @returns why a key frame has to be requested now, null if none is needed
   */
  poll({ frames }: FrameQueue, now: number): 'join' | 'drop' | null {
    const phase = this.#phase;
    if (phase.kind !== 'waiting') return null;
    // It would find no room, or wait behind what is old already.
    if (phase.reason === 'drop' && frames > 0) return null;
    if (now - phase.askedAt < this.#limits.keyframeRetry) return null;
    phase.askedAt = now;
    return phase.reason;
  }

  /** The viewer wants no pictures for now, or wants them again. Idempotent. */
  want(on: boolean): void {
    if (!on) {
      this.#phase = { kind: 'off' };
      this.#fullInRow = 0;
    } else if (this.#phase.kind === 'off') {
      this.#phase = { kind: 'waiting', reason: 'join', askedAt: -Infinity };
    }
  }

  /** The stream goes on as another one, which begins with a key frame. */
  restart(): void {
    if (this.#phase.kind !== 'flowing') return;
    this.#phase = { kind: 'waiting', reason: 'join', askedAt: -Infinity };
  }
}
