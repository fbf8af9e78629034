import type { MediaUnit, SoundConfiguration } from '../client/index.js';
import { attemptAsync } from '../client/attempt.js';
import type { MakeOpusDecoder } from './opus-decoding.js';
import {
  BrowserSoundDecoder,
  type DecodingEvents,
  type Plane,
  type SoundDecoder,
} from './sound-decoder.js';
import { SAMPLE_RATE } from './sound-ring.js';

/** Errors of a decoder after which there is no sound any more, until another configuration. */
const MAX_ERRORS = 5;
/** Share of the centre and of what is behind, in the stereo of surround sound. */
const AROUND = Math.SQRT1_2;

/** Decodes Opus to stereo, by the browser if it can. */
export class SoundDecoding {
  readonly #port: MessagePort;
  #configuration: SoundConfiguration | undefined;
  #decoder: SoundDecoder | undefined;
  /** Decoders so far: one that took long to load may be too late. */
  #generation = 0;
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
    void this.#start();
  }

  decode(unit: MediaUnit): void {
    this.#decoder?.decode(unit);
  }

  /** Idempotent. */
  close(): void {
    this.#generation += 1;
    this.#decoder?.close();
    this.#decoder = undefined;
  }

  async #start(): Promise<void> {
    this.close();
    const configuration = this.#configuration;
    if (configuration === undefined) return;
    const generation = this.#generation;
    const events: DecodingEvents = {
      onSound: (planes) => this.#play(planes),
      onFailed: () => {
        if (generation === this.#generation) this.#fail();
      },
    };
    if (typeof AudioDecoder === 'function') {
      this.#decoder = new BrowserSoundDecoder(configuration, events);
      return;
    }
    const make = await opusDecoderMaker();
    if (generation === this.#generation) this.#decoder = make?.(configuration, events);
  }

  #fail(): void {
    this.close();
    this.#errors += 1;
    if (this.#errors < MAX_ERRORS) void this.#start();
  }

  #play(planes: readonly Plane[]): void {
    const [left, right] = stereo(planes);
    for (const sample of left) this.#energy += (sample * sample) / SAMPLE_RATE;
    for (const sample of right) this.#energy += (sample * sample) / SAMPLE_RATE;
    this.#port.postMessage([left, right], [left.buffer, right.buffer]);
  }
}

/** Fetches the decoder of browsers without one. @returns undefined if it cannot be had */
export async function opusDecoderMaker(): Promise<MakeOpusDecoder | undefined> {
  const { href } = new URL('./opus-decoding.js', import.meta.url);
  const module = await attemptAsync(
    () => import(href) as Promise<{ readonly makeOpusDecoder: MakeOpusDecoder }>,
  );
  return module?.makeOpusDecoder;
}

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
