/**
 * Decides when a viewer over a reliable stream gets pictures. Its queue is the network's and hides
 * how old they are, so the gate uses what the viewer acknowledges. Pure: all times are milliseconds
 * of one clock.
 */
import { Acknowledgements } from './acknowledgements.js';

export interface GateLimits {
  /** Age of the oldest picture that is not acknowledged, above which a viewer counts as too slow. */
  readonly cutAge: number;
  /** The same when there was a cut of late: a key frame may take longer than what it would spare. */
  readonly repeatedCutAge: number;
  /** The same before the first acknowledgement, when the length of the path is not known. */
  readonly firstAge: number;
  /** Age below which a slow viewer may have pictures again. */
  readonly drainedAge: number;
  /** Milliseconds without an acknowledgement after which the viewer is given up. */
  readonly patience: number;
  /** Bytes that may be under way, wherever they are. */
  readonly maxUnderWay: number;
  /** Bytes that may wait in this process. */
  readonly maxQueued: number;
  /** Cuts within a time that make a link too narrow for the stream. */
  readonly narrowCuts: number;
  readonly narrowWindow: number;
  /** Milliseconds until a key frame that did not come is requested again. */
  readonly keyframeRetry: number;
}

export const GATE_LIMITS: GateLimits = {
  cutAge: 400,
  repeatedCutAge: 900,
  firstAge: 1_500,
  drainedAge: 100,
  patience: 30_000,
  maxUnderWay: 3 * 1_048_576,
  maxQueued: 1_048_576,
  narrowCuts: 3,
  narrowWindow: 15_000,
  keyframeRetry: 1_000,
};

export interface Unit {
  /** Of its kind, modulo 2³². */
  readonly sequence: number;
  readonly keyframe: boolean;
  /** Bytes. */
  readonly size: number;
}

/** `gap`: pictures in front of it were left out. */
export type Admission = 'send' | 'send-after-gap' | 'drop';

export type GateVerdict =
  /** Pictures stop until {@link PictureGate.poll} asks for a key frame. */
  | { readonly kind: 'cut'; readonly isNarrow: boolean }
  | { readonly kind: 'need-key'; readonly reason: 'join' | 'drop' }
  | { readonly kind: 'too-slow' };

type Phase =
  /** Pictures begin with the next key frame. */
  | { readonly kind: 'waiting'; readonly reason: 'join' | 'drop'; askedAt: number }
  /** `isOverdue`: the last poll found the viewer behind. */
  | { readonly kind: 'flowing'; isOverdue: boolean }
  /** Nothing until what is under way has arrived. */
  | { readonly kind: 'cut' }
  /** The viewer wants no pictures. */
  | { readonly kind: 'off' };

export class PictureGate {
  readonly #limits: GateLimits;
  readonly #acknowledgements = new Acknowledgements();
  #phase: Phase = { kind: 'waiting', reason: 'join', askedAt: -Infinity };
  #hasBegun = false;
  #leftOut = 0;
  /** A cut that {@link admit} made and no poll has reported. */
  #untold = false;
  #cuts: number[] = [];
  #lastCutAt = -Infinity;

  constructor(limits: GateLimits = GATE_LIMITS) {
    this.#limits = limits;
  }

  get phase(): Phase['kind'] {
    return this.#phase.kind;
  }

  /** Pictures that were left out since the first one, except while none were wanted. */
  get dropped(): number {
    return this.#leftOut;
  }

  /** Milliseconds of the fastest acknowledgement of late. */
  get latency(): number {
    return this.#acknowledgements.latency;
  }

  /** bit/s that the viewer acknowledges. */
  get rate(): number {
    return this.#acknowledgements.rate;
  }

  get bytesUnderWay(): number {
    return this.#acknowledgements.bytesUnderWay;
  }

  /** Milliseconds by which the viewer is behind. */
  age(now: number): number {
    return this.#acknowledgements.age(now);
  }

