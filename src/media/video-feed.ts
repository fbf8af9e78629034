/**
 * When a viewer gets video: always from a key frame on, and whole pictures rather than single
 * packets. Pure: an event goes in, the next state and what is to be done come out.
 */
import type { KeyframeReason } from './keyframes.js';

/** Milliseconds of video in the queue above which a viewer counts as too slow. */
const BACKLOG_LIMIT_MS = 400;
/** Milliseconds of video in the queue below which a slow viewer may have pictures again. */
const BACKLOG_DRAINED_MS = 30;
/** How long a key frame may wait in the queue for the path to the viewer. */
const PREROLL_TIMEOUT_MS = 400;
/** How long after our end of a path the viewer's end counts as ready too. */
const READY_TIMEOUT_MS = 250;

export type VideoFeedPhase =
  /** Video is not wanted yet, or its key frame waited too long for the path. */
  | { readonly kind: 'idle' }
  /** A key frame was requested. `cutAt`: packets sent when video was cut, if it was. */
  | { readonly kind: 'awaiting-keyframe'; readonly cutAt: number | null }
  /** The queue keeps its packets until there is a path. */
  | { readonly kind: 'preroll' }
  /** `overdue`: the last poll found too much in the queue. */
  | { readonly kind: 'flowing'; readonly overdue: boolean }
  /** The viewer was too slow or silent. Nothing is sent until its queue is empty. */
  | { readonly kind: 'cut'; readonly cutAt: number }
  | { readonly kind: 'closed' };

export interface VideoFeedState {
  readonly phase: VideoFeedPhase;
  /** `half`: up at our end only. Some viewers discard what comes before their end is ready. */
  readonly path: 'none' | 'half' | 'ready';
  /** Packets that the viewer missed because it was too slow or silent. */
  readonly dropped: number;
}

/** `packets`: RTP packets of video that have left the payloader so far. */
export type VideoFeedEvent =
  | { readonly kind: 'wanted' }
  | { readonly kind: 'connected' }
  | { readonly kind: 'viewer-ready' }
  /** A key frame is about to be pushed. */
  | { readonly kind: 'keyframe'; readonly packets: number }
  | { readonly kind: 'queue-polled'; readonly backlogMs: number; readonly packets: number }
  /** Much was sent and nothing came back. `unheard`: packets that may be lost. */
  | { readonly kind: 'silent'; readonly unheard: number; readonly packets: number }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'close' };

export type VideoFeedAction =
  | { readonly kind: 'request-keyframe'; readonly reason: KeyframeReason }
  /** The queue keeps what comes, until `flush`. */
  | { readonly kind: 'preroll' }
  | { readonly kind: 'flush' }
  | { readonly kind: 'link' }
  | { readonly kind: 'unlink'; readonly unheard: number }
  | { readonly kind: 'report-slow'; readonly backlogMs: number }
  | { readonly kind: 'report-silent'; readonly unheard: number }
  /** There is one timer: this one replaces it. */
  | { readonly kind: 'start-timer'; readonly milliseconds: number }
  | { readonly kind: 'stop-timer' };

type Step = readonly [VideoFeedState, ...VideoFeedAction[]];

export const INITIAL_VIDEO_FEED: VideoFeedState = {
  phase: { kind: 'idle' },
  path: 'none',
  dropped: 0,
};

/** Whether packets of video enter the viewer's queue. */
export function isLinked({ phase }: VideoFeedState): boolean {
  return phase.kind === 'preroll' || phase.kind === 'flowing';
}

/** Packets sent when video was cut because the viewer was too slow or silent; null if it was not. */
export function cutAtOf({ phase }: VideoFeedState): number | null {
  return phase.kind === 'cut' || phase.kind === 'awaiting-keyframe' ? phase.cutAt : null;
}

