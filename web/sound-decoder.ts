import type { MediaUnit, SoundConfiguration } from '../client/index.js';
import { attempt } from '../client/attempt.js';
import { SAMPLE_RATE } from './sound-ring.js';

export type Plane = Float32Array<ArrayBuffer>;

/** What decodes packets of one configuration. */
export interface SoundDecoder {
  decode(unit: MediaUnit): void;
  /** Idempotent. Nothing is heard of it any more. */
  close(): void;
}

export interface DecodingEvents {
  /** @param planes in the order of the configuration's channels */
  readonly onSound: (planes: readonly Plane[]) => void;
  /** It decodes no more. */
  readonly onFailed: () => void;
}

/** Packets that may wait for the decoder; more are not decoded. */
const MAX_QUEUE = 20;

/** For each channel of Opus' order (RFC 7845, 5.1.1.2), which it is in the host's. */
const OPUS_ORDER: Readonly<Record<number, readonly number[]>> = {
  6: [0, 2, 1, 4, 5, 3],
  8: [0, 2, 1, 6, 7, 4, 5, 3],
};

/** The browser's own decoder. */
export class BrowserSoundDecoder implements SoundDecoder {
  readonly #decoder: AudioDecoder;
  /** Microseconds of a packet. */
  readonly #duration: number;
  #isClosed = false;

  constructor(configuration: SoundConfiguration, { onSound, onFailed }: DecodingEvents) {
    const { channels, packetMs } = configuration;
    this.#duration = packetMs * 1000;
    this.#decoder = new AudioDecoder({
      output: (data) => {
        const planes = planesOf(data);
        if (!this.#isClosed) onSound(planes);
      },
      error: () => {
        if (!this.#isClosed) onFailed();
      },
    });
    const description = channels > 2 ? opusHead(configuration) : undefined;
    attempt(() =>
      this.#decoder.configure({
        codec: 'opus',
        sampleRate: SAMPLE_RATE,
        numberOfChannels: channels,
        ...(description === undefined ? {} : { description }),
      }),
    );
  }

  decode({ time, payload }: MediaUnit): void {
    const { state, decodeQueueSize } = this.#decoder;
    if (state !== 'configured' || decodeQueueSize > MAX_QUEUE) return;
    // Every packet of Opus stands for itself.
    const chunk = {
      type: 'key',
      timestamp: time,
      duration: this.#duration,
      data: payload,
    } as const;
    this.#decoder.decode(new EncodedAudioChunk(chunk));
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#decoder.state !== 'closed') this.#decoder.close();
  }
}

function planesOf(data: AudioData): Plane[] {
  const { numberOfChannels, numberOfFrames } = data;
  const planes = Array.from({ length: numberOfChannels }, (_, planeIndex) => {
    const plane = new Float32Array(numberOfFrames);
    data.copyTo(plane, { planeIndex, format: 'f32-planar' });
    return plane;
  });
  data.close();
  return planes;
}

/** The header that tells a decoder the streams of surround sound (RFC 7845, 5.1). */
function opusHead({ channels, streams, coupled, mapping }: SoundConfiguration): Uint8Array {
  const order = OPUS_ORDER[channels] ?? mapping.map((_, channel) => channel);
  const head = new Uint8Array(21 + channels);
  const view = new DataView(head.buffer);
  head.set(new TextEncoder().encode('OpusHead'));
  view.setUint8(8, 1);
  view.setUint8(9, channels);
  view.setUint32(12, SAMPLE_RATE, true);
  view.setUint8(18, 1);
  view.setUint8(19, streams);
  view.setUint8(20, coupled);
  head.set(
    order.map((channel) => mapping[channel] ?? channel),
    21,
  );
  return head;
}
