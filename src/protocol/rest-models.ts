/** What REST callers send and get: the codecs that check it and that the OpenAPI is made of. */
import * as t from 'io-ts';
import { AppMessage } from './viewer-messages.js';
import { Integer } from '../codec/integer.js';
import { ErrorCode, OutcomeCode } from './outcome-codes.js';
import { OutputState } from './output-state.js';
import { RightList } from './right-codec.js';

const nullish = <C extends t.Mixed>(codec: C): t.UnionC<[C, t.NullC, t.UndefinedC]> =>
  t.union([codec, t.null, t.undefined]);
const nullable = <C extends t.Mixed>(codec: C): t.UnionC<[C, t.NullC]> => t.union([codec, t.null]);

export const PairStatus = t.keyof({ Paired: null, NotPaired: null });
export const ServerState = t.keyof({ Free: null, Busy: null });

export const UndetailedHost = t.type(
  {
    host_id: Integer,
    name: t.string,
    paired: PairStatus,
    /** null: offline. */
    server_state: nullable(ServerState),
  },
  'UndetailedHost',
);
export type UndetailedHost = t.TypeOf<typeof UndetailedHost>;

export const DetailedHost = t.type(
  {
    host_id: Integer,
    name: t.string,
    paired: PairStatus,
    server_state: ServerState,
    address: t.string,
    http_port: Integer,
    https_port: Integer,
    external_port: Integer,
    version: t.string,
    gfe_version: t.string,
    unique_id: t.string,
    mac: nullable(t.string),
    local_ip: t.string,
    current_game: Integer,
    max_luma_pixels_hevc: Integer,
    server_codec_mode_support: Integer,
  },
  'DetailedHost',
);
export type DetailedHost = t.TypeOf<typeof DetailedHost>;

export const HostList = t.type({ hosts: t.array(UndetailedHost) }, 'HostList');
export const HostAnswer = t.type({ host: DetailedHost }, 'HostAnswer');
export const HostId = t.type({ host_id: Integer }, 'HostId');
export const AddHostRequest = t.intersection(
  [t.type({ address: t.string }), t.partial({ http_port: nullish(Integer) })],
  'AddHostRequest',
);
export const AppList = t.type({ apps: t.array(AppMessage) }, 'AppList');
export const Success = t.type({ success: t.boolean }, 'Success');

const RecordingFileInfo = t.type(
  { number: Integer, bytes: Integer, modified_at: t.string },
  'RecordingFileInfo',
);

export const RecordingInfo = t.type(
  {
    recording_id: t.string,
    streamer_id: t.string,
    status: t.keyof({ recording: null, ended: null }),
    started_at: t.string,
    /** null while it runs. */
    ended_at: nullable(t.string),
    /** Why it ended: an error code, or `STOPPED`. */
    code: nullable(t.string),
    reason: nullable(t.string),
    /** Of all its files. */
    bytes: Integer,
    files: t.array(RecordingFileInfo),
  },
  'RecordingInfo',
);
export type RecordingInfo = t.TypeOf<typeof RecordingInfo>;
export const RecordingList = t.type({ recordings: t.array(RecordingInfo) }, 'RecordingList');

const ViewerKind = t.keyof({ socket: null, whep: null });
const PutRtpOutput = t.intersection(
  [
    t.type({ type: t.literal('rtp'), host: t.string }),
    t.partial({
      video_port: nullish(Integer),
      audio_port: nullish(Integer),
      /** Sender reports go there, and requests for key frames come back. */
      video_rtcp_port: nullish(Integer),
      keyframe_interval_ms: nullish(Integer),
    }),
  ],
  'PutRtpOutput',
);
export type PutRtpOutput = t.TypeOf<typeof PutRtpOutput>;
const PutWhipOutput = t.intersection(
  [
    t.type({ type: t.literal('whip'), url: t.string }),
    t.partial({ token: nullish(t.string), keyframe_interval_ms: nullish(Integer) }),
  ],
  'PutWhipOutput',
);
export type PutWhipOutput = t.TypeOf<typeof PutWhipOutput>;
export const PutOutputRequest = t.union([PutRtpOutput, PutWhipOutput], 'PutOutputRequest');
export type PutOutputRequest = t.TypeOf<typeof PutOutputRequest>;

