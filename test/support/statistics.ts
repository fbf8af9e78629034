import type { StreamerStats } from '../../src/protocol/statistics.js';

const PEER = {
  packetsSent: 1000,
  bytesSent: 1_000_000,
  packetsDropped: 4,
  nackCount: 5,
  pliCount: 6,
  firCount: 7,
};

const LINK = {
  videoPackets: 100,
  videoBytes: 120_000,
  framesComplete: 30,
  framesLost: 2,
  framesRefused: 1,
  packetsRecovered: 8,
  packetsLost: 9,
  audioPackets: 50,
  audioBytes: 5000,
  audioRecovered: 3,
  audioLost: 2,
  idrRequests: 11,
};

/** What a child with two viewers answers. */
export const STATISTICS: StreamerStats = {
  session: { ...LINK, roundTrip: 12 },
  sessionTotals: LINK,
  pipeline: {
    videoUnits: 30,
    videoBytes: 119_000,
    audioPackets: 48,
    unitsDropped: 3,
    keyframeRequests: 10,
    keyframeRequestsByReason: { join: 1, pli: 2, drop: 3, rotate: 4 },
    peers: [
      {
        ...{ id: 'one', state: 'connected', quality: 'good', ...PEER },
        ...{ fractionLost: 0.25, roundTrip: 20, jitter: 1, bandwidth: 8_000_000 },
      },
      {
        ...{ id: 'two', state: 'connected', quality: 'stalled', ...PEER },
        ...{ fractionLost: 0, roundTrip: 80, jitter: 1, bandwidth: null },
      },
    ],
    peerTotals: PEER,
  },
  lateness: { video: 4, audio: -1 },
  negotiated: null,
  recordings: [],
  outputs: [],
  outputTotals: { bytes: 3_000_000, keyframeRequests: 4, attempts: 2 },
  recordingTotals: { bytes: 5_000_000, durationMs: 90_000, unitsDropped: 7 },
  socketViewers: [],
  socketTotals: { picturesSent: 5, bytesSent: 6, picturesDropped: 7 },
  inputRefused: { forbidden: 8, limited: 9 },
  process: { heapUsed: 20_000_000, cpuTime: 1500, eventLoopDelay: { p99: 3, max: 40 } },
};
