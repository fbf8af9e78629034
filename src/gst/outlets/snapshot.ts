/**
 * A decoder for still pictures: an outlet that taps units. It shares nothing with the viewers'
 * pipeline. Only what is asked for is encoded: a valve before each encoder is open for that long.
 */
import type { Deadline } from '../../core/deadline.js';
import { MoonteeError } from '../../core/errors.js';
import type { Log } from '../../core/log.js';
import type { KeyframeReason } from '../../media/keyframes.js';
import type { CodedUnit, OutletStats, TrackId, UnitOutlet } from '../../media/outlet.js';
import type { VideoCodec } from '../../moonlight/types.js';
import type { AppSrcElement, CapsFilterElement, ValveElement } from '../binding.js';
import { watchBus, type BusMessage } from '../bus.js';
import { elementsOf, fillTemplate, loadTemplate } from '../launch-template.js';
import { snapshotValues } from '../media-format.js';
import {
  JpegReader,
  PicturePipe,
  PngReader,
  type PictureBytes,
  type PictureReader,
} from '../picture-pipe.js';
import { gstRuntime, type Gst, type GstRuntime } from '../runtime.js';

export type PictureFormat = 'png' | 'jpeg';

/** Bytes of video that may wait for the decoder before it goes on with a key frame. */
const BACKLOG_LIMIT_BYTES = 4 * 1_048_576;
/** Milliseconds between two requests for the same key frame. */
const REQUEST_INTERVAL_MS = 1_000;
/** Units whose arrival is remembered: some seconds of them. */
const MEMORY = 512;

/** What is wanted of an encoder. */
export interface PictureSize {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

export interface DecodedPicture extends PictureSize {
  readonly format: PictureFormat;
  readonly data: Buffer;
  /** Of the host's picture, in the bus's nanoseconds. */
  readonly pts: number;
  /** When it came from the host, of `performance.now()`. */
  readonly arrivedAt: number;
}

export interface SnapshotDecoderOptions {
  readonly id: string;
  readonly codec: VideoCodec;
  readonly requestKeyframe: (reason: KeyframeReason) => void;
  readonly onPicture: (picture: DecodedPicture) => void;
  /** At most once: no more pictures come. */
  readonly failed: (error: MoonteeError) => void;
  readonly log: Log;
}

interface Encoder {
  readonly valve: ValveElement;
  readonly filter: CapsFilterElement;
  readonly sink: Gst.Element;
  /** What its capsfilter is set to. */
  size: PictureSize | null;
}

/** One pipe for each format. */
type Pipes = Readonly<Record<PictureFormat, PicturePipe>>;

export class SnapshotDecoder implements UnitOutlet {
  readonly kind = 'snapshot';
  readonly tap = 'units';
  readonly id: string;
  readonly #options: SnapshotDecoderOptions;
  readonly #runtime: GstRuntime;
  readonly #pipes: Pipes;
  readonly #pipeline: Gst.Pipeline;
  readonly #source: AppSrcElement;
  readonly #encoders: Readonly<Record<PictureFormat, Encoder>>;
  readonly #stops: readonly (() => void)[];
  /** When units came, by their time; oldest first. */
  readonly #arrivals: { readonly pts: number; readonly at: number }[] = [];
  /** Nothing is decoded until the next key frame. */
  #isWaiting = true;
  #requestedAt = -Infinity;
  #failed = false;
  #closed = false;

  /** Nothing is attached yet. @throws ELEMENT_MISSING, PIPELINE_FAILED */
  static async create(options: SnapshotDecoderOptions): Promise<SnapshotDecoder> {
    const runtime = gstRuntime();
    const values = snapshotValues(runtime, options.codec);
    const template = loadTemplate('snapshot');
    const decoder = String(values['decoder']);
    const others = elementsOf(template).filter((name) => !/dec/.test(name) && !/parse$/.test(name));
    runtime.requireElements(...others, `${options.codec}parse`, decoder);
    let decoderOf: SnapshotDecoder | null = null;
    const pipe = (format: PictureFormat, reader: PictureReader): Promise<PicturePipe> =>
      PicturePipe.create((bytes) => decoderOf?.onBytes(format, reader, bytes));
    const png = await pipe('png', new PngReader());
    let pipes: Pipes | null = null;
    try {
      pipes = { png, jpeg: await pipe('jpeg', new JpegReader()) };
      const fds = { 'png-fd': png.fd, 'jpeg-fd': pipes.jpeg.fd };
      const text = fillTemplate(template, { ...values, ...fds });
      decoderOf = new SnapshotDecoder(options, runtime, pipes, text);
      return decoderOf;
    } catch (error) {
      png.close();
      pipes?.jpeg.close();
      throw error;
    }
  }

  private constructor(
    options: SnapshotDecoderOptions,
    runtime: GstRuntime,
    pipes: Pipes,
    text: string,
  ) {
    this.id = options.id;
    this.#options = options;
    this.#runtime = runtime;
    this.#pipes = pipes;
    this.#pipeline = runtime.parse(text);
    this.#source = this.#element('snapshot-source') as AppSrcElement;
    this.#encoders = { png: this.#encoder('png'), jpeg: this.#encoder('jpeg') };
    this.#stops = [
      runtime.hold(),
      watchBus(runtime, this.#pipeline, (message) => this.#onMessage(message)),
    ];
    this.#pipeline.setState(runtime.namespaces.Gst.State.PLAYING);
  }

