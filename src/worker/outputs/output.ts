import type { AllowedTargets } from '../../core/allowed-targets.js';
import { Deadline } from '../../core/deadline.js';
import { MoonteeError } from '../../core/errors.js';
import type { Log } from '../../core/log.js';
import { OUTCOMES } from '../../core/outcomes.js';
import { settlesWithin } from '../../core/settles-within.js';
import type { MediaBus } from '../../media/bus.js';
import { KeyframePacer } from '../../media/keyframe-pacer.js';
import type { StreamPipeline } from '../../media/types.js';
import type { OutputOrder, OutputStatus } from '../../protocol/output-spec.js';
import type { OutputState } from '../../protocol/output-state.js';
import type { Attempt, AttemptContext } from './attempt.js';
import { startRtp } from './rtp-attempt.js';
import { startWhip } from './whip-attempt.js';

/** Milliseconds until the first attempt after one that failed; doubles up to the second. */
const BACKOFF_MIN_MS = 1_000;
const BACKOFF_MAX_MS = 30_000;
/** Milliseconds of media after which the back-off begins again. */
const STABLE_MS = 10_000;
/** Milliseconds for an attempt to end, if nothing else does. */
const CLOSE_TIMEOUT_MS = 10_000;

let nextNumber = 1;

export interface OutputOptions {
  readonly order: OutputOrder;
  readonly bus: MediaBus;
  readonly pipeline: StreamPipeline;
  readonly targets: AllowedTargets;
  /** Milliseconds to wait for candidates. */
  readonly gatherTimeout: number;
  readonly onStatus: (status: OutputStatus) => void;
  readonly log: Log;
}

export interface OutputFigures {
  readonly name: string;
  readonly type: OutputOrder['spec']['type'];
  readonly state: OutputState;
  readonly bytes: number;
  /** Key frames that the host was asked for. */
  readonly keyframeRequests: number;
  /** Attempts to reach the receiver. */
  readonly attempts: number;
}

/** One output: tries to reach its receiver for as long as that may help, one attempt at a time. */
export class Output {
  readonly #options: OutputOptions;
  readonly #log: Log;
  readonly #outletId: string;
  readonly #pacer: KeyframePacer;
  #state: OutputState = 'connecting';
  #attempt: Attempt | null = null;
  #attempts = 0;
  /** What the attempt of another number says is not heard. */
  #current = 0;
  /** In a row. */
  #failures = 0;
  #activeSince: number | null = null;
  /** Of attempts that have ended. */
  #pastBytes = 0;
  #retry: NodeJS.Timeout | null = null;
  /** The attempt that is made, or taken down. */
  #work: Promise<void> = Promise.resolve();
  readonly #abort = new AbortController();
  #closed = false;

  constructor(options: OutputOptions) {
    const { order, bus } = options;
    this.#options = options;
    this.#log = options.log.child({ output: order.name });
    this.#outletId = `output/${order.name}/${nextNumber++}`;
    this.#pacer = new KeyframePacer({
      interval: order.spec.keyframe_interval_ms,
      ask: (reason) => bus.requestKeyframe(reason, this.#outletId),
    });
    this.#become('connecting', null);
    this.#begin();
  }

  figures(): OutputFigures {
    const { name, spec } = this.#options.order;
    return {
      ...{ name, type: spec.type, state: this.#state, attempts: this.#attempts },
      bytes: this.#pastBytes + (this.#attempt?.bytes ?? 0),
      keyframeRequests: this.#pacer.asked,
    };
  }

  /** Idempotent, never rejects. */
  async close(deadline: Deadline): Promise<void> {
    this.#closed = true;
    this.#abort.abort();
    if (this.#retry) clearTimeout(this.#retry);
    this.#retry = null;
    this.#pacer.served();
    await settlesWithin(deadline.left, this.#work);
    await this.#end(deadline);
  }

  #begin(): void {
    this.#retry = null;
    this.#attempts += 1;
    // What the attempt before asked for is not for this one.
    this.#pacer.served();
    this.#current += 1;
    this.#work = this.#try(this.#current);
  }

  /** Never rejects. */
  async #try(number: number): Promise<void> {
    const { order, pipeline, targets, gatherTimeout } = this.#options;
    const isCurrent = (): boolean => !this.#closed && number === this.#current;
    try {
      const context: AttemptContext = {
        ...{ pipeline, targets, gatherTimeout, log: this.#log },
        signal: this.#abort.signal,
        closeDeadline: () => Deadline.in(CLOSE_TIMEOUT_MS),
        outletId: this.#outletId,
        keyframes: this.#pacer,
        active: () => {
          if (isCurrent()) this.#becomeActive();
        },
        failed: (error) => {
          if (isCurrent()) this.#onFailed(error);
        },
      };
      const { spec } = order;
      this.#attempt = await (spec.type === 'whip'
        ? startWhip(spec, context)
        : startRtp(spec, context));
      if (this.#closed) await this.#end(Deadline.in(CLOSE_TIMEOUT_MS));
    } catch (thrown) {
      if (isCurrent()) this.#onFailed(MoonteeError.from(thrown, 'OUTPUT_FAILED'));
    }
  }

  #becomeActive(): void {
    if (this.#state === 'active') return;
    this.#activeSince = performance.now();
    this.#become('active', null);
  }

  #onFailed(error: MoonteeError): void {
    this.#current += 1;
    const wasStable =
      this.#activeSince !== null && performance.now() - this.#activeSince >= STABLE_MS;
    this.#activeSince = null;
    this.#failures = wasStable ? 1 : this.#failures + 1;
    const isFinal = !OUTCOMES[error.code].retry;
    this.#become(isFinal ? 'failed' : 'retrying', error);
    this.#work = this.#work
      .then(() => this.#end(Deadline.in(CLOSE_TIMEOUT_MS)))
      .then(() => {
        if (!isFinal && !this.#closed) this.#retrySoon(error);
      });
  }

  #retrySoon({ details: { retryAfterMs } }: MoonteeError): void {
    const usual = Math.min(BACKOFF_MIN_MS * 2 ** (this.#failures - 1), BACKOFF_MAX_MS);
    const delay = Math.max(usual, typeof retryAfterMs === 'number' ? retryAfterMs : 0);
    this.#retry = setTimeout(() => this.#begin(), delay);
  }

  /** Never rejects. */
  async #end(deadline: Deadline): Promise<void> {
    const attempt = this.#attempt;
    if (!attempt) return;
    this.#attempt = null;
    this.#pastBytes += attempt.bytes;
    try {
      await attempt.close(deadline);
    } catch (error) {
      this.#log.error({ err: error }, 'output did not close');
    }
  }

  #become(state: OutputState, error: MoonteeError | null): void {
    this.#state = state;
    const code = error?.code ?? null;
    const reason = error?.message ?? null;
    if (error) this.#log.warn({ state, code, reason }, 'output interrupted');
    else this.#log.info({ state }, 'output');
    this.#options.onStatus({ name: this.#options.order.name, state, code, reason });
  }
}
