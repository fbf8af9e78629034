/**
 * Raw pictures and sound in, coded packets out: what the demo host needs of GStreamer. Nothing
 * here calls back into JavaScript from a GStreamer thread; results are fetched by polling.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MoonteeError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import type { AudioChannels, BitDepth, VideoCodec } from '../moonlight/types.js';
import { watchBus, type BusMessage } from './bus.js';
import { gstRuntime, type Gst, type GstApp, type GstRuntime } from './runtime.js';

/** Raw frames that may wait for the encoder; more are dropped, the oldest first. */
const MAX_WAITING_FRAMES = 3;
/** Coded packets that may wait to be fetched. */
const MAX_WAITING_PACKETS = 64;

export interface EncodedPacket {
  readonly data: Buffer;
  /** A decoder can start here. */
  readonly key: boolean;
  /** Nanoseconds, as pushed; -1 is unknown. */
  readonly pts: number;
}

/** The elements of each codec, between raw video and the sink. */
const ENCODERS: Readonly<
  Record<VideoCodec, { element: string; text: (bitrate: number, fps: number) => string }>
> = {
  // One slice and no frame skipping: a frame in, a frame out. The GOP is endless, key frames
  // come on request only.
  h264: {
    element: 'openh264enc',
    text: (bitrate) =>
      `openh264enc name=encoder usage-type=camera complexity=low rate-control=bitrate ` +
      `bitrate=${bitrate * 1000} max-bitrate=${bitrate * 1500} gop-size=0 ` +
      `multi-thread=1 enable-frame-skip=false scene-change-detection=false ` +
      // Would leave shadows of what has gone.
      `background-detection=false ` +
      `! video/x-h264,stream-format=byte-stream,alignment=au,profile=constrained-baseline`,
  },
  h265: {
    element: 'x265enc',
    text: (bitrate) =>
      `x265enc name=encoder tune=zerolatency speed-preset=ultrafast bitrate=${bitrate} ` +
      `key-int-max=100000 option-string=repeat-headers=1:info=0:pools=1:frame-threads=1 ` +
      `! video/x-h265,stream-format=byte-stream,alignment=au`,
  },
  av1: {
    element: 'av1enc',
    text: (bitrate) =>
      `av1enc name=encoder usage-profile=realtime cpu-used=10 end-usage=cbr lag-in-frames=0 min-quantizer=4 max-quantizer=58 ` +
      `target-bitrate=${bitrate} keyframe-max-dist=100000 threads=1 ` +
      `! video/x-av1,alignment=tu`,
  },
};

/** What makes an encoder take and give 10 bits, for those that can. */
const TEN_BIT: Readonly<Partial<Record<VideoCodec, { input: string; output: string }>>> = {
  h265: { input: 'format=I420_10LE', output: 'profile=main-10' },
};

/** Codecs among `wanted` whose encoder is installed, with the bit depths that it can make. */
export function installedFormats(
  wanted: readonly VideoCodec[],
): { codec: VideoCodec; bitDepth: BitDepth }[] {
  const runtime = gstRuntime();
  return wanted
    .filter((codec) => runtime.hasElement(ENCODERS[codec].element))
    .flatMap((codec) => [
      { codec, bitDepth: 8 as const },
      ...(TEN_BIT[codec] === undefined ? [] : [{ codec, bitDepth: 10 as const }]),
    ]);
}

/**
 * The bytes of coded packets on their way from GStreamer to JavaScript. The binding hands a
 * buffer's bytes over as an array of numbers, at 100 ns each; through a pipe they cost next to
 * nothing. The appsink beside it says where each packet ends.
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

/** Ends a pipeline: first the bytes, then what describes them. */
function sinks(pipe: BytePipe): string {
  return (
    `tee name=split ! fdsink fd=${pipe.fd} sync=false async=false ` +
    `split. ! appsink name=out sync=false async=false emit-signals=false ` +
    `max-buffers=${MAX_WAITING_PACKETS}`
  );
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

  constructor(text: string, log: Log) {
    this.#runtime = gstRuntime();
    this.#log = log;
    try {
      this.#pipeline = this.#runtime.parse(`${text} ! ${sinks(this.#pipe)}`);
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
  readonly #text: string;
  readonly #log: Log;
  /** The element takes no key unit events: only a fresh one starts with a key frame. */
  readonly #restarts: boolean;
  #pipeline: EncoderPipeline;
  #closed = false;

  /** @throws MoonteeError ELEMENT_MISSING, PIPELINE_FAILED */
  constructor(options: VideoEncoderOptions) {
    const { codec, bitDepth, width, height, fps, bitrate, source } = options;
    const encoder = ENCODERS[codec];
    gstRuntime().requireElements(encoder.element);
    const raw = `video/x-raw,format=I420,width=${width},height=${height},framerate=${fps}/1`;
    const colored = `${raw},pixel-aspect-ratio=1/1,colorimetry=bt709,interlace-mode=progressive`;
    const frameBytes = (width * height * 3) / 2;
    const head =
      source === undefined
        ? `appsrc name=in caps="${colored}" format=time is-live=true block=false ` +
          `leaky-type=downstream max-bytes=${frameBytes * MAX_WAITING_FRAMES} max-buffers=0`
        : `${source} ! videorate ! videoscale ! videoconvert ! ${raw} ` +
          `! queue leaky=downstream max-size-buffers=${MAX_WAITING_FRAMES} max-size-bytes=0 max-size-time=0`;
    const deep = bitDepth === 10 ? TEN_BIT[codec] : undefined;
    const text = encoder.text(bitrate, fps);
    this.#text =
      deep === undefined
        ? `${head} ! ${text}`
        : `${head} ! videoconvert ! video/x-raw,${deep.input} ! ${text},${deep.output}`;
    this.#log = options.log;
    this.#restarts = codec === 'av1';
    this.#pipeline = new EncoderPipeline(this.#text, this.#log);
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
    this.#pipeline = new EncoderPipeline(this.#text, this.#log);
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
    gstRuntime().requireElements('opusenc');
    const caps =
      `audio/x-raw,format=S16LE,layout=interleaved,rate=48000,channels=${channels},` +
      `channel-mask=(bitmask)${CHANNEL_MASK[channels]}`;
    this.#pipeline = new EncoderPipeline(
      `appsrc name=in caps="${caps}" format=time is-live=true block=false ` +
        `leaky-type=downstream max-bytes=${48 * 200 * channels * 2} max-buffers=0 ` +
        `! opusenc frame-size=${packetDuration} bitrate-type=cbr bitrate=${bitrate} ` +
        `audio-type=restricted-lowdelay max-payload-size=1275`,
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
