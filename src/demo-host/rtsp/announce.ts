import type { AudioChannels, BitDepth, VideoCodec } from '../../moonlight/types.js';
import type { HostStyle, VideoFormat } from '../options.js';
import { SS_ENCRYPTION, type OfferedEncryption } from './describe.js';

/** What the client settled on in ANNOUNCE (§3.7). */
export interface AnnouncedStream {
  readonly codec: VideoCodec;
  readonly bitDepth: BitDepth;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  /** kbit/s that the encoder gets. */
  readonly bitrate: number;
  /** Bytes of a video packet after its first 16. */
  readonly packetSize: number;
  readonly minRequiredFecPackets: number;
  readonly channels: AudioChannels;
  /** Milliseconds. */
  readonly packetDuration: number;
  readonly controlVersion: 1 | 2;
  readonly encryptVideo: boolean;
  readonly encryptAudio: boolean;
}

export type AnnounceResult =
  | { readonly kind: 'stream'; readonly stream: AnnouncedStream }
  | { readonly kind: 'refused'; readonly status: number; readonly why: string };

/** Attributes without which each host refuses. */
const REQUIRED: Readonly<Record<HostStyle, readonly string[]>> = {
  sunshine: [
    'x-nv-video[0].clientViewportWd',
    'x-nv-video[0].clientViewportHt',
    'x-nv-video[0].maxFPS',
    'x-nv-video[0].packetSize',
    'x-nv-vqos[0].bw.maximumBitrateKbps',
    'x-nv-video[0].videoEncoderSlicesPerFrame',
    'x-nv-video[0].maxNumReferenceFrames',
    'x-nv-audio.surround.numChannels',
    'x-nv-audio.surround.channelMask',
    'x-nv-audio.surround.AudioQuality',
  ],
  wolf: [
    'x-nv-video[0].clientViewportWd',
    'x-nv-video[0].clientViewportHt',
    'x-nv-video[0].maxFPS',
  ],
};

/** Bounds of what the host can encode and send. */
const BOUNDS = {
  width: [64, 7680],
  height: [64, 4320],
  fps: [1, 240],
  packetSize: [128, 4096],
  bitrate: [100, 500_000],
  minFec: [0, 16],
} as const;

const CODECS: readonly VideoCodec[] = ['h264', 'h265', 'av1'];
const NV_AUDIO_ENCRYPTION = 0x20;

/** The `a=name:value` lines; values lose the space that clients leave at their end. */
export function parseAttributes(body: string): Map<string, string> {
  const attributes = new Map<string, string>();
  for (const line of body.split(/\r?\n/)) {
    const match = /^a=([^:\s]{1,128}):(.{0,256})$/.exec(line);
    if (match?.[1] !== undefined) attributes.set(match[1], (match[2] ?? '').trim());
  }
  return attributes;
}

function refused(status: number, why: string): AnnounceResult {
  return { kind: 'refused', status, why };
}

export interface AnnounceContext {
  readonly style: HostStyle;
  /** Formats of the app that was launched. */
  readonly formats: readonly VideoFormat[];
  readonly encryption: OfferedEncryption;
  readonly fecPercentage: number;
}

/** Never throws; an invalid number, or one out of bounds, is refused with 400. */
export function parseAnnounce(body: string, context: AnnounceContext): AnnounceResult {
  const attributes = parseAttributes(body);
  const missing = REQUIRED[context.style].find((name) => !attributes.has(name));
  if (missing !== undefined) return refused(400, `Missing ${missing}`);
  const bad: string[] = [];
  const integer = (name: string, fallback: number, bounds?: keyof typeof BOUNDS): number => {
    const text = attributes.get(name);
    if (text === undefined) return fallback;
    const value = /^-?\d{1,10}$/.test(text) ? Number(text) : NaN;
    const [low, high] = bounds === undefined ? [-(2 ** 31), 2 ** 32] : BOUNDS[bounds];
    if (!(value >= low && value <= high)) bad.push(name);
    return value;
  };

  const enabled = integer('x-ss-general.encryptionEnabled', 0);
  const features = integer('x-nv-general.featureFlags', context.style === 'wolf' ? 167 : 135);
  const channels = integer('x-nv-audio.surround.numChannels', 2);
  const maximum = integer('x-nv-vqos[0].bw.maximumBitrateKbps', 15_500, 'bitrate');
  const configured = integer('x-ml-video.configuredBitrateKbps', 0);
  const codec = CODECS[integer('x-nv-vqos[0].bitStreamFormat', 0)];
  const dynamicRange = integer('x-nv-video[0].dynamicRangeMode', 0);
  const settled = Math.min(configured > 0 ? configured : maximum, BOUNDS.bitrate[1]);
  const { encryption } = context;
  const stream = {
    width: integer('x-nv-video[0].clientViewportWd', 1280, 'width'),
    height: integer('x-nv-video[0].clientViewportHt', 720, 'height'),
    fps: integer('x-nv-video[0].maxFPS', 60, 'fps'),
    // Clients send multiples of 16; a host may always send smaller packets.
    packetSize: integer('x-nv-video[0].packetSize', 1024, 'packetSize') & ~15,
    minRequiredFecPackets: integer('x-nv-vqos[0].fec.minRequiredFecPackets', 0, 'minFec'),
    packetDuration: integer('x-nv-aqos.packetDuration', 5),
    bitrate: encoderBitrate(settled, channels, configured > 0 ? context.fecPercentage : 0),
    controlVersion: encryption.control === 2 && (enabled & SS_ENCRYPTION.controlV2) !== 0 ? 2 : 1,
    encryptVideo: encryption.video !== 'off' && (enabled & SS_ENCRYPTION.video) !== 0,
    encryptAudio: (enabled & SS_ENCRYPTION.audio) !== 0 || (features & NV_AUDIO_ENCRYPTION) !== 0,
  } as const;
  const first = bad[0];
  if (first !== undefined) return refused(400, `Invalid ${first}`);
  const depths = context.formats.filter((one) => one.codec === codec).map((one) => one.bitDepth);
  // Who wants 10 bits of what is only there in 8 gets these, as on a display without HDR.
  const bitDepth = dynamicRange === 1 && depths.includes(10) ? 10 : 8;
  if (codec === undefined || !depths.includes(bitDepth)) return refused(400, 'Codec not offered');
  if (channels !== 2 && channels !== 6 && channels !== 8) return refused(400, 'Invalid channels');
  if (stream.packetDuration !== 5 && stream.packetDuration !== 10) {
    return refused(400, 'Invalid packetDuration');
  }
  if (
    (encryption.video === 'required' && !stream.encryptVideo) ||
    (encryption.audio === 'required' && !stream.encryptAudio)
  ) {
    return refused(403, 'Encryption is mandatory');
  }
  return { kind: 'stream', stream: { ...stream, codec, bitDepth, channels } };
}

/** What is left of the client's figure for pictures after parity, sound and control (§3.7). */
function encoderBitrate(total: number, channels: number, fecPercentage: number): number {
  let left = fecPercentage <= 80 ? (total * (100 - fecPercentage)) / 100 : total;
  left -= Math.min(96 * channels, left / 5);
  left -= Math.min(500, left / 10);
  return Math.max(BOUNDS.bitrate[0], Math.round(left));
}
