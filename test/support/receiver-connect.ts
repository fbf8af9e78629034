/** Brings a peer of ours and a receiver together, as signaling would. */
import type { NetworkOptions } from '../../src/ice/types.js';
import type { Peer, StreamPipelineOptions } from '../../src/media/types.js';
import { silentLog } from '../../src/core/log.js';
import { createDtlsIdentity } from '../../src/streamer/dtls-identity.js';
import type { ReceivingPeer } from './receiver.js';
import type { TrackStats } from './receiver-messages.js';
import { acceptAnswer, createOffer } from './peer-signaling.js';

/** Loopback only: works on a machine without a network, and disturbs nobody. */
export const LOOPBACK: NetworkOptions = {
  iceServers: [],
  portRange: null,
  nat1to1: null,
  localAddresses: ['127.0.0.1'],
  relayOnly: false,
  tcpCandidates: false,
  ipv6: false,
};

export const STREAM: StreamPipelineOptions = {
  video: {
    codec: 'h264',
    bitDepth: 8,
    chroma: '4:2:0',
    width: 640,
    height: 360,
    fps: 60,
    colorSpace: 'Rec709',
    colorRangeFull: false,
  },
  audio: { channels: 2, streams: 1, coupledStreams: 1, mapping: [0, 1], packetDuration: 10 },
  network: LOOPBACK,
  dtlsIdentityPem: await createDtlsIdentity(),
  maxPeers: 50,
  mtu: 1200,
  log: silentLog(),
};

/** Candidates of both sides reach the other one as they come. */
export function exchangeCandidates(peer: Peer, receiver: ReceivingPeer): void {
  withholdCandidates(peer, receiver)();
}

/** The same, but nothing arrives before the returned function is called. */
export function withholdCandidates(peer: Peer, receiver: ReceivingPeer): () => void {
  const held: (() => void)[] = [];
  let open = false;
  const pass = (deliver: () => void): void => {
    if (open) deliver();
    else held.push(deliver);
  };
  peer.on('candidate', ({ candidate }) => pass(() => receiver.addCandidate(candidate, 'video0')));
  receiver.on('candidate', ({ candidate, mid }) =>
    pass(() => peer.addCandidate({ candidate, sdpMLineIndex: 0, sdpMid: mid })),
  );
  return () => {
    open = true;
    for (const deliver of held.splice(0)) deliver();
  };
}

/** Offer, answer, and both ends connected. */
export async function connect(peer: Peer, receiver: ReceivingPeer): Promise<void> {
  exchangeCandidates(peer, receiver);
  const offer = await createOffer(peer);
  await acceptAnswer(peer, await receiver.offer(offer));
  await receiver.untilState('connected');
}

/** Frames between two looks that began and never ended. */
export function unfinished(before: TrackStats, after: TrackStats): number {
  const over = ({ frames, underWay }: TrackStats): number => frames - (underWay ? 1 : 0);
  return over(after) - over(before) - (after.markers - before.markers);
}

/** Frames that may wait in the source of a pipeline on a machine that is busy with tests. */
const SOURCE_BACKLOG = 12;

/**
 * Whether the picture began with the key frame that let the viewer in: none but frames that had
 * been pushed before it came before it.
 */
export function beganAtOnce({ firstKeyframe }: TrackStats): boolean {
  return firstKeyframe >= 1 && firstKeyframe <= 1 + SOURCE_BACKLOG;
}
