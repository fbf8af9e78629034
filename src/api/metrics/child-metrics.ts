/** What the statistics of a child become: one row a metric. */
import type { StreamerStats } from '../../protocol/statistics.js';
import type { Sample } from './running-totals.js';

type Reading = Omit<Sample, 'metric'>;

export interface ChildMetric {
  readonly name: string;
  readonly help: string;
  /** Besides `streamer_id`; their values are fixed words. */
  readonly labels: readonly string[];
  readonly read: (stats: StreamerStats) => readonly Reading[];
}

const MILLISECONDS = 1000;
const BITS = 8;

function one(value: number): Reading[] {
  return [{ labels: {}, value }];
}

/** A reading for each value of one label. */
function by(label: string, values: Readonly<Record<string, number>>): Reading[] {
  return Object.entries(values).map(([word, value]) => ({ labels: { [label]: word }, value }));
}

/** Without viewers a maximum is undefined, so the sample is left out. */
function extreme(values: readonly number[], pick: (...values: number[]) => number): Reading[] {
  return values.length === 0 ? [] : one(pick(...values));
}

const HOST_COUNTERS: readonly ChildMetric[] = [
  {
    name: 'moontee_host_received_packets_total',
    help: 'Packets of the host that arrived',
    labels: ['medium'],
    read: ({ sessionTotals: { videoPackets: video, audioPackets: audio } }) =>
      by('medium', { video, audio }),
  },
  {
    name: 'moontee_host_received_bytes_total',
    help: 'Bytes of the host that arrived; eight times their rate is the bitrate',
    labels: ['medium'],
    read: ({ sessionTotals: { videoBytes: video, audioBytes: audio } }) =>
      by('medium', { video, audio }),
  },
  {
    name: 'moontee_host_lost_packets_total',
    help: 'Packets of the host that never came, restored by FEC or not',
    labels: ['medium'],
    read: ({ sessionTotals: { packetsLost, audioLost, audioRecovered } }) =>
      by('medium', { video: packetsLost, audio: audioLost + audioRecovered }),
  },
  {
    name: 'moontee_host_fec_recovered_packets_total',
    help: 'Packets of the host that FEC restored',
    labels: ['medium'],
    read: ({ sessionTotals: { packetsRecovered: video, audioRecovered: audio } }) =>
      by('medium', { video, audio }),
  },
  {
    name: 'moontee_host_fec_failures_total',
    help: 'Video frames and packets of sound that FEC could not restore',
    labels: ['medium'],
    read: ({ sessionTotals: { framesLost: video, audioLost: audio } }) =>
      by('medium', { video, audio }),
  },
  {
    name: 'moontee_host_frames_total',
    help: 'Video frames of the host by what became of them',
    labels: ['result'],
    read: ({ sessionTotals: { framesComplete: complete, framesLost: lost, framesRefused } }) =>
      by('result', { complete, lost, refused: framesRefused }),
  },
  {
    name: 'moontee_idr_requests_total',
    help: 'Key frames requested from the host, by the first need that each answers',
    labels: ['reason'],
    read: ({ sessionTotals, pipeline }) => {
      const { join = 0, pli = 0, drop = 0, rotate = 0 } = pipeline?.keyframeRequestsByReason ?? {};
      return by('reason', { loss: sessionTotals.idrRequests, join, pli, drop, rotate });
    },
  },
];

const PROCESS_COUNTERS: readonly ChildMetric[] = [
  {
    name: 'moontee_streamer_units_total',
    help: 'Access units of video and packets of sound that entered the pipeline',
    labels: ['medium'],
    read: ({ pipeline }) =>
      by('medium', { video: pipeline?.videoUnits ?? 0, audio: pipeline?.audioPackets ?? 0 }),
  },
  {
    name: 'moontee_streamer_units_dropped_total',
    help: 'Access units that the source of the pipeline dropped',
    labels: [],
    read: ({ pipeline }) => one(pipeline?.unitsDropped ?? 0),
  },
  {
    name: 'moontee_streamer_cpu_seconds_total',
    help: 'Processor time of a streamer process',
    labels: [],
    read: ({ process }) => one(process.cpuTime / MILLISECONDS),
  },
];

const RECORDING_COUNTERS: readonly ChildMetric[] = [
  {
    name: 'moontee_recording_bytes_total',
    help: 'Bytes of media that went into recordings',
    labels: [],
    read: ({ recordingTotals }) => one(recordingTotals.bytes),
  },
  {
    name: 'moontee_recording_seconds_total',
    help: 'Length of media that went into recordings',
    labels: [],
    read: ({ recordingTotals }) => one(recordingTotals.durationMs / MILLISECONDS),
  },
  {
    name: 'moontee_recording_units_dropped_total',
    help: 'Pictures that recordings left out because the disk was too slow',
    labels: [],
    read: ({ recordingTotals }) => one(recordingTotals.unitsDropped),
  },
  {
    name: 'moontee_output_sent_bytes_total',
    help: 'Bytes that outputs sent',
    labels: [],
    read: ({ outputTotals }) => one(outputTotals.bytes),
  },
  {
    name: 'moontee_output_keyframe_requests_total',
    help: 'Key frames that the host was asked for by outputs',
    labels: [],
    read: ({ outputTotals }) => one(outputTotals.keyframeRequests),
  },
  {
    name: 'moontee_output_attempts_total',
    help: 'Attempts of outputs to reach their receivers',
    labels: [],
    read: ({ outputTotals }) => one(outputTotals.attempts),
  },
];

