/**
 * The JSON of the viewer socket, both directions. External tagging: a variant without payload
 * is a bare string, any other an object with one key. The names are those of the protocol
 * that existing browser clients speak and must not change.
 */
import * as t from 'io-ts';
import { Integer } from '../codec/integer.js';
import {
  ControlInfo,
  ControlOrder,
  ControlRefused,
  PointerPlace,
  Presence,
  PresenceChange,
  PresenceRequest,
} from './company-messages.js';
import { OutcomeCode } from './outcome-codes.js';

const nullable = <C extends t.Mixed>(codec: C) => t.union([codec, t.null, t.undefined]);

const SessionDescription = t.type(
  {
    ty: t.keyof({ offer: null, answer: null, pranswer: null, rollback: null, unspecified: null }),
    sdp: t.string,
  },
  'SessionDescription',
);

const IceCandidate = t.intersection(
  [
    t.type({ candidate: t.string }),
    t.partial({
      sdp_mid: nullable(t.string),
      sdp_mline_index: nullable(Integer),
      username_fragment: nullable(t.string),
    }),
  ],
  'IceCandidate',
);

const Signaling = t.union(
  [t.type({ Description: SessionDescription }), t.type({ AddIceCandidate: IceCandidate })],
  'Signaling',
);

const AuthenticateAndInit = t.intersection(
  [
    t.type({ credentials: nullable(t.string) }),
    t.partial({
      client_unique_id: nullable(t.string),
      /** Extension: what `Resume` gave to this viewer's earlier self, which is ended. */
      resume_secret: nullable(t.string),
      /** Extension: whether it wants `ConnectionStatusUpdate`, which breaks some older clients. */
      host_quality: nullable(t.boolean),
      /** Extension: it wants to know who else is here, and who steers. */
      presence: nullable(PresenceRequest),
      session_id: nullable(t.string),
      mode: nullable(t.keyof({ create: null, keepalive: null, join: null })),
      host_id: nullable(Integer),
      app_id: nullable(Integer),
      bitrate: nullable(Integer),
      packet_size: nullable(Integer),
      fps: nullable(Integer),
      width: nullable(Integer),
      height: nullable(Integer),
      video_sample_queue_size: nullable(Integer),
      audio_sample_queue_size: nullable(Integer),
      play_audio_local: nullable(t.boolean),
      video_supported_formats: nullable(Integer),
      video_colorspace: nullable(t.keyof({ Rec601: null, Rec709: null, Rec2020: null })),
      video_color_range_full: nullable(t.boolean),
    }),
  ],
  'AuthenticateAndInit',
);

/** Codec strings that the browser has decoders for. */
const MediaSupport = t.type({ video: t.array(t.string), audio: t.array(t.string) }, 'MediaSupport');
export type MediaSupport = t.TypeOf<typeof MediaSupport>;

/** Browser → server. */
export const StreamClientMessage = t.union(
  [
    t.type({ AuthenticateAndInit }),
    t.type({ Signaling }),
    /** Extension: ask for fresh ICE credentials after a network change. */
    t.type({ RestartIce: t.type({}) }),
    /** Extension: ask for a ticket for the media socket. */
    t.type({ MediaSocket: t.type({ support: MediaSupport }) }),
    /** Extension: an order about control; {@link ControlRefused} if it is not followed. */
    t.type({ Control: ControlOrder }),
    /** Extension: how others see this viewer from now on, unless it was let in with a name. */
    t.type({ Rename: t.type({ name: nullable(t.string) }) }),
    /** Extension: whether the pointers of others are wanted. */
    t.type({ Pointers: t.type({ wanted: t.boolean }) }),
  ],
  'StreamClientMessage',
);
export type StreamClientMessage = t.TypeOf<typeof StreamClientMessage>;

const IceServerMessage = t.type(
  { urls: t.array(t.string), username: t.string, credential: t.string },
  'IceServer',
);

export const AppMessage = t.type(
  { app_id: Integer, title: t.string, is_hdr_supported: t.boolean },
  'App',
);

const Stage = t.type({ stage: t.string });

/** Server → browser. A bare string is shown by clients as an error. */
export const StreamServerMessage = t.union(
  [
    t.type({ WebRtcConfig: t.type({ ice_servers: t.array(IceServerMessage) }) }),
    t.type({ Signaling }),
    t.type({ UpdateApp: t.type({ app: AppMessage }) }),
    t.type({ StageStarting: Stage }),
    t.type({ StageComplete: Stage }),
    t.type({ StageFailed: t.type({ stage: t.string, error_code: Integer }) }),
    t.type({
      ConnectionComplete: t.intersection([
        t.type({
          capabilities: t.type({ touch: t.boolean }),
          width: Integer,
          height: Integer,
        }),
        t.partial({ client_id: t.string }),
      ]),
    }),
    t.type({ ConnectionTerminated: t.type({ error_code: Integer }) }),
    /** Extension, ignored by older clients: why a viewer is being closed. */
    t.type({
      PeerClosed: t.intersection([
        t.type({ code: OutcomeCode, reason: t.string }),
        /** Whether coming back can help, if the code alone suggests otherwise. */
        t.partial({ retry: t.boolean }),
      ]),
    }),
    /** Extension: with this secret a viewer that comes back takes the place of its old self. */
    t.type({ Resume: t.type({ secret: t.string }) }),
    /** Extension: the link quality of this viewer as the server sees it. */
    t.type({
      PeerQuality: t.type({
        quality: t.keyof({ good: null, constrained: null, stalled: null }),
      }),
    }),
    /** Extension: `path` with `?t=` and the ticket opens one media socket, if it is used in time. */
    t.type({
      MediaTicket: t.type({ ticket: t.string, path: t.string, expires_in_ms: Integer }),
    }),
    /** Extension: this viewer cannot have a media socket. */
    t.type({ MediaRefused: t.type({ code: OutcomeCode, reason: t.string }) }),
    /** Extensions, for those who asked for `presence`: who is here, and what changes. */
    t.type({ Presence }),
    t.type({ PresenceChange }),
    t.type({ Control: ControlInfo }),
    t.type({ ControlRefused }),
    /** Extension, for those who asked for it: where others point, if they have moved. */
    t.type({ Pointers: t.type({ pointers: t.array(PointerPlace) }) }),
    t.keyof({
      InternalServerError: null,
      HostNotFound: null,
      AppNotFound: null,
      HostNotPaired: null,
      AlreadyStreaming: null,
      PeerDisconnect: null,
      SessionNotFound: null,
      ClientKicked: null,
    }),
  ],
  'StreamServerMessage',
);
export type StreamServerMessage = t.TypeOf<typeof StreamServerMessage>;

/** Server → browser on the `general` data channel. */
export const StreamServerGeneralMessage = t.union(
  [
    t.literal('ConnectionTerminated'),
    t.type({
      ConnectionStatusUpdate: t.type({ status: t.keyof({ Ok: null, Poor: null }) }),
    }),
  ],
  'StreamServerGeneralMessage',
);
export type StreamServerGeneralMessage = t.TypeOf<typeof StreamServerGeneralMessage>;
