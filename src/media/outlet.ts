/**
 * A consumer of a streamer's media: a viewer, a file, a socket. An outlet is attached to the {@link
 * MediaBus}, which never waits for it.
 */
import type { Deadline } from '../core/deadline.js';

export type TrackId = 'video' | 'audio';

/** A coded picture or packet of sound, on its way from the host to all outlets. */
export interface CodedUnit {
  readonly data: Buffer;
  /** Nanoseconds of the bus's time; strictly increasing within a track. */
  readonly pts: number;
  /** Nanoseconds; null if it is not known. */
  readonly duration: number | null;
  /** A decoder can start here. */
  readonly keyframe: boolean;
}

export type OutletKind = 'webrtc' | 'websocket' | 'desktop' | 'recording' | 'output' | 'snapshot';

export interface OutletStats {
  readonly id: string;
}

interface OutletBase {
  readonly id: string;
  readonly kind: OutletKind;
  /** The next unit of video is a key frame. Called before anything of it is handed out. */
  keyframeComing(): void;
  stats(): OutletStats;
  /** Idempotent. Settles when nothing of the outlet is left, or when the deadline is over. */
  close(deadline: Deadline): Promise<void>;
}

/** Takes RTP packets, behind the payloader that all such outlets share. */
export interface PacketOutlet extends OutletBase {
  readonly tap: 'packets';
}

/** Takes coded units, before any payloader. */
export interface UnitOutlet extends OutletBase {
  readonly tap: 'units';
  /** Returns at once; what it cannot take it drops. */
  accept(track: TrackId, unit: CodedUnit): void;
}

export type Outlet = PacketOutlet | UnitOutlet;

/** Makes packets of units, once for all outlets that tap packets. */
export interface Packetizer {
  /** Whether it takes this unit; asks for a key frame itself if it does not. */
  admits(track: TrackId, unit: CodedUnit): boolean;
  push(track: TrackId, unit: CodedUnit): void;
}
