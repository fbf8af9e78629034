/** What page and media worker say to each other. */
import type { MediaSupport, ViewerStats } from '../client/index.js';

/** Where pictures go. */
export type SinkOrder =
  /** The page made a track generator. */
  | { readonly kind: 'track'; readonly writable: WritableStream<VideoFrame> }
  /** The worker makes one and gives its track. */
  | { readonly kind: 'own-track' }
  | { readonly kind: 'canvas'; readonly canvas: OffscreenCanvas };

export type PageMessage =
  | {
      readonly type: 'open';
      readonly url: string;
      readonly sink: SinkOrder;
      /** Takes pairs of Float32Array; null if there is no sound. */
      readonly sound: MessagePort | null;
      readonly isHidden: boolean;
    }
  | { readonly type: 'close' }
  | { readonly type: 'sink'; readonly sink: SinkOrder }
  | { readonly type: 'hidden'; readonly isHidden: boolean }
  /** Pictures of a track that the page has shown so far. */
  | { readonly type: 'painted'; readonly frames: number };

export type WorkerMessage =
  | {
      readonly type: 'support';
      readonly support: MediaSupport;
      readonly hasTrackGenerator: boolean;
    }
  | { readonly type: 'track'; readonly track: MediaStreamTrack }
  /** The first picture of a sink is in it. */
  | { readonly type: 'picture' }
  /** Nothing is seen of what goes to the sink: give another one. */
  | { readonly type: 'sink-stalled' }
  | { readonly type: 'stats'; readonly stats: ViewerStats; readonly painted: number }
  | { readonly type: 'closed'; readonly code: number };
