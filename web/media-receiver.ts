import {
  ACKNOWLEDGE_MS,
  encodeNeedKey,
  encodePing,
  encodeVideoSwitch,
  KEY_REASON,
  MEDIA_PROTOCOL,
  MediaReader,
  type MediaConfiguration,
} from '../client/index.js';
import { MediaFigures } from './media-figures.js';
import { PaintWatch } from './paint-watch.js';
import { pictureSink, type PictureSink } from './picture-sink.js';
import { SoundDecoding } from './sound-decoding.js';
import { VideoDecoding } from './video-decoding.js';
import type { PageMessage, SinkOrder, WorkerMessage } from './worker-messages.js';

const PING_MS = 1_000;
/** Milliseconds without a message, not even an answer to a ping, after which the socket is lost. */
const SILENCE_MS = 3_000;
const STATS_MS = 250;
/** Milliseconds that a page must be hidden for before its pictures are switched off. */
const HIDE_MS = 250;
/** Close code of a path that is of no use any more, as of a connection that was lost. */
const LOST = 1006;

export type Say = (message: WorkerMessage, transfer?: Transferable[]) => void;

/** One media socket with its decoders and its sink. */
export class MediaReceiver {
  readonly #say: Say;
  readonly #socket: WebSocket;
  readonly #reader: MediaReader;
  readonly #video: VideoDecoding;
  readonly #sound: SoundDecoding | undefined;
  readonly #figures = new MediaFigures();
  readonly #watch = new PaintWatch();
  readonly #timers: ReturnType<typeof setInterval>[] = [];
  #hideTimer: ReturnType<typeof setTimeout> | undefined;
  #sink: PictureSink;
  #isTrack: boolean;
  #isHidden = false;
  /** Pictures that the page said it has shown, or that were drawn. */
  #painted = 0;
  #hasPicture = false;
  #bytes = 0;
  #messages = 0;
  #heardAt = performance.now();
  /** When pings were sent last. */
  #pingedAt = performance.now();
  #dropped = 0;
  #roundTrip = 0;
  #closed = false;

