/** What a negotiated stream means in elements, RTP and SDP. */
import { MoonteeError } from '../core/errors.js';
import type { AudioLayout, NegotiatedVideo, VideoCodec } from '../moonlight/types.js';
import { packageOfElement } from './packages.js';
import { elementsOf, loadTemplate, type PlaceholderValues } from './launch-template.js';
import type { GstRuntime } from './runtime.js';
import type { ChosenFormat, ChosenSound, StreamFormats } from '../media/codec-choice.js';
import type { LocalMunging } from '../media/sdp.js';
import { VideoFormat } from '../media/video-format.js';

/** One payloader feeds all peers, so these are the same for everybody. */
export const RTP = {
  video: { payload: 102, ssrc: 0x6d6f6f76, clockRate: 90_000 },
  audio: { payload: 111, ssrc: 0x6d6f6f61, clockRate: 48_000 },
} as const;

/** Of surround sound that was made stereo. Each viewer gets one of both, so they share a source. */
const STEREO_PAYLOAD = 112;
/** Makes stereo of surround sound. */
const STEREO_TEMPLATE = 'audio-stereo';

/**
 * The wire's index of each of GStreamer's channels. Family 1 counts channels in Vorbis' order (RFC
 * 7845 §5.1.1.2), the wire in the order FL FR FC LFE BL BR SL SR.
 */
const VORBIS_ORDER: Readonly<Record<6 | 8, readonly number[]>> = {
  6: [0, 2, 1, 4, 5, 3],
  8: [0, 2, 1, 6, 7, 4, 5, 3],
};

/**
 * The share of each channel in each side, in the wire's order. It is the mix of ITU-R BS.775
 * without the low-frequency effects, at half the volume, so that little is clipped when all are
 * loud.
 */
const FULL = 0.5;
const SHARED = 0.354;
const LEFT = [FULL, 0, SHARED, 0, SHARED, 0, SHARED, 0];
const RIGHT = [0, FULL, SHARED, 0, 0, SHARED, 0, SHARED];

/** A medium under one payload type, as a payloader of its own makes it. */
export interface PayloadFormat {
  readonly payload: number;
  readonly template: string;
  readonly values: PlaceholderValues;
  /** Of the RTP packets. */
  readonly caps: string;
}

interface VideoElements {
  /** As people know it. */
  readonly name: string;
  readonly template: string;
  readonly encodingName: string;
  /** Fields of the RTP caps that the payloader produces and an offer must have. */
  readonly caps: string;
}

const VIDEO: Readonly<Record<VideoCodec, VideoElements>> = {
  h264: {
    name: 'H.264',
    template: 'video-h264',
    encodingName: 'H264',
    caps: ', packetization-mode=(string)1',
  },
  h265: {
    name: 'H.265 (HEVC)',
    template: 'video-h265',
    encodingName: 'H265',
    caps: '',
  },
  av1: {
    name: 'AV1',
    template: 'video-av1',
    encodingName: 'AV1',
    caps: '',
  },
};

export interface MediaFormat {
  /** The video codec as people know it. */
  readonly videoName: string;
  readonly videoTemplate: string;
  readonly videoValues: PlaceholderValues;
  readonly audioTemplate: string;
  readonly audioValues: PlaceholderValues;
  /** Caps for the transceivers, so that an offer can be made before the first frame. */
  readonly videoCaps: string;
  readonly audioCaps: string;
  /** Offered beside surround sound; null without surround, or without the elements to make it. */
  readonly stereo: PayloadFormat | null;
  /** Of an offer that is made now. */
  readonly munging: LocalMunging;
  /** What is sent now, for viewers that make the offer. */
  readonly formats: StreamFormats;
  /** The video, and the sound, under a payload type of a viewer's own. */
  ownVideo(chosen: ChosenFormat): PayloadFormat;
  ownSound(chosen: ChosenSound): PayloadFormat;
  /** Reads the parameters of later offers from an access unit at which decoders can start. */
  describe(keyFrame: Buffer): void;
}

/** Codecs whose elements are installed: what may be negotiated with a host. */
export function playableCodecs(runtime: Pick<GstRuntime, 'hasElement'>): VideoCodec[] {
  const codecs = Object.keys(VIDEO) as VideoCodec[];
  return codecs.filter((codec) => missingFor(runtime, VIDEO[codec].template) === null);
}

