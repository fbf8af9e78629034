import { MoonteeError } from '../../core/errors.js';
import { VIDEO_FORMAT, type BitDepth, type Chroma, type VideoCodec } from '../types.js';
import type { HostDescription } from './description.js';

/** ServerCodecModeSupport bits (gamestream.md §10). */
const SERVER_CODEC_MODE = {
  H264: 0x1,
  H265: 0x100,
  H265_MAIN10: 0x200,
  AV1_MAIN8: 0x1_0000,
  AV1_MAIN10: 0x2_0000,
  H264_HIGH8_444: 0x4_0000,
  H265_REXT8_444: 0x8_0000,
  H265_REXT10_444: 0x10_0000,
  AV1_HIGH8_444: 0x20_0000,
  AV1_HIGH10_444: 0x40_0000,
} as const;

export interface VideoChoice {
  readonly codec: VideoCodec;
  readonly bitDepth: BitDepth;
  readonly chroma: Chroma;
}

interface Profile extends Omit<VideoChoice, 'codec'> {
  /** The client's bit. */
  readonly format: number;
  /** The host's bit; 0 for what a host that has the codec always has. */
  readonly mode: number;
}

const F = VIDEO_FORMAT;
const M = SERVER_CODEC_MODE;

/** By preference: the codec, then depth and chroma within it (gamestream.md §3.5). */
const PROFILES: readonly (readonly [VideoCodec, readonly Profile[]])[] = [
  [
    'av1',
    [
      { bitDepth: 10, chroma: '4:4:4', format: F.AV1_HIGH10_444, mode: M.AV1_HIGH10_444 },
      { bitDepth: 10, chroma: '4:2:0', format: F.AV1_MAIN10, mode: M.AV1_MAIN10 },
      { bitDepth: 8, chroma: '4:4:4', format: F.AV1_HIGH8_444, mode: M.AV1_HIGH8_444 },
      { bitDepth: 8, chroma: '4:2:0', format: F.AV1_MAIN8, mode: 0 },
    ],
  ],
  [
    'h265',
    [
      { bitDepth: 10, chroma: '4:4:4', format: F.H265_REXT10_444, mode: M.H265_REXT10_444 },
      { bitDepth: 10, chroma: '4:2:0', format: F.H265_MAIN10, mode: M.H265_MAIN10 },
      { bitDepth: 8, chroma: '4:4:4', format: F.H265_REXT8_444, mode: M.H265_REXT8_444 },
      { bitDepth: 8, chroma: '4:2:0', format: F.H265, mode: 0 },
    ],
  ],
  [
    'h264',
    [
      { bitDepth: 8, chroma: '4:4:4', format: F.H264_HIGH8_444, mode: M.H264_HIGH8_444 },
      { bitDepth: 8, chroma: '4:2:0', format: F.H264, mode: 0 },
    ],
  ],
];

/** The codecs that a mask of VIDEO_FORMAT bits allows, by preference. */
export function codecsOf(formats: number): VideoCodec[] {
  return PROFILES.flatMap(([codec, profiles]) =>
    profiles.some(({ format }) => (formats & format) !== 0) ? [codec] : [],
  );
}

export interface VideoWishes {
  /** Mask of VIDEO_FORMAT bits. */
  readonly formats: number;
  /** ServerCodecModeSupport of the host. */
  readonly serverModes: number;
  readonly description: Pick<HostDescription, 'hevc' | 'av1'>;
  /** Codecs that can be carried to a viewer. */
  readonly playable: readonly VideoCodec[];
}

/** @throws MoonteeError CODEC_UNAVAILABLE if nothing fits both sides */
export function chooseVideo(wishes: VideoWishes): VideoChoice {
  const { formats, serverModes, description, playable } = wishes;
  const offered: readonly VideoCodec[] = [
    ...(description.av1 ? (['av1'] as const) : []),
    ...(description.hevc ? (['h265'] as const) : []),
    'h264',
  ];
  for (const [codec, profiles] of PROFILES) {
    if (!offered.includes(codec) || !playable.includes(codec)) continue;
    const profile = profiles.find(
      ({ format, mode }) => (formats & format) !== 0 && (serverModes & mode) === mode,
    );
    if (profile !== undefined) {
      return { codec, bitDepth: profile.bitDepth, chroma: profile.chroma };
    }
  }
  throw new MoonteeError('CODEC_UNAVAILABLE', 'Host and settings share no playable video format', {
    details: { formats, server_modes: serverModes, offered, playable },
  });
}
