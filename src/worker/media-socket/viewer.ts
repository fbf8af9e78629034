import type { Socket } from 'node:net';
import type { RawData, WebSocket } from 'ws';
import type { Deadline } from '../../core/deadline.js';
import type { Log } from '../../core/log.js';
import type { OutcomeCode } from '../../core/outcomes.js';
import { TokenBucket } from '../../core/token-bucket.js';
import type { KeyframeReason } from '../../media/keyframes.js';
import type { CodedUnit, OutletStats, TrackId, UnitOutlet } from '../../media/outlet.js';
import { PictureGate } from '../../media/picture-gate.js';
import type { PeerQuality } from '../../media/types.js';
import {
  MAX_FEEDBACK_BYTES,
  MEDIA_CLOSE,
  MEDIA_FLAG,
  MEDIA_KIND,
  readFeedback,
  type MediaCloseCode,
  type MediaFeedback,
} from '../../protocol/media-socket.js';
import type { SocketViewerStats } from '../../protocol/statistics.js';
import { mediaMessage, type FramedUnit, type MediaFramer } from './framer.js';

/** Messages of a browser: it acknowledges ten times and pings once in a second. */
const FEEDBACK_BUDGET = { rate: 100, burst: 200 };
/** Milliseconds of a queue that does not empty after which sound is left out. */
const SOUND_PATIENCE_MS = 300;
/** Milliseconds without any message after which nobody is there. */
const SILENCE_MS = 30_000;
/** Milliseconds without an acknowledgement that make a viewer stalled. */
const STALLED_MS = 3_000;
/** Milliseconds after a cut in which a viewer is still constrained. */
const CONSTRAINED_MS = 3_000;
/** Milliseconds that the other side has to answer a close frame. */
const CLOSE_TIMEOUT_MS = 1_500;
/** Bytes of the token in a ping. */
const TOKEN_BYTES = 8;

export interface MediaViewerOptions {
  /** Of the viewer; the outlet has another. */
  readonly peerId: string;
  /** The connection below the WebSocket, for messages that all viewers share. */
  readonly stream: Socket;
  readonly socket: WebSocket;
  readonly framer: MediaFramer;
  readonly sound: boolean;
  readonly requestKeyframe: (reason: KeyframeReason) => void;
  readonly onQuality: (quality: PeerQuality) => void;
  /** Once, unless {@link MediaViewer.end} came first. */
  readonly onClosed: (code: OutcomeCode, reason: string) => void;
  readonly log: Log;
}

/** One viewer's media socket. What cannot be sent in time is left out, and never waits. */
export class MediaViewer implements UnitOutlet {
  readonly kind = 'websocket';
  readonly tap = 'units';
  readonly id: string;
  readonly #options: MediaViewerOptions;
  readonly #gate = new PictureGate();
  readonly #feedback = new TokenBucket(FEEDBACK_BUDGET);
  readonly #closed: Promise<void>;
  /** Id of the configuration that was sent last. */
  #configuration = 0;
  #soundAfterGap = false;
  /** When the queue was last seen empty, and when the viewer was last heard. */
  #drainedAt = performance.now();
  #heardAt = performance.now();
  #cutAt = -Infinity;
  #quality: PeerQuality = 'good';
  #counts = { pictures: 0, bytes: 0, soundDropped: 0 };
  #painted: Extract<MediaFeedback, { type: 'ack' }> | null = null;
  #ending = false;

