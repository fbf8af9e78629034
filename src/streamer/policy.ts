import type { ErrorCode } from '../errors.js';

/** What happens when the source of a streamer ends without anybody having asked for it. */
type EndPolicy = 'keep' | 'restart' | 'end';

export interface RestartOptions {
  readonly policy: EndPolicy;
  /** Milliseconds before the first new attempt; doubles with each further one. */
  readonly backoffMin: number;
  readonly backoffMax: number;
  /** Attempts in a row without a stable session before the breaker opens for good. */
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
  /** The host ended it on purpose: the app is over. */
  readonly byHost: boolean;
  /** Milliseconds it was connected; 0 when it never was. */
  readonly connectedFor: number;
}

/** Failures that another attempt cannot mend. */
const FINAL: ReadonlySet<ErrorCode> = new Set([
  'HOST_NOT_FOUND',
  'HOST_NOT_PAIRED',
  'APP_NOT_FOUND',
  'PAIRING_PIN_MISSING',
  'HOST_CERTIFICATE_CHANGED',
  'ENCRYPTION_REQUIRED',
  'CODEC_UNAVAILABLE',
  'ELEMENT_MISSING',
]);

/** Decides between another attempt and the end: back-off with a breaker that latches. */
export class RestartPolicy {
  readonly #options: RestartOptions;
  #attempts = 0;

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
    // A host that cannot be reached is no host that has ended its app.
    if (policy === 'restart' && end.byHost && end.connectedFor > 0) return null;
    if (FINAL.has(end.code)) return null;
    if (end.connectedFor >= stableAfter) this.#attempts = 0;
    // A streamer that is kept goes on trying, ever more slowly.
    if (policy === 'restart' && this.#attempts >= maxAttempts) return null;
    const delay = Math.min(backoffMax, backoffMin * 2 ** Math.min(this.#attempts, 30));
    this.#attempts += 1;
    return delay;
  }
}
