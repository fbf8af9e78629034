/**
 * Messages between the server and a streamer child over the fork's IPC channel: notifications of
 * either side, and the methods that each side serves. {@link Channel} checks all of them with these
 * codecs. One that does not decode is logged and dropped, and never ends a streamer.
 */
import * as t from 'io-ts';
import { Integer } from '../codec/integer.js';
import { AgentOrder, AgentOutcome } from './agent-input.js';
import type { Channel, Methods } from './channel.js';
import { ErrorCode, OutcomeCode, RecordingEndCode } from './outcome-codes.js';
import { OutputOrder, OutputStatus } from './output-spec.js';
import { PointerPlace, ViewerHold } from './company-messages.js';
import { RightList } from './right-codec.js';
import { SnapshotOrder } from './snapshot.js';
import { StreamerStats } from './statistics.js';
import { StreamClientMessage, StreamServerMessage } from './viewer-messages.js';

export const Settings = t.type(
  {
    width: Integer,
    height: Integer,
    fps: Integer,
    /** kbit/s. */
    bitrate: Integer,
    packet_size: Integer,
    video_supported_formats: Integer,
    video_colorspace: t.keyof({ Rec601: null, Rec709: null, Rec2020: null }),
    video_color_range_full: t.boolean,
    play_audio_local: t.boolean,
    video_sample_queue_size: Integer,
    audio_sample_queue_size: Integer,
    audio_channels: t.union([t.literal(2), t.literal(6), t.literal(8)]),
    hdr: t.boolean,
  },
  'StreamSettings',
);
export type IpcSettings = t.TypeOf<typeof Settings>;

const IceServerConfig = t.intersection([
  t.type({ urls: t.array(t.string) }),
  t.partial({ username: t.string, credential: t.string }),
]);

export const Network = t.intersection(
  [
    t.type({
      ice_servers: t.array(IceServerConfig),
      port_range: t.union([t.type({ min: Integer, max: Integer }), t.null]),
      nat_1to1: t.union([
        t.type({ ips: t.array(t.string), type: t.keyof({ host: null, srflx: null }) }),
        t.null,
      ]),
      local_addresses: t.array(t.string),
      relay_only: t.boolean,
      tcp_candidates: t.boolean,
      ipv6: t.boolean,
    }),
    t.partial({
      interfaces: t.array(t.string),
      /** Both true if they are missing. */
      udp_candidates: t.boolean,
      ipv4: t.boolean,
    }),
  ],
  'Network',
);
export type IpcNetwork = t.TypeOf<typeof Network>;

/** What the media side of a child is made of. */
export const Pipelines = t.type(
  {
    /** Folder of the operator's templates. */
    path: t.union([t.string, t.null]),
    /** Bytes of an RTP packet of video. */
    mtu: Integer,
    /** The folder for graphs of failed pipelines, and how many stay. */
    graphs_path: t.string,
    graphs_kept: Integer,
  },
  'Pipelines',
);
export type IpcPipelines = t.TypeOf<typeof Pipelines>;

/** A recording that a child is to make. */
export const RecordingOrder = t.type(
  {
    recording_id: t.string,
    /** Absolute path of a folder that exists and is the recording's own. */
    folder: t.string,
    limits: t.type({
      file_bytes: Integer,
      file_ms: Integer,
      total_bytes: Integer,
      total_ms: Integer,
    }),
  },
  'RecordingOrder',
);
export type RecordingOrder = t.TypeOf<typeof RecordingOrder>;

/** A media socket that a child is to serve; its connection came with `MediaConnection`. */
export const MediaOrder = t.type(
  {
    socket_id: Integer,
    peer_id: t.string,
    /** `Sec-WebSocket-Key` of the upgrade that is to be answered. */
    key: t.string,
    /** What came behind the upgrade, in base64. */
    head: t.string,
    sound: t.boolean,
  },
  'MediaOrder',
);
export type MediaOrder = t.TypeOf<typeof MediaOrder>;

/** A desktop socket that a child is to serve; its connection came with `MediaConnection`. */
export const DesktopOrder = t.type(
  {
    socket_id: Integer,
    peer_id: t.string,
    /** What its client calls itself; '' if it does not. */
    client_id: t.string,
    /** As in {@link MediaOrder}. */
    key: t.string,
    head: t.string,
  },
  'DesktopOrder',
);
export type DesktopOrder = t.TypeOf<typeof DesktopOrder>;

/** A viewer without a socket. Our description is its answer, with all of our candidates. */
export const OfferOrder = t.type(
  {
    peer_id: t.string,
    /** Its offer; null: it wants ours. */
    sdp: t.union([t.string, t.null]),
    ice_servers: t.array(IceServerConfig),
    rights: RightList,
  },
  'OfferOrder',
);
export type OfferOrder = t.TypeOf<typeof OfferOrder>;
export const ViewerAnswer = t.type(
  {
    sdp: t.string,
    /** Names the ICE session: our user fragment. */
    ice: t.string,
  },
  'ViewerAnswer',
);
export type ViewerAnswer = t.TypeOf<typeof ViewerAnswer>;