  constructor(options: MediaViewerOptions) {
    this.#options = options;
    this.id = `${options.peerId} websocket`;
    const { socket, stream } = options;
    this.#closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('ping', (data: Buffer) => {
      if (this.#takeToken()) socket.pong(data);
    });
    socket.on('pong', () => this.#takeToken());
    socket.on('error', (error) => this.#left('VIEWER_MESSAGE_INVALID', error.message));
    socket.on('close', (code) =>
      this.#left('LEFT', `The viewer closed the media socket (${code})`),
    );
    stream.on('drain', () => {
      this.#drainedAt = performance.now();
    });
  }

  keyframeComing(): void {
    // The key frame itself decides, see accept().
  }

  /** Begins with pictures that others have had: the latest can be decoded at once. */
  replay(units: readonly CodedUnit[]): void {
    for (const unit of units) {
      const framed = this.#ending ? null : this.#options.framer.frame('video', unit);
      if (framed !== null) this.#sendPicture(framed, MEDIA_FLAG.REPLAYED);
    }
  }

  accept(track: TrackId, unit: CodedUnit): void {
    if (this.#ending) return;
    if (track === 'audio' && !this.#options.sound) return;
    const framed = this.#options.framer.frame(track, unit);
    if (framed === null) return;
    if (track === 'audio') this.#sendSound(framed);
    else this.#sendPicture(framed);
  }

  /** To be called several times a second. */
  poll(now: number): void {
    if (this.#ending) return;
    if (now - this.#heardAt > SILENCE_MS) {
      this.#giveUp('Nothing was heard of the viewer for too long');
      return;
    }
    const verdict = this.#gate.poll(this.#queued, now);
    if (verdict?.kind === 'too-slow') this.#giveUp('Nothing was acknowledged for too long');
    else if (verdict?.kind === 'need-key') this.#options.requestKeyframe(verdict.reason);
    else if (verdict?.kind === 'cut') this.#onCut(verdict.isNarrow, now);
    this.#judge(now);
  }

  stats(): OutletStats & SocketViewerStats {
    const now = performance.now();
    const { pictures, bytes, soundDropped } = this.#counts;
    return {
      id: this.#options.peerId,
      kind: 'websocket',
      state: this.#gate.phase,
      quality: this.#quality,
      picturesSent: pictures,
      bytesSent: bytes,
      picturesDropped: this.#gate.dropped,
      soundDropped,
      age: this.#gate.age(now),
      roundTrip: this.#gate.latency,
      queuedBytes: this.#queued,
      acknowledgedRate: this.#gate.rate,
      decodeQueue: this.#painted?.decodeQueue ?? 0,
      viewerDropped: this.#painted?.dropped ?? 0,
      hidden: this.#painted?.isHidden ?? false,
    };
  }

  /** Ends it; nobody is told, the caller knows. Idempotent. */
  end(code: MediaCloseCode, reason: string): void {
    if (this.#ending) return;
    this.#ending = true;
    const { socket } = this.#options;
    socket.close(code, reason);
    const timer = setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS);
    void this.#closed.then(() => clearTimeout(timer));
  }

  close(deadline: Deadline): Promise<void> {
    if (!this.#ending) {
      // The bus has thrown it out.
      this.end(MEDIA_CLOSE.RESTART, 'Internal server error');
      this.#options.onClosed('INTERNAL', 'Internal server error');
    }
    const timer = setTimeout(() => this.#options.socket.terminate(), deadline.left);
    return this.#closed.finally(() => clearTimeout(timer));
  }

  get #queued(): number {
    return this.#options.stream.writableLength;
  }

  /** @param flags beside those of the picture itself */
  #sendPicture(framed: FramedUnit, flags = 0): void {
    const { sequence, keyframe, bytes } = framed;
    const unit = { sequence, keyframe, size: bytes.length };
    const admission = this.#gate.admit(unit, this.#queued, performance.now());
    if (admission === 'drop') return;
    this.#counts.pictures += 1;
    this.#send(framed, admission === 'send-after-gap' ? flags | MEDIA_FLAG.GAP : flags);
  }

  /** Sound never waits for pictures; it is left out if the network takes nothing at all. */
  #sendSound(framed: FramedUnit): void {
    const now = performance.now();
    if (this.#queued === 0) this.#drainedAt = now;
    if (now - this.#drainedAt > SOUND_PATIENCE_MS) {
      this.#counts.soundDropped += 1;
      this.#soundAfterGap = true;
      return;
    }
    this.#send(framed, this.#soundAfterGap ? MEDIA_FLAG.GAP : 0);
    this.#soundAfterGap = false;
  }

  #send({ bytes, configuration, flagsAt }: FramedUnit, flags: number): void {
    if (configuration.id !== this.#configuration) {
      this.#configuration = configuration.id;
      this.#write(configuration.bytes);
    }
    if (flags === 0) {
      this.#write(bytes);
      return;
    }
    // The payload stays shared.
    const head = Buffer.from(bytes.subarray(0, flagsAt + 1));
    head[flagsAt] = (head[flagsAt] ?? 0) | flags;
    const { stream } = this.#options;
    stream.cork();
    this.#write(head);
    this.#write(bytes.subarray(flagsAt + 1));
    stream.uncork();
  }

  #write(bytes: Buffer): void {
    const { stream } = this.#options;
    if (!stream.writable) return;
    this.#counts.bytes += bytes.length;
    stream.write(bytes);
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#ending || !this.#takeToken()) return;
    // `binaryType` is nodebuffer: a message comes as one Buffer.
    const bytes = data as Buffer;
    const message = isBinary && bytes.length <= MAX_FEEDBACK_BYTES ? readFeedback(bytes) : null;
    if (message === null || !this.#act(message)) this.#break('Invalid message on the media socket');
  }

  /** @returns false for what no viewer can mean */
  #act(message: MediaFeedback): boolean {
    const now = performance.now();
    switch (message.type) {
      case 'ack':
        this.#painted = message;
        return this.#gate.acknowledge(message.received, now);
      case 'ping':
        this.#pong(message.token);
        return true;
      case 'need-key':
        this.#options.requestKeyframe('pli');
        return true;
      case 'video':
        this.#gate.want(message.on);
        // The request for its key frame need not wait for the next poll.
        if (message.on) this.poll(now);
        return true;
    }
  }

  /** A pong is a header whose time is the ping's token. */
  #pong(token: Buffer): void {
    const header = { kind: MEDIA_KIND.PONG, flags: 0, configuration: 0, sequence: 0, time: 0 };
    const bytes = mediaMessage(header, Buffer.alloc(0));
    token.copy(bytes, bytes.length - TOKEN_BYTES);
    this.#write(bytes);
  }

