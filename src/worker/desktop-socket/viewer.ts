import type { Socket } from 'node:net';
import type { RawData, WebSocket } from 'ws';
import type { Deadline } from '../../core/deadline.js';
import type { OutcomeCode } from '../../core/outcomes.js';
import { TokenBucket } from '../../core/token-bucket.js';
import { decodeDesktopInput, isDesktopInput } from '../../input/desktop-messages.js';
import type { ViewerInput } from '../../input/viewer-input.js';
import type { KeyframeReason } from '../../media/keyframes.js';
import type { CodedUnit, OutletStats, TrackId, UnitOutlet } from '../../media/outlet.js';
import type { PeerQuality } from '../../media/types.js';
import {
  MAX_DESKTOP_MESSAGE_BYTES,
  readDesktopInit,
  readDesktopMessage,
  type DesktopInit,
} from '../../protocol/desktop-client.js';
import { errorText, pong, streamError, type Pong } from '../../protocol/desktop-socket.js';
import { INPUT_BUDGET, INPUT_BYTES_BUDGET } from '../../protocol/input-budgets.js';
import type { SocketViewerStats } from '../../protocol/statistics.js';
import { viewerReason } from '../../protocol/viewer-words.js';
import { FrameGate, FRAME_LIMITS } from './frame-gate.js';
import type { DesktopFramer } from './framer.js';

const MAX_INVALID = 20;
/** In milliseconds. */
export interface DesktopTimes {
  /** Until the first message. */
  readonly init: number;
  readonly pingInterval: number;
  /** Without any message, or answer to a ping, after which nobody is there. */
  readonly silence: number;
}

const TIMES: DesktopTimes = { init: 30_000, pingInterval: 5_000, silence: 30_000 };

/** Pings of which the answers are waited for. */
const MAX_PINGS = 8;
/** Milliseconds without an answer that make a viewer stalled: pictures wait in front of it. */
const STALLED_MS = 3_000;
/** Milliseconds between two polls that show that this process was held up. */
const HELD_UP_MS = 1_000;
/** Milliseconds after a frame was left out in which a viewer is still constrained. */
const CONSTRAINED_MS = 3_000;
/** Milliseconds that the other side has to answer a close frame. */
const CLOSE_TIMEOUT_MS = 1_500;

/** Why a desktop socket is closed by the server. After 4000 the frontend never comes back. */
const CLOSE = { NORMAL: 1000, INVALID: 1008, RESTART: 1012, FINAL: 4000 } as const;
/** Ends of this viewer; a streamer that ends may be created again under its name. */
const FINAL: ReadonlySet<OutcomeCode> = new Set<OutcomeCode>([
  'SUPERSEDED',
  'KICKED',
  'REVOKED',
  'EXPIRED',
  'VIEWER_CODEC_UNSUPPORTED',
]);

export interface DesktopViewerOptions {
  readonly peerId: string;
  /** The connection below the WebSocket, for messages that all viewers share. */
  readonly stream: Socket;
  readonly socket: WebSocket;
  readonly framer: DesktopFramer;
  readonly requestKeyframe: (reason: KeyframeReason) => void;
  /** Once. */
  readonly onInit: (init: DesktopInit) => void;
  readonly onInput: (inputs: readonly ViewerInput[]) => void;
  readonly onQuality: (quality: PeerQuality) => void;
  /** Once, unless {@link DesktopViewer.end} came first. */
  readonly onClosed: (code: OutcomeCode, reason: string) => void;
  readonly pongFigures: () => Pick<Pong, 'encoderLatency' | 'lateness'>;
  readonly times?: DesktopTimes;
}

/** One browser at the desktop socket: pictures and people go down, input comes up. */
export class DesktopViewer implements UnitOutlet {
  readonly kind = 'desktop';
  readonly tap = 'units';
  readonly id: string;
  readonly #options: DesktopViewerOptions;
  readonly #gate = new FrameGate();
  readonly #messages = new TokenBucket(INPUT_BUDGET);
  readonly #bytes = new TokenBucket(INPUT_BYTES_BUDGET);
  readonly #closed: Promise<void>;
  readonly #openedAt = performance.now();
  #hasInit = false;
  #invalid = 0;
  /** When each frame that waits was written. */
  readonly #waiting: number[] = [];
  #heardAt = performance.now();
  #polledAt = performance.now();
  #pingedAt = performance.now();
  #lastPing = 0;
  /** Pings without an answer, the oldest first. */
  readonly #pings: { readonly id: number; readonly at: number }[] = [];
  #roundTrip = 0;
  #droppedAt = -Infinity;
  #quality: PeerQuality = 'good';
  #counts = { pictures: 0, bytes: 0 };
  #ending = false;

