import type { PeerStats } from './types.js';

/** What only grows while a peer lives. */
export type PeerCounts = Pick<
  PeerStats,
  'packetsSent' | 'bytesSent' | 'packetsDropped' | 'nackCount' | 'pliCount' | 'firCount'
>;

export const NO_PEER_COUNTS: PeerCounts = {
  packetsSent: 0,
  bytesSent: 0,
  packetsDropped: 0,
  nackCount: 0,
  pliCount: 0,
  firCount: 0,
};

export function addPeerCounts(one: PeerCounts, other: PeerCounts): PeerCounts {
  return {
    packetsSent: one.packetsSent + other.packetsSent,
    bytesSent: one.bytesSent + other.bytesSent,
    packetsDropped: one.packetsDropped + other.packetsDropped,
    nackCount: one.nackCount + other.nackCount,
    pliCount: one.pliCount + other.pliCount,
    firCount: one.firCount + other.firCount,
  };
}
