/**
 * The one place that decides when the host is asked for a key frame. Pure: it is told the
 * time (milliseconds) and says what to do.
 */

export type KeyframeReason = 'join' | 'pli' | 'drop';

export interface KeyframeRequest {
  readonly reason: KeyframeReason;
  readonly peerId: string | null;
}

export interface KeyframeLimits {
  /** Least time between two requests to the host. */
  readonly interval: number;
  /** How long the host gets for an IDR before it is asked again (doubling up to 8 times it). */
  readonly answer: number;
  /** Requests that a peer may make in a row. */
  readonly burst: number;
  /** Time in which a peer earns another one. */
  readonly refill: number;
}

export const KEYFRAME_LIMITS: KeyframeLimits = {
  interval: 400,
  answer: 1000,
  burst: 4,
  refill: 2500,
};

/** Longest wait for an answer, in units of {@link KeyframeLimits.answer}. */
const BACKOFF_LIMIT = 8;

interface Allowance {
  tokens: number;
  at: number;
}

export class KeyframeCoalescer {
  readonly #limits: KeyframeLimits;
  readonly #allowances = new Map<string, Allowance>();
  /** What somebody still waits for; the first one that asked. */
  #wanted: KeyframeRequest | null = null;
  #inFlight = false;
  #attempts = 0;
  #requestedAt = -Infinity;

  constructor(limits: KeyframeLimits = KEYFRAME_LIMITS) {
    this.#limits = limits;
  }

  /**
   * Somebody needs a key frame. Whoever asks too often is not heard.
   *
   * @returns whether the wish was accepted; {@link due} says when to act on it
   */
  want(request: KeyframeRequest, now: number): boolean {
    if (request.peerId !== null && !this.#spend(request.peerId, now)) return false;
    this.#wanted ??= request;
    return true;
  }

  /** An IDR goes out to everybody: whoever asked before has what they need. */
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

  /** When {@link due} will have something, or null while nobody waits. */
  dueAt(): number | null {
    if (!this.#wanted) return null;
    if (!this.#inFlight) return this.#requestedAt + this.#limits.interval;
    const patience = Math.min(2 ** (this.#attempts - 1), BACKOFF_LIMIT) * this.#limits.answer;
    return this.#requestedAt + Math.max(patience, this.#limits.interval);
  }

  forget(peerId: string): void {
    this.#allowances.delete(peerId);
  }

  #spend(peerId: string, now: number): boolean {
    const { burst, refill } = this.#limits;
    const last = this.#allowances.get(peerId) ?? { tokens: burst, at: now };
    const tokens = Math.min(burst, last.tokens + Math.max(0, now - last.at) / refill);
    const granted = tokens >= 1;
    this.#allowances.set(peerId, { tokens: granted ? tokens - 1 : tokens, at: now });
    return granted;
  }
}
