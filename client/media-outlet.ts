import type { ViewerStats } from './viewer-stats.js';

/** How media may come; `auto` is WebRTC, and a socket where that has no path. */
export type Transport = 'auto' | 'webrtc' | 'websocket';

/** Codec strings that there are decoders for, as WebCodecs names them. */
export interface MediaSupport {
  readonly video: string[];
  readonly audio: string[];
}

export interface MediaOutletEvents {
  /** A picture of this socket is on the screen. */
  readonly onPicture: () => void;
  /** The socket is closed, or what comes over it cannot be shown: with 1006 then. */
  readonly onClosed: (code: number) => void;
}

/**
 * What shows the media of a media socket. Whoever has decoders and a place for pictures makes it;
 * `ViewerConnection` says when it is to be used.
 */
export interface MediaOutlet {
  /** Without any video it is never used. */
  support(): Promise<MediaSupport>;
  /** Opens a socket, in place of an earlier one. @param url with its ticket */
  open(url: string, events: MediaOutletEvents): void;
  /** Idempotent. No event comes after it. */
  close(): void;
  /** Undefined before anything has come. */
  stats(): ViewerStats | undefined;
}