/** Candidates or a restart of ICE of such a viewer, or its answer. */
export const ViewerPatch = t.type(
  {
    peer_id: t.string,
    /** RFC 8840 §9; null with `answer`. */
    fragment: t.union([t.string, t.null]),
    /** To our offer. */
    answer: t.union([t.string, t.null]),
    /** The header of that name. */
    if_match: t.union([t.string, t.null]),
  },
  'ViewerPatch',
);
export type ViewerPatch = t.TypeOf<typeof ViewerPatch>;
export const ViewerPatched = t.type(
  {
    /** Ours, after a restart. */
    fragment: t.union([t.string, t.null]),
    ice: t.string,
  },
  'ViewerPatched',
);
export type ViewerPatched = t.TypeOf<typeof ViewerPatched>;

/** Bytes of a data channel, on the viewer socket. */
const ChannelData = t.type({
  peer_id: t.string,
  /** See `channelLabel`. */
  channel: Integer,
  /** In base64. */
  data: t.string,
});

/** Server → child. */
export const ParentMessage = t.union(
  [
    t.type({
      Init: t.type({
        streamer_id: t.string,
        settings: Settings,
        network: Network,
        pipelines: Pipelines,
        host_address: t.string,
        host_http_port: Integer,
        host_unique_id: t.string,
        client_private_key_pem: t.string,
        client_certificate_pem: t.string,
        server_certificate_pem: t.string,
        /** Certificate and private key towards viewers. */
        dtls_identity_pem: t.string,
        app_id: Integer,
        outputs: t.array(OutputOrder),
        /** What outputs may send to, as in the configuration. */
        outputs_allowed: t.array(t.string),
        max_peers: Integer,
        /** Gamepads of one viewer. */
        max_pads: Integer,
        /** Milliseconds between heartbeats of the child. */
        heartbeat_interval: Integer,
      }),
    }),
    /** Starts the session; after `MoonlightLost` brings it back. */
    t.literal('StartMoonlight'),
    /** After `MoonlightLost`: the session is not brought back, `Stop` follows. */
    t.literal('GiveUp'),
    t.type({
      AddPeer: t.intersection([
        t.type({ peer_id: t.string, rights: RightList }),
        /** Instead of those of `Init`, with credentials of the viewer's own. */
        t.partial({ ice_servers: t.array(IceServerConfig) }),
      ]),
    }),
    t.type({ FromPeer: t.type({ peer_id: t.string, message: StreamClientMessage }) }),
    /** A viewer that gets no peer, or has lost it. */
    t.type({ AddViewer: t.type({ peer_id: t.string, rights: RightList }) }),
    /** What a viewer may do from now on; what it holds without the right is released. */
    t.type({ SetRights: t.type({ peer_id: t.string, rights: RightList }) }),
    /** By slot: whose pads alone may be in it; null, or further slots: anybody's. */
    t.type({ AssignPads: t.type({ slots: t.array(t.union([t.string, t.null])) }) }),
    /** Whether `Pointers` is wanted. */
    t.type({ TellPointers: t.type({ wanted: t.boolean }) }),
    t.type({ FromChannel: ChannelData }),
    /**
     * A connection comes with this message. Nothing may be answered on it before `OpenMedia`,
     * `OpenDesktop` or `TakeSnapshot`: until then the server may still read what comes back.
     */
    t.type({ MediaConnection: t.type({ socket_id: Integer }) }),
    t.type({ OpenMedia: MediaOrder }),
    t.type({ OpenDesktop: DesktopOrder }),
    t.type({ TakeSnapshot: SnapshotOrder }),
    /** Makes an output, or takes the place of the one of that name. */
    t.type({ PutOutput: OutputOrder }),
    /** What is left of these lists of `agent_input` is not executed; all at once, or one would follow another. */
    t.type({
      StopAgents: t.type({
        agents: t.array(t.type({ agent_id: t.string, code: ErrorCode, reason: t.string })),
      }),
    }),
    t.type({ RemovePeer: t.type({ peer_id: t.string, code: OutcomeCode, reason: t.string }) }),
    /** Ends the session and the process; the app on the host is the server's business. */
    t.type({
      Stop: t.type({
        /** Milliseconds for all of it; the server kills the child soon after. */
        within_ms: Integer,
      }),
    }),
  ],
  'ParentMessage',
);
export type ParentMessage = t.TypeOf<typeof ParentMessage>;

