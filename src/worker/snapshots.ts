import type { Socket } from 'node:net';
import { MoonteeError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import {
  SnapshotDecoder,
  type DecodedPicture,
  type PictureFormat,
  type PictureSize,
} from '../gst/outlets/snapshot.js';
import type { MediaBus } from '../media/bus.js';
import type { NegotiatedVideo } from '../moonlight/types.js';
import { encodeSnapshotHead, type SnapshotOrder } from '../protocol/snapshot.js';

/** Milliseconds after the last request for which the decoder runs on. */
const IDLE_MS = 5_000;
/** Milliseconds between two pictures of one format: more often than that nobody can look. */
const INTERVAL_MS = 100;
/** Milliseconds without a picture of the host after which it is asked for one. */
const STILL_MS = 250;
/** Milliseconds between two looks at those who wait. */
const POLL_MS = 25;
/** Milliseconds after a failure before it is tried again. */
const RETRY_MS = 1_000;
const MAX_WAITING = 16;
/** Sizes and formats whose last picture is kept. */
const MAX_KEPT = 4;
const FORMATS = ['png', 'jpeg'] as const;

interface Waiter {
  readonly format: PictureFormat;
  readonly size: PictureSize;
  /** The picture must have come later, of `performance.now()`. */
  readonly since: number;
  readonly take: (picture: DecodedPicture) => void;
  readonly fail: (error: MoonteeError) => void;
}

/**
 * Still pictures of one streamer. The decoder starts with the first request, at the next key frame,
 * and goes some seconds after the last one. All who want the same picture get the same one.
 */
export class Snapshots {
  readonly #bus: MediaBus;
  readonly #log: Log;
  readonly #waiting = new Set<Waiter>();
  /** By format and size. */
  readonly #kept = new Map<string, DecodedPicture>();
  /** What each encoder makes now; null: nothing. */
  readonly #making: Record<PictureFormat, PictureSize | null> = { png: null, jpeg: null };
  readonly #madeAt: Record<PictureFormat, number> = { png: -Infinity, jpeg: -Infinity };
  #decoder: SnapshotDecoder | null = null;
  #detach: (() => void) | null = null;
  /** Of the decoder that runs or is being made. */
  #number = 0;
  #video: NegotiatedVideo | null = null;
  #isStarting = false;
  #failure: { readonly error: MoonteeError; readonly at: number } | null = null;
  #idle: NodeJS.Timeout | null = null;
  #poll: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(bus: MediaBus, log: Log) {
    this.#bus = bus;
    this.#log = log;
  }

  /** Answers over the connection, and ends it. Never rejects. */
  async serve(order: SnapshotOrder, video: NegotiatedVideo | null, socket: Socket): Promise<void> {
    // A reader that is gone, or does not read, keeps nothing.
    const timer = setTimeout(() => socket.destroy(), 2 * order.within_ms);
    socket.once('close', () => clearTimeout(timer));
    try {
      const { width, height, pts, arrivedAt, data } = await this.#take(order, video);
      const age_ms = Math.max(0, Math.round(performance.now() - arrivedAt));
      const taken = { id: `${this.#number}-${pts}`, width, height, age_ms };
      socket.write(encodeSnapshotHead({ taken }));
      socket.end(data);
    } catch (thrown) {
      const { code, message } = MoonteeError.from(thrown);
      socket.end(encodeSnapshotHead({ refused: { code, message } }));
    }
  }

  /** The session is another one from now on, whose pictures may have another size. */
  restart(): void {
    this.#stop(new MoonteeError('CLOSED', 'The streamer has no session now'));
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    this.#stop(new MoonteeError('STREAMER_STOPPING'));
  }

  async #take(order: SnapshotOrder, video: NegotiatedVideo | null): Promise<DecodedPicture> {
    if (this.#closed || video === null) {
      throw new MoonteeError('CLOSED', 'The streamer has no session now');
    }
    const now = performance.now();
    if (this.#failure !== null && now - this.#failure.at < RETRY_MS) throw this.#failure.error;
    this.#untilIdle();
    const size = sizeOf(order.width, video);
    const since = now - order.max_age_ms;
    const kept = this.#kept.get(keyOf(order.format, size));
    if (kept && (kept.arrivedAt >= since || this.#decoder?.isLatest(kept.pts) === true))
      return kept;
    if (this.#waiting.size >= MAX_WAITING) {
      throw new MoonteeError('LIMIT_REACHED', 'Too many wait for a picture of this streamer');
    }
    const picture = this.#wait({ format: order.format, size, since }, order.within_ms);
    this.#video = video;
    if (this.#decoder === null) void this.#start();
    else this.#serveNext();
    return picture;
  }

  #wait(wish: Pick<Waiter, 'format' | 'size' | 'since'>, ms: number): Promise<DecodedPicture> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(waiter);
      };
      const waiter: Waiter = {
        ...wish,
        take: (picture) => {
          settle();
          resolve(picture);
        },
        fail: (error) => {
          settle();
          reject(error);
        },
      };
      const timer = setTimeout(
        () => waiter.fail(new MoonteeError('TIMEOUT', 'No picture came in time')),
        ms,
      );
      this.#waiting.add(waiter);
    });
  }

  /** Never rejects. */
  async #start(): Promise<void> {
    const video = this.#video;
    if (this.#isStarting || video === null) return;
    this.#isStarting = true;
    this.#number += 1;
    const number = this.#number;
    const id = `snapshot-${number}`;
    try {
      const decoder = await SnapshotDecoder.create({
        id,
        codec: video.codec,
        requestKeyframe: (reason) => this.#bus.requestKeyframe(reason, id),
        onPicture: (picture) => this.#onPicture(picture),
        failed: (error) => this.#fail(error),
        log: this.#log,
      });
      // It may have been stopped meanwhile.
      if (this.#closed || number !== this.#number || this.#waiting.size === 0) {
        await decoder.close();
        return;
      }
      this.#decoder = decoder;
      this.#detach = this.#bus.attach(decoder);
      decoder.requestKeyframe('join');
      this.#poll = setInterval(() => this.#serveNext(), POLL_MS);
      this.#log.debug({ decoder: id }, 'snapshot decoder begins');
      this.#serveNext();
    } catch (thrown) {
      this.#fail(MoonteeError.from(thrown, 'PIPELINE_FAILED'));
    } finally {
      this.#isStarting = false;
    }
    // Who came while one was stopped before it had begun still waits.
    if (this.#decoder === null && this.#waiting.size > 0) void this.#start();
  }

  /** Sets the encoders to what is waited for longest. */
  #serveNext(): void {
    const decoder = this.#decoder;
    if (decoder === null || this.#waiting.size === 0) return;
    // A host that sends what changes alone sends nothing of a picture that stands still.
    if (decoder.silence > STILL_MS) decoder.requestKeyframe('drop');
    const now = performance.now();
    for (const format of FORMATS) {
      if (this.#making[format] !== null || now - this.#madeAt[format] < INTERVAL_MS) continue;
      const next = [...this.#waiting].find((waiter) => waiter.format === format);
      if (next === undefined) continue;
      this.#making[format] = next.size;
      decoder.want(format, next.size);
    }
  }

  #onPicture(picture: DecodedPicture): void {
    const { format } = picture;
    const key = keyOf(format, picture);
    this.#kept.delete(key);
    this.#kept.set(key, picture);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MAX_KEPT && oldest !== undefined) this.#kept.delete(oldest);
    for (const waiter of [...this.#waiting]) {
      const isIt = keyOf(waiter.format, waiter.size) === key;
      if (isIt && picture.arrivedAt >= waiter.since) waiter.take(picture);
    }
    const making = this.#making[format];
    const isWanted = [...this.#waiting].some(
      (waiter) => making !== null && keyOf(waiter.format, waiter.size) === keyOf(format, making),
    );
    if (isWanted) return;
    this.#decoder?.rest(format);
    this.#making[format] = null;
    this.#madeAt[format] = performance.now();
  }

  #untilIdle(): void {
    if (this.#idle) clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      if (this.#waiting.size > 0) this.#untilIdle();
      else this.#stop(new MoonteeError('CLOSED'));
    }, IDLE_MS);
  }

  #fail(error: MoonteeError): void {
    this.#failure = { error, at: performance.now() };
    this.#stop(error);
  }

  /** Nothing of it is left. Idempotent. @param error for those who wait */
  #stop(error: MoonteeError): void {
    if (this.#idle) clearTimeout(this.#idle);
    if (this.#poll) clearInterval(this.#poll);
    this.#idle = null;
    this.#poll = null;
    this.#number += 1;
    const decoder = this.#decoder;
    this.#decoder = null;
    this.#detach?.();
    this.#detach = null;
    this.#kept.clear();
    for (const format of FORMATS) this.#making[format] = null;
    for (const waiter of [...this.#waiting]) waiter.fail(error);
    void decoder?.close();
  }
}

/** @param width null: that of the stream, which is also the largest */
function sizeOf(width: number | null, video: NegotiatedVideo): PictureSize {
  if (width === null || width >= video.width) return { width: video.width, height: video.height };
  const height = Math.round((width * video.height) / video.width / 2) * 2;
  return { width, height: Math.max(2, height) };
}

function keyOf(format: PictureFormat, { width, height }: PictureSize): string {
  return `${format} ${width}x${height}`;
}