const INPUT_COUNTERS: readonly ChildMetric[] = [
  {
    name: 'moontee_input_refused_total',
    help: 'Inputs of viewers that the host did not get: without the right, or beyond the rate limit',
    labels: ['reason'],
    read: ({ inputRefused: { forbidden, limited } }) => by('reason', { forbidden, limited }),
  },
];

type PeerTotals = NonNullable<StreamerStats['pipeline']>['peerTotals'];

function viewerCounter(name: string, help: string, key: keyof PeerTotals): ChildMetric {
  return { name, help, labels: [], read: ({ pipeline }) => one(pipeline?.peerTotals[key] ?? 0) };
}

const VIEWER_COUNTERS: readonly ChildMetric[] = [
  viewerCounter('moontee_viewer_sent_packets_total', 'RTP packets sent to viewers', 'packetsSent'),
  viewerCounter('moontee_viewer_sent_bytes_total', 'Bytes of RTP sent to viewers', 'bytesSent'),
  viewerCounter(
    'moontee_viewer_dropped_packets_total',
    'Packets of video that slow or silent viewers missed',
    'packetsDropped',
  ),
  viewerCounter('moontee_viewer_nacks_total', 'NACKs of viewers', 'nackCount'),
  viewerCounter('moontee_viewer_plis_total', 'Picture loss indications of viewers', 'pliCount'),
  viewerCounter('moontee_viewer_firs_total', 'Full intra requests of viewers', 'firCount'),
];

type SocketTotals = StreamerStats['socketTotals'];

function socketCounter(name: string, help: string, key: keyof SocketTotals): ChildMetric {
  return { name, help, labels: [], read: ({ socketTotals }) => one(socketTotals[key]) };
}

const SOCKET_COUNTERS: readonly ChildMetric[] = [
  socketCounter(
    'moontee_viewer_socket_pictures_total',
    'Pictures sent to viewers over media sockets',
    'picturesSent',
  ),
  socketCounter(
    'moontee_viewer_socket_sent_bytes_total',
    'Bytes sent to viewers over media sockets',
    'bytesSent',
  ),
  socketCounter(
    'moontee_viewer_socket_dropped_pictures_total',
    'Pictures that viewers of media sockets missed because they were too slow',
    'picturesDropped',
  ),
];

export const CHILD_COUNTERS: readonly ChildMetric[] = [
  ...HOST_COUNTERS,
  ...PROCESS_COUNTERS,
  ...RECORDING_COUNTERS,
  ...VIEWER_COUNTERS,
  ...SOCKET_COUNTERS,
  ...INPUT_COUNTERS,
];

export const CHILD_GAUGES: readonly ChildMetric[] = [
  {
    name: 'moontee_host_round_trip_seconds',
    help: 'Round trip of the control stream to the host, smoothed',
    labels: [],
    read: ({ session }) => one(session.roundTrip / MILLISECONDS),
  },
  {
    name: 'moontee_streamer_lateness_seconds',
    help: 'By how much media arrives later than it is shown, smoothed',
    labels: ['medium'],
    read: ({ lateness }) =>
      lateness === null
        ? []
        : by('medium', {
            video: lateness.video / MILLISECONDS,
            audio: lateness.audio / MILLISECONDS,
          }),
  },
  {
    name: 'moontee_streamer_heap_used_bytes',
    help: 'JavaScript heap that a streamer process uses',
    labels: [],
    read: ({ process }) => one(process.heapUsed),
  },
  {
    name: 'moontee_streamer_event_loop_delay_p99_seconds',
    help: 'Delay of the event loop of a streamer process in the last seconds, 99th percentile',
    labels: [],
    read: ({ process }) => one(process.eventLoopDelay.p99 / MILLISECONDS),
  },
  {
    name: 'moontee_streamer_event_loop_delay_max_seconds',
    help: 'Longest delay of the event loop of a streamer process in the last seconds',
    labels: [],
    read: ({ process }) => one(process.eventLoopDelay.max / MILLISECONDS),
  },
  {
    name: 'moontee_viewer_bandwidth_lowest_bytes_per_second',
    help: 'Bandwidth of the narrowest link to a viewer, as its browser estimates it',
    labels: [],
    read: ({ pipeline }) =>
      extreme(
        (pipeline?.peers ?? []).flatMap(({ bandwidth }) =>
          bandwidth === null ? [] : [bandwidth / BITS],
        ),
        Math.min,
      ),
  },
  {
    name: 'moontee_viewer_round_trip_highest_seconds',
    help: 'Round trip of the longest link to a viewer',
    labels: [],
    read: ({ pipeline }) =>
      extreme(
        (pipeline?.peers ?? []).map(({ roundTrip }) => roundTrip / MILLISECONDS),
        Math.max,
      ),
  },
  {
    name: 'moontee_viewer_socket_age_highest_seconds',
    help: 'By how much the slowest viewer of a media socket is behind',
    labels: [],
    read: ({ socketViewers }) =>
      extreme(
        socketViewers.map(({ age }) => age / MILLISECONDS),
        Math.max,
      ),
  },
  {
    name: 'moontee_viewer_loss_highest_ratio',
    help: 'Part of the packets that the worst link to a viewer loses, 0 to 1',
    labels: [],
    read: ({ pipeline }) =>
      extreme(
        (pipeline?.peers ?? []).map(({ fractionLost }) => fractionLost),
        Math.max,
      ),
  },
];