/** Child → server. */
export const ChildMessage = t.union(
  [
    /** The child runs and listens; Init may be sent. */
    t.type({ StreamerReady: t.type({ pid: Integer }) }),
    /** Comes from the child's event loop; silence means hung. */
    t.type({ Heartbeat: t.type({ rss: Integer }) }),
    t.type({ ToPeer: t.type({ peer_id: t.string, message: StreamServerMessage }) }),
    t.type({ Broadcast: StreamServerMessage }),
    t.type({
      MoonlightConnected: t.intersection([
        t.type({
          width: Integer,
          height: Integer,
          fps: Integer,
          codec: t.string,
          touch: t.boolean,
        }),
        /** The host distinguishes its clients by their address. */
        t.partial({ sessions_by_address: t.boolean }),
      ]),
    }),
    /** The host is silent for some seconds; MoonlightConnected follows when it is back. */
    t.type({ MoonlightReconnecting: t.type({ reason: t.string }) }),
    /**
     * The session broke, or an attempt to bring it back failed, without a message of the host that
     * it is over. The child keeps pipeline and viewers and waits for StartMoonlight or GiveUp.
     */
    t.type({
      MoonlightLost: t.type({
        code: ErrorCode,
        error_code: Integer,
        reason: t.string,
        /** The host was silent. */
        silent: t.boolean,
      }),
    }),
    /** The first frame of a session is in the pipeline: once for each MoonlightConnected after Lost. */
    t.literal('FirstFrame'),
    /** The session with the host is over or could not start. */
    t.type({
      MoonlightDisconnected: t.type({
        code: ErrorCode,
        error_code: Integer,
        reason: t.string,
        by_host: t.boolean,
      }),
    }),
    /** ICE and DTLS of a peer are up. */
    t.type({ PeerConnected: t.type({ peer_id: t.string }) }),
    t.type({ ToChannel: ChannelData }),
    /** Viewers whose input has gone to the host in the last second. */
    t.type({ Acted: t.type({ peer_ids: t.array(t.string) }) }),
    /** Viewers who pressed, touched, turned or typed something without the right. */
    t.type({ Tried: t.type({ peer_ids: t.array(t.string) }) }),
    /** Where viewers point who have moved, 30 times a second at most. */
    t.type({ Pointers: t.type({ pointers: t.array(PointerPlace) }) }),
    t.type({ MediaOpened: t.type({ peer_id: t.string }) }),
    t.type({ MediaClosed: t.type({ peer_id: t.string, code: OutcomeCode, reason: t.string }) }),
    /** The peer failed, and its viewer stays for its media socket. */
    t.type({ PeerLost: t.type({ peer_id: t.string, code: OutcomeCode, reason: t.string }) }),
    /** Nothing is left of the peer. */
    t.type({
      PeerRemoved: t.type({ peer_id: t.string, code: OutcomeCode, reason: t.string }),
    }),
    /** Once for each recording: its files are complete. */
    t.type({
      RecordingEnded: t.type({ recording_id: t.string, code: RecordingEndCode, reason: t.string }),
    }),
    t.type({ OutputChanged: OutputStatus }),
    /** The pipeline is broken; the child exits after it. */
    t.type({ Failed: t.type({ code: ErrorCode, reason: t.string }) }),
    /** The session is over, and its connections to the host still end in order: five seconds at most. */
    t.literal('Draining'),
    /** Last message: everything is closed, the process exits. */
    t.literal('Stop'),
  ],
  'ChildMessage',
);
export type ChildMessage = t.TypeOf<typeof ChildMessage>;

/** What the server asks of a child. */
export const CHILD_METHODS = {
  /** Statistics of session, pipeline and viewers. */
  stats: { data: t.null, result: StreamerStats },
  /** The pipeline's graph in Graphviz's language. */
  dot: { data: t.null, result: t.string },
  held_input: { data: t.null, result: t.array(ViewerHold) },
  /** Lets go of what a viewer holds, or of everything. */
  release_input: { data: t.type({ peer_id: t.union([t.string, t.null]) }), result: t.null },
  collect_garbage: { data: t.null, result: t.null },
  /** Adds a viewer without a socket. `PeerConnected` and `PeerRemoved` follow as for others. */
  answer_viewer: { data: OfferOrder, result: ViewerAnswer },
  patch_viewer: { data: ViewerPatch, result: ViewerPatched },
  /** It begins with the next key frame. */
  start_recording: { data: RecordingOrder, result: t.null },
  /** Answered when its files are complete. */
  stop_recording: { data: t.type({ recording_id: t.string }), result: t.null },
  /** Answered when its last event has gone to the host, or why it has not. */
  agent_input: { data: AgentOrder, result: AgentOutcome },
  /** Answered when nothing of it is left. */
  remove_output: { data: t.type({ name: t.string }), result: t.null },
} as const satisfies Methods;

/** What a child asks of the server. */
export const SERVER_METHODS = {
  /** The host refuses to resume the app: may it be quit and launched again? Others may use it. */
  may_quit_app: { data: t.null, result: t.boolean },
} as const satisfies Methods;

/** The server's end. */
export type ChildChannel = Channel<
  ParentMessage,
  ChildMessage,
  typeof CHILD_METHODS,
  typeof SERVER_METHODS
>;
/** The child's end. */
export type ServerChannel = Channel<
  ChildMessage,
  ParentMessage,
  typeof SERVER_METHODS,
  typeof CHILD_METHODS
>;
