/** Opus where the browser has no decoder for packets of sound. Built as a file of its own, and rarely fetched. */
import { OpusDecoder } from 'opus-decoder';
import type { SoundConfiguration } from '../client/index.js';
import type { DecodingEvents, Plane, SoundDecoder } from './sound-decoder.js';

export type MakeOpusDecoder = typeof makeOpusDecoder;

/** Decodes by WebAssembly, at once. @returns the decoder; packets that come before it is ready are left out */
export function makeOpusDecoder(
  { channels, streams, coupled, mapping }: SoundConfiguration,
  { onSound, onFailed }: DecodingEvents,
): SoundDecoder {
  const decoder = new OpusDecoder({
    channels,
    streamCount: streams,
    coupledStreamCount: coupled,
    channelMappingTable: [...mapping],
  });
  let isReady = false;
  let isClosed = false;
  const free = (): void => {
    if (isReady) decoder.free();
  };
  decoder.ready.then(
    () => {
      isReady = true;
      if (isClosed) free();
    },
    () => {
      if (!isClosed) onFailed();
    },
  );
  return {
    decode: ({ payload }) => {
      if (!isReady || isClosed) return;
      const { channelData, errors } = decoder.decodeFrame(payload);
      if (errors.length > 0) onFailed();
      else onSound(channelData.map((plane): Plane => new Float32Array(plane)));
    },
    close: () => {
      if (isClosed) return;
      isClosed = true;
      free();
    },
  };
}
