import { MoonteeError } from '../../core/errors.js';
import type { AudioChannels, AudioLayout, StreamSettings } from '../types.js';

/** kbit/s of video from which hosts are asked for their better audio. */
const HIGH_QUALITY_BITRATE = 15_000;

const STEREO = { streams: 1, coupledStreams: 1, mapping: [0, 1] };
/** The layout of GFE before it reported its parameters. */
const SURROUND_51 = { streams: 4, coupledStreams: 2, mapping: [0, 4, 1, 5, 2, 3] };

type Coding = Pick<AudioLayout, 'streams' | 'coupledStreams' | 'mapping'>;

export interface AudioChoice {
  readonly layout: AudioLayout;
  /** Asks for the second, better of the host's layouts. */
  readonly highQuality: boolean;
}

/**
 * Chooses the Opus multistream layout by the five rules of gamestream.md §3.6.
 *
 * @param surroundParams digits of the host's lines, in order
 * @throws MoonteeError RTSP_FAILED if the host has no usable layout
 */
export function chooseAudio(
  settings: Pick<StreamSettings, 'audioChannels' | 'audioPacketDuration' | 'bitrate'>,
  surroundParams: readonly string[],
): AudioChoice {
  const { audioChannels: channels, audioPacketDuration: packetDuration, bitrate } = settings;
  const choice = (coding: Coding, highQuality: boolean): AudioChoice => ({
    layout: { channels, packetDuration, ...coding },
    highQuality,
  });
  if (channels === 2) return choice(STEREO, false);

  const [normal, better] = surroundParams.filter((digits) => digits.startsWith(String(channels)));
  if (normal === undefined) {
    if (channels === 6) return choice(SURROUND_51, false);
    throw new MoonteeError('RTSP_FAILED', `The host offers no sound of ${channels} channels`);
  }
  if (better !== undefined && bitrate >= HIGH_QUALITY_BITRATE) {
    return choice(parseCoding(channels, better), true);
  }
  const coding = parseCoding(channels, normal);
  const mapping = normal === SUNSHINE_71 ? PLAIN_71 : lowFrequencyFourth(coding.mapping);
  return choice({ ...coding, mapping }, false);
}

/**
 * Sunshine's first line for 7.1. It prepares its mapping for the move below, but only the first six
 * entries of it. The plain order is meant (gamestream.md §3.6).
 */
const SUNSHINE_71 = '85301245367';
const PLAIN_71 = [0, 1, 2, 3, 4, 5, 6, 7];

/** GFE named the low-frequency channel last, and hosts still do so in their first line. */
function lowFrequencyFourth(mapping: readonly number[]): number[] {
  return [...mapping.slice(0, 3), ...mapping.slice(-1), ...mapping.slice(3, -1)];
}

function parseCoding(channels: AudioChannels, text: string): Coding {
  const digits = Array.from(text, Number);
  const [, streams = 0, coupledStreams = 0] = digits;
  const mapping = digits.slice(3, 3 + channels);
  const decoded = streams + coupledStreams;
  if (
    streams < 1 ||
    coupledStreams > streams ||
    mapping.length < channels ||
    mapping.some((index) => index >= decoded)
  ) {
    throw new MoonteeError('RTSP_FAILED', "The host's surround parameters are unusable", {
      details: { surround_params: text },
    });
  }
  return { streams, coupledStreams, mapping };
}
