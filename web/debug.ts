import type { ViewerConnection, ViewerStats } from '../client/index.js';
import type { MediaPlayer } from './media-player.js';
import type { Playback } from './playback.js';

/**
 * `window.moontee`: what tests and curious people may look at. It exists while a viewer is
 * open and is for reading only; nothing of the page depends on it.
 */
export interface MoonteeDebug {
  /** `connecting`, `connected`, `waiting` or `ended`. */
  readonly state: string;
  /** Why it is not connected, as shown to the viewer. */
  readonly reason: string | null;
  /** The code of that reason. */
  readonly code: string | null;
  /** Frames decoded since the page began this connection. */
  readonly framesDecoded: number;
  /** How media come: `webrtc` or `websocket`. */
  readonly transport: string;
  /** Frames that were painted, if the browser reports them. */
  readonly framesPainted: number;
  /** `performance.now()` of the first frame of this connection. */
  readonly firstFrameAt: number | null;
  /** Milliseconds from the start of this attempt to its first frame. */
  readonly timeToFirstFrame: number | null;
  /** Pixels of the picture that is shown. */
  readonly width: number;
  readonly height: number;
  /** A fresh sample; rates are over the time since the sample before. */
  stats(): Promise<ViewerStats | undefined>;
}

declare global {
  interface Window {
    moontee?: MoonteeDebug | undefined;
  }
}

/** Shows a viewer's state there. */
export function exposeViewer(
  connection: ViewerConnection,
  playback: Playback,
  player: MediaPlayer,
): void {
  window.moontee = {
    get state() {
      return connection.status.state;
    },
    get reason() {
      return 'end' in connection.status ? connection.status.end.reason : null;
    },
    get code() {
      return 'end' in connection.status ? connection.status.end.code : null;
    },
    get framesDecoded() {
      return playback.framesDecoded;
    },
    get transport() {
      return connection.isOnSocket ? 'websocket' : 'webrtc';
    },
    get framesPainted() {
      return connection.isOnSocket ? player.framesPainted : playback.framesPainted;
    },
    get firstFrameAt() {
      return playback.firstFrameAt ?? null;
    },
    get timeToFirstFrame() {
      return playback.timeToFirstFrame ?? null;
    },
    get width() {
      return playback.size.width;
    },
    get height() {
      return playback.size.height;
    },
    stats: () => connection.stats(),
  };
}