/** @throws CODEC_UNAVAILABLE naming the element that is missing */
export function requireCodec(runtime: Pick<GstRuntime, 'hasElement'>, codec: VideoCodec): void {
  const { template, encodingName } = VIDEO[codec];
  const element = missingFor(runtime, template);
  if (element === null) return;
  const debian = packageOfElement(element);
  throw new MoonteeError(
    'CODEC_UNAVAILABLE',
    `${encodingName} needs the GStreamer element ${element}, which is not installed; ` +
      `Debian package: ${debian}`,
    { details: { codec, element, package: debian } },
  );
}

/** The first element of a template that is not installed. */
function missingFor(runtime: Pick<GstRuntime, 'hasElement'>, template: string): string | null {
  return elementsOf(loadTemplate(template)).find((name) => !runtime.hasElement(name)) ?? null;
}

/** @throws CODEC_UNAVAILABLE naming the element that is missing */
export function mediaFormat(
  runtime: Pick<GstRuntime, 'hasElement'>,
  video: NegotiatedVideo,
  audio: AudioLayout,
): MediaFormat {
  requireCodec(runtime, video.codec);
  const codec = VIDEO[video.codec];
  const format = new VideoFormat(video);
  const { munging, ...sound } = audioFormat(runtime, audio);
  return {
    videoName: codec.name,
    get munging(): LocalMunging {
      return { ...munging, videoFormat: format.parameters };
    },
    get formats(): StreamFormats {
      const { profile } = format;
      return {
        video: { name: codec.name, codec: video.codec, profile },
        audio,
        hasStereo: sound.stereo !== null,
      };
    },
    ownVideo: ({ payload, feedback }) => ({
      payload,
      template: codec.template,
      values: videoValues(payload),
      caps: videoCaps(codec, payload, feedback),
    }),
    ownSound: (chosen) => ownSound(sound, audio, chosen),
    describe: (keyFrame) => format.read(keyFrame),
    videoTemplate: codec.template,
    videoValues: videoValues(RTP.video.payload),
    videoCaps: videoCaps(codec, RTP.video.payload, ['nack', 'nack pli', 'goog-remb']),
    ...sound,
  };
}

function videoValues(payload: number): PlaceholderValues {
  return { payload, ssrc: RTP.video.ssrc };
}

/** @param feedback values of `a=rtcp-fb` */
function videoCaps(codec: VideoElements, payload: number, feedback: readonly string[]): string {
  const agreed = feedback.map((kind) => `, rtcp-fb-${kind.replace(' ', '-')}=(boolean)true`);
  return (
    `application/x-rtp, media=(string)video, encoding-name=(string)${codec.encodingName}, ` +
    `payload=(int)${payload}, clock-rate=(int)90000, ssrc=(uint)${RTP.video.ssrc}` +
    `${agreed.join('')}${codec.caps}`
  );
}

function ownSound(
  {
    audioTemplate,
    audioValues,
    stereo,
  }: Pick<SoundFormat, 'audioTemplate' | 'audioValues' | 'stereo'>,
  { channels }: AudioLayout,
  { payload, variant }: ChosenSound,
): PayloadFormat {
  if (variant === 'stereo' && stereo) {
    const { template, values } = stereo;
    return {
      payload,
      template,
      values: { ...values, payload },
      caps: soundCaps('OPUS', payload, 2),
    };
  }
  return {
    payload,
    template: audioTemplate,
    values: { ...audioValues, payload },
    caps: soundCaps(channels === 2 ? 'OPUS' : 'MULTIOPUS', payload, channels),
  };
}

/** The element that is missing to make stereo of surround sound; null if all are installed. */
export function missingForStereo(runtime: Pick<GstRuntime, 'hasElement'>): string | null {
  return missingFor(runtime, STEREO_TEMPLATE);
}

interface SoundFormat extends Pick<
  MediaFormat,
  'audioTemplate' | 'audioValues' | 'audioCaps' | 'stereo'
> {
  readonly munging: Omit<LocalMunging, 'videoFormat'>;
}

const COMMON_PARAMETERS = 'minptime=10;useinbandfec=1';
const STEREO_MUNGING = {
  map: 'opus/48000/2',
  format: `${COMMON_PARAMETERS};stereo=1;sprop-stereo=1`,
} as const;

