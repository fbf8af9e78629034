import type { NegotiatedStream, NegotiatedVideo } from '../../moonlight/types.js';

type ColorSpace = Readonly<Record<'primaries' | 'transfer' | 'matrix', string>>;

/** By the names of WebCodecs (`VideoColorSpaceInit`). */
const COLOR_SPACES: Readonly<Record<NegotiatedVideo['colorSpace'], ColorSpace>> = {
  Rec601: { primaries: 'smpte170m', transfer: 'smpte170m', matrix: 'smpte170m' },
  Rec709: { primaries: 'bt709', transfer: 'bt709', matrix: 'bt709' },
  Rec2020: { primaries: 'bt2020', transfer: 'bt709', matrix: 'bt2020-ncl' },
};

/** What a viewer sets its decoders up with. */
export interface StreamFormat {
  readonly stream: NegotiatedStream;
  /** Codec string of the video. */
  readonly codec: string;
  /** The host sends HDR10 now. */
  readonly hdr: boolean;
  /** Counts the sessions with the host. */
  readonly session: number;
}

/** @returns the JSON of a `config` message (signaling.md d.3) */
export function configurationText(id: number, format: StreamFormat): string {
  const { video, audio } = format.stream;
  const { width, height, fps, bitDepth, chroma } = video;
  const transfer = format.hdr ? { transfer: 'pq' } : {};
  return JSON.stringify({
    id,
    session: format.session,
    video: {
      codec: format.codec,
      width,
      height,
      fps,
      bitDepth,
      chroma,
      hdr: format.hdr,
      colorSpace: {
        ...COLOR_SPACES[video.colorSpace],
        ...transfer,
        fullRange: video.colorRangeFull,
      },
    },
    audio: {
      codec: 'opus',
      sampleRate: 48_000,
      channels: audio.channels,
      packetMs: audio.packetDuration,
      streams: audio.streams,
      coupled: audio.coupledStreams,
      mapping: audio.mapping,
    },
  });
}
