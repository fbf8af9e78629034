/**
 * Raw pictures and sound in, coded packets out: what the demo host needs of GStreamer. Nothing
 * here calls back into JavaScript from a GStreamer thread; results are fetched by polling.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MoonteeError } from '../../core/errors.js';
import type { Log } from '../../core/log.js';
import type { AudioChannels, BitDepth, VideoCodec } from '../../moonlight/types.js';
import {
  elementsOf,
  fillTemplate,
  loadTemplate,
  withSource,
  type PlaceholderValues,
} from '../../gst/launch-template.js';
import { watchBus, type BusMessage } from '../../gst/bus.js';
import { gstRuntime, type Gst, type GstApp, type GstRuntime } from '../../gst/runtime.js';

/** Raw frames that may wait for the encoder; more are dropped, the oldest first. */
const MAX_WAITING_FRAMES = 3;

export interface EncodedPacket {
  readonly data: Buffer;
  /** A decoder can start here. */
  readonly key: boolean;
  /** Nanoseconds, as pushed; -1 is unknown. */
  readonly pts: number;
}

interface Recipe {
  /** A file of pipelines/. */
  readonly template: string;
  /** @param bitrate kbit/s */
  readonly bitrates: (bitrate: number) => PlaceholderValues;
}

const kilobits = (bitrate: number): PlaceholderValues => ({ bitrate });

/** How pictures of a codec are made in 8 bits, and in 10 if that is possible. */
const RECIPES: Readonly<Record<VideoCodec, Readonly<Partial<Record<BitDepth, Recipe>>>>> = {
  h264: {
    8: {
      template: 'demo-video-h264',
      bitrates: (bitrate) => ({ bitrate: bitrate * 1000, 'max-bitrate': bitrate * 1500 }),
    },
  },
  h265: {
    8: { template: 'demo-video-h265', bitrates: kilobits },
    10: { template: 'demo-video-h265-main10', bitrates: kilobits },
  },
  av1: { 8: { template: 'demo-video-av1', bitrates: kilobits } },
};
const BIT_DEPTHS = [8, 10] as const;

/** Codecs among `wanted` whose encoder is installed, with the bit depths that it can make. */
export function installedFormats(
  wanted: readonly VideoCodec[],
): { codec: VideoCodec; bitDepth: BitDepth }[] {
  const runtime = gstRuntime();
  return wanted.flatMap((codec) =>
    BIT_DEPTHS.filter((bitDepth) => {
      const recipe = RECIPES[codec][bitDepth];
      const elements = recipe ? elementsOf(loadTemplate(recipe.template)) : [];
      return recipe !== undefined && elements.every((name) => runtime.hasElement(name));
    }).map((bitDepth) => ({ codec, bitDepth })),
  );
}

/**
 * The bytes of coded packets on their way from GStreamer to JavaScript. The binding hands a
 * buffer's bytes over as an array of numbers, at 100 ns each; through a pipe they cost next to
 * nothing. The appsink beside it reports the end of each packet.
 */
class BytePipe {
  readonly fd: number;
  readonly #chunk = Buffer.alloc(64 * 1024);
  #bytes: Buffer = Buffer.alloc(0);