/** @returns the next state, and what is to be done, in order */
export function stepVideoFeed(state: VideoFeedState, event: VideoFeedEvent): Step {
  const { phase, path } = state;
  if (phase.kind === 'closed') return [state];
  switch (event.kind) {
    case 'wanted':
      // A key frame takes as long as ICE and DTLS, so it is requested before there is a path.
      return phase.kind === 'idle' ? awaitKeyframe(state, null, 'join') : [state];
    case 'connected':
      if (path !== 'none') return [state];
      return [
        { ...state, path: 'half' },
        { kind: 'start-timer', milliseconds: READY_TIMEOUT_MS },
      ];
    case 'viewer-ready':
      return openPath(state);
    case 'keyframe':
      return phase.kind === 'awaiting-keyframe' ? letIn(state, event.packets) : [state];
    case 'queue-polled':
      return judgeQueue(state, event.backlogMs, event.packets);
    case 'silent':
      return silence(state, event.unheard, event.packets);
    case 'timeout':
      if (path === 'half') return openPath(state);
      if (path === 'ready' || phase.kind !== 'preroll') return [state];
      // What waited is old by now: the picture begins with another key frame.
      return [
        { ...state, phase: { kind: 'idle' } },
        { kind: 'unlink', unheard: 0 },
      ];
    case 'close':
      return [
        { ...state, phase: { kind: 'closed' } },
        { kind: 'stop-timer' },
        { kind: 'unlink', unheard: 0 },
      ];
  }
}

function awaitKeyframe(state: VideoFeedState, cutAt: number | null, reason: KeyframeReason): Step {
  return [
    { ...state, phase: { kind: 'awaiting-keyframe', cutAt } },
    { kind: 'request-keyframe', reason },
  ];
}

function openPath(state: VideoFeedState): Step {
  if (state.path === 'ready') return [state];
  const phase: VideoFeedPhase =
    state.phase.kind === 'preroll' ? { kind: 'flowing', overdue: false } : state.phase;
  // A queue that prerolled and was cut since must be flushed too.
  return [{ ...state, phase, path: 'ready' }, { kind: 'stop-timer' }, { kind: 'flush' }];
}

function letIn(state: VideoFeedState, packets: number): Step {
  const cutAt = cutAtOf(state);
  const dropped = state.dropped + (cutAt === null ? 0 : Math.max(0, packets - cutAt));
  if (state.path === 'ready') {
    return [{ ...state, dropped, phase: { kind: 'flowing', overdue: false } }, { kind: 'link' }];
  }
  const timer: readonly VideoFeedAction[] =
    state.path === 'none' ? [{ kind: 'start-timer', milliseconds: PREROLL_TIMEOUT_MS }] : [];
  return [
    { ...state, dropped, phase: { kind: 'preroll' } },
    { kind: 'preroll' },
    { kind: 'link' },
    ...timer,
  ];
}

function judgeQueue(state: VideoFeedState, backlogMs: number, packets: number): Step {
  const { phase } = state;
  if (phase.kind === 'flowing') {
    const overdue = backlogMs > BACKLOG_LIMIT_MS;
    // A single high reading is not enough: for its first buffer a queue reports the whole
    // running time as its level.
    if (!overdue || !phase.overdue) return [{ ...state, phase: { kind: 'flowing', overdue } }];
    return [
      { ...state, phase: { kind: 'cut', cutAt: packets } },
      { kind: 'unlink', unheard: 0 },
      { kind: 'report-slow', backlogMs },
    ];
  }
  if (phase.kind === 'cut' && backlogMs < BACKLOG_DRAINED_MS) {
    return awaitKeyframe(state, phase.cutAt, 'drop');
  }
  return [state];
}

/** Nothing until the viewer is heard again, and then from a key frame on. */
function silence(state: VideoFeedState, unheard: number, packets: number): Step {
  if (state.phase.kind === 'idle') return [state];
  const cutAt = cutAtOf(state);
  if (cutAt !== null) return [{ ...state, phase: { kind: 'cut', cutAt } }];
  return [
    { ...state, phase: { kind: 'cut', cutAt: packets } },
    { kind: 'unlink', unheard },
    { kind: 'report-silent', unheard },
  ];
}
