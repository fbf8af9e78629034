/**
 * The one place that decides when the host is asked for a key frame. Pure: the time is passed in
 * (milliseconds), and the decision is returned.
 */
import type { OutletKind } from './outlet.js';

export type KeyframeReason = 'join' | 'pli' | 'drop' | 'rotate';

export interface KeyframeRequest {
  readonly reason: KeyframeReason;
  /** Null for a need that is everybody's. */
  readonly outletId: string | null;
}

/** How often one outlet may ask. */
export interface KeyframeBudget {
  /** Requests in a row. */
  readonly burst: number;
  /** Milliseconds in which another one is earned. */
  readonly refill: number;
}

export const KEYFRAME_BUDGETS: Readonly<Record<OutletKind, KeyframeBudget>> = {
  webrtc: { burst: 4, refill: 2_500 },
  websocket: { burst: 4, refill: 2_500 },
  desktop: { burst: 4, refill: 2_500 },
  // One to begin with and one for each file, and files are not that short.
  recording: { burst: 2, refill: 5_000 },
  // Its pacer keeps it far below, and over all attempts to reach its receiver.
  output: { burst: 2, refill: 1_000 },
  // One to begin with, and one for a picture that does not move or a decoder that is behind.
  snapshot: { burst: 2, refill: 2_500 },
};

export interface KeyframeLimits {
  /** Least time between two requests to the host. */
  readonly interval: number;
  /** How long the host gets for an IDR before it is asked again (doubling up to 8 times it). */
  readonly answer: number;
}

export const KEYFRAME_LIMITS: KeyframeLimits = {
  interval: 400,
  answer: 1000,
};

/** Longest wait for an answer, in units of {@link KeyframeLimits.answer}. */
const BACKOFF_LIMIT = 8;

interface Allowance {
  readonly budget: KeyframeBudget;
  tokens: number;
  /** Negative infinity before the first request. */
  at: number;
}

/** Coalesces the requests of all outlets, each within a budget of its own. */
export class KeyframeArbiter {
  readonly #limits: KeyframeLimits;
  readonly #allowances = new Map<string, Allowance>();
  /** The outlets that still wait; the first of them gives the reason. */
  #wanted: KeyframeRequest | null = null;
  #inFlight = false;
  #attempts = 0;
  #requestedAt = -Infinity;

  constructor(limits: KeyframeLimits = KEYFRAME_LIMITS) {
    this.#limits = limits;
  }

  /** An outlet that may ask until it is forgotten. */
  admit(outletId: string, kind: OutletKind): void {
    const budget = KEYFRAME_BUDGETS[kind];
    this.#allowances.set(outletId, { budget, tokens: budget.burst, at: -Infinity });
  }

  /**
   * An outlet needs a key frame. Requests above its budget, and of outlets that are not admitted,
   * are ignored.
   *
   * @returns whether the wish was accepted; {@link due} says when to act on it
   */
  want(request: KeyframeRequest, now: number): boolean {
    if (request.outletId !== null && !this.#spend(request.outletId, now)) return false;
    this.#wanted ??= request;
    return true;
  }

  /** An IDR is sent to all outlets: earlier requests are met by it. */
  served(): void {
    this.#wanted = null;
    this.#inFlight = false;
    this.#attempts = 0;
  }

  /** The request that must go to the host now, if any; it counts as sent. */
  due(now: number): KeyframeRequest | null {
    const at = this.dueAt();
    if (at === null || at > now) return null;
    const request = this.#wanted;
    this.#inFlight = true;
    this.#attempts += 1;
    this.#requestedAt = now;
    return request;
  }

  /** The time at which {@link due} will have something, or null if no outlet waits. */
  dueAt(): number | null {
    if (!this.#wanted) return null;
    if (!this.#inFlight) return this.#requestedAt + this.#limits.interval;
    const patience = Math.min(2 ** (this.#attempts - 1), BACKOFF_LIMIT) * this.#limits.answer;
    return this.#requestedAt + Math.max(patience, this.#limits.interval);
  }

  forget(outletId: string): void {
    this.#allowances.delete(outletId);
  }

  #spend(outletId: string, now: number): boolean {
    const allowance = this.#allowances.get(outletId);
    if (!allowance) return false;
    const { burst, refill } = allowance.budget;
    const earned = Math.max(0, now - allowance.at) / refill;
    allowance.tokens = Math.min(burst, allowance.tokens + earned);
    allowance.at = now;
    if (allowance.tokens < 1) return false;
    allowance.tokens -= 1;
    return true;
  }
}
