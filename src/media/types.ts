/**
 * The interface of the media side to the rest of Moontee. No GStreamer word crosses this file, so
 * that another implementation of peers can take the place of webrtcbin.
 */
import type { Deadline } from '../core/deadline.js';
import type { EventEmitter } from 'node:events';
import type { MoonteeError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import type { IceServer, NetworkOptions } from '../ice/types.js';
import type { AudioLayout, NegotiatedVideo } from '../moonlight/types.js';
import type { MediaBus } from './bus.js';
import type { IceParameters } from './ice-fragment.js';
import type { OutputKeyframes } from './keyframe-pacer.js';
import type { KeyframeReason, KeyframeRequest } from './keyframes.js';
import type { TrackId } from './outlet.js';
import type { PeerCounts } from './peer-counts.js';

export interface StreamPipelineOptions {
  readonly video: NegotiatedVideo;
  readonly audio: AudioLayout;
  readonly network: NetworkOptions;
  /** Certificate and private key of the DTLS connections, one after the other. */
  readonly dtlsIdentityPem: string;
  readonly maxPeers: number;
  /** What feeds the pipeline; left out: a bus of its own, for what is pushed into it. */
  readonly bus?: MediaBus;
  /** Bytes of an RTP packet of video. */
  readonly mtu: number;
  /** Writes the graph of a pipeline that failed to a file, and returns its path. Never throws. */
  readonly keepGraph?: (dot: string) => string | null;
  readonly log: Log;
}

export interface StreamPipelineEvents {
  /** The bus's: ask the host for an IDR now. */
  'keyframe-needed': [KeyframeRequest];
  /** The pipeline is of no use any more. */
  failed: [Error];
}

/** The media side of one streamer: push in, any number of peers out. */
export interface StreamPipeline extends EventEmitter<StreamPipelineEvents> {
  readonly closed: boolean;
  /** Nanoseconds since the pipeline started: the clock of `pts`. */
  readonly runningTime: number;
  /**
   * Publishes on the bus.
   *
   * @param pts nanoseconds of running time, strictly increasing
   */
  pushVideo(unit: { data: Buffer; pts: number; idr: boolean }): void;
  pushAudio(packet: { data: Buffer; pts: number; duration: number }): void;
  /**
   * Builds and links a branch; the peer is idle until {@link Peer.createOffer}.
   *
   * @param iceServers instead of those of {@link NetworkOptions}
   * @param signaling how it signals; default: over a socket
   */
  addPeer(id: string, iceServers?: readonly IceServer[], signaling?: PeerSignaling): Promise<Peer>;
  peer(id: string): Peer | undefined;
  /**
   * As {@link addPeer}, for a server that is sent the media: without data channels, and without taking a
   * viewer's place.
   */
  addOutputPeer(id: string, keyframes: OutputKeyframes): Promise<OutputPeer>;
  /**
   * Sends the packets of both media to UDP ports, from the next key frame on.
   *
   * @throws CLOSED, PIPELINE_FAILED, ELEMENT_MISSING
   */
  addRtpOutput(options: RtpOutputOptions): RtpOutput;
  stats(): Promise<PipelineStats>;
  /** The graph in Graphviz's language. */
  dot(): string;
  /**
   * Idempotent; closes every peer first.
   *
   * @param deadline default: in 20 s
   * @throws TIMEOUT if it does not come to rest: the process must end then
   */
  close(deadline?: Deadline): Promise<void>;
}

export interface PipelineStats {
  readonly videoUnits: number;
  readonly videoBytes: number;
  readonly audioPackets: number;
  /** Access units that the source queue had to drop. */
  readonly unitsDropped: number;
  readonly keyframeRequests: number;
  readonly keyframeRequestsByReason: Readonly<Record<KeyframeReason, number>>;
  readonly peers: readonly PeerStats[];
  /** Of all peers so far, those that left too: these figures never fall. */
  readonly peerTotals: PeerCounts;
}

export type PeerSignaling =
  /** Over a socket: we offer, and either side may say more at any time. */
  | 'socket'
  /** By requests of the viewer, which makes the one offer. */
  | 'viewer-offer'
  /** By requests of the viewer, which answers our one offer. */
  | 'server-offer';

export type PeerQuality = 'good' | 'constrained' | 'stalled';

export interface PeerStats {
  readonly id: string;
  readonly state: PeerState;
  readonly quality: PeerQuality;
  readonly packetsSent: number;
  readonly bytesSent: number;
  /** Packets that this peer's queue dropped because the peer was slow. */
  readonly packetsDropped: number;
  readonly nackCount: number;
  readonly pliCount: number;
  readonly firCount: number;
  /** 0…1, from the receiver's last report. */
  readonly fractionLost: number;
  /** Milliseconds. */
  readonly roundTrip: number;
  readonly jitter: number;
  /** bit/s that the link carries by the browser's estimate; null without an estimate. */
  readonly bandwidth: number | null;
}

export type PeerState = 'negotiating' | 'connecting' | 'connected' | 'failed' | 'closed';

/** A session description on its way between a viewer and us. */
export interface PeerDescription {
  readonly type: 'offer' | 'answer';
  readonly sdp: string;
}

export interface PeerCandidate {
  readonly candidate: string;
  readonly sdpMLineIndex: number;
  readonly sdpMid: string | null;
}

export interface PeerEvents {
  /** Ours, already set. */
  description: [PeerDescription];
  /** One of ours, never before the description that it belongs to. */
  candidate: [PeerCandidate];
  /** All of ours have been emitted, or wait for their description. */
  gathered: [];
  /** `connected`: ICE and DTLS are up. `failed` comes at most once. */
  state: [PeerState];
  'channel-open': [label: string];
  'channel-closed': [label: string];
  /** Binary, or text, of a channel. */
  message: [label: string, data: Buffer | string];
  quality: [PeerQuality];
}

/** One viewer's WebRTC connection. */
export interface Peer extends EventEmitter<PeerEvents> {
  readonly id: string;
  readonly state: PeerState;
  /** Why the connection failed: a sentence for people. */
  readonly diagnosis: string;
  /** The one reason of the state `failed`. */
  readonly failure: MoonteeError | null;
  /**
   * Offers video and audio, sendonly, and a data section. If an offer is out already: nothing, or a
   * restart after its answer.
   *
   * @param options.iceRestart with other ICE credentials; all candidates are sent again, and the
   * peer fails if its answer leads to no path
   * @returns when that was done, or has failed the peer
   */
  offer(options?: { iceRestart?: boolean }): Promise<void>;
  /**
   * A description of the browser's. Its own offer may contain data channels alone, or what was
   * agreed before. Other ICE credentials than before restart ICE, as in {@link offer}. Of a viewer
   * that makes the offers there is one, with media.
   *
   * @returns as of {@link offer}
   */
  receive(description: PeerDescription): Promise<void>;
  /** The viewer's ICE user fragment; null before it is known. */
  readonly remoteUfrag: string | null;
  /** The viewer that makes the offers has restarted ICE: another answer follows. @returns as of {@link offer} */
  restartByViewer(ice: IceParameters): Promise<void>;
  addCandidate(candidate: PeerCandidate): void;
  /** Sends on an open channel; false if it is closed or its buffer is full. */
  send(label: string, data: Buffer | string): boolean;
  /**
   * Idempotent; resolves when nothing of the peer is left. The deadline is that of the first call.
   *
   * @throws TIMEOUT if it does not come to rest
   */
  close(deadline?: Deadline): Promise<void>;
}

/** A server that is sent the media. */
export interface OutputPeer extends Peer {
  stats(): PeerStats;
}

/** Where the packets of an output by plain RTP go. */
export interface RtpOutputOptions {
  readonly id: string;
  /** An IP address. */
  readonly address: string;
  /** Null: that medium is not sent. */
  readonly ports: Readonly<Record<TrackId, number | null>>;
  readonly keyframes: OutputKeyframes;
  /** At most once: nothing is sent any more. {@link RtpOutput.close} is to follow. */
  failed(error: MoonteeError): void;
}

/** What a sender report tells of one medium (RFC 3550 §6.4.1), now. */
export interface RtpReport {
  readonly ssrc: number;
  /** Of both media by the same clock. */
  readonly timestamp: number;
  readonly packets: number;
  /** Of payload. */
  readonly octets: number;
}

export interface RtpOutput {
  /** Sent so far. */
  readonly bytes: number;
  /** Null before the first key frame, and for a medium that is not sent. */
  report(track: TrackId): RtpReport | null;
  /** Idempotent. */
  close(deadline?: Deadline): Promise<void>;
}
