/** A recording: an outlet that writes coded units into Matroska files, one after the other. */
import { Deadline } from '../../core/deadline.js';
import { MoonteeError, type ErrorCode } from '../../core/errors.js';
import type { Log } from '../../core/log.js';
import { settlesWithin } from '../../core/settles-within.js';
import type { KeyframeReason } from '../../media/keyframes.js';
import type { CodedUnit, OutletStats, TrackId, UnitOutlet } from '../../media/outlet.js';
import { judgeRecording, type RecordingLimits } from '../../media/recording-limits.js';
import type { AudioLayout, VideoCodec } from '../../moonlight/types.js';
import { decoderConfiguration } from '../../moonlight/video/decoder-configuration.js';
import { gstRuntime } from '../runtime.js';
import { RecordingFile } from './recording-file.js';

/** Milliseconds for a file whose turn is over to be written out. */
const FILE_TIMEOUT_MS = 10_000;
/** Milliseconds between two requests for the same key frame. */
const REQUEST_INTERVAL_MS = 1_000;

/** How a recording ended: by request, or with an error. */
export type RecordingEnd = ErrorCode | 'STOPPED';

export interface RecordingOptions {
  readonly id: string;
  /** Path of its nth file, from 1. */
  readonly path: (number: number) => string;
  readonly codec: VideoCodec;
  readonly audio: AudioLayout;
  readonly limits: RecordingLimits;
  readonly requestKeyframe: (reason: KeyframeReason) => void;
  /** It ends by itself: {@link Recording.close} is to follow. */
  readonly ended: (code: RecordingEnd, reason: string) => void;
  readonly log: Log;
}

export interface RecordingStats extends OutletStats {
  readonly files: number;
  readonly bytes: number;
  readonly durationMs: number;
  /** Pictures that were left out because the disk was too slow. */
  readonly unitsDropped: number;
}

export class Recording implements UnitOutlet {
  readonly kind = 'recording';
  readonly tap = 'units';
  readonly id: string;
  readonly #options: RecordingOptions;
  readonly #log: Log;
  /** What gets the units; null until a key frame comes. */
  #file: RecordingFile | null = null;
  /** What gets them from the next key frame on. */
  #next: RecordingFile | null = null;
  #preparing: Promise<void> | null = null;
  readonly #finishing = new Set<Promise<void>>();
  #configuration: Buffer | null = null;
  /** Files that are complete or have begun. */
  #begun = 0;
  #past = { bytes: 0, durationMs: 0 };
  #unitsDropped = 0;
  /** The disk is too slow: nothing until the next key frame. */
  #skipping = false;
  #requestedAt = -Infinity;
  #over = false;
  #closing: Promise<void> | null = null;

  constructor(options: RecordingOptions) {
    this.id = options.id;
    this.#options = options;
    this.#log = options.log.child({ recording_id: options.id });
  }

  /** It is attached: the first file begins with the next key frame. @throws ELEMENT_MISSING */
  start(): void {
    gstRuntime().requireElements('matroskamux', 'filesink', `${this.#options.codec}parse`);
    this.#prepare('join');
  }

  keyframeComing(): void {
    // The key frame itself decides, see accept().
  }

