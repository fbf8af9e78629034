/**
 * One file of a recording: a pipeline of its own, from two sources to a Matroska file. It shares
 * nothing with the viewers' pipeline, so that a full or slow disk stays in here.
 */
import { open, unlink, type FileHandle } from 'node:fs/promises';
import type { Deadline } from '../../core/deadline.js';
import { MoonteeError } from '../../core/errors.js';
import type { Log } from '../../core/log.js';
import { settlesWithin } from '../../core/settles-within.js';
import type { CodedUnit, TrackId } from '../../media/outlet.js';
import { silentOpusPacket } from '../../media/silent-opus.js';
import type { AudioLayout, VideoCodec } from '../../moonlight/types.js';
import type { AppSrcElement, FileSinkElement } from '../binding.js';
import { watchBus, type BusMessage } from '../bus.js';
import { fillTemplate, loadTemplate, type PlaceholderValues } from '../launch-template.js';
import { recordValues } from '../media-format.js';
import type { Gst, GstRuntime } from '../runtime.js';

/** Bytes of video that wait for the disk before pictures are left out. */
const BACKLOG_LIMIT_BYTES = 64 * 1_048_576;
/** Nanoseconds without sound after which silence is written: the muxer waits for both tracks. */
const SILENCE_AFTER_NS = 500e6;
/** Nanoseconds that silence stays behind the picture, so that sound that is late still fits. */
const SILENCE_DELAY_NS = 250e6;
/** Nanoseconds of media between two updates of the duration in the header. */
const DURATION_INTERVAL_NS = 1e9;
/** Bytes of the file in which its header is. */
const HEADER_BYTES = 4096;
/** Identifier and length of Matroska's Duration, a 64-bit float in milliseconds. */
const DURATION_MARK = Buffer.from([0x44, 0x89, 0x88]);

export interface RecordingFileOptions {
  readonly runtime: GstRuntime;
  readonly path: string;
  readonly codec: VideoCodec;
  readonly audio: AudioLayout;
  /** At most once: nothing more gets into the file. */
  readonly failed: (error: MoonteeError) => void;
  readonly log: Log;
}

export class RecordingFile {
  readonly #options: RecordingFileOptions;
  readonly #handle: FileHandle;
  readonly #pipeline: Gst.Pipeline;
  readonly #sources: Readonly<Record<TrackId, AppSrcElement>>;
  readonly #silence: Buffer;
  readonly #stopWatching: () => void;
  /** Time of the bus at which the file begins; null before its first picture. */
  #base: number | null = null;
  /** Of what was pushed last, in nanoseconds since the beginning. */
  #last: Record<TrackId, number> = { video: -1, audio: -1 };
  #bytes = 0;
  #durationWrittenAt = 0;
  #durationOffset: number | null = null;
  #patching: Promise<void> = Promise.resolve();
  #failed = false;
  #ended: (() => void) | null = null;
  #finishing: Promise<void> | null = null;

