/** The statistics of a streamer child: what it answers the server, and what REST hands out. */
import * as t from 'io-ts';
import { Integer } from '../codec/integer.js';
import { OutputState } from './output-state.js';

const HostLinkCounts = t.type({
  videoPackets: Integer,
  videoBytes: Integer,
  framesComplete: Integer,
  framesLost: Integer,
  framesRefused: Integer,
  packetsRecovered: Integer,
  packetsLost: Integer,
  audioPackets: Integer,
  audioBytes: Integer,
  audioRecovered: Integer,
  audioLost: Integer,
  idrRequests: Integer,
});

const HostLink = t.intersection([
  HostLinkCounts,
  /** Milliseconds. */
  t.type({ roundTrip: t.number }),
]);

const peerCounts = {
  packetsSent: Integer,
  bytesSent: Integer,
  packetsDropped: Integer,
  nackCount: Integer,
  pliCount: Integer,
  firCount: Integer,
};

const Peer = t.type({
  id: t.string,
  state: t.keyof({
    negotiating: null,
    connecting: null,
    connected: null,
    failed: null,
    closed: null,
  }),
  quality: t.keyof({ good: null, constrained: null, stalled: null }),
  ...peerCounts,
  fractionLost: t.number,
  /** Milliseconds. */
  roundTrip: t.number,
  jitter: t.number,
  /** bit/s; null if the browser sends no estimate. */
  bandwidth: t.union([t.number, t.null]),
});

const Pipeline = t.type({
  videoUnits: Integer,
  videoBytes: Integer,
  audioPackets: Integer,
  unitsDropped: Integer,
  keyframeRequests: Integer,
  keyframeRequestsByReason: t.type({
    join: Integer,
    pli: Integer,
    drop: Integer,
    rotate: Integer,
  }),
  peers: t.readonlyArray(Peer),
  /** Of all peers so far, those that left too. */
  peerTotals: t.type(peerCounts),
});

const Negotiated = t.type({
  video: t.type({
    codec: t.keyof({ h264: null, h265: null, av1: null }),
    bitDepth: t.union([t.literal(8), t.literal(10)]),
    chroma: t.keyof({ '4:2:0': null, '4:4:4': null }),
    width: Integer,
    height: Integer,
    fps: t.number,
    colorSpace: t.keyof({ Rec601: null, Rec709: null, Rec2020: null }),
    colorRangeFull: t.boolean,
  }),
  audio: t.type({
    channels: t.union([t.literal(2), t.literal(6), t.literal(8)]),
    streams: Integer,
    coupledStreams: Integer,
    mapping: t.readonlyArray(Integer),
    packetDuration: t.union([t.literal(5), t.literal(10)]),
  }),
  encryption: t.type({
    rtsp: t.boolean,
    control: t.union([t.literal(1), t.literal(2)]),
    audio: t.boolean,
    video: t.boolean,
  }),
  hostFeatures: t.type({
    touchAndPen: t.boolean,
    padTouchAndMotion: t.boolean,
    referenceFrameInvalidation: t.boolean,
    sessionsByAddress: t.boolean,
  }),
});

const Recording = t.type({
  id: t.string,
  files: Integer,
  bytes: t.number,
  durationMs: t.number,
  unitsDropped: Integer,
});

/** All recordings of this child so far, those that ended too. */
const RecordingTotals = t.type({ bytes: t.number, durationMs: t.number, unitsDropped: Integer });

const outputCounts = {
  bytes: t.number,
  /** Key frames that the host was asked for. */
  keyframeRequests: Integer,
  /** Attempts to reach the receiver. */
  attempts: Integer,
};

const Output = t.type({
  name: t.string,
  type: t.keyof({ rtp: null, whip: null }),
  state: OutputState,
  ...outputCounts,
});

/** The socket with a viewer's media. Times are in milliseconds. */
const SocketViewer = t.type({
  /** Of the viewer, as in `pipeline.peers`. */
  id: t.string,
  /** A media socket, or the desktop socket, where nothing is acknowledged. */
  kind: t.keyof({ websocket: null, desktop: null }),
  /** Of its pictures. */
  state: t.keyof({ waiting: null, flowing: null, cut: null, off: null }),
  quality: t.keyof({ good: null, constrained: null, stalled: null }),
  picturesSent: Integer,
  bytesSent: Integer,
  /** Pictures and packets that the viewer missed because it was too slow. */
  picturesDropped: Integer,
  soundDropped: Integer,
  /**
   * Of the oldest picture that is not acknowledged, without the round trip. At a desktop socket, of the
   * oldest that waits in the server.
   */
  age: t.number,
  roundTrip: t.number,
  queuedBytes: Integer,
  /** bit/s. */
  acknowledgedRate: t.number,
  /**
   * As the viewer reports: what waits for its decoder, what it left out, whether its page is
   * hidden.
   */
  decodeQueue: Integer,
  viewerDropped: Integer,
  hidden: t.boolean,
});
export type SocketViewerStats = t.TypeOf<typeof SocketViewer>;

const socketCounts = {
  picturesSent: Integer,
  bytesSent: Integer,
  picturesDropped: Integer,
};

/** The child itself. Times are in milliseconds. */
const Process = t.type({
  heapUsed: Integer,
  cpuTime: t.number,
  /** By which timers were late in the last seconds. */
  eventLoopDelay: t.type({ p99: t.number, max: t.number }),
});
export type ProcessStats = t.TypeOf<typeof Process>;

export const StreamerStats = t.type(
  {
    /** The session that runs now. */
    session: HostLink,
    /** All sessions of this child. */
    sessionTotals: HostLinkCounts,
    pipeline: t.union([Pipeline, t.null]),
    /** Milliseconds, smoothed, by which media arrives later than it is shown. */
    lateness: t.union([t.type({ video: t.number, audio: t.number }), t.null]),
    negotiated: t.union([Negotiated, t.null]),
    recordings: t.readonlyArray(Recording),
    recordingTotals: RecordingTotals,
    outputs: t.readonlyArray(Output),
    /** Of all outputs so far, those that were removed too. */
    outputTotals: t.type(outputCounts),
    socketViewers: t.readonlyArray(SocketViewer),
    /** Of all media sockets so far, those that ended too. */
    socketTotals: t.type(socketCounts),
    /** Inputs that the host did not get: without the right, and beyond the rate limit. */
    inputRefused: t.type({ forbidden: Integer, limited: Integer }),
    process: Process,
  },
  'StreamerStats',
);
export type StreamerStats = t.TypeOf<typeof StreamerStats>;
