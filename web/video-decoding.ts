import {
  KEY_REASON,
  type KeyReason,
  type MediaConfiguration,
  type MediaUnit,
} from '../client/index.js';
import { attempt } from '../client/attempt.js';

/** Errors within a time after which software decodes, and after as many again nothing does. */
const MAX_ERRORS = 3;
const ERROR_WINDOW = 30_000;
/** Milliseconds between requests for a key frame. */
const KEY_PAUSE = 800;
/** Milliseconds for a decoder to take what was replayed. */
const REPLAY_GRACE = 1_000;
/** Pictures that are being decoded at most; a decoder that holds more back is not waited for. */
const MAX_PENDING = 64;

export interface VideoDecodingOptions {
  /** Takes a picture, and owns it. */
  readonly onFrame: (frame: VideoFrame, sequence: number) => void;
  readonly needKey: (reason: KeyReason) => void;
  /** This browser cannot decode the stream. */
  readonly onFailed: () => void;
}

/** Pictures from their access units. Decoders are numbered, so that a closed one is not heard. */
export class VideoDecoding {
  readonly #options: VideoDecodingOptions;
  #video: MediaConfiguration['video'] | undefined;
  #decoder: VideoDecoder | undefined;
  #generation = 0;
  #isSoftware = false;
  #errors: number[] = [];
  #waitsForKey = true;
  #askedAt = -Infinity;
  #replayedAt = -Infinity;
  /** By time: what the decoder has and has not given back. */
  readonly #pending = new Map<number, { readonly sequence: number; readonly at: number }>();
  readonly counts = { decoded: 0, keys: 0, dropped: 0, milliseconds: 0 };

  constructor(options: VideoDecodingOptions) {
    this.#options = options;
  }

  get queue(): number {
    return this.#decoder?.decodeQueueSize ?? 0;
  }

  get isBehind(): boolean {
    return this.queue > Math.max(8, 0.2 * (this.#video?.fps ?? 0));
  }

  get video(): MediaConfiguration['video'] | undefined {
    return this.#video;
  }

  configure(video: MediaConfiguration['video']): void {
    this.#video = video;
    this.#errors = [];
    this.restart();
  }

  /** A decoder of another generation; the next picture must be a key frame. */
  restart(): void {
    this.close();
    if (this.#video === undefined) return;
    this.#generation += 1;
    const generation = this.#generation;
    const decoder = new VideoDecoder({
      output: (frame) => {
        if (generation === this.#generation) this.#take(frame);
        else frame.close();
      },
      error: () => {
        if (generation === this.#generation) this.#onError();
      },
    });
    this.#decoder = decoder;
    const { codec, width, height } = this.#video;
    attempt(() =>
      decoder.configure({
        codec,
        codedWidth: width,
        codedHeight: height,
        optimizeForLatency: true,
        ...(this.#isSoftware ? { hardwareAcceleration: 'prefer-software' } : {}),
      }),
    );
  }

  decode({ isKey, isReplayed, sequence, time, payload }: MediaUnit): void {
    // Replayed pictures come all at once: for a moment it is behind in any case.
    if (isReplayed) this.#replayedAt = performance.now();
    const isExcused = performance.now() - this.#replayedAt < REPLAY_GRACE;
    if (isKey) this.#waitsForKey = false;
    else if (!this.#waitsForKey && this.isBehind && !isExcused) this.skipToKey(KEY_REASON.BEHIND);
    if (this.#waitsForKey) {
      this.counts.dropped += 1;
      this.#askForKey(KEY_REASON.DECODER_ERROR);
      return;
    }
    if (this.#decoder?.state !== 'configured') return;
    if (isKey) this.counts.keys += 1;
    if (this.#pending.size >= MAX_PENDING) this.#pending.clear();
    this.#pending.set(time, { sequence, at: performance.now() });
    const type = isKey ? 'key' : 'delta';
    const duration = Math.round(1e6 / (this.#video?.fps ?? 60));
    try {
      this.#decoder.decode(
        new EncodedVideoChunk({ type, timestamp: time, duration, data: payload }),
      );
    } catch {
      // It says so where a key frame is none.
      this.#onError();
    }
  }

  /** Pictures until the next key frame cannot be decoded, or not in time. */
  skipToKey(reason: KeyReason): void {
    this.#waitsForKey = true;
    this.#askForKey(reason);
  }

  /** Idempotent; {@link restart} undoes it. */
  close(): void {
    const decoder = this.#decoder;
    this.#generation += 1;
    this.#decoder = undefined;
    this.#pending.clear();
    this.#waitsForKey = true;
    if (decoder !== undefined && decoder.state !== 'closed') decoder.close();
  }

  #take(frame: VideoFrame): void {
    const pending = this.#pending.get(frame.timestamp);
    this.#pending.delete(frame.timestamp);
    this.counts.decoded += 1;
    if (pending !== undefined) this.counts.milliseconds += performance.now() - pending.at;
    this.#options.onFrame(frame, pending?.sequence ?? 0);
  }

  #onError(): void {
    const now = performance.now();
    this.#errors = [...this.#errors.filter((at) => now - at < ERROR_WINDOW), now];
    if (this.#errors.length >= MAX_ERRORS) {
      if (this.#isSoftware) {
        this.close();
        this.#options.onFailed();
        return;
      }
      this.#isSoftware = true;
      this.#errors = [];
    }
    this.restart();
    this.#askForKey(KEY_REASON.DECODER_ERROR);
  }

  #askForKey(reason: KeyReason): void {
    const now = performance.now();
    if (now - this.#askedAt < KEY_PAUSE) return;
    this.#askedAt = now;
    this.#options.needKey(reason);
  }
}
