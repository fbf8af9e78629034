import type { AllowedTargets } from '../../core/allowed-targets.js';
import type { Deadline } from '../../core/deadline.js';
import type { MoonteeError } from '../../core/errors.js';
import type { Log } from '../../core/log.js';
import type { OutputKeyframes } from '../../media/keyframe-pacer.js';
import type { StreamPipeline } from '../../media/types.js';

/** What an attempt to reach a receiver is given. */
export interface AttemptContext {
  readonly pipeline: StreamPipeline;
  /** Its id as an outlet. */
  readonly outletId: string;
  readonly targets: AllowedTargets;
  readonly keyframes: OutputKeyframes;
  /** Milliseconds to wait for candidates. */
  readonly gatherTimeout: number;
  /** The output is closed. */
  readonly signal: AbortSignal;
  /** For what a failed attempt leaves. */
  closeDeadline(): Deadline;
  readonly log: Log;
  /** Media flows. */
  active(): void;
  /** It does not go on: {@link Attempt.close} is to follow. Only the first call counts. */
  failed(error: MoonteeError): void;
}

/** An output that was begun, and has not failed yet. */
export interface Attempt {
  /** Sent so far. */
  readonly bytes: number;
  /** Idempotent, never rejects. */
  close(deadline: Deadline): Promise<void>;
}
