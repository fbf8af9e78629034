import type { Log } from '../../core/log.js';
import type { InboxLimits } from './inbox.js';
import type { PeerTimeouts } from './outbox.js';
import type { EnetPeer } from './peer.js';

export interface EnetAddress {
  /** Numeric IP address. */
  readonly address: string;
  readonly port: number;
}

interface EnetMessage {
  readonly channel: number;
  readonly data: Buffer;
}

/** `remote`: the other side; `timeout`: it fell silent; `refused`: its handshake was not ours. */
export type DisconnectReason = 'local' | 'remote' | 'timeout' | 'refused';

export interface EnetPeerEvents {
  connect: [];
  message: [EnetMessage];
  /** Emitted once for a peer that was connected, or that we tried to connect to. */
  disconnect: [{ data: number; reason: DisconnectReason }];
}

export type PeerState =
  'connecting' | 'acknowledging' | 'connected' | 'disconnecting-later' | 'disconnecting' | 'closed';

/** Bounds of one peer. */
export interface PeerLimits extends InboxLimits {
  /** Bytes of messages that wait to be sent for the first time. */
  readonly maxQueuedBytes: number;
  /** Messages (fragments) that wait to be sent or acknowledged. */
  readonly maxBacklog: number;
}

/** What a peer needs of the endpoint that owns it. */
export interface PeerLink {
  readonly log: Log;
  readonly limits: PeerLimits;
  now(): number;
  transmit(datagram: Buffer, to: EnetAddress): void;
  /** The peer has something to send or to emit. */
  touched(peer: EnetPeer): void;
}

export interface PeerSetup {
  readonly link: PeerLink;
  readonly address: EnetAddress;
  /** Our number for this connection. */
  readonly id: number;
  readonly timeouts: PeerTimeouts;
  /** Milliseconds until an unfinished handshake is given up. */
  readonly handshakeTimeout: number;
}