  accept(track: TrackId, unit: CodedUnit): void {
    if (this.#over) return;
    if (track === 'video') {
      if (unit.keyframe) this.#onKeyframe(unit);
      if (!this.#admits(unit)) return;
    }
    this.#file?.push(track, unit);
    if (track === 'video' && this.#file) this.#judge(this.#file);
  }

  stats(): RecordingStats {
    return {
      id: this.id,
      files: this.#begun,
      bytes: this.#past.bytes + (this.#file?.bytes ?? 0),
      durationMs: this.#past.durationMs + (this.#file?.durationMs ?? 0),
      unitsDropped: this.#unitsDropped,
    };
  }

  close(deadline: Deadline): Promise<void> {
    this.#over = true;
    this.#closing ??= this.#close(deadline);
    return this.#closing;
  }

  #onKeyframe({ data }: CodedUnit): void {
    this.#skipping = false;
    const configuration = decoderConfiguration(this.#options.codec, data);
    if (this.#file && this.#configuration?.equals(configuration) === false) {
      // One track cannot hold both.
      this.#retire();
      this.#prepare('rotate');
    }
    if (!this.#next) return;
    this.#retire();
    this.#configuration = configuration;
    this.#file = this.#next;
    this.#next = null;
    this.#begun += 1;
    this.#log.info({ file: this.#begun }, 'recording file begins');
  }

  /** Whether a picture is written, and not left out because the disk is too slow. */
  #admits(unit: CodedUnit): boolean {
    if (!this.#file) return false;
    if (!this.#skipping && this.#file.congested) {
      this.#skipping = true;
      this.#log.warn('disk too slow, recording skips to the next key frame');
    }
    if (!this.#skipping) return true;
    this.#unitsDropped += 1;
    if (!unit.keyframe) this.#request('drop');
    return false;
  }

  #judge(file: RecordingFile): void {
    const { limits } = this.#options;
    const { bytes, durationMs } = this.stats();
    const verdict = judgeRecording(limits, {
      fileBytes: file.bytes,
      fileMs: file.durationMs,
      totalBytes: bytes,
      totalMs: durationMs,
    });
    if (verdict === 'rotate') {
      this.#prepare('rotate');
      if (this.#next) this.#request('rotate');
    }
    if (verdict === 'end') {
      this.#end('LIMIT_REACHED', 'The recording has reached its size or duration');
    }
  }

  /** Creates the next file ahead of the key frame with which it begins. */
  #prepare(reason: KeyframeReason): void {
    if (this.#next || this.#preparing || this.#over) return;
    const { path, codec, audio } = this.#options;
    const number = this.#begun + 1;
    this.#preparing = RecordingFile.create({
      runtime: gstRuntime(),
      path: path(number),
      codec,
      audio,
      failed: (error) => this.#end(error.code, error.message),
      log: this.#log,
    })
      .then((file) => {
        if (this.#over) return file.finish(Deadline.in(FILE_TIMEOUT_MS));
        this.#next = file;
        this.#request(reason);
        return undefined;
      })
      .catch((thrown: unknown) => {
        const { code, message } = MoonteeError.from(thrown, 'RECORDING_FAILED');
        this.#end(code, message);
      })
      .finally(() => {
        this.#preparing = null;
      });
  }

  /** The arbiter may refuse, so it is asked again. */
  #request(reason: KeyframeReason): void {
    const now = performance.now();
    if (now - this.#requestedAt < REQUEST_INTERVAL_MS) return;
    this.#requestedAt = now;
    this.#options.requestKeyframe(reason);
  }

  /** The current file gets no more. */
  #retire(deadline = Deadline.in(FILE_TIMEOUT_MS)): void {
    const file = this.#file;
    if (!file) return;
    this.#file = null;
    this.#past = {
      bytes: this.#past.bytes + file.bytes,
      durationMs: this.#past.durationMs + file.durationMs,
    };
    this.#finish(file, deadline);
  }

  #finish(file: RecordingFile, deadline: Deadline): void {
    const finished = file.finish(deadline).finally(() => this.#finishing.delete(finished));
    this.#finishing.add(finished);
  }

  #end(code: RecordingEnd, reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#log.warn({ code, reason }, 'recording ends');
    this.#options.ended(code, reason);
  }

  async #close(deadline: Deadline): Promise<void> {
    this.#retire(deadline);
    if (this.#preparing) await settlesWithin(deadline.left, this.#preparing);
    if (this.#next) this.#finish(this.#next, deadline);
    this.#next = null;
    await settlesWithin(deadline.left, Promise.all(this.#finishing));
  }
}
