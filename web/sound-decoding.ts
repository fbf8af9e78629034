import type { MediaUnit, SoundConfiguration } from '../client/index.js';
import { attempt } from '../client/attempt.js';
import { SAMPLE_RATE } from './sound-ring.js';

/** Packets that may wait for the decoder; more are not decoded. */
const MAX_QUEUE = 20;
/** Errors of a decoder after which there is no sound any more, until another configuration. */
const MAX_ERRORS = 5;

/** For each channel of Opus' order (RFC 7845, 5.1.1.2), which it is in the host's. */
const OPUS_ORDER: Readonly<Record<number, readonly number[]>> = {
  6: [0, 2, 1, 4, 5, 3],
  8: [0, 2, 1, 6, 7, 4, 5, 3],
};
/** Share of the centre and of what is behind, in the stereo of surround sound. */
const AROUND = Math.SQRT1_2;

/** Decodes Opus to stereo. */
export class SoundDecoding {
  readonly #port: MessagePort;
  #configuration: SoundConfiguration | undefined;
  #decoder: AudioDecoder | undefined;
  #errors = 0;
  #energy = 0;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  /** Sum of the squared levels, times seconds. */
  get energy(): number {
    return this.#energy;
  }

  configure(configuration: SoundConfiguration): void {
    this.#configuration = configuration;
    this.#errors = 0;
    this.#start();
  }

  decode({ time, payload }: MediaUnit): void {
    if (this.#decoder?.state !== 'configured' || this.#decoder.decodeQueueSize > MAX_QUEUE) return;
    const duration = (this.#configuration?.packetMs ?? 10) * 1000;
    // Every packet of Opus stands for itself.
    const chunk = { type: 'key', timestamp: time, duration, data: payload } as const;
    this.#decoder.decode(new EncodedAudioChunk(chunk));
  }

  /** Idempotent. */
  close(): void {
    const decoder = this.#decoder;
    this.#decoder = undefined;
    if (decoder !== undefined && decoder.state !== 'closed') decoder.close();
  }

  #start(): void {
    this.close();
    if (this.#configuration === undefined) return;
    const decoder = new AudioDecoder({
      output: (data) => this.#play(data),
      error: () => {
        if (this.#decoder !== decoder) return;
        this.#decoder = undefined;
        this.#errors += 1;
        if (this.#errors < MAX_ERRORS) this.#start();
      },
    });
    this.#decoder = decoder;
    const { channels } = this.#configuration;
    const description = channels > 2 ? opusHead(this.#configuration) : undefined;
    attempt(() =>
      decoder.configure({
        codec: 'opus',
        sampleRate: SAMPLE_RATE,
        numberOfChannels: channels,
        ...(description === undefined ? {} : { description }),
      }),
    );
  }

  #play(data: AudioData): void {
    const { numberOfChannels, numberOfFrames } = data;
    const planes = Array.from({ length: numberOfChannels }, (_, planeIndex) => {
      const plane = new Float32Array(numberOfFrames);
      data.copyTo(plane, { planeIndex, format: 'f32-planar' });
      return plane;
    });
    data.close();
    const [left, right] = stereo(planes);
    for (const sample of left) this.#energy += (sample * sample) / SAMPLE_RATE;
    for (const sample of right) this.#energy += (sample * sample) / SAMPLE_RATE;
    this.#port.postMessage([left, right], [left.buffer, right.buffer]);
  }
}

type Plane = Float32Array<ArrayBuffer>;

/** @param planes front left and right, centre, LFE, then pairs of left and right */
function stereo(planes: readonly Plane[]): readonly [Plane, Plane] {
  const [left = new Float32Array(), right] = planes;
  // Two of one memory could not be handed on.
  if (right === undefined) return [left, left.slice()];
  for (const [channel, plane] of planes.entries()) {
    if (channel < 2 || channel === 3) continue;
    for (let i = 0; i < plane.length; i += 1) {
      const share = (plane[i] ?? 0) * AROUND;
      if (channel === 2 || channel % 2 === 0) left[i] = (left[i] ?? 0) + share;
      if (channel === 2 || channel % 2 === 1) right[i] = (right[i] ?? 0) + share;
    }
  }
  return [left, right];
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
