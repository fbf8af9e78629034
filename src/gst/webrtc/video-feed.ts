import type { Log } from '../../core/log.js';
import type { QueueElement } from '../binding.js';
import type { PeerBranch } from './branch.js';
import type { KeyframeReason } from '../../media/keyframes.js';
import {
  cutAtOf,
  INITIAL_VIDEO_FEED,
  isLinked,
  stepVideoFeed,
  type VideoFeedAction,
  type VideoFeedEvent,
} from '../../media/video-feed.js';

/** What the feed needs of its peer. */
export interface VideoFeedContext {
  readonly peerId: string;
  /** RTP packets of video that have left the payloader so far. */
  videoPackets(): number;
  needKeyframe(reason: KeyframeReason): void;
}

/** Carries out on a branch what `media/video-feed.ts` decides. */
export class VideoFeed {
  readonly #branch: PeerBranch;
  readonly #context: VideoFeedContext;
  readonly #log: Log;
  #state = INITIAL_VIDEO_FEED;
  #timer: NodeJS.Timeout | undefined;

  constructor(branch: PeerBranch, context: VideoFeedContext, log: Log) {
    this.#branch = branch;
    this.#context = context;
    this.#log = log;
  }

  /** Packets that the viewer missed because it was too slow or silent. */
  get dropped(): number {
    return this.#state.dropped;
  }

  /** Whether the viewer gets no video at the moment, for the same reason. */
  get cut(): boolean {
    return cutAtOf(this.#state) !== null;
  }

  /** Whether the viewer gets video at the moment. */
  get linked(): boolean {
    return isLinked(this.#state);
  }

  handle(event: VideoFeedEvent): void {
    const [state, ...actions] = stepVideoFeed(this.#state, event);
    this.#state = state;
    for (const action of actions) this.#carryOut(action);
  }

  /** Before a key frame is pushed: a viewer that awaits one is let in. */
  keyframeComing(): void {
    if (this.#state.phase.kind !== 'awaiting-keyframe') return;
    this.handle({ kind: 'keyframe', packets: this.#context.videoPackets() });
  }

  /** Checks for a queue that fills up. Cheap, several times a second, once there is a path. */
  pollQueue(): void {
    if (this.#state.phase.kind === 'closed') return;
    const queue = this.#branch.element('video-queue') as QueueElement;
    const backlogMs = Number(queue.currentLevelTime) / 1e6;
    this.handle({ kind: 'queue-polled', backlogMs, packets: this.#context.videoPackets() });
  }

  #carryOut(action: VideoFeedAction): void {
    switch (action.kind) {
      case 'request-keyframe':
        this.#context.needKeyframe(action.reason);
        break;
      case 'preroll':
        this.#branch.preroll();
        break;
      case 'flush':
        this.#branch.flush();
        break;
      case 'link':
        this.#branch.link('video');
        break;
      case 'unlink':
        this.#branch.unlink('video', action.unheard);
        break;
      case 'report-slow':
        this.#log.info(
          { peer_id: this.#context.peerId, backlog: action.backlogMs },
          'peer too slow, video cut to the next key frame',
        );
        break;
      case 'report-silent':
        this.#log.info(
          { peer_id: this.#context.peerId, unheard: action.unheard },
          'peer not heard, video cut until it is',
        );
        break;
      case 'stop-timer':
        clearTimeout(this.#timer);
        break;
      case 'start-timer':
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.handle({ kind: 'timeout' }), action.milliseconds);
    }
  }
}