  constructor(options: DesktopViewerOptions) {
    this.#options = options;
    this.id = `${options.peerId} desktop`;
    const { socket } = options;
    this.#closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('ping', (data: Buffer) => {
      if (this.#take(data.length) && this.#hasRoom) socket.pong(data);
    });
    socket.on('pong', (data: Buffer) => {
      if (this.#take(data.length)) this.#answered(Number(data.toString('latin1')));
    });
    socket.on('error', (error) => this.#left('VIEWER_MESSAGE_INVALID', error.message));
    socket.on('close', (code) => {
      this.#left('LEFT', `The viewer closed the desktop socket (${code})`);
    });
  }

  /** Sends a binary message; left out if the browser does not read. */
  send(message: Buffer): void {
    if (this.#isOpen && this.#hasRoom) this.#options.socket.send(message);
  }

  sendText(message: string): void {
    if (this.#isOpen && this.#hasRoom) this.#options.socket.send(message);
  }

  /** The stream goes on as another one: what decoders are set up with, then a key frame. */
  restart(streamInit: Buffer): void {
    this.send(streamInit);
    this.#gate.restart();
  }

  keyframeComing(): void {
    // The key frame itself decides, see accept().
  }

  accept(track: TrackId, unit: CodedUnit): void {
    if (this.#ending || track === 'audio') return;
    const frame = this.#options.framer.frame(unit);
    if (frame === null) return;
    const { keyframe, bytes } = frame;
    const verdict = this.#gate.admit({ keyframe, size: bytes.length }, this.#queue);
    if (verdict === 'send') this.#sendFrame(bytes);
    else if (this.#gate.isFull) this.#droppedAt = performance.now();
    if (verdict !== 'give-up') return;
    this.#fail('VIEWER_STALLED', 'The viewer is too slow for the stream');
    // It does not read what waits in front of the close frame either.
    this.#options.socket.terminate();
  }

  /** To be called several times a second. */
  poll(now: number): void {
    if (this.#ending) return;
    // Our own loop was held up: what came meanwhile may lie unread.
    if (now - this.#polledAt > HELD_UP_MS) this.#heardAt = now;
    this.#polledAt = now;
    const { init, pingInterval, silence } = this.#options.times ?? TIMES;
    if (!this.#hasInit && now - this.#openedAt > init) {
      this.#fail('VIEWER_TIMEOUT', 'No init message came in time');
      return;
    }
    if (now - this.#heardAt > silence) {
      this.#fail('VIEWER_TIMEOUT', 'The viewer did not answer pings');
      this.#options.socket.terminate();
      return;
    }
    if (now - this.#pingedAt >= pingInterval) this.#ping(now);
    if (!this.#hasInit) return;
    const need = this.#gate.poll(this.#queue, now);
    if (need !== null) this.#options.requestKeyframe(need);
    this.#judge(now);
  }

  stats(): OutletStats & SocketViewerStats {
    return {
      id: this.#options.peerId,
      kind: 'desktop',
      state: this.#gate.phase,
      quality: this.#quality,
      picturesSent: this.#counts.pictures,
      bytesSent: this.#counts.bytes,
      picturesDropped: this.#gate.dropped,
      soundDropped: 0,
      age: performance.now() - (this.#waiting[0] ?? performance.now()),
      roundTrip: this.#roundTrip,
      queuedBytes: this.#queue.bytes,
      acknowledgedRate: 0,
      decodeQueue: 0,
      viewerDropped: 0,
      hidden: this.#gate.phase === 'off',
    };
  }

  /** Ends it; nobody is told, the caller knows. Idempotent. */
  end(code: OutcomeCode, reason: string): void {
    if (this.#ending) return;
    if (code !== 'LEFT' && code !== 'SUPERSEDED') {
      const words = viewerReason(code, reason);
      if (this.#hasInit) this.send(streamError(words));
      else this.sendText(errorText(words));
    }
    this.#ending = true;
    const { socket } = this.#options;
    socket.close(closeCodeOf(code), code === 'SUPERSEDED' ? 'superseded' : code);
    const timer = setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS);
    void this.#closed.then(() => clearTimeout(timer));
  }

  close(deadline: Deadline): Promise<void> {
    // The bus has thrown it out, unless it was ended before.
    if (!this.#ending) this.#fail('INTERNAL', 'Internal server error');
    const timer = setTimeout(() => this.#options.socket.terminate(), deadline.left);
    return this.#closed.finally(() => clearTimeout(timer));
  }

  get #isOpen(): boolean {
    const { socket } = this.#options;
    return !this.#ending && socket.readyState === socket.OPEN;
  }

  get #queue(): { readonly frames: number; readonly bytes: number } {
    return { frames: this.#waiting.length, bytes: this.#options.stream.writableLength };
  }

  get #hasRoom(): boolean {
    return this.#queue.bytes <= FRAME_LIMITS.maxBytes;
  }

  #sendFrame(bytes: Buffer): void {
    const { stream } = this.#options;
    if (!stream.writable) return;
    this.#counts.pictures += 1;
    this.#counts.bytes += bytes.length;
    this.#waiting.push(performance.now());
    stream.write(bytes, () => this.#waiting.shift());
  }

  #receive(data: RawData, isBinary: boolean): void {
    // `binaryType` is nodebuffer: a message comes as one Buffer.
    const bytes = data as Buffer;
    if (!this.#take(bytes.length)) return;
    if (this.#hasInit) {
      if (!isBinary || !this.#act(bytes)) this.#countInvalid();
      return;
    }
    if (isBinary) return;
    const init = readDesktopInit(bytes);
    if (init === null) {
      this.#fail('VIEWER_MESSAGE_INVALID', 'The first message is not an init message');
      return;
    }
    this.#hasInit = true;
    this.#options.onInit(init);
  }

  /** @returns false for what no frontend sends */
  #act(bytes: Buffer): boolean {
    const [type = 0] = bytes;
    if (isDesktopInput(type)) {
      const inputs =
        bytes.length <= MAX_DESKTOP_MESSAGE_BYTES ? decodeDesktopInput(bytes) : undefined;
      if (inputs !== undefined) this.#options.onInput(inputs);
      return inputs !== undefined;
    }
    const message = readDesktopMessage(bytes);
    if (message?.type === 'ping') {
      const now = performance.timeOrigin + performance.now();
      this.send(pong({ echo: message.echo, now, ...this.#options.pongFigures() }));
    } else if (message?.type === 'control' && message.video !== null) {
      this.#gate.want(message.video);
      // The request for its key frame need not wait for the next poll.
      this.poll(performance.now());
    }
    return message !== null;
  }

  #ping(now: number): void {
    this.#pingedAt = now;
    this.#lastPing += 1;
    this.#pings.push({ id: this.#lastPing, at: now });
    // One that answers none, but sends, is there as well.
    if (this.#pings.length > MAX_PINGS) this.#pings.shift();
    this.#options.socket.ping(String(this.#lastPing));
  }

  #answered(id: number): void {
    const index = this.#pings.findIndex((ping) => ping.id === id);
    const [ping] = this.#pings.splice(0, index + 1).slice(-1);
    if (ping !== undefined) this.#roundTrip = performance.now() - ping.at;
  }

  #judge(now: number): void {
    const isStalled = this.#gate.isFull || now - (this.#pings[0]?.at ?? now) > STALLED_MS;
    const isConstrained = now - this.#droppedAt < CONSTRAINED_MS;
    const quality = isStalled ? 'stalled' : isConstrained ? 'constrained' : 'good';
    if (quality === this.#quality) return;
    this.#quality = quality;
    this.#options.onQuality(quality);
  }

  /** Counts a message. @returns whether it may be read */
  #take(size: number): boolean {
    if (this.#ending) return false;
    this.#heardAt = performance.now();
    if (this.#messages.take(1, this.#heardAt) && this.#bytes.take(size, this.#heardAt)) return true;
    this.#fail('RATE_LIMITED', 'Too many messages');
    // What else it sends is not read: even throwing it away would cost.
    this.#options.socket.pause();
    return false;
  }

  #countInvalid(): void {
    this.#invalid += 1;
    if (this.#invalid >= MAX_INVALID)
      this.#fail('VIEWER_MESSAGE_INVALID', 'Too many invalid messages');
  }

  #fail(code: OutcomeCode, reason: string): void {
    if (this.#ending) return;
    this.end(code, reason);
    this.#options.onClosed(code, reason);
  }

  #left(code: OutcomeCode, reason: string): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#options.onClosed(code, reason);
  }
}

function closeCodeOf(code: OutcomeCode): number {
  if (code === 'LEFT') return CLOSE.NORMAL;
  if (code === 'VIEWER_MESSAGE_INVALID' || code === 'RATE_LIMITED') return CLOSE.INVALID;
  return FINAL.has(code) ? CLOSE.FINAL : CLOSE.RESTART;
}
