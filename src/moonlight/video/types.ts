import type { Log } from '../../core/log.js';
import type { DatagramFaults, Endpoint } from '../datagram.js';
import type { AccessUnit, VideoCodec } from '../types.js';

export interface VideoStreamOptions {
  /** The host's video port. */
  readonly remote: Endpoint;
  /** `X-SS-Ping-Payload` of SETUP video; null selects the legacy ping. */
  readonly pingPayload: string | null;
  /** The session key (`rikey`), 16 bytes. */
  readonly key: Buffer;
  readonly encrypted: boolean;
  readonly codec: VideoCodec;
  readonly fps: number;
  /** As asked for in ANNOUNCE; hosts may send smaller packets. */
  readonly packetSize: number;
  /** Repair losses with `invalidate` where possible; the host must have advertised it. */
  readonly referenceFrameInvalidation: boolean;
  /** Milliseconds within which the first datagram, and after it the first IDR, must come. */
  readonly startDeadline?: number;
  /** Whether the host is heard at all; default always. */
  readonly hostHeard?: () => boolean;
  readonly log: Log;
  readonly faults?: DatagramFaults | undefined;
}

/** What became of one FEC block, in the terms of gamestream.md §7.6. */
export interface FecStatus {
  readonly frameIndex: number;
  readonly highestReceivedSequence: number;
  readonly nextContiguousSequence: number;
  readonly missingBeforeHighest: number;
  readonly totalData: number;
  readonly totalParity: number;
  readonly receivedData: number;
  readonly receivedParity: number;
  readonly fecPercentage: number;
  readonly blockIndex: number;
  readonly blockCount: number;
}

/** An inclusive range of frame numbers. */
export interface FrameRange {
  readonly first: number;
  readonly last: number;
}

export interface VideoStreamEvents {
  'access-unit': [AccessUnit];
  /** Ask the host for an IDR now; repeated after a deadline while none comes. */
  'idr-needed': [];
  /** Ask the host to invalidate these frames now. */
  invalidate: [FrameRange];
  /** A frame that was handed out is one that the host keeps; to be acknowledged (§7.5). */
  'long-term-reference': [frameNumber: number];
  'fec-status': [FecStatus];
  quality: [{ status: 'ok' | 'poor' }];
  /** The host answers a request for a key frame with no picture; then, that pictures come again. */
  stalled: [{ stalled: boolean }];
  /**
   * At most once: −100 no datagram in time, −101 datagrams but no IDR in time
   * (gamestream.md §5.10); `ceased`: there were pictures before. The stream goes on until it is
   * closed.
   */
  failed: [{ code: -100 | -101; ceased: boolean }];
}

export interface VideoStats {
  /** Datagrams of the host, whatever was in them. */
  packets: number;
  bytes: number;
  /** Handed out as access units. */
  framesDelivered: number;
  /** Complete, whether handed out or held back for want of a reference. */
  framesComplete: number;
  /** Did not come, or not whole. */
  framesLost: number;
  /** Came whole, but what was in them is no frame of this stream. */
  framesRefused: number;
  /** Complete, but not handed out because they refer to a lost frame. */
  framesHeldBack: number;
  /** Data packets that FEC restored. */
  packetsRecovered: number;
  /** Sequence numbers that never came, whether FEC could restore them or not. */
  packetsLost: number;
  packetsDuplicate: number;
  /** Came when their frame or block needed them no more. */
  packetsLate: number;
  /** Malformed, contradictory or truncated. */
  packetsInvalid: number;
  /** Encrypted packets whose tag was wrong. */
  packetsForged: number;
  idrRequests: number;
  invalidations: number;
}
