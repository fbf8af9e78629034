/** The format parameters of a stream's video, as an offer carries them. */
import type { NegotiatedVideo, VideoCodec } from '../moonlight/types.js';
import { profileOf, type StreamProfile } from '../moonlight/video/stream-profile.js';

/** A level by the sizes and rates that it allows. */
interface Level {
  readonly level: number;
  /** Luma samples of a picture. */
  readonly picture: number;
  /** Luma samples in a second. */
  readonly rate: number;
}

const MACROBLOCK = 256;

function macroblocks(level: number, picture: number, rate: number): Level {
  return { level, picture: picture * MACROBLOCK, rate: rate * MACROBLOCK };
}

function samples(level: number, picture: number, rate: number): Level {
  return { level, picture, rate };
}

/** H.264 table A-1, H.265 table A.8 and A.9, AV1 annex A.3; levels below 720p are of no use. */
const LEVELS: Readonly<Record<VideoCodec, readonly Level[]>> = {
  h264: [
    macroblocks(31, 3_600, 108_000),
    macroblocks(32, 5_120, 216_000),
    macroblocks(40, 8_192, 245_760),
    macroblocks(42, 8_704, 522_240),
    macroblocks(50, 22_080, 589_824),
    macroblocks(51, 36_864, 983_040),
    macroblocks(52, 36_864, 2_073_600),
    macroblocks(60, 139_264, 4_177_920),
    macroblocks(61, 139_264, 8_355_840),
    macroblocks(62, 139_264, 16_711_680),
  ],
  h265: [
    samples(93, 983_040, 33_177_600),
    samples(120, 2_228_224, 66_846_720),
    samples(123, 2_228_224, 133_693_440),
    samples(150, 8_912_896, 267_386_880),
    samples(153, 8_912_896, 534_773_760),
    samples(156, 8_912_896, 1_069_547_520),
    samples(180, 35_651_584, 1_069_547_520),
    samples(183, 35_651_584, 2_139_095_040),
    samples(186, 35_651_584, 4_278_190_080),
  ],
  av1: [
    samples(5, 1_065_024, 31_950_720),
    samples(8, 2_359_296, 70_778_880),
    samples(9, 2_359_296, 141_557_760),
    samples(12, 8_912_896, 267_386_880),
    samples(13, 8_912_896, 534_773_760),
    samples(14, 8_912_896, 1_069_547_520),
    samples(16, 35_651_584, 1_069_547_520),
    samples(17, 35_651_584, 2_139_095_040),
    samples(18, 35_651_584, 4_278_190_080),
  ],
};

/** seq_level_idx 31 stands for an unknown level. */
const AV1_LAST_LEVEL = 23;

/** The least that every browser's own descriptions name, for H.264. */
const H264_FIRST_LEVEL = 31;

/**
 * Format parameters of a stream. Until its first key frame they are those agreed with the host.
 * From then on its sequence header gives them, for viewers who are offered it later.
 */
export class VideoFormat {
  readonly #codec: VideoCodec;
  #profile: StreamProfile;

  constructor(video: NegotiatedVideo) {
    this.#codec = video.codec;
    this.#profile = expectedProfile(video);
  }

  /** @param data an access unit at which decoders can start */
  read(data: Buffer): void {
    const found = profileOf(this.#codec, data);
    if (found === null || (this.#codec === 'av1' && found.level > AV1_LAST_LEVEL)) return;
    this.#profile = found;
  }

  /** profile_idc, general_profile_idc or seq_profile. */
  get profile(): number {
    return this.#profile.profile;
  }

  /** Value of `a=fmtp`. */
  get parameters(): string {
    const { profile, tier, level } = this.#profile;
    switch (this.#codec) {
      case 'h264': {
        // Browsers decode any profile under this name, and refuse others that they could decode.
        const digits = Math.max(H264_FIRST_LEVEL, level).toString(16).padStart(2, '0');
        return `level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e0${digits}`;
      }
      case 'h265':
        return `level-id=${level};profile-id=${profile};tier-flag=${tier};tx-mode=SRST`;
      case 'av1':
        return `level-idx=${level};profile=${profile};tier=${tier}`;
    }
  }
}

function expectedProfile(video: NegotiatedVideo): StreamProfile {
  return { profile: expectedNumber(video), tier: 0, level: levelFor(video) };
}

function expectedNumber({ codec, bitDepth, chroma }: NegotiatedVideo): number {
  switch (codec) {
    case 'h264':
      return 66;
    case 'h265':
      if (chroma === '4:4:4') return 4;
      return bitDepth === 10 ? 2 : 1;
    case 'av1':
      return chroma === '4:4:4' ? 1 : 0;
  }
}

function levelFor({ codec, width, height, fps }: NegotiatedVideo): number {
  const block = codec === 'h264' ? 16 : 8;
  const round = (length: number): number => Math.ceil(length / block) * block;
  const picture = round(width) * round(height);
  const levels = LEVELS[codec];
  const fits = levels.find((one) => picture <= one.picture && picture * fps <= one.rate);
  return (fits ?? levels.at(-1))?.level ?? 0;
}
