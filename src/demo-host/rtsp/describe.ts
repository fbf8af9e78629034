import type { AudioChannels, VideoCodec } from '../../moonlight/types.js';
import type { HostStyle, Offer } from '../options.js';

/** Bits of encryptionSupported, encryptionRequested and encryptionEnabled (§10). */
export const SS_ENCRYPTION = { controlV2: 1, video: 2, audio: 4 } as const;

export interface OfferedEncryption {
  readonly control: 1 | 2;
  readonly video: Offer;
  readonly audio: Offer;
}

function encryptionBits(offered: OfferedEncryption, when: (offer: Offer) => boolean): number {
  return (
    (offered.control === 2 ? SS_ENCRYPTION.controlV2 : 0) |
    (when(offered.video) ? SS_ENCRYPTION.video : 0) |
    (when(offered.audio) ? SS_ENCRYPTION.audio : 0)
  );
}

/**
 * Decoded channel for each speaker of the wire's order (FL FR FC LFE BL BR SL SR), as the Opus
 * encoder lays its streams out. For 7.1 the layout is odd: opusenc couples centre with LFE and
 * leaves the rear speakers on their own.
 */
const OPUS_LAYOUT: Readonly<
  Record<AudioChannels, { streams: number; coupled: number; mapping: readonly number[] }>
> = {
  2: { streams: 1, coupled: 1, mapping: [0, 1] },
  6: { streams: 4, coupled: 2, mapping: [0, 1, 4, 5, 2, 3] },
  8: { streams: 5, coupled: 3, mapping: [0, 1, 4, 5, 6, 7, 2, 3] },
};

/**
 * The digits of a `surround-params` line of normal quality. Clients move the last digit to
 * index 3, because the first hosts listed the LFE last; so it is listed last here (§3.6).
 */
export function surroundParams(channels: AudioChannels): string {
  const { streams, coupled, mapping } = OPUS_LAYOUT[channels];
  const listed =
    channels === 2 ? mapping : [...mapping.slice(0, 3), ...mapping.slice(4), mapping[3] ?? 0];
  return [channels, streams, coupled, ...listed].join('');
}

/** The body that DESCRIBE is answered with (§3.5): looked through for words, not parsed as SDP. */
export function describeBody(
  style: HostStyle,
  codecs: ReadonlySet<VideoCodec>,
  encryption: OfferedEncryption,
  canInvalidate: boolean,
): string {
  const lines: string[] = [];
  const wolf = style === 'wolf';
  if (!wolf) {
    const supported = encryptionBits(encryption, (offer) => offer !== 'off');
    const requested = encryptionBits(encryption, (offer) => offer === 'required');
    lines.push('a=x-ss-general.featureFlags:3');
    lines.push(`a=x-ss-general.encryptionSupported:${supported}`);
    lines.push(`a=x-ss-general.encryptionRequested:${requested}`);
  }
  // Wolf does not know it.
  if (canInvalidate && !wolf) lines.push('a=x-nv-video[0].refPicInvalidation:1');
  if (codecs.has('h265')) lines.push('sprop-parameter-sets=AAAAAU');
  if (codecs.has('av1')) lines.push(`${wolf ? 'a=a=' : 'a='}rtpmap:98 AV1/90000`);
  for (const channels of [2, 6, 8] as const) {
    lines.push(`a=fmtp:97 surround-params=${surroundParams(channels)}`);
  }
  if (wolf) lines.push('a=x-ss-general.featureFlags: 3');
  const newline = wolf ? '\r\n' : '\n';
  return lines.join(newline) + newline;
}
