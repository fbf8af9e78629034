import type { Log } from '../../core/log.js';
import type { QueueElement } from '../binding.js';
import type { PeerBranch } from './branch.js';
import type { KeyframeReason } from '../../media/keyframes.js';

/** Milliseconds of video waiting in the queue at which a peer counts as too slow. */
const BACKLOG_LIMIT = 400;
/** Milliseconds of backlog below which a slow peer may have pictures again. */
const BACKLOG_FINE = 30;
/** Milliseconds that a key frame may wait in its queue for the path to the viewer. */
const EARLY_LIMIT = 400;
/** Milliseconds after which a viewer's end of a new path is taken to be ready too. */
const READY_DELAY = 250;

/** What the feed needs of its peer. */
export interface VideoFeedHost {
  readonly peerId: string;
  /** RTP packets of video that have left the payloader so far. */
  videoPackets(): number;
  needKeyframe(reason: KeyframeReason): void;
}

/**
 * Lets a peer have video, always from a key frame on: the first one waits in the queue for the
 * path, and whoever is too slow gets nothing until the next one.
 */
export class VideoFeed {
  readonly #branch: PeerBranch;
  readonly #host: VideoFeedHost;
  readonly #log: Log;
  /** Video starts with the next key frame. */
  #awaitsKeyframe = false;
  #connected = false;
  /** Runs while video is let in although the path is not there yet. */
  #early: NodeJS.Timeout | null = null;
  /** The viewer's end has its keys: what comes before is thrown away by some. */
  #ready = false;
  #readyTimer: NodeJS.Timeout | null = null;
  /** The last look found too much waiting. */
  #overdue = false;
  /** {@link VideoFeedHost.videoPackets} when video was cut off. */
  #cutAt: number | null = null;
  #dropped = 0;
  #ended = false;

  constructor(branch: PeerBranch, host: VideoFeedHost, log: Log) {
    this.#branch = branch;
    this.#host = host;
    this.#log = log;
  }

  /** Packets that the peer did not get because it was too slow, or was not heard. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Whether it gets none at the moment, for the same reason. */
  get cut(): boolean {
    return this.#cutAt !== null;
  }

  /** The viewer wants video. A key frame takes as long as ICE and DTLS, so it is asked for now. */
  start(): void {
    if (this.#ended || this.#awaitsKeyframe || this.#branch.linked('video')) return;
    this.#awaitsKeyframe = true;
    this.#host.needKeyframe('join');
  }

  /** There is a path, at our end. */
  connected(): void {
    if (this.#ended || this.#connected) return;
    this.#connected = true;
    if (this.#early) clearTimeout(this.#early);
    this.#early = null;
    this.#readyTimer = setTimeout(() => this.viewerReady(), READY_DELAY);
  }

  /** There is a path at the viewer's end too. */
  viewerReady(): void {
    if (this.#ended || this.#ready) return;
    this.#ready = true;
    this.#branch.release();
  }

  /** A key frame is about to be pushed: if it was waited for, video is let in. */
  keyframeComes(): void {
    if (this.#ended || !this.#awaitsKeyframe) return;
    this.#awaitsKeyframe = false;
    if (this.#cutAt !== null) {
      this.#dropped += Math.max(0, this.#host.videoPackets() - this.#cutAt);
      this.#cutAt = null;
    }
    if (!this.#ready) this.#branch.hold();
    this.#branch.link('video');
    if (!this.#connected) this.#early ??= setTimeout(() => this.#tooEarly(), EARLY_LIMIT);
  }

  /** Whether it has video at the moment. */
  get fed(): boolean {
    return this.#branch.linked('video');
  }

  /**
   * Looks for a queue that fills up. Cheap, several times a second, once there is a path.
   *
   * @param silent nothing is heard of the viewer, and should be sent to it
   * @param unheard packets that it may not have got
   */
  look(silent: boolean, unheard: number): void {
    if (this.#ended) return;
    if (silent) {
      this.#hush(unheard);
      return;
    }
    const queue = this.#branch.element('video-queue') as QueueElement;
    const backlog = Number(queue.currentLevelTime) / 1e6;
    // Once may be a queue's first buffer, which counts all the time before it.
    const overdue = this.#branch.linked('video') && backlog > BACKLOG_LIMIT;
    const again = this.#overdue;
    this.#overdue = overdue;
    if (overdue && again) {
      // Whole pictures rather than single packets: nothing until the next key frame.
      this.#branch.unlink('video');
      this.#cutAt = this.#host.videoPackets();
      this.#log.info(
        { peer_id: this.#host.peerId, backlog },
        'peer too slow, video cut to the next key frame',
      );
    } else if (this.#cutAt !== null && !this.#awaitsKeyframe && backlog < BACKLOG_FINE) {
      this.#awaitsKeyframe = true;
      this.#host.needKeyframe('drop');
    }
  }

  /** Nothing until the viewer is heard again, and then from a key frame on. Idempotent. */
  #hush(unheard: number): void {
    this.#awaitsKeyframe = false;
    this.#overdue = false;
    if (this.#cutAt === null) {
      this.#cutAt = this.#host.videoPackets();
      this.#log.info(
        { peer_id: this.#host.peerId, unheard },
        'peer not heard, video cut until it is',
      );
    }
    if (this.#branch.linked('video')) this.#branch.unlink('video', unheard);
  }

  /** No more video. Idempotent. */
  end(): void {
    this.#ended = true;
    this.#awaitsKeyframe = false;
    if (this.#early) clearTimeout(this.#early);
    if (this.#readyTimer) clearTimeout(this.#readyTimer);
    this.#branch.unlink('video');
  }

  /** What has been waiting is old by now: the picture begins with a key frame of its own. */
  #tooEarly(): void {
    this.#early = null;
    this.#branch.unlink('video');
  }
}