  constructor() {
    const directory = mkdtempSync(join(tmpdir(), 'moontee-encoder-'));
    try {
      const path = join(directory, 'pipe');
      execFileSync('mkfifo', ['-m', '600', path], { timeout: 5000 });
      this.fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    } catch (cause) {
      throw new MoonteeError('PIPELINE_FAILED', 'No pipe for the encoder', { cause });
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }

  /** Fetches what has arrived, so that the writer never waits for long. */
  drain(): void {
    try {
      for (;;) {
        const length = readSync(this.fd, this.#chunk);
        this.#bytes = Buffer.concat([this.#bytes, this.#chunk.subarray(0, length)]);
        if (length < this.#chunk.length) return;
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }

  /** The next `length` bytes; they were written before their packet was announced. */
  take(length: number): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(0, length));
    this.#bytes = this.#bytes.subarray(taken.length);
    return taken;
  }

  close(): void {
    closeSync(this.fd);
  }
}

/** A pipeline that is polled for its packets. */
class EncoderPipeline {
  readonly #runtime: GstRuntime;
  readonly #log: Log;
  readonly #pipeline: Gst.Pipeline;
  readonly #source: GstApp.AppSrc | null;
  readonly #sink: GstApp.AppSink;
  readonly #pipe = new BytePipe();
  readonly #release: readonly (() => void)[];
  #failure: MoonteeError | null = null;
  #closed = false;

  /** @param textFor the pipeline that writes its bytes to a descriptor */
  constructor(textFor: (fd: number) => string, log: Log) {
    this.#runtime = gstRuntime();
    this.#log = log;
    try {
      this.#pipeline = this.#runtime.parse(textFor(this.#pipe.fd));
    } catch (error) {
      this.#pipe.close();
      throw error;
    }
    this.#source = this.#pipeline.getByName('in') as GstApp.AppSrc | null;
    this.#sink = this.#pipeline.getByName('out') as unknown as GstApp.AppSink;
    this.#release = [
      watchBus(this.#runtime, this.#pipeline, (message) => this.#report(message)),
      this.#runtime.hold(),
    ];
    this.#pipeline.setState(this.#runtime.namespaces.Gst.State.PLAYING);
  }

  get failure(): MoonteeError | null {
    return this.#failure;
  }

  push(data: Buffer, pts: number): void {
    if (this.#closed || this.#failure !== null || this.#source === null) return;
    const { Gst } = this.#runtime.namespaces;
    const buffer = Gst.Buffer.newWrapped(data as unknown as number[]);
    buffer.pts = BigInt(Math.max(0, Math.round(pts)));
    this.#source.pushBuffer(buffer);
  }

  pull(): EncodedPacket | null {
    if (this.#closed) return null;
    const { Gst } = this.#runtime.namespaces;
    this.#pipe.drain();
    const buffer = this.#sink.tryPullSample(0)?.getBuffer();
    if (!buffer) return null;
    // What was written between the first look and the announcement.
    this.#pipe.drain();
    return {
      data: this.#pipe.take(Number(buffer.getSize())),
      key: !buffer.hasFlags(Gst.BufferFlags.DELTA_UNIT),
      pts: Number(BigInt.asIntN(64, buffer.pts)),
    };
  }

  forceKeyframe(): void {
    if (this.#closed) return;
    const { Gst, GstVideo } = this.#runtime.namespaces;
    const event = GstVideo.videoEventNewUpstreamForceKeyUnit(Gst.CLOCK_TIME_NONE, true, 0);
    this.#sink.sendEvent(event);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#pipeline.setState(this.#runtime.namespaces.Gst.State.NULL);
    this.#pipe.close();
    for (const release of this.#release) release();
    this.#runtime.collector.soon();
  }

  #report(message: BusMessage): void {
    if (message.type === 'warning') return;
    this.#log.error({ element: message.source, reason: message.text }, 'encoder failed');
    this.#failure ??= new MoonteeError('PIPELINE_FAILED', message.text);
  }
}

export interface VideoEncoderOptions {
  readonly codec: VideoCodec;
  /** Of the coded pictures; raw ones that are pushed have 8 bits. */
  readonly bitDepth: BitDepth;
  /** Pixels, even. */
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  /** kbit/s. */
  readonly bitrate: number;
  /**
   * gst-launch text of a live raw source to take the place of pushed frames. It comes from who
   * runs the process, never from the network.
   */
  readonly source?: string;
  readonly log: Log;
}

/** Access units out of I420 pictures, or out of a source of its own. */
export class VideoEncoder {
  readonly #textFor: (fd: number) => string;
  readonly #log: Log;
  /** The element takes no key unit events: only a fresh one starts with a key frame. */
  readonly #restarts: boolean;
  #pipeline: EncoderPipeline;
  #closed = false;

  /** @throws MoonteeError ELEMENT_MISSING, PIPELINE_FAILED */
  constructor(options: VideoEncoderOptions) {
    const { codec, bitDepth, width, height, fps, bitrate, source } = options;
    const recipe = RECIPES[codec][bitDepth] ?? RECIPES[codec][8];
    if (!recipe) throw new MoonteeError('CODEC_UNAVAILABLE');
    const template = loadTemplate(recipe.template);
    gstRuntime().requireElements(...elementsOf(template));
    const picture = { width, height, fps };
    const values = {
      ...picture,
      ...recipe.bitrates(bitrate),
      'raw-bytes': ((width * height * 3) / 2) * MAX_WAITING_FRAMES,
    };
    const head =
      source === undefined
        ? null
        : `${source} ! ${fillTemplate(loadTemplate('demo-source'), picture)}`;
    this.#textFor = (fd) => {
      const text = fillTemplate(template, { ...values, fd });
      return head === null ? text : withSource(text, head);
    };
    this.#log = options.log;
    this.#restarts = codec === 'av1';
    this.#pipeline = new EncoderPipeline(this.#textFor, this.#log);
  }

  /** Why nothing comes any more. */
  get failure(): MoonteeError | null {
    return this.#pipeline.failure;
  }

  /** @param pts nanoseconds, increasing; the picture is copied */
  push(picture: Buffer, pts: number): void {
    this.#pipeline.push(picture, pts);
  }

  /** The next access unit, if one is ready. */
  pull(): EncodedPacket | null {
    return this.#pipeline.pull();
  }

  /** The next frame that is encoded becomes a key frame with its parameter sets. */
  forceKeyframe(): void {
    if (this.#closed) return;
    if (!this.#restarts) {
      this.#pipeline.forceKeyframe();
      return;
    }
    this.#pipeline.close();
    this.#pipeline = new EncoderPipeline(this.#textFor, this.#log);
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    this.#pipeline.close();
  }
}

export interface AudioEncoderOptions {
  readonly channels: AudioChannels;
  /** Milliseconds in a packet. */
  readonly packetDuration: number;
  /** bit/s. */
  readonly bitrate: number;
  readonly log: Log;
}

/** Samples of a channel that may wait for the encoder: 200 ms. */
const WAITING_SAMPLES = 48 * 200;

/** GStreamer's channel masks, in the wire's order FL FR FC LFE BL BR SL SR. */
const CHANNEL_MASK: Readonly<Record<AudioChannels, string>> = {
  2: '0x3',
  6: '0x3f',
  8: '0xc3f',
};

/** Opus packets of equal size out of interleaved 16-bit samples at 48 kHz. */
export class AudioEncoder {
  readonly #pipeline: EncoderPipeline;

  /** @throws MoonteeError ELEMENT_MISSING, PIPELINE_FAILED */
  constructor(options: AudioEncoderOptions) {
    const { channels, packetDuration, bitrate } = options;
    const template = loadTemplate('demo-audio');
    gstRuntime().requireElements(...elementsOf(template));
    const values = {
      channels,
      mask: CHANNEL_MASK[channels],
      'raw-bytes': WAITING_SAMPLES * channels * 2,
      'frame-size': packetDuration,
      bitrate,
    };
    this.#pipeline = new EncoderPipeline(
      (fd) => fillTemplate(template, { ...values, fd }),
      options.log,
    );
  }

  get failure(): MoonteeError | null {
    return this.#pipeline.failure;
  }

  /** @param pts nanoseconds, increasing */
  push(samples: Buffer, pts: number): void {
    this.#pipeline.push(samples, pts);
  }

  pull(): EncodedPacket | null {
    return this.#pipeline.pull();
  }

  /** Idempotent. */
  close(): void {
    this.#pipeline.close();
  }
}
