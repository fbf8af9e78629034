import type { Log } from '../core/log.js';
import type { KeyframeReason } from './keyframes.js';
import type { Scheduler } from './scheduler.js';

/** Milliseconds of video in the queue above which a viewer counts as too slow. */
const BACKLOG_LIMIT_MS = 400;
/** Milliseconds of video in the queue below which a slow viewer may have pictures again. */
const BACKLOG_DRAINED_MS = 30;
/** How long a key frame may wait in the queue for the path to the viewer. */
export const PREROLL_TIMEOUT_MS = 400;
/** How long after our end of a path the viewer's end counts as ready too. */
export const READY_TIMEOUT_MS = 250;

/** The queue of one viewer, and what is before it. */
export interface VideoOutput {
  /** RTP packets of video that have left the payloader so far. */
  packets(): number;
  requestKeyframe(reason: KeyframeReason): void;
  /** The queue keeps what comes, until {@link flush}. */
  preroll(): void;
  /** Idempotent. */
  flush(): void;
  link(): void;
  /** @param unheard packets that went out and may be lost */
  unlink(unheard: number): void;
}

type Phase =
  /** Video is not wanted yet, or its key frame waited too long for the path. */
  | { readonly kind: 'idle' }
  /** A key frame was requested. `cutAt`: packets sent when video was cut, if it was. */
  | { readonly kind: 'awaiting-keyframe'; readonly cutAt: number | null }
  /** Linked. The queue keeps its packets until there is a path. */
  | { readonly kind: 'preroll' }
  /** Linked. `overdue`: the last poll found too much in the queue. */
  | { readonly kind: 'flowing'; readonly overdue: boolean }
  /** The viewer was too slow or silent. Nothing is sent until its queue is empty. */
  | { readonly kind: 'cut'; readonly cutAt: number }
  | { readonly kind: 'closed' };

/**
 * When a viewer gets video: always from a key frame on, and whole pictures rather than single
 * packets. A viewer that is too slow gets nothing until the next key frame.
 */
export class VideoFeed {
  readonly #output: VideoOutput;
  readonly #schedule: Scheduler;
  readonly #log: Log;
  #phase: Phase = { kind: 'idle' };
  /** `half`: up at our end only. Some viewers discard what comes before their end is ready. */
  #path: 'none' | 'half' | 'ready' = 'none';
  #cancelTimer: () => void = () => undefined;
  #dropped = 0;

  constructor(output: VideoOutput, schedule: Scheduler, log: Log) {
    this.#output = output;
    this.#schedule = schedule;
    this.#log = log;
  }

  get phase(): Phase['kind'] {
    return this.#phase.kind;
  }

  /** Packets that the viewer missed because it was too slow or silent. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Whether packets of video enter the viewer's queue. */
  get linked(): boolean {
    return this.#phase.kind === 'preroll' || this.#phase.kind === 'flowing';
  }

  /** Whether the viewer gets no video because it was too slow or silent. */
  get cut(): boolean {
    return this.#cutAt() !== null;
  }

  /** The viewer wants video. A key frame takes as long as ICE and DTLS, so it is requested now. */
  want(): void {
    if (this.#phase.kind === 'idle') this.#awaitKeyframe(null, 'join');
  }

  /** There is a path, at our end. */
  connected(): void {
    if (this.#path !== 'none' || this.#phase.kind === 'closed') return;
    this.#path = 'half';
    this.#startTimer(READY_TIMEOUT_MS);
  }

  /** There is a path at the viewer's end too. */
  viewerReady(): void {
    if (this.#path === 'ready' || this.#phase.kind === 'closed') return;
    this.#path = 'ready';
    this.#cancelTimer();
    if (this.#phase.kind === 'preroll') this.#phase = { kind: 'flowing', overdue: false };
    // A queue that prerolled and was cut since must be flushed too.
    this.#output.flush();
  }

  /** A key frame is about to be pushed: a viewer that awaits one is let in. */
  keyframeComing(): void {
    if (this.#phase.kind !== 'awaiting-keyframe') return;
    const { cutAt } = this.#phase;
    if (cutAt !== null) this.#dropped += Math.max(0, this.#output.packets() - cutAt);
    if (this.#path === 'ready') {
      this.#phase = { kind: 'flowing', overdue: false };
    } else {
      this.#phase = { kind: 'preroll' };
      this.#output.preroll();
      if (this.#path === 'none') this.#startTimer(PREROLL_TIMEOUT_MS);
    }
    this.#output.link();
  }

  /** To be called several times a second. @param backlogMs milliseconds of video in the queue */
  pollQueue(backlogMs: number): void {
    const phase = this.#phase;
    if (phase.kind === 'cut' && backlogMs < BACKLOG_DRAINED_MS) {
      this.#awaitKeyframe(phase.cutAt, 'drop');
    }
    if (phase.kind !== 'flowing') return;
    const overdue = backlogMs > BACKLOG_LIMIT_MS;
    // A single high reading is not enough: for its first buffer a queue reports the whole
    // running time as its level.
    if (overdue && phase.overdue) {
      this.#cut(0);
      this.#log.info({ backlog: backlogMs }, 'peer too slow, video cut to the next key frame');
    } else {
      this.#phase = { kind: 'flowing', overdue };
    }
  }

  /**
   * Much was sent and nothing came back. Sends nothing until the viewer's next sign of life, and
   * then resumes with a key frame. Idempotent.
   *
   * @param unheard packets that may be lost
   */
  silent(unheard: number): void {
    if (this.#phase.kind === 'idle' || this.#phase.kind === 'closed') return;
    const cutAt = this.#cutAt();
    if (cutAt !== null) {
      this.#phase = { kind: 'cut', cutAt };
      return;
    }
    this.#cut(unheard);
    this.#log.info({ unheard }, 'peer not heard, video cut until it is');
  }

  /** No more video. Idempotent. */
  close(): void {
    this.#phase = { kind: 'closed' };
    this.#cancelTimer();
    this.#output.unlink(0);
  }

  #cutAt(): number | null {
    return 'cutAt' in this.#phase ? this.#phase.cutAt : null;
  }

  #awaitKeyframe(cutAt: number | null, reason: KeyframeReason): void {
    this.#phase = { kind: 'awaiting-keyframe', cutAt };
    this.#output.requestKeyframe(reason);
  }

  #cut(unheard: number): void {
    this.#phase = { kind: 'cut', cutAt: this.#output.packets() };
    // Nothing waits for a path any more.
    if (this.#path === 'none') this.#cancelTimer();
    this.#output.unlink(unheard);
  }

  #startTimer(milliseconds: number): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#schedule(milliseconds, () => {
      if (this.#path === 'half') this.viewerReady();
      if (this.#path !== 'none' || this.#phase.kind !== 'preroll') return;
      // What waited is old by now: the picture begins with another key frame.
      this.#phase = { kind: 'idle' };
      this.#output.unlink(0);
    });
  }
}