  /** Whether nothing has come from the host since a picture that was made. */
  isLatest(pts: number): boolean {
    return this.#arrivals.at(-1)?.pts === pts;
  }

  /** Milliseconds since the host's last picture; Infinity before the first one. */
  get silence(): number {
    return performance.now() - (this.#arrivals.at(-1)?.at ?? -Infinity);
  }

  keyframeComing(): void {
    // The key frame itself decides, see accept().
  }

  accept(track: TrackId, unit: CodedUnit): void {
    if (track !== 'video' || this.#closed || this.#failed) return;
    if (Number(this.#source.currentLevelBytes) > BACKLOG_LIMIT_BYTES) this.#isWaiting = true;
    else if (unit.keyframe) this.#isWaiting = false;
    if (this.#isWaiting) {
      this.requestKeyframe('drop');
      return;
    }
    this.#arrivals.push({ pts: unit.pts, at: performance.now() });
    if (this.#arrivals.length > MEMORY) this.#arrivals.shift();
    const buffer = this.#runtime.namespaces.Gst.Buffer.newWrapped(unit.data as unknown as number[]);
    buffer.pts = BigInt(unit.pts);
    this.#source.pushBuffer(buffer);
  }

  /** The arbiter may refuse, so it may be asked again and again. */
  requestKeyframe(reason: KeyframeReason): void {
    const now = performance.now();
    if (now - this.#requestedAt < REQUEST_INTERVAL_MS) return;
    this.#requestedAt = now;
    this.#options.requestKeyframe(reason);
  }

  /** The next decoded pictures are encoded in this size, until {@link rest}. */
  want(format: PictureFormat, size: PictureSize): void {
    if (this.#closed) return;
    const encoder = this.#encoders[format];
    const { width, height } = size;
    if (encoder.size?.width !== width || encoder.size.height !== height) {
      const caps = this.#runtime.namespaces.Gst.Caps.fromString(sizeCaps(format, size));
      if (!caps) throw new MoonteeError('PIPELINE_FAILED', 'No caps for pictures');
      encoder.filter.caps = caps;
      encoder.size = size;
    }
    encoder.valve.drop = false;
  }

  /** No more pictures of this format for now. */
  rest(format: PictureFormat): void {
    if (!this.#closed) this.#encoders[format].valve.drop = true;
  }

  stats(): OutletStats {
    return { id: this.id };
  }

  /** Nothing in it calls JavaScript, so Node's thread takes it down at once. */
  close(_deadline?: Deadline): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#closed = true;
    this.#pipeline.setState(this.#runtime.namespaces.Gst.State.NULL);
    for (const stop of this.#stops) stop();
    for (const pipe of Object.values(this.#pipes)) pipe.close();
    this.#runtime.collector.soon();
    return Promise.resolve();
  }

  /** What an encoder has written. */
  onBytes(format: PictureFormat, reader: PictureReader, bytes: Buffer): void {
    for (const picture of this.#read(reader, bytes)) {
      if (this.#closed) return;
      const { pts, at } = this.#timeOf(format);
      this.#options.onPicture({ ...picture, format, pts, arrivedAt: at });
    }
  }

  #read(reader: PictureReader, bytes: Buffer): readonly PictureBytes[] {
    if (this.#failed || this.#closed) return [];
    try {
      return reader.push(bytes);
    } catch (error) {
      this.#failed = true;
      this.#options.failed(MoonteeError.from(error));
      return [];
    }
  }

  /** Of the picture that a sink has written last. */
  #timeOf(format: PictureFormat): { readonly pts: number; readonly at: number } {
    const { Gst } = this.#runtime.namespaces;
    const [isKnown, position] = this.#encoders[format].sink.queryPosition(Gst.Format.TIME);
    const time = isKnown ? Number(position) : -1;
    const found = this.#arrivals.findLast(({ pts }) => pts <= time);
    // Without a position it is as old as anything that may still be on its way.
    return found ?? this.#arrivals[0] ?? { pts: -1, at: -Infinity };
  }

  #encoder(format: PictureFormat): Encoder {
    return {
      valve: this.#element(`${format}-valve`) as ValveElement,
      filter: this.#element(`${format}-size`) as CapsFilterElement,
      sink: this.#element(`${format}-bytes`),
      size: null,
    };
  }

  #element(name: string): Gst.Element {
    const element = this.#pipeline.getByName(name);
    if (!element) throw new MoonteeError('PIPELINE_FAILED', `The template has no ${name}`);
    return element;
  }

  #onMessage({ type, source, text }: BusMessage): void {
    if (type === 'warning') this.#options.log.debug({ source, text }, 'snapshot warning');
    if (type !== 'error' || this.#failed || this.#closed) return;
    this.#failed = true;
    this.#options.log.warn({ source, text }, 'snapshot decoder failed');
    this.#options.failed(new MoonteeError('PIPELINE_FAILED', `No pictures: ${text}`));
  }
}

/** The encoder of JPEG takes YUV as it is, whatever its range and matrix; RGB is no question. */
function sizeCaps(format: PictureFormat, { width, height }: PictureSize): string {
  const size = `video/x-raw, width=${width}, height=${height}, pixel-aspect-ratio=1/1`;
  return format === 'jpeg' ? `${size}, format=RGB` : size;
}
