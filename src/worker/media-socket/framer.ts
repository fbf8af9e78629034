import type { CodedUnit, TrackId } from '../../media/outlet.js';
import type { NegotiatedStream } from '../../moonlight/types.js';
import { codecString } from '../../moonlight/video/codec-string.js';
import { decoderConfiguration } from '../../moonlight/video/decoder-configuration.js';
import {
  HEADER_BYTES,
  MEDIA_FLAG,
  MEDIA_KIND,
  writeHeader,
  type MediaHeader,
} from '../../protocol/media-socket.js';
import { PictureCleaner } from '../picture-cleaner.js';
import { configurationText } from './configuration.js';
import { frameHeaderBytes, writeFrameHeader } from './frame.js';

/** A unit as a WebSocket message, the same for all viewers. */
export interface FramedUnit {
  readonly sequence: number;
  readonly keyframe: boolean;
  /** What must have been sent before it. */
  readonly configuration: Configuration;
  readonly bytes: Buffer;
  /** Where the byte with its flags stands. */
  readonly flagsAt: number;
}

export interface Configuration {
  /** 1…65535. */
  readonly id: number;
  /** The whole WebSocket message. */
  readonly bytes: Buffer;
}

const NANOSECONDS_IN_MICROSECOND = 1_000;
/** Milliseconds over which the rate is measured. */
const RATE_WINDOW_MS = 2_000;
const MAX_CONFIGURATION_ID = 0xffff;

/**
 * Makes WebSocket messages of coded units, each once, whatever the number of viewers. Video is cleaned
 * for browsers on the way, and key frames tell what decoders have to be set up with.
 */
export class MediaFramer {
  #stream: NegotiatedStream;
  #session = 1;
  #hdr = false;
  #configuration: Configuration | null = null;
  /** What the configuration was made of; compared with each key frame. */
  #madeOf: { readonly sets: Buffer; readonly codec: string } | null = null;
  #lastId = 0;
  readonly #sequence: Record<TrackId, number> = { video: 0, audio: 0 };
  readonly #lastTime: Record<TrackId, number> = { video: 0, audio: 0 };
  #rate = { bytes: 0, since: performance.now(), last: 0 };
  /** What was made of units that are still in use. */
  readonly #framed = new WeakMap<CodedUnit, FramedUnit | null>();
  readonly #cleaner = new PictureCleaner();

  constructor(stream: NegotiatedStream) {
    this.#stream = stream;
  }

  /** bit/s of all that was framed in the last seconds. */
  get rate(): number {
    return this.#rate.last;
  }

  /** Another session with the host, which may have agreed to something else. */
  renegotiated(stream: NegotiatedStream): void {
    this.#stream = stream;
    this.#session += 1;
    this.#madeOf = null;
  }

  /** The host sends HDR10, or does so no more. */
  setHdr(hdr: boolean): void {
    if (hdr !== this.#hdr) this.#madeOf = null;
    this.#hdr = hdr;
  }

  /** @returns null for what browsers get nothing of; the same object for the same unit */
  frame(track: TrackId, unit: CodedUnit): FramedUnit | null {
    const before = this.#framed.get(unit);
    if (before !== undefined) return before;
    const framed = track === 'video' ? this.#frameVideo(unit) : this.#frameAudio(unit);
    this.#framed.set(unit, framed);
    return framed;
  }

  #frameVideo(unit: CodedUnit): FramedUnit | null {
    const { codec } = this.#stream.video;
    const payload = this.#cleaner.clean(codec, unit.data);
    if (payload === null) return null;
    if (unit.keyframe) this.#configure(payload);
    return this.#make('video', unit, payload);
  }

  #frameAudio(unit: CodedUnit): FramedUnit | null {
    return this.#make('audio', unit, unit.data);
  }

  #make(track: TrackId, unit: CodedUnit, payload: Buffer): FramedUnit | null {
    const configuration = this.#configuration;
    if (configuration === null) return null;
    const sequence = (this.#sequence[track] + 1) >>> 0;
    this.#sequence[track] = sequence;
    const time = Math.max(
      this.#lastTime[track] + 1,
      Math.round(unit.pts / NANOSECONDS_IN_MICROSECOND),
    );
    this.#lastTime[track] = time;
    const keyframe = track === 'video' && unit.keyframe;
    const header = {
      kind: track === 'video' ? MEDIA_KIND.VIDEO : MEDIA_KIND.AUDIO,
      flags: keyframe ? MEDIA_FLAG.KEY : 0,
      configuration: configuration.id,
      sequence,
      time,
    };
    const bytes = mediaMessage(header, payload);
    this.#measure(bytes.length);
    const flagsAt = bytes.length - payload.length - HEADER_BYTES + 1;
    return { sequence, keyframe, configuration, bytes, flagsAt };
  }

  #measure(size: number): void {
    const now = performance.now();
    const { bytes, since } = this.#rate;
    const passed = now - since;
    if (passed < RATE_WINDOW_MS) this.#rate.bytes += size;
    else this.#rate = { bytes: 0, since: now, last: (8_000 * (bytes + size)) / passed };
  }

  #configure(keyFrame: Buffer): void {
    const { video } = this.#stream;
    const sets = decoderConfiguration(video.codec, keyFrame);
    const codec = codecString(video.codec, keyFrame, video.bitDepth);
    if (codec === null) return;
    if (this.#madeOf?.codec === codec && this.#madeOf.sets.equals(sets)) return;
    this.#madeOf = { sets, codec };
    this.#lastId = (this.#lastId % MAX_CONFIGURATION_ID) + 1;
    const id = this.#lastId;
    const format = { stream: this.#stream, codec, hdr: this.#hdr, session: this.#session };
    const header = { kind: MEDIA_KIND.CONFIG, flags: 0, configuration: id, sequence: 0, time: 0 };
    const text = Buffer.from(configurationText(id, format));
    this.#configuration = { id, bytes: mediaMessage(header, text) };
  }
}

/** @returns a whole WebSocket message */
export function mediaMessage(header: MediaHeader, payload: Buffer): Buffer {
  const length = HEADER_BYTES + payload.length;
  const headerAt = frameHeaderBytes(length);
  const bytes = Buffer.allocUnsafe(headerAt + length);
  writeFrameHeader(bytes, length);
  writeHeader(bytes, headerAt, header);
  payload.copy(bytes, headerAt + HEADER_BYTES);
  return bytes;
}