export const OutputInfo = t.type(
  {
    name: t.string,
    type: t.keyof({ rtp: null, whip: null }),
    state: OutputState,
    changed_at: t.string,
    /** Why it does not run. */
    code: nullable(ErrorCode),
    reason: nullable(t.string),
    /** Of WHIP, without its query. */
    url: nullable(t.string),
    has_token: t.boolean,
    /** These of RTP. */
    host: nullable(t.string),
    video_port: nullable(Integer),
    audio_port: nullable(Integer),
    video_rtcp_port: nullable(Integer),
    /** Milliseconds in which one more key frame may be asked for. */
    keyframe_interval_ms: Integer,
  },
  'OutputInfo',
);
export type OutputInfo = t.TypeOf<typeof OutputInfo>;
export const OutputList = t.type({ outputs: t.array(OutputInfo) }, 'OutputList');

const PeerInfo = t.type(
  {
    peer_id: t.string,
    connected_at: t.string,
    state: t.keyof({ waiting: null, negotiating: null, connected: null }),
    quality: nullable(t.keyof({ good: null, constrained: null, stalled: null })),
    /** What its media comes over. */
    transport: t.keyof({ webrtc: null, websocket: null, desktop: null }),
    /** How it signals: over a socket, or by HTTP. */
    kind: ViewerKind,
    /** As its token names it. */
    name: nullable(t.string),
    /** What it may do now. */
    rights: RightList,
  },
  'PeerInfo',
);

export const StreamerInfo = t.type(
  {
    streamer_id: t.string,
    status: t.keyof({
      starting: null,
      active: null,
      reconnecting: null,
      failed: null,
      stopping: null,
    }),
    moonlight_connected: t.boolean,
    connected_peers: Integer,
    width: Integer,
    height: Integer,
    fps: Integer,
    created_at: t.string,
    peers: t.array(PeerInfo),
    outputs: t.array(OutputInfo),
    host_id: Integer,
    app_id: Integer,
    client_unique_id: nullable(t.string),
    codec: nullable(t.string),
    restarts: Integer,
    /** Why it failed, or why the session before this one ended. */
    failure: nullable(t.type({ code: ErrorCode, reason: t.string, at: t.string })),
    /** The reason of `failure`, for those who only show it. */
    error: nullable(t.string),
  },
  'StreamerInfo',
);
export type StreamerInfo = t.TypeOf<typeof StreamerInfo>;

export const StreamerList = t.type({ streamers: t.array(StreamerInfo) }, 'StreamerList');

const Session = t.type(
  {
    session_id: t.string,
    client_unique_id: nullable(t.string),
    mode: t.keyof({ create: null, keepalive: null, join: null }),
    has_websocket: t.boolean,
    streamer_pid: nullable(Integer),
    streamer_alive: t.boolean,
  },
  'Session',
);
export type Session = t.TypeOf<typeof Session>;
export const SessionList = t.type({ sessions: t.array(Session) }, 'SessionList');
export const AdminStatus = t.type(
  {
    total_clients: Integer,
    total_sessions: Integer,
    active_websockets: Integer,
    clients: t.array(t.type({ client_unique_id: t.string, has_certificate: t.boolean })),
    sessions: t.array(Session),
  },
  'AdminStatus',
);

export const Health = t.type({ status: t.literal('ok') }, 'Health');
export type Health = t.TypeOf<typeof Health>;
export const Readiness = t.type(
  {
    status: t.keyof({ ready: null, not_ready: null }),
    /** Empty if it is ready. */
    reasons: t.array(t.keyof({ draining: null, data_folder: null, streamer_process: null })),
  },
  'Readiness',
);
export type Readiness = t.TypeOf<typeof Readiness>;

export const ErrorAnswer = t.type({ error: t.string, code: ErrorCode }, 'Error');

/** One event of the feed. */
export const FeedEvent = t.intersection(
  [
    t.type({
      type: t.keyof({
        'streamer.created': null,
        'streamer.status': null,
        'streamer.removed': null,
        'peer.joined': null,
        'peer.connected': null,
        'peer.left': null,
        'recording.started': null,
        'recording.ended': null,
        'output.status': null,
      }),
      /** RFC 3339. */
      at: t.string,
      streamer_id: t.string,
    }),
    t.partial({
      status: t.string,
      peer_id: t.string,
      /** Of a peer: how it signals. */
      kind: ViewerKind,
      recording_id: t.string,
      /** Its name; `status` is its state, or `removed`. */
      output: t.string,
      /** Why a peer left, a streamer failed, a recording ended or an output does not run. */
      code: t.union([OutcomeCode, t.literal('STOPPED')]),
      reason: t.string,
    }),
  ],
  'Event',
);
export type FeedEvent = t.TypeOf<typeof FeedEvent>;
