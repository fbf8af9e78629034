import type { Log } from '../../core/log.js';
import type { DatagramFaults } from '../datagram.js';
import type { HostMessage, Termination } from '../types.js';
import type { ControlEncryption } from './cipher.js';

export interface ControlStreamOptions {
  /** Name or address, and UDP port from SETUP. */
  readonly host: string;
  readonly port: number;
  /** 16 bytes. */
  readonly rikey: Buffer;
  readonly encryption: ControlEncryption;
  /** `X-SS-Connect-Data`; default 0. */
  readonly connectData?: number;
  readonly hostFeatures: { readonly touchAndPen: boolean; readonly padTouchAndMotion: boolean };
  /** The four numbers of `appversion`; default 7.1.431.-1. */
  readonly hostVersion?: readonly number[];
  /** Datagrams of video and sound so far; left out: not known. */
  readonly mediaPackets?: () => number;
  /** Milliseconds; default 10 000. */
  readonly connectTimeout?: number;
  readonly faults?: DatagramFaults | undefined;
  readonly log: Log;
}

export interface ControlStreamEvents {
  message: [HostMessage];
  /** The host answers nothing at all, not even pings; then, that it answers again. */
  silence: [{ silent: boolean }];
  /** Exactly once, if `connect` had succeeded. */
  closed: [Termination];
}

export interface ControlCounters {
  /** Messages that were not encrypted, or not with our key. */
  undecryptable: number;
  /** Messages of unknown type or shape. */
  unknown: number;
  /** Input that the host does not take or that found the queue full. */
  inputRefused: number;
}
