import type { Log } from '../../core/log.js';
import type { DatagramFaults, Endpoint } from '../datagram.js';
import type { OpusPacket } from '../types.js';

export interface AudioStreamOptions {
  /** The host's audio port. */
  readonly remote: Endpoint;
  /** `X-SS-Ping-Payload` of SETUP audio; null selects the legacy ping. */
  readonly pingPayload: string | null;
  /** The session key (`rikey`), 16 bytes. */
  readonly key: Buffer;
  /** `rikeyid`, signed or not. */
  readonly keyId: number;
  readonly encrypted: boolean;
  /** Milliseconds of sound in a packet. */
  readonly packetDuration: number;
  /**
   * Milliseconds of sound dropped at the start, which had piled up before the socket was read;
   * default 0. The first packet after it begins a FEC block in any case.
   */
  readonly startupDiscard?: number;
  readonly log: Log;
  readonly faults?: DatagramFaults | undefined;
}

export interface AudioStreamEvents {
  packet: [OpusPacket];
}

export interface AudioStats {
  /** Datagrams of the host, whatever was in them. */
  packets: number;
  bytes: number;
  delivered: number;
  /** Data packets that FEC restored. */
  recovered: number;
  /** Holes in the delivered sequence. */
  lost: number;
  duplicate: number;
  late: number;
  /** Malformed, or not decipherable. */
  invalid: number;
  /** Thrown away at the start. */
  discarded: number;
}