  #onCut(isNarrow: boolean, now: number): void {
    const { log, framer } = this.#options;
    const age = Math.round(this.#gate.age(now));
    this.#cutAt = now;
    log.info(
      { age, queued: this.#queued },
      'media socket too slow, video cut to the next key frame',
    );
    if (!isNarrow) return;
    const need = Math.round(framer.rate);
    const have = Math.round(this.#gate.rate);
    const header = { kind: MEDIA_KIND.NOTICE, flags: 0, configuration: 0, sequence: 0, time: 0 };
    const text = JSON.stringify({ kind: 'too_narrow', need, have });
    this.#write(mediaMessage(header, Buffer.from(text)));
  }

  #judge(now: number): void {
    const isStalled = this.#gate.age(now) > STALLED_MS;
    const isConstrained = this.#gate.phase === 'cut' || now - this.#cutAt < CONSTRAINED_MS;
    const quality = isStalled ? 'stalled' : isConstrained ? 'constrained' : 'good';
    if (quality === this.#quality) return;
    this.#quality = quality;
    this.#options.onQuality(quality);
  }

  #takeToken(): boolean {
    this.#heardAt = performance.now();
    if (this.#ending) return false;
    if (this.#feedback.take(1, this.#heardAt)) return true;
    this.#break('Too many messages on the media socket');
    // What else it sends is not read: even throwing it away would cost.
    this.#options.socket.pause();
    return false;
  }

  #break(reason: string): void {
    this.end(MEDIA_CLOSE.INVALID, reason);
    this.#options.onClosed('VIEWER_MESSAGE_INVALID', reason);
  }

  #giveUp(reason: string): void {
    this.end(MEDIA_CLOSE.TOO_SLOW, reason);
    // There may be nobody to answer the close frame.
    this.#options.onClosed('VIEWER_STALLED', reason);
  }

  #left(code: OutcomeCode, reason: string): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#options.onClosed(code, reason);
  }
}
