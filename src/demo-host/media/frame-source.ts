import { readFile } from 'node:fs/promises';
import { MoonteeError } from '../../core/errors.js';
import { VideoEncoder } from './encoder.js';
import { fillTemplate, loadTemplate } from '../../gst/launch-template.js';
import type { Log } from '../../core/log.js';
import type { VideoCodec } from '../../moonlight/types.js';
import { DesktopPicture } from '../picture/desktop-picture.js';
import type { AnnouncedStream } from '../rtsp/announce.js';
import type { Session } from '../sessions.js';
import { BlockSource } from './block-source.js';
import { FrameClock } from './frame-clock.js';
import { pictureFirst } from './picture-first.js';

export interface SourceFrame {
  /** An access unit. */
  readonly data: Buffer;
  readonly key: boolean;
  /** Milliseconds of `performance.now()`. */
  readonly capturedAt: number;
}

/** The source of a session's access units; polled every few milliseconds. */
export interface FrameSource {
  /** Does what is due and returns the frames that are ready. */
  poll(now: number): SourceFrame[];
  /** A key frame is wanted as soon as may be. */
  requestKeyframe(): void;
  /**
   * The last `frames` of those that were returned, at least one, may not be referred to any more.
   *
   * @returns whether the next frame keeps to that without being a key frame
   */
  rewind?(frames: number): boolean;
  /** Idempotent. */
  close(): void;
}

const CODEC_NAME: Readonly<Record<VideoCodec, string>> = {
  h264: 'H.264',
  h265: 'HEVC',
  av1: 'AV1',
};

/** @throws MoonteeError ELEMENT_MISSING, PIPELINE_FAILED, CONFIG_INVALID */
export async function openFrameSource(
  session: Session,
  stream: AnnouncedStream,
): Promise<FrameSource> {
  const { source } = session.game.app;
  switch (source.kind) {
    case 'desktop':
      return new PictureSource(session, stream);
    case 'test-pattern':
      return new PipelineSource(testPattern(), stream, session.log);
    case 'gstreamer':
      return new PipelineSource(source.description, stream, session.log);
    case 'clip':
      return new ClipSource(splitClip(await readFile(source.file)), stream.fps);
    case 'blocks':
      return new BlockSource(stream);
  }
}

function testPattern(): string {
  return fillTemplate(loadTemplate('demo-test-pattern'));
}

function encoderOptions(stream: AnnouncedStream, log: Log) {
  const { codec, bitDepth, fps, bitrate } = stream;
  return {
    codec,
    bitDepth,
    width: stream.width & ~1,
    height: stream.height & ~1,
    fps,
    bitrate,
    log,
  };
}

/** The interactive picture, drawn here and encoded by GStreamer. */
class PictureSource implements FrameSource {
  readonly #picture: DesktopPicture;
  readonly #encoder: VideoEncoder;
  readonly #clock: FrameClock;
  readonly #codec: VideoCodec;
  readonly #startedAt = performance.now();
  #drawn = 0;

  constructor(session: Session, stream: AnnouncedStream) {
    const options = encoderOptions(stream, session.log);
    const caption = [
      `SESSION ${session.id}`,
      `${options.width}×${options.height}`,
      `${stream.fps} FPS`,
      stream.bitDepth === 10 ? `${CODEC_NAME[stream.codec]} 10 BIT` : CODEC_NAME[stream.codec],
      `${(stream.bitrate / 1000).toFixed(1)} MBIT/S`,
    ].join('  ·  ');
    this.#codec = options.codec;
    this.#encoder = new VideoEncoder(options);
    this.#picture = new DesktopPicture(
      session.game.desktop,
      options.width,
      options.height,
      caption,
    );
    this.#clock = new FrameClock(stream.fps);
  }

  poll(now: number): SourceFrame[] {
    if (this.#clock.tick(now)) {
      const picture = this.#picture.draw(this.#drawn, Date.now());
      this.#encoder.push(picture, (now - this.#startedAt) * 1e6);
      this.#drawn += 1;
    }
    return pullAll(this.#codec, this.#encoder, (pts) => this.#startedAt + pts / 1e6);
  }

  requestKeyframe(): void {
    this.#encoder.forceKeyframe();
  }

  close(): void {
    this.#encoder.close();
  }
}

/** A picture that GStreamer makes. */
class PipelineSource implements FrameSource {
  readonly #encoder: VideoEncoder;
  readonly #codec: VideoCodec;
  /** Milliseconds of `performance.now()` at the pipeline's own zero; null while unknown. */
  #zero: number | null = null;
  #latest = -Infinity;

  constructor(description: string, stream: AnnouncedStream, log: Log) {
    this.#codec = stream.codec;
    this.#encoder = new VideoEncoder({ ...encoderOptions(stream, log), source: description });
  }

  poll(now: number): SourceFrame[] {
    return pullAll(this.#codec, this.#encoder, (pts) => this.#capturedAt(pts, now));
  }

  requestKeyframe(): void {
    this.#encoder.forceKeyframe();
  }

  close(): void {
    this.#encoder.close();
  }

  /** By the pipeline's clock, so that frames which were fetched together keep their distance. */
  #capturedAt(pts: number, now: number): number {
    if (pts < 0) return now;
    const since = pts / 1e6;
    // Its time starts again with a restarted encoder, and never runs ahead of ours.
    if (this.#zero === null || since < this.#latest || this.#zero + since > now) {
      this.#zero = now - since;
    }
    this.#latest = since;
    return this.#zero + since;
  }
}

function pullAll(
  codec: VideoCodec,
  encoder: VideoEncoder,
  capturedAt: (pts: number) => number,
): SourceFrame[] {
  if (encoder.failure !== null) throw encoder.failure;
  const frames: SourceFrame[] = [];
  for (let packet = encoder.pull(); packet !== null; packet = encoder.pull()) {
    const data = pictureFirst(codec, packet.data);
    frames.push({ data, key: packet.key, capturedAt: capturedAt(packet.pts) });
  }
  return frames;
}

/**
 * Cuts a clip file: each access unit behind its length as u32be.
 *
 * @throws MoonteeError CONFIG_INVALID
 */
export function splitClip(file: Buffer): Buffer[] {
  const units: Buffer[] = [];
  for (let at = 0; at < file.length;) {
    const length = at + 4 <= file.length ? file.readUInt32BE(at) : 0;
    if (length === 0 || at + 4 + length > file.length) {
      throw new MoonteeError('CONFIG_INVALID', 'The clip is not a list of access units');
    }
    units.push(file.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  if (units.length === 0) throw new MoonteeError('CONFIG_INVALID', 'The clip is empty');
  return units;
}

/** A pre-encoded clip in a loop; its first access unit is the one to start from. */
class ClipSource implements FrameSource {
  readonly #units: readonly Buffer[];
  readonly #clock: FrameClock;
  #next = 0;

  constructor(units: readonly Buffer[], fps: number) {
    this.#units = units;
    this.#clock = new FrameClock(fps);
  }

  poll(now: number): SourceFrame[] {
    if (!this.#clock.tick(now)) return [];
    const index = this.#next;
    const data = this.#units[index];
    if (data === undefined) return [];
    this.#next = (index + 1) % this.#units.length;
    return [{ data, key: index === 0, capturedAt: now }];
  }

  requestKeyframe(): void {
    this.#next = 0;
  }

  close(): void {
    this.#next = 0;
  }
}
