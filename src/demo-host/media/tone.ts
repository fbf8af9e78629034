import type { AudioChannels } from '../../moonlight/types.js';
import { BEEP_LENGTH } from '../picture/theme.js';

const RATE = 48_000;
const VOLUME = 0.25 * 32767;
/** Hertz; the full minute sounds higher. */
const PITCH = 660;
const MINUTE_PITCH = 990;
/** Milliseconds of fading in and out, against clicks. */
const FADE = 8;
/** Index of the LFE in surround layouts, whose beep would be nearly inaudible. */
const LFE = 3;

/**
 * A beep at each full second, together with the picture's flash. With more than two speakers it
 * walks from one to the next.
 *
 * @param at milliseconds of the wall clock at the first sample
 * @param count samples a channel
 * @param only index of the one channel that sounds; null for the usual ones
 * @returns interleaved 16-bit little-endian samples at 48 kHz
 */
export function tone(
  at: number,
  count: number,
  channels: AudioChannels,
  only: number | null = null,
): Buffer {
  const samples = Buffer.alloc(count * channels * 2);
  for (let index = 0; index < count; index++) {
    const time = at + (index * 1000) / RATE;
    const phase = time % 1000;
    if (phase >= BEEP_LENGTH) continue;
    const second = Math.floor(time / 1000);
    const pitch = second % 60 === 0 ? MINUTE_PITCH : PITCH;
    const envelope = Math.min(1, phase / FADE, (BEEP_LENGTH - phase) / FADE);
    const value = Math.round(VOLUME * envelope * Math.sin((2 * Math.PI * pitch * phase) / 1000));
    for (let channel = 0; channel < channels; channel++) {
      const heard =
        only === null ? channels === 2 || channel === speaker(second, channels) : channel === only;
      if (heard) {
        samples.writeInt16LE(value, (index * channels + channel) * 2);
      }
    }
  }
  return samples;
}

function speaker(second: number, channels: AudioChannels): number {
  const index = second % (channels - 1);
  return index < LFE ? index : index + 1;
}
