import { BlockList, isIPv6 } from 'node:net';
import { CHANNEL_MASK } from '../nvhttp/launch.js';
import type { ColorSpace, StreamSettings, VideoCodec } from '../types.js';
import type { EncryptionChoice } from './encryption.js';
import type { AudioChoice } from './opus-layout.js';
import type { VideoChoice } from './video-choice.js';

/** Bytes that the prefix of an encrypted video packet takes from its room (§5.8). */
const VIDEO_PREFIX = 32;
const MAX_BITRATE = 100_000;
const CODEC_NUMBER: Readonly<Record<VideoCodec, number>> = { h264: 0, h265: 1, av1: 2 };
const COLOR_SPACE: Readonly<Record<ColorSpace, number>> = { Rec601: 0, Rec709: 1, Rec2020: 2 };

export interface Announcement {
  readonly settings: Pick<
    StreamSettings,
    'width' | 'height' | 'fps' | 'bitrate' | 'packetSize' | 'colorSpace' | 'colorRangeFull'
  >;
  readonly video: VideoChoice;
  readonly audio: AudioChoice;
  readonly encryption: EncryptionChoice;
  /** The host may repair by reference frame invalidation, so it may keep several. */
  readonly referenceFrameInvalidation: boolean;
  /** Hundredths of Hz of the viewer's display; 0 is unknown. */
  readonly refreshRateX100: number;
  /** The host's IP address. */
  readonly address: string;
  /** We are in the host's network. */
  readonly local: boolean;
  readonly videoPort: number;
}

/** Body of ANNOUNCE, in the reference client's order (gamestream.md §3.7). */
export function announcementBody(announcement: Announcement): string {
  const { address, videoPort } = announcement;
  const family = isIPv6(address) ? 'IPv6' : 'IPv4';
  return [
    'v=0',
    `o=android 0 14 IN ${family} ${address.replace(/%.*$/, '')}`,
    's=NVIDIA Streaming Client',
    // Hosts were made for a client that puts a space behind every value.
    ...attributes(announcement).map(([name, value]) => `a=${name}:${value} `),
    't=0 0',
    `m=video ${videoPort}  `,
    '',
  ].join('\r\n');
}

function attributes(announcement: Announcement): [string, number][] {
  const { settings, video, audio, encryption, local } = announcement;
  const { channels, packetDuration } = audio.layout;
  const bitrate = encoderBitrate(settings.bitrate, local);
  return [
    ['x-ml-general.featureFlags', 3],
    ['x-ss-general.encryptionEnabled', encryption.enabled],
    ['x-ss-video[0].chromaSamplingType', video.chroma === '4:4:4' ? 1 : 0],
    ['x-nv-video[0].clientViewportWd', settings.width],
    ['x-nv-video[0].clientViewportHt', settings.height],
    ['x-nv-video[0].maxFPS', settings.fps],
    ['x-nv-video[0].packetSize', wirePacketSize(settings.packetSize, encryption.video)],
    ['x-nv-video[0].rateControlMode', 4],
    ['x-nv-video[0].timeoutLengthMs', 7000],
    ['x-nv-video[0].framesWithInvalidRefThreshold', 0],
    ['x-nv-video[0].initialBitrateKbps', bitrate],
    ['x-nv-video[0].initialPeakBitrateKbps', bitrate],
    ['x-nv-vqos[0].bw.minimumBitrateKbps', bitrate],
    ['x-nv-vqos[0].bw.maximumBitrateKbps', bitrate],
    ['x-ml-video.configuredBitrateKbps', settings.bitrate],
    ['x-nv-vqos[0].fec.enable', 1],
    ['x-nv-vqos[0].videoQualityScoreUpdateTime', 5000],
    ['x-nv-vqos[0].qosTrafficType', local ? 5 : 0],
    ['x-nv-aqos.qosTrafficType', local ? 4 : 0],
    ['x-nv-general.featureFlags', encryption.audio ? 167 : 135],
    ['x-nv-general.useReliableUdp', 13],
    ['x-nv-vqos[0].fec.minRequiredFecPackets', 2],
    ['x-nv-vqos[0].bllFec.enable', 0],
    ['x-nv-vqos[0].drc.enable', 0],
    ['x-nv-general.enableRecoveryMode', 0],
    ['x-nv-video[0].videoEncoderSlicesPerFrame', 1],
    ...(video.codec === 'av1'
      ? []
      : [['x-nv-clientSupportHevc', video.codec === 'h265' ? 1 : 0] satisfies [string, number]]),
    ['x-nv-vqos[0].bitStreamFormat', CODEC_NUMBER[video.codec]],
    ['x-nv-video[0].dynamicRangeMode', video.bitDepth === 10 ? 1 : 0],
    ['x-nv-video[0].maxNumReferenceFrames', announcement.referenceFrameInvalidation ? 0 : 1],
    ['x-nv-video[0].clientRefreshRateX100', announcement.refreshRateX100],
    ['x-nv-audio.surround.numChannels', channels],
    ['x-nv-audio.surround.channelMask', CHANNEL_MASK[channels]],
    ['x-nv-audio.surround.enable', channels > 2 ? 1 : 0],
    ['x-nv-audio.surround.AudioQuality', audio.highQuality ? 1 : 0],
    ['x-nv-aqos.packetDuration', packetDuration],
    [
      'x-nv-video[0].encoderCscMode',
      (COLOR_SPACE[settings.colorSpace] << 1) | (settings.colorRangeFull ? 1 : 0),
    ],
  ];
}

/** Packet size as announced: encrypted packets keep their datagrams' size (§5.1). */
export function wirePacketSize(packetSize: number, encrypted: boolean): number {
  return (packetSize & ~15) - (encrypted ? VIDEO_PREFIX : 0);
}

/** kbit/s that are left for the encoder beside FEC and sound (§3.7). */
function encoderBitrate(bitrate: number, local: boolean): number {
  const adjusted = Math.floor(bitrate * 0.8);
  return Math.min(!local && adjusted > 500 ? adjusted - 500 : adjusted, MAX_BITRATE);
}

const LOCAL_NETWORKS = new BlockList();
LOCAL_NETWORKS.addSubnet('10.0.0.0', 8);
LOCAL_NETWORKS.addSubnet('172.16.0.0', 12);
LOCAL_NETWORKS.addSubnet('192.168.0.0', 16);
LOCAL_NETWORKS.addSubnet('169.254.0.0', 16);
LOCAL_NETWORKS.addSubnet('fe80::', 10, 'ipv6');
LOCAL_NETWORKS.addSubnet('fec0::', 10, 'ipv6');
LOCAL_NETWORKS.addSubnet('fc00::', 7, 'ipv6');

/**
 * Whether the host is asked to treat us as local; for loopback it is not, as in the reference
 * (§3.7).
 */
export function isLocalAddress(address: string): boolean {
  return LOCAL_NETWORKS.check(address.replace(/%.*$/, ''), isIPv6(address) ? 'ipv6' : 'ipv4');
}
