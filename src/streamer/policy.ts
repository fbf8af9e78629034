import { ERRORS, type ErrorCode } from '../core/outcomes.js';

/** What happens when the source of a streamer ends without anybody having asked for it. */
type EndPolicy = 'keep' | 'restart' | 'end';

export interface RestartOptions {
  readonly policy: EndPolicy;
  /** Milliseconds before the first new attempt; doubles with each further one. */
  readonly backoffMin: number;
  readonly backoffMax: number;
  /**
   * Attempts in a row without a stable session before the breaker opens for good. Those that a
   * host did not hear are not among them.
   */
  readonly maxAttempts: number;
  /** Milliseconds after which a session counts as stable and the count starts again. */
  readonly stableAfter: number;
}

/** How a session ended. */
export interface SessionEnd {
  readonly code: ErrorCode;
  readonly reason: string;
  /** Moonlight's own number, for `ConnectionTerminated`. */
  readonly errorCode: number;
  /** The host ended it, as opposed to a guess from silence. */
  readonly byHost: boolean;
  /** The host is silent: it is away. */
  readonly silent: boolean;
  /** It was spoilt by what passes and is not its own: a starved machine, the end of another streamer. */
  readonly spoilt?: boolean;
  /** Milliseconds since its first picture; 0 if it never had one. */
  readonly connectedFor: number;
}

/**
 * Decides between another attempt and the end, for sessions in a child as well as for children. It
 * is a back-off with a breaker that latches. A silent host has refused nothing: it is waited for as
 * long as the streamer is wanted.
 */
export class RestartPolicy {
  readonly #options: RestartOptions;
  #attempts = 0;
  /** Waits in a row, which decide how long the next one is. */
  #waits = 0;

  constructor(options: RestartOptions) {
    this.#options = options;
  }

  /** Attempts since the last stable session. */
  get attempts(): number {
    return this.#attempts;
  }

  /** @returns milliseconds to wait before the next attempt, or null to give up */
  next(end: SessionEnd): number | null {
    const { policy, backoffMin, backoffMax, maxAttempts, stableAfter } = this.#options;
    if (policy === 'end') return null;
    if (policy === 'restart' && end.byHost && end.connectedFor > 0) return null;
    if (ERRORS[end.code].restart === false) return null;
    if (end.connectedFor >= stableAfter) this.#attempts = 0;
    // There was a picture: the host is back, however long it had been away before.
    if (end.connectedFor > 0) this.#waits = this.#attempts;
    if (end.connectedFor > 0 || !isAway(end)) {
      // A streamer that is kept is tried again, ever more slowly.
      if (policy === 'restart' && this.#attempts >= maxAttempts) return null;
      this.#attempts += 1;
    }
    const delay = Math.min(backoffMax, backoffMin * 2 ** Math.min(this.#waits, 30));
    // RTSP was answered: the host is there, and each attempt listens for its UDP for seconds.
    if (!isDeaf(end)) this.#waits += 1;
    return delay;
  }
}

/** Its UDP alone did not come through. */
function isDeaf({ code, silent }: SessionEnd): boolean {
  return silent && code === 'CONTROL_FAILED';
}

function isAway({ code, silent }: SessionEnd): boolean {
  return silent || code === 'HOST_UNREACHABLE';
}
