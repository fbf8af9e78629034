/** What a receiver process and its owner say to each other over the fork's IPC channel. */

export interface TrackStats {
  readonly packets: number;
  /** Payload types, in the order of their first packets. */
  readonly payloads: readonly number[];
  readonly bytes: number;
  /** Sequence numbers between the first and the highest that never came. */
  readonly lost: number;
  readonly duplicates: number;
  /** Packets that came after one with a higher sequence number. */
  readonly reordered: number;
  /** Distinct RTP timestamps. */
  readonly frames: number;
  /** Frames whose last packet (marker bit) came. */
  readonly markers: number;
  /** The last packet of the latest frame has not come. */
  readonly underWay: boolean;
  /** H.264 only: frames that start with parameter sets. */
  readonly keyframes: number;
  /** Milliseconds between the two latest frames' first packets, at most, since the last reset. */
  readonly longestGap: number;
  /**
   * Number of the frame, from 1, that was the first key frame; 0 before it. A viewer is let in when
   * a key frame is pushed: on a busy machine frames before it may still be on their way there.
   */
  readonly firstKeyframe: number;
}

export interface ReceiverStats {
  readonly video: TrackStats;
  readonly audio: TrackStats;
  readonly messages: number;
  /** Bytes of RTP and RTCP of any kind, also of what was sent again. */
  readonly bytes: number;
}

/** How a receiving peer finds its way. */
export interface ReceiverNetwork {
  readonly turn?: {
    readonly hostname: string;
    readonly port: number;
    readonly username: string;
    readonly password: string;
  };
  /** Nothing but relays. */
  readonly relayOnly?: boolean;
  /** Default: all addresses but loopback. */
  readonly bindAddress?: string;
  /** Files; default: a certificate of its own. */
  /** Nothing answers for it: no reports, and it may send what it likes. */
  readonly raw?: boolean;
  readonly certificate?: { readonly certificatePemFile: string; readonly keyPemFile: string };
}

/**
 * What a hostile peer has too much of. Those about RTP and RTCP need a receiver that is `raw`.
 *
 * - a label: messages of `bytes` (8) on that channel, as text if wanted
 * - `rtcp`: PLIs and REMBs; needs one that is not raw
 * - `nack`: requests for all of the last packets, as many as `bytes` have room for
 * - `junk`: RTCP of any type with a right header and random content
 * - `rtp`: packets of `bytes`, each of another SSRC
 * - `channels`: data channels; with `close`, each is closed at once
 */
export type FloodKind =
  | { readonly channel: string; readonly bytes?: number; readonly text?: boolean }
  | 'rtcp'
  | { readonly kind: 'nack' | 'junk' | 'rtp'; readonly bytes: number }
  | { readonly kind: 'channels'; readonly close?: boolean };

/** A section of a receiver's own offer, in which it receives. */
export interface OfferedSection {
  readonly kind: 'video' | 'audio';
  readonly mid: string;
  readonly payload: number;
  /** Value of `a=fmtp`; left out: the stack's own. */
  readonly parameters?: string;
}

export type ToReceiver =
  | {
      readonly type: 'open';
      readonly id: string;
      readonly channels: readonly string[];
      readonly network?: ReceiverNetwork;
    }
  | { readonly type: 'offer'; readonly id: string; readonly sdp: string }
  | { readonly type: 'answer'; readonly id: string; readonly sdp: string }
  /** Makes the receiver offer: its data channels, and in front of them these sections. */
  | {
      readonly type: 'negotiate';
      readonly id: string;
      readonly sections: readonly OfferedSection[];
    }
  | {
      readonly type: 'candidate';
      readonly id: string;
      readonly candidate: string;
      readonly mid: string;
    }
  | {
      readonly type: 'send';
      readonly id: string;
      readonly label: string;
      readonly data: string;
      readonly binary: boolean;
    }
  | { readonly type: 'keyframe'; readonly id: string }
  | {
      readonly type: 'flood';
      readonly id: string;
      readonly what: FloodKind;
      readonly count: number;
      /** Left out: all at once. */
      readonly perSecond?: number;
    }
  | { readonly type: 'bitrate'; readonly id: string; readonly bitrate: number }
  | { readonly type: 'stats'; readonly id: string; readonly request: number }
  | { readonly type: 'close'; readonly id: string };

export type FromReceiver =
  | { readonly type: 'ready' }
  | {
      readonly type: 'description';
      readonly id: string;
      readonly kind: string;
      readonly sdp: string;
    }
  | {
      readonly type: 'candidate';
      readonly id: string;
      readonly candidate: string;
      readonly mid: string;
    }
  | { readonly type: 'state'; readonly id: string; readonly state: string }
  | { readonly type: 'channel'; readonly id: string; readonly label: string }
  | {
      readonly type: 'message';
      readonly id: string;
      readonly label: string;
      readonly data: string;
      readonly binary: boolean;
    }
  | { readonly type: 'stats'; readonly request: number; readonly stats: ReceiverStats }
  | { readonly type: 'error'; readonly id: string; readonly message: string };