function soundCaps(name: 'OPUS' | 'MULTIOPUS', payload: number, channels: number): string {
  return (
    `application/x-rtp, media=(string)audio, encoding-name=(string)${name}, ` +
    `payload=(int)${payload}, clock-rate=(int)48000, encoding-params=(string)${channels}, ` +
    `ssrc=(uint)${RTP.audio.ssrc}`
  );
}

function audioFormat(runtime: Pick<GstRuntime, 'hasElement'>, audio: AudioLayout): SoundFormat {
  const { payload, ssrc } = RTP.audio;
  if (audio.channels === 2) {
    return {
      audioTemplate: 'audio-opus',
      audioValues: { payload, ssrc },
      audioCaps: soundCaps('OPUS', payload, 2),
      stereo: null,
      munging: { audio: { [payload]: STEREO_MUNGING } },
    };
  }
  const stereo = missingForStereo(runtime) === null ? stereoFormat(audio, audio.channels) : null;
  const surround = soundCaps('MULTIOPUS', payload, audio.channels);
  const mapping = audio.mapping.join(',');
  const { channels, streams, coupledStreams } = audio;
  return {
    audioTemplate: 'audio-multiopus',
    audioValues: {
      payload,
      ssrc,
      channels,
      streams,
      coupled: coupledStreams,
      mapping: audio.mapping,
    },
    // The order is that of preference: who takes both gets surround.
    audioCaps: stereo ? `${surround}; ${stereo.caps}` : surround,
    stereo,
    munging: {
      audio: {
        [payload]: {
          map: `multiopus/48000/${channels}`,
          format:
            `channel_mapping=${mapping};coupled_streams=${coupledStreams};${COMMON_PARAMETERS};` +
            `num_streams=${streams}`,
        },
        ...(stereo && { [stereo.payload]: STEREO_MUNGING }),
      },
    },
  };
}

function stereoFormat(
  { streams, coupledStreams, mapping }: AudioLayout,
  channels: 6 | 8,
): PayloadFormat {
  return {
    payload: STEREO_PAYLOAD,
    template: STEREO_TEMPLATE,
    values: {
      payload: STEREO_PAYLOAD,
      ssrc: RTP.audio.ssrc,
      channels,
      streams,
      coupled: coupledStreams,
      mapping: vorbisMapping(channels, mapping),
      left: LEFT.slice(0, channels),
      right: RIGHT.slice(0, channels),
    },
    caps: soundCaps('OPUS', STEREO_PAYLOAD, 2),
  };
}

function vorbisMapping(channels: 6 | 8, mapping: readonly number[]): number[] {
  return VORBIS_ORDER[channels].map((index) => mapping[index] ?? 0);
}

/** How units of a codec are delimited. */
function unitValues(codec: VideoCodec): PlaceholderValues {
  const isAnnexB = codec !== 'av1';
  return {
    codec,
    format: isAnnexB ? 'byte-stream' : 'obu-stream',
    alignment: isAnnexB ? 'au' : 'tu',
  };
}

/** Software decoders, the faster one first. */
const DECODERS: Readonly<Record<VideoCodec, readonly string[]>> = {
  h264: ['avdec_h264', 'openh264dec'],
  h265: ['avdec_h265', 'libde265dec'],
  av1: ['dav1ddec', 'av1dec'],
};

/**
 * Values of the template `snapshot` that follow from the codec.
 *
 * @throws ELEMENT_MISSING where no decoder is installed
 */
export function snapshotValues(
  runtime: Pick<GstRuntime, 'hasElement'>,
  codec: VideoCodec,
): PlaceholderValues {
  const decoder = DECODERS[codec].find((name) => runtime.hasElement(name));
  if (decoder !== undefined) return { ...unitValues(codec), decoder };
  const [first = ''] = DECODERS[codec];
  throw new MoonteeError(
    'ELEMENT_MISSING',
    `Pictures of ${VIDEO[codec].name} need one of the GStreamer elements ` +
      `${DECODERS[codec].join(', ')}; Debian package of the first: ${packageOfElement(first)}`,
    { details: { element: first, package: packageOfElement(first) } },
  );
}

/** Values of the template `record`. */
export function recordValues(codec: VideoCodec, audio: AudioLayout): PlaceholderValues {
  const { channels, streams, coupledStreams, mapping } = audio;
  return {
    ...unitValues(codec),
    channels,
    family: channels === 2 ? 0 : 1,
    streams,
    coupled: coupledStreams,
    mapping: channels === 2 ? [0, 1] : vorbisMapping(channels, mapping),
  };
}
