/** What a negotiated stream means in elements, RTP and SDP. */
import { MoonteeError } from '../errors.js';
import type { AudioLayout, NegotiatedVideo, VideoCodec } from '../moonlight/types.js';
import { packageOfElement } from './packages.js';
import type { PlaceholderValues } from './launch-template.js';
import type { GstRuntime } from './runtime.js';
import type { OfferDress } from './sdp.js';
import { VideoFormat } from './video-format.js';

/** One payloader feeds all peers, so these are the same for everybody. */
export const RTP = {
  video: { payload: 102, ssrc: 0x6d6f6f76, clockRate: 90_000 },
  audio: { payload: 111, ssrc: 0x6d6f6f61, clockRate: 48_000 },
} as const;

interface VideoElements {
  /** As people know it. */
  readonly name: string;
  readonly template: string;
  readonly encodingName: string;
  readonly elements: readonly string[];
  /** Fields of the RTP caps that the payloader produces and an offer must have. */
  readonly caps: string;
}

const VIDEO: Readonly<Record<VideoCodec, VideoElements>> = {
  h264: {
    name: 'H.264',
    template: 'video-h264',
    encodingName: 'H264',
    elements: ['h264parse', 'rtph264pay'],
    caps: ', packetization-mode=(string)1',
  },
  h265: {
    name: 'H.265 (HEVC)',
    template: 'video-h265',
    encodingName: 'H265',
    elements: ['h265parse', 'rtph265pay'],
    caps: '',
  },
  av1: {
    name: 'AV1',
    template: 'video-av1',
    encodingName: 'AV1',
    elements: ['av1parse', 'rtpav1pay'],
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
  /** Of an offer that is made now. */
  readonly dress: OfferDress;
  /** Learns from an access unit at which decoders can start what later offers say. */
  describe(keyFrame: Buffer): void;
}

/** Codecs whose elements are installed: what may be negotiated with a host. */
export function playableCodecs(runtime: Pick<GstRuntime, 'hasElement'>): VideoCodec[] {
  const codecs = Object.keys(VIDEO) as VideoCodec[];
  return codecs.filter((codec) => VIDEO[codec].elements.every((name) => runtime.hasElement(name)));
}

/** @throws CODEC_UNAVAILABLE naming the element that is missing */
export function requireCodec(runtime: Pick<GstRuntime, 'hasElement'>, codec: VideoCodec): void {
  const { elements, encodingName } = VIDEO[codec];
  for (const element of elements) {
    if (runtime.hasElement(element)) continue;
    const debian = packageOfElement(element);
    throw new MoonteeError(
      'CODEC_UNAVAILABLE',
      `${encodingName} needs the GStreamer element ${element}, which is not installed; ` +
        `Debian package: ${debian}`,
      { details: { codec, element, package: debian } },
    );
  }
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
  const { dress, ...sound } = audioFormat(audio);
  return {
    videoName: codec.name,
    get dress(): OfferDress {
      return { ...dress, videoFormat: format.parameters };
    },
    describe: (keyFrame) => format.read(keyFrame),
    videoTemplate: codec.template,
    videoValues: { payload: RTP.video.payload, ssrc: RTP.video.ssrc },
    videoCaps:
      `application/x-rtp, media=(string)video, encoding-name=(string)${codec.encodingName}, ` +
      `payload=(int)${RTP.video.payload}, clock-rate=(int)90000, ssrc=(uint)${RTP.video.ssrc}, ` +
      `rtcp-fb-nack=(boolean)true, rtcp-fb-nack-pli=(boolean)true, ` +
      `rtcp-fb-goog-remb=(boolean)true${codec.caps}`,
    ...sound,
  };
}

interface SoundFormat extends Pick<MediaFormat, 'audioTemplate' | 'audioValues' | 'audioCaps'> {
  readonly dress: Omit<OfferDress, 'videoFormat'>;
}

function audioFormat(audio: AudioLayout): SoundFormat {
  const { payload, ssrc } = RTP.audio;
  const common = 'minptime=10;useinbandfec=1';
  const caps = (name: string, channels: number): string =>
    `application/x-rtp, media=(string)audio, encoding-name=(string)${name}, ` +
    `payload=(int)${payload}, clock-rate=(int)48000, encoding-params=(string)${channels}, ` +
    `ssrc=(uint)${ssrc}`;
  if (audio.channels === 2) {
    return {
      audioTemplate: 'audio-opus',
      audioValues: { payload, ssrc },
      audioCaps: caps('OPUS', 2),
      dress: {
        audioMap: 'opus/48000/2',
        audioFormat: `${common};stereo=1;sprop-stereo=1`,
      },
    };
  }
  const mapping = audio.mapping.join(',');
  return {
    audioTemplate: 'audio-multiopus',
    audioValues: {
      payload,
      ssrc,
      channels: audio.channels,
      streams: audio.streams,
      coupled: audio.coupledStreams,
      mapping: audio.mapping,
    },
    audioCaps: caps('MULTIOPUS', audio.channels),
    dress: {
      audioMap: `multiopus/48000/${audio.channels}`,
      audioFormat:
        `channel_mapping=${mapping};coupled_streams=${audio.coupledStreams};${common};` +
        `num_streams=${audio.streams}`,
    },
  };
}