  constructor(order: Extract<PageMessage, { type: 'open' }>, say: Say) {
    this.#say = say;
    this.#isTrack = order.sink.kind !== 'canvas';
    this.#sink = this.#makeSink(order.sink);
    if (order.sound !== null) this.#sound = new SoundDecoding(order.sound);
    this.#video = new VideoDecoding({
      onFrame: (frame, sequence) => this.#show(frame, sequence),
      needKey: (reason) => this.#send(encodeNeedKey(reason)),
      onFailed: () => this.#end(LOST),
    });
    this.#reader = new MediaReader({
      configure: (configuration) => this.#configure(configuration),
      video: (unit) => {
        if (!this.#isHidden) this.#watch.arrived(performance.now());
        this.#video.decode(unit);
      },
      audio: (unit) => this.#sound?.decode(unit),
      pong: (token) => (this.#roundTrip = performance.now() - token / 1000),
      broken: () => this.#video.skipToKey(KEY_REASON.SEQUENCE),
    });
    this.#socket = this.#connect(order.url);
    if (order.isHidden) this.hide(true);
  }

  /** Idempotent. Says nothing any more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const timer of this.#timers) clearInterval(timer);
    clearTimeout(this.#hideTimer);
    this.#socket.close(1000);
    this.#video.close();
    this.#sound?.close();
    this.#sink.close();
  }

  /** A sink that takes the place of one that shows nothing. */
  replaceSink(order: SinkOrder): void {
    this.#sink.close();
    this.#isTrack = order.kind !== 'canvas';
    this.#sink = this.#makeSink(order);
    this.#hasPicture = false;
    this.#painted = 0;
  }

  /** The page says how many pictures of a track were seen. */
  seen(frames: number): void {
    if (this.#isTrack && frames > this.#painted) this.#onPainted(frames);
  }

  /** Sound goes on in a hidden page; its decoder would be taken away anyway. */
  hide(isHidden: boolean): void {
    clearTimeout(this.#hideTimer);
    if (isHidden) this.#hideTimer = setTimeout(() => this.#setHidden(true), HIDE_MS);
    else this.#setHidden(false);
  }

  #setHidden(isHidden: boolean): void {
    if (isHidden === this.#isHidden) return;
    this.#isHidden = isHidden;
    this.#watch.pause();
    this.#send(encodeVideoSwitch(!isHidden));
    this.#reader.renew();
    if (isHidden) this.#video.close();
    else this.#video.restart();
  }

  #connect(url: string): WebSocket {
    const socket = new WebSocket(url, MEDIA_PROTOCOL);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      this.#heardAt = performance.now();
      this.#pingedAt = this.#heardAt;
      if (this.#isHidden) this.#send(encodeVideoSwitch(false));
      this.#every(ACKNOWLEDGE_MS, () => this.#acknowledge());
      this.#every(PING_MS, () => {
        this.#send(encodePing(performance.now() * 1000));
        if (this.#isDeaf(performance.now())) this.#end(LOST);
        else this.#repair();
      });
      this.#every(STATS_MS, () => this.#tell());
    };
    socket.onmessage = ({ data }) => {
      if (this.#closed || !(data instanceof ArrayBuffer)) return;
      this.#bytes += data.byteLength;
      this.#messages += 1;
      this.#heardAt = performance.now();
      if (this.#reader.read(data)) this.#acknowledge();
    };
    socket.onclose = ({ code }) => this.#end(code);
    return socket;
  }

  #every(milliseconds: number, action: () => void): void {
    if (!this.#closed) this.#timers.push(setInterval(action, milliseconds));
  }

  #makeSink(order: SinkOrder): PictureSink {
    return pictureSink(order, (track) => this.#say({ type: 'track', track }, [track as never]));
  }

  #configure({ video, audio }: MediaConfiguration): void {
    const isHidden = this.#isHidden;
    this.#video.configure(video);
    if (isHidden) this.#video.close();
    if (audio !== undefined) this.#sound?.configure(audio);
  }

  #show(frame: VideoFrame, sequence: number): void {
    if (this.#isHidden) {
      frame.close();
      return;
    }
    const isTaken = this.#sink.show(frame, () => {
      this.#reader.painted(sequence);
      if (!this.#hasPicture) {
        this.#hasPicture = true;
        this.#say({ type: 'picture' });
      }
      // The page sees a track's pictures; of a canvas only this worker knows.
      if (!this.#isTrack) this.#onPainted(this.#painted + 1);
    });
    if (!isTaken) this.#dropped += 1;
  }

  #onPainted(frames: number): void {
    this.#painted = frames;
    this.#watch.painted();
  }

  #acknowledge(): void {
    const bytes = this.#reader.acknowledgement({
      isBehind: this.#video.isBehind,
      isHidden: this.#isHidden,
      decodeQueue: this.#video.queue,
      dropped: this.#dropped + this.#video.counts.dropped,
    });
    if (bytes !== undefined) this.#send(bytes);
  }

  /** To be asked at every ping. */
  #isDeaf(now: number): boolean {
    // A page that was frozen has to read first what came meanwhile.
    if (now - this.#pingedAt > 2 * PING_MS) this.#heardAt = now;
    this.#pingedAt = now;
    return now - this.#heardAt > SILENCE_MS;
  }

  #repair(): void {
    switch (this.#watch.look(performance.now())) {
      case 'sink':
        this.#say({ type: 'sink-stalled' });
        break;
      case 'decoder':
        this.#video.restart();
        this.#video.skipToKey(KEY_REASON.STALLED);
        break;
      case 'socket':
        this.#end(LOST);
        break;
      default:
        break;
    }
  }

  #tell(): void {
    const { codec = '', width = 0, height = 0 } = this.#video.video ?? {};
    const { counts } = this.#video;
    const counters = {
      ...counts,
      ...{ codec, width, height },
      bytes: this.#bytes,
      messages: this.#messages,
      dropped: this.#dropped + counts.dropped,
      energy: this.#sound?.energy ?? 0,
      roundTrip: this.#roundTrip,
    };
    const stats = this.#figures.sample(counters, performance.now());
    this.#say({ type: 'stats', stats, painted: this.#painted });
  }

  #send(data: Uint8Array<ArrayBuffer>): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(data);
  }

  #end(code: number): void {
    if (this.#closed) return;
    this.close();
    this.#say({ type: 'closed', code });
  }
}