  /**
   * Decides about a picture; one that is sent counts as under way.
   *
   * @param queued bytes that wait in this process
   */
  admit(unit: Unit, queued: number, now: number): Admission {
    if (this.#phase.kind === 'flowing' && this.#isOverfull(unit, queued)) {
      this.#cut(now);
      this.#untold = true;
    }
    const begins = this.#phase.kind === 'waiting' && unit.keyframe;
    if (this.#phase.kind !== 'flowing' && !begins) {
      if (this.#hasBegun && this.#phase.kind !== 'off') this.#leftOut += 1;
      return 'drop';
    }
    const isAfterGap = begins && this.#hasBegun;
    if (begins) this.#phase = { kind: 'flowing', isOverdue: false };
    this.#hasBegun = true;
    this.#acknowledgements.sent(unit.sequence, unit.size, now);
    return isAfterGap ? 'send-after-gap' : 'send';
  }

  /** @returns false for a sequence that was never sent: the viewer is broken, or lies */
  acknowledge(sequence: number, now: number): boolean {
    return this.#acknowledgements.acknowledge(sequence, now);
  }

  /**
   * To be called several times a second.
   *
   * @param queued bytes that wait in this process
   * @returns what is to be done now; the same is not said twice, except for key frames
   */
  poll(queued: number, now: number): GateVerdict | null {
    if (this.#acknowledgements.silence(now) >= this.#limits.patience) return { kind: 'too-slow' };
    if (this.#untold) return this.#tellCut(now);
    switch (this.#phase.kind) {
      case 'flowing':
        return this.#pollFlow(this.#phase, queued, now);
      case 'cut':
        if (queued > 0 || this.#acknowledgements.age(now) >= this.#limits.drainedAge) return null;
        return this.#request({ kind: 'waiting', reason: 'drop', askedAt: now });
      case 'waiting':
        if (now - this.#phase.askedAt < this.#limits.keyframeRetry) return null;
        return this.#request({ ...this.#phase, askedAt: now });
      case 'off':
        return null;
    }
  }

  /** The viewer wants no pictures for now, or wants them again. Idempotent. */
  want(on: boolean): void {
    if (!on) this.#phase = { kind: 'off' };
    else if (this.#phase.kind === 'off') {
      this.#phase = { kind: 'waiting', reason: 'join', askedAt: -Infinity };
    }
  }

  #pollFlow(
    phase: Extract<Phase, { kind: 'flowing' }>,
    queued: number,
    now: number,
  ): GateVerdict | null {
    const { maxQueued } = this.#limits;
    const limit = this.#ageLimit(now);
    const isOverdue = this.#acknowledgements.age(now) > limit || queued > maxQueued / 2;
    // One reading may only show that this process was held up.
    if (!isOverdue || !phase.isOverdue) {
      phase.isOverdue = isOverdue;
      return null;
    }
    this.#cut(now);
    return this.#tellCut(now);
  }

  #ageLimit(now: number): number {
    const { cutAge, repeatedCutAge, firstAge, narrowWindow } = this.#limits;
    if (!this.#acknowledgements.heard) return firstAge;
    return now - this.#lastCutAt < narrowWindow ? repeatedCutAge : cutAge;
  }

  #isOverfull({ size }: Unit, queued: number): boolean {
    const { maxUnderWay, maxQueued } = this.#limits;
    const underWay = this.#acknowledgements.bytesUnderWay;
    return (
      this.#acknowledgements.isFull ||
      (underWay > 0 && underWay + size > maxUnderWay) ||
      (queued > 0 && queued + size > maxQueued)
    );
  }

  #cut(now: number): void {
    this.#phase = { kind: 'cut' };
    this.#cuts.push(now);
    this.#lastCutAt = now;
  }

  #tellCut(now: number): GateVerdict {
    this.#untold = false;
    const { narrowCuts, narrowWindow } = this.#limits;
    this.#cuts = this.#cuts.filter((at) => now - at < narrowWindow);
    const isNarrow = this.#cuts.length >= narrowCuts;
    if (isNarrow) this.#cuts = [];
    return { kind: 'cut', isNarrow };
  }

  #request(phase: Extract<Phase, { kind: 'waiting' }>): GateVerdict {
    this.#phase = phase;
    return { kind: 'need-key', reason: phase.reason };
  }
}
