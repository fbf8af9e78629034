/** What callers send to make a streamer. Only host and app must be named. */
import * as t from 'io-ts';
import { described, type DescribedType } from '../codec/described.js';
import { Integer } from '../codec/integer.js';

type Nullish<A, O> = t.Type<A | null | undefined, O | null | undefined>;

function nullish<A, O>(codec: t.Type<A, O>): Nullish<A, O> {
  return t.union([codec, t.null, t.undefined]);
}

const Colorspace = t.keyof({ Rec601: null, Rec709: null, Rec2020: null });
const Channels = t.union([t.literal(2), t.literal(6), t.literal(8)]);

/** What is taken for settings that are left out. */
export const DEFAULT_SETTINGS = {
  width: 1920,
  height: 1080,
  fps: 60,
  bitrate: 20_000,
  packet_size: 1_024,
  video_supported_formats: 1,
  video_colorspace: 'Rec709',
  video_color_range_full: false,
  play_audio_local: false,
  video_sample_queue_size: 10,
  audio_sample_queue_size: 10,
  audio_channels: 2,
  hdr: false,
} as const;

/** With its default, which is an example too. */
function setting<A, O>(
  codec: t.Type<A, O>,
  name: keyof typeof DEFAULT_SETTINGS,
  doc: string,
): DescribedType<A | null | undefined, O | null | undefined> {
  return described(nullish(codec), doc, DEFAULT_SETTINGS[name]);
}

const settings = {
  width: setting(Integer, 'width', 'pixels'),
  height: setting(Integer, 'height', 'pixels'),
  fps: setting(Integer, 'fps', 'pictures a second'),
  bitrate: setting(Integer, 'bitrate', 'kbit/s'),
  packet_size: setting(Integer, 'packet_size', 'bytes of a packet of video from the host'),
  video_supported_formats: setting(
    Integer,
    'video_supported_formats',
    'sum of what may be sent: 1 H.264, 256 H.265, 512 H.265 with 10 bit, 4096 AV1, 8192 AV1 with 10 bit',
  ),
  video_colorspace: setting(Colorspace, 'video_colorspace', 'Rec601, Rec709 or Rec2020'),
  video_color_range_full: setting(
    t.boolean,
    'video_color_range_full',
    'full range of brightness instead of the limited one',
  ),
  play_audio_local: setting(t.boolean, 'play_audio_local', 'sound on the host as well'),
  video_sample_queue_size: setting(
    Integer,
    'video_sample_queue_size',
    'accepted from old callers; not used',
  ),
  audio_sample_queue_size: setting(
    Integer,
    'audio_sample_queue_size',
    'accepted from old callers; not used',
  ),
  audio_channels: setting(Channels, 'audio_channels', 'channels of sound: 2, 6 or 8'),
  hdr: setting(t.boolean, 'hdr', 'high dynamic range, for formats with 10 bit'),
};

export const RequestedSettings = t.partial(settings, 'Settings');
export type RequestedSettings = t.TypeOf<typeof RequestedSettings>;

const target = t.intersection([
  t.type({
    host_id: described(Integer, 'id of a paired host, as GET /api/hosts lists it', 0),
    app_id: described(Integer, 'id of an app, as GET /api/apps lists it for the host', 1),
  }),
  t.partial({
    streamer_id: described(
      nullish(t.string),
      'name of the streamer, 1 to 128 of A-Z a-z 0-9 _ . ~ : @ + -; left out: one is made up',
      'desk',
    ),
    client_unique_id: described(
      nullish(t.string),
      'identity of its own towards the host; left out: that of the pairing',
      'desk',
    ),
  }),
]);

const FlatCreateRequest = t.intersection([target, RequestedSettings], 'FlatCreateRequest');
const NestedCreateRequest = t.intersection(
  [target, t.type({ settings: RequestedSettings })],
  'NestedCreateRequest',
);
type NestedCreateRequest = t.TypeOf<typeof NestedCreateRequest>;
export type CreateStreamerRequest = t.TypeOf<typeof FlatCreateRequest> | NestedCreateRequest;

/** One of the two, so that errors are of the form that was meant. */
export const CreateStreamerRequest = new t.UnionType<
  [typeof NestedCreateRequest, typeof FlatCreateRequest],
  CreateStreamerRequest,
  CreateStreamerRequest,
  unknown
>(
  'CreateStreamerRequest',
  (value): value is CreateStreamerRequest => formOf(value).is(value),
  (value, context) => formOf(value).validate(value, context),
  t.identity,
  [NestedCreateRequest, FlatCreateRequest],
);

/** The settings, wherever they stand. */
export function settingsOf(request: CreateStreamerRequest): RequestedSettings {
  return isNested(request) ? request.settings : request;
}

function formOf(value: unknown): typeof NestedCreateRequest | typeof FlatCreateRequest {
  return isNested(value) ? NestedCreateRequest : FlatCreateRequest;
}

/** A flat request may have an unchecked key of that name, too: then its own settings count. */
function isNested(value: unknown): value is NestedCreateRequest {
  if (typeof value !== 'object' || value === null || !('settings' in value)) return false;
  const inner = value.settings;
  if (typeof inner !== 'object' || inner === null) return false;
  const names = Object.keys(settings);
  return names.some((name) => name in inner) || !names.some((name) => name in value);
}
