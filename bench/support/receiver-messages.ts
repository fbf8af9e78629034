/** Messages between the receiver process and its owner over the fork's IPC channel. */

export interface ReceiverStats {
  readonly id: string;
  readonly packets: number;
  readonly bytes: number;
  /** Sequence numbers between the first and the highest that never came. */
  readonly lost: number;
  readonly duplicates: number;
  /** Pictures of which something came. */
  readonly frames: number;
  /** Pictures that came whole, from the first packet to the one with the marker. */
  readonly complete: number;
  /** Milliseconds between the first packets of two pictures, at most. */
  readonly longestGap: number;
  readonly audioPackets: number;
  /** RTCP packets that the server sent. */
  readonly reports: number;
}

/** One picture as it came in; `at` is in milliseconds of CLOCK_MONOTONIC. */
export interface FrameArrival {
  readonly timestamp: number;
  readonly at: number;
  /** RTP payload with SRTP's tag. */
  readonly bytes: number;
  readonly packets: number;
}

export type ToReceiver =
  /** @see CountingPeer on what a demanding one does */
  | { readonly type: 'open'; readonly id: string; readonly demanding: boolean }
  /** A viewer whose media comes over a WebSocket; `peerUrl` is that of its viewer socket. */
  | { readonly type: 'watch'; readonly id: string; readonly peerUrl: string }
  | { readonly type: 'offer'; readonly id: string; readonly sdp: string }
  | { readonly type: 'candidate'; readonly id: string; readonly candidate: string }
  /** Forgets what was counted so far. */
  | { readonly type: 'reset' }
  | { readonly type: 'stats'; readonly request: number }
  /** The pictures of one peer since the last reset. */
  | { readonly type: 'arrivals'; readonly id: string; readonly request: number }
  | { readonly type: 'close'; readonly id: string };

export type FromReceiver =
  | { readonly type: 'ready' }
  | {
      readonly type: 'answer';
      readonly id: string;
      readonly sdp: string;
      /** The only candidate: the counting socket. */
      readonly candidate: string;
    }
  | { readonly type: 'state'; readonly id: string; readonly state: string }
  /** The first video packet came. */
  | { readonly type: 'media'; readonly id: string }
  | { readonly type: 'stats'; readonly request: number; readonly stats: readonly ReceiverStats[] }
  | {
      readonly type: 'arrivals';
      readonly request: number;
      readonly arrivals: readonly FrameArrival[];
    }
  | { readonly type: 'error'; readonly id: string; readonly message: string };