  /** @throws RECORDING_FAILED, RECORDING_DISK_FULL, PIPELINE_FAILED */
  static async create(options: RecordingFileOptions): Promise<RecordingFile> {
    let handle: FileHandle;
    try {
      handle = await open(options.path, 'wx+', 0o640);
    } catch (error) {
      throw fileError(error);
    }
    try {
      return new RecordingFile(options, handle);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  private constructor(options: RecordingFileOptions, handle: FileHandle) {
    const { runtime, path, codec, audio } = options;
    this.#options = options;
    this.#handle = handle;
    this.#silence = silentOpusPacket(audio);
    const values: PlaceholderValues = recordValues(codec, audio);
    this.#pipeline = runtime.parse(fillTemplate(loadTemplate('record'), values));
    this.#sources = {
      video: this.#element('video-source') as AppSrcElement,
      audio: this.#element('audio-source') as AppSrcElement,
    };
    (this.#element('file') as FileSinkElement).location = path;
    this.#stopWatching = watchBus(runtime, this.#pipeline, (message) => this.#onMessage(message));
    this.#pipeline.setState(runtime.namespaces.Gst.State.PLAYING);
  }

  /** Bytes of media in it. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Milliseconds of media in it. */
  get durationMs(): number {
    return Math.max(0, this.#last.video, this.#last.audio) / 1e6;
  }

  /** Whether the disk is too slow for more pictures. */
  get congested(): boolean {
    return Number(this.#sources.video.currentLevelBytes) > BACKLOG_LIMIT_BYTES;
  }

  /** The first unit is a key frame; what is older than it is left out. */
  push(track: TrackId, unit: CodedUnit): void {
    if (this.#failed || this.#finishing) return;
    if (track === 'video') this.#base ??= unit.pts;
    if (this.#base === null) return;
    const time = unit.pts - this.#base;
    if (time <= this.#last[track]) return;
    this.#write(track, unit.data, time, unit.duration);
    if (track === 'audio') return;
    if (time - this.#last.audio > SILENCE_AFTER_NS) this.#writeSilence(time - SILENCE_DELAY_NS);
    if (time - this.#durationWrittenAt >= DURATION_INTERVAL_NS) {
      this.#durationWrittenAt = time;
      this.#patching = this.#patching.then(() => this.#writeDuration(time / 1e6));
    }
  }

  /**
   * Ends the file, and removes it if nothing came to be in it. Idempotent, never rejects.
   *
   * @param deadline for what waits to be written
   */
  finish(deadline: Deadline): Promise<void> {
    this.#finishing ??= this.#finish(deadline);
    return this.#finishing;
  }

  #element(name: string): Gst.Element {
    const element = this.#pipeline.getByName(name);
    if (!element) throw new MoonteeError('PIPELINE_FAILED', `The template has no ${name}`);
    return element;
  }

  #write(track: TrackId, data: Buffer, time: number, duration: number | null): void {
    const buffer = this.#options.runtime.namespaces.Gst.Buffer.newWrapped(
      data as unknown as number[],
    );
    buffer.pts = BigInt(Math.round(time));
    if (duration !== null) buffer.duration = BigInt(Math.round(duration));
    this.#last[track] = time;
    this.#bytes += data.length;
    this.#sources[track].pushBuffer(buffer);
  }

  #writeSilence(time: number): void {
    this.#write('audio', this.#silence, time, this.#options.audio.packetDuration * 1e6);
  }

  #onMessage({ type, source, text, noSpace }: BusMessage): void {
    if (type === 'eos') this.#ended?.();
    if (type !== 'error' || this.#failed) return;
    this.#failed = true;
    this.#ended?.();
    this.#options.log.warn({ source, text }, 'recording file failed');
    this.#options.failed(
      noSpace
        ? new MoonteeError('RECORDING_DISK_FULL')
        : new MoonteeError('RECORDING_FAILED', `The recording failed: ${text}`),
    );
  }

  /**
   * The muxer writes the duration at the end, which may never come: the process can be killed at
   * any time, and then players learn the duration from here.
   */
  async #writeDuration(milliseconds: number): Promise<void> {
    try {
      this.#durationOffset ??= await this.#findDuration();
      if (this.#durationOffset === null) return;
      const value = Buffer.alloc(8);
      value.writeDoubleBE(milliseconds);
      await this.#handle.write(value, 0, value.length, this.#durationOffset);
    } catch (error) {
      this.#options.log.debug({ err: error }, 'duration not written');
    }
  }

  async #findDuration(): Promise<number | null> {
    const head = Buffer.alloc(HEADER_BYTES);
    const { bytesRead } = await this.#handle.read(head, 0, head.length, 0);
    const at = head.subarray(0, bytesRead).indexOf(DURATION_MARK);
    return at < 0 ? null : at + DURATION_MARK.length;
  }

  async #finish(deadline: Deadline): Promise<void> {
    const isEmpty = this.#base === null;
    if (!(await settlesWithin(deadline.left, this.#writeOut(isEmpty)))) {
      // Its threads wait for the disk, and stopping them would make this thread wait too.
      this.#options.log.error('recording file does not end, the disk hangs');
    }
  }

  async #writeOut(isEmpty: boolean): Promise<void> {
    // The muxer's own duration comes last.
    await this.#patching;
    if (!this.#failed && !isEmpty) await this.#drain();
    this.#pipeline.setState(this.#options.runtime.namespaces.Gst.State.NULL);
    this.#stopWatching();
    this.#options.runtime.collector.soon();
    try {
      if (isEmpty) await unlink(this.#options.path);
      else await this.#handle.datasync();
    } catch (error) {
      this.#options.log.warn({ err: error }, 'recording file not synchronised');
    }
    await this.#handle.close().catch(() => undefined);
  }

  /** Resolves when the muxer has written everything, or has failed. */
  #drain(): Promise<void> {
    // A picture has no duration, and the muxer leaves a header that cannot be read if all of it has none.
    if (this.#last.audio < 0) this.#writeSilence(0);
    return new Promise((resolve) => {
      this.#ended = resolve;
      for (const source of Object.values(this.#sources)) source.endOfStream();
    });
  }
}

/** What the file system says, as one of our errors. */
export function fileError(thrown: unknown): MoonteeError {
  const { code, message } = thrown as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new MoonteeError('RECORDING_DISK_FULL', undefined, { cause: thrown });
  }
  return new MoonteeError('RECORDING_FAILED', `The recording failed: ${message}`, {
    cause: thrown,
  });
}
