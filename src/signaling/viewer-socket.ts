import type Koa from 'koa';
import type {} from 'koa-websocket';
import { WebSocket, type RawData } from 'ws';
import type { Log } from '../core/log.js';
import type { OutcomeCode } from '../core/outcomes.js';
import { TokenBucket } from '../core/token-bucket.js';
import type { RefusalLog } from '../access/refusal-log.js';
import { closeCode, closeReason } from './close-codes.js';
import { INPUT_BUDGET, INPUT_BYTES_BUDGET } from '../protocol/input-budgets.js';
import type { StreamClientMessage, StreamServerMessage } from '../protocol/viewer-messages.js';
import { MAX_FIRST_BYTES, readMessage } from './read-message.js';

export interface ViewerSocketOptions {
  readonly maxMessagesPerSecond: number;
  /** Milliseconds. */
  readonly pingInterval: number;
  /** Milliseconds of silence after which the other side is gone. */
  readonly pingTimeout: number;
  readonly log: Log;
  /** For lines whose number the other side decides. */
  readonly refusals: RefusalLog;
  /** Whose they are. */
  readonly address: string;
  /** It may send one message, until {@link ViewerSocket.admit}. */
  readonly stranger: boolean;
  /** Counts messages that did not decode. */
  readonly onInvalid?: () => void;
}

export interface ViewerSocketHandlers {
  readonly onMessage: (message: StreamClientMessage) => void;
  /** Bytes of a data channel, by its number. */
  readonly onChannel: (channel: number, data: Buffer) => void;
  /** The one message of a stranger is invalid, or is not the only one. */
  readonly onStray: (reason: string) => void;
  /** Once: the socket is gone, for the given reason (an error code, or `LEFT`). */
  readonly onClosed: (code: OutcomeCode, reason: string) => void;
}

/** The server's end of a WebSocket, as koa-websocket hands it over. */
export type BrowserSocket = Koa.Context['websocket'];

/**
 * Bytes that a browser may be behind. Signaling is small: more means that the browser does not
 * read.
 */
const MAX_BUFFERED = 1 << 20;
/** Bytes that a browser may be behind while it is sent what may be left out. */
const MAX_SKIPPABLE_BUFFERED = 16 * 1024;
const MAX_INVALID = 20;
/** Bytes of a message of input: the longest is a text. */
const MAX_INPUT_BYTES = 2_048;
/** Messages of a stranger that wait while its first one is checked, and their bytes. */
const MAX_HELD = 16;
const MAX_HELD_BYTES = 65_536;
/** Milliseconds that the other side has to answer a close frame. */
const CLOSE_TIMEOUT_MS = 1_500;

/**
 * A browser's WebSocket. It decodes and counts messages, sends pings, bounds what waits to be sent,
 * and closes without depending on the other side.
 */
export class ViewerSocket {
  readonly #socket: BrowserSocket;
  readonly #options: ViewerSocketOptions;
  readonly #log: Log;
  #handlers: ViewerSocketHandlers | null;
  readonly #ping: NodeJS.Timeout;
  #lastSeen = performance.now();
  #lastPing = performance.now();
  /** Tokens of the message bucket: a burst of two seconds' worth. */
  #tokens: number;
  #refilled = performance.now();
  readonly #input = new TokenBucket(INPUT_BUDGET);
  readonly #inputBytes = new TokenBucket(INPUT_BYTES_BUDGET);
  #invalid = 0;
  /** Messages that a stranger may still send; null: it is not a stranger. */
  #strangers: number | null;
  /** What a stranger sent behind its first message, which nobody has read; null: none may. */
  #held: { readonly data: Buffer; readonly isBinary: boolean }[] | null = null;
  #ending = false;

  constructor(socket: BrowserSocket, options: ViewerSocketOptions, handlers: ViewerSocketHandlers) {
    this.#socket = socket;
    this.#options = options;
    this.#log = options.log;
    this.#handlers = handlers;
    this.#strangers = options.stranger ? 1 : null;
    this.#tokens = 2 * options.maxMessagesPerSecond;
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    // Pings are answered here and not by the library: with a bound on what waits to be sent.
    socket.on('ping', (data: Buffer) => {
      if (this.#controlled()) socket.pong(data);
    });
    socket.on('pong', () => this.#controlled());
    socket.on('error', (error) => {
      this.#note({ reason: error.message }, 'viewer socket error');
      this.#closed('VIEWER_MESSAGE_INVALID', error.message);
    });
    socket.on('close', (code) => this.#closed('LEFT', `The viewer closed the socket (${code})`));
    this.#ping = setInterval(() => this.#checkAlive(), options.pingInterval);
  }

  /** @param skippable it is left out if the browser is behind */
  send(message: StreamServerMessage, skippable = false): void {
    if (this.#ending || this.#socket.readyState !== WebSocket.OPEN) return;
    if (skippable && this.#socket.bufferedAmount > MAX_SKIPPABLE_BUFFERED) return;
    if (this.#socket.bufferedAmount > MAX_BUFFERED) {
      this.#abandon('VIEWER_STALLED', 'The viewer does not read its socket');
      return;
    }
    this.#socket.send(JSON.stringify(message));
  }

  /** Sends bytes of a data channel; dropped if the browser does not read. */
  sendChannel(channel: number, data: Buffer): void {
    if (this.#ending || this.#socket.readyState !== WebSocket.OPEN) return;
    if (this.#socket.bufferedAmount > MAX_BUFFERED) return;
    this.#socket.send(Buffer.concat([Buffer.from([channel]), data]));
  }

  /** The stranger's first message is being checked: what comes behind it waits, up to a bound. */
  hold(): void {
    this.#held ??= [];
  }

  /** The stranger has shown its credentials. What waited is read. */
  admit(): void {
    this.#strangers = null;
    const held = this.#held ?? [];
    this.#held = null;
    for (const { data, isBinary } of held) this.#read(data, isBinary);
  }

  /**
   * Ends it. The handlers are not called: the caller knows. The reason is also sent as the last
   * bare string, since clients of other servers show that. Idempotent.
   */
  end(code: OutcomeCode, reason: string): void {
    this.#handlers = null;
    this.#sendReason(reason);
    this.#close(closeCode(code), closeReason(reason));
  }

  /** As {@link end}, without a status: the legacy socket signals an error in this way. */
  endPlainly(reason = ''): void {
    this.#handlers = null;
    this.#sendReason(reason);
    this.#close();
  }

  #sendReason(reason: string): void {
    if (reason === '' || this.#ending || this.#socket.readyState !== WebSocket.OPEN) return;
    if (this.#socket.bufferedAmount <= MAX_BUFFERED) this.#socket.send(JSON.stringify(reason));
  }

  #close(code?: number, reason?: string): void {
    if (this.#ending) return;
    this.#ending = true;
    clearInterval(this.#ping);
    if (code === undefined) this.#socket.close();
    else this.#socket.close(code, reason);
    const timer = setTimeout(() => this.#socket.terminate(), CLOSE_TIMEOUT_MS);
    this.#socket.once('close', () => clearTimeout(timer));
  }

  /** Ends it on our own account: the other side is not there or broken. */
  #abandon(code: OutcomeCode, reason: string): void {
    const handlers = this.#handlers;
    this.end(code, reason);
    handlers?.onClosed(code, reason);
  }

  #closed(code: OutcomeCode, reason: string): void {
    clearInterval(this.#ping);
    this.#ending = true;
    const handlers = this.#handlers;
    this.#handlers = null;
    handlers?.onClosed(code, reason);
  }

  #alive(): void {
    this.#lastSeen = performance.now();
  }

  #checkAlive(): void {
    const now = performance.now();
    const late = now - this.#lastPing - this.#options.pingInterval;
    this.#lastPing = now;
    // Our own loop was held up: answers may lie unread.
    if (late > 1_000) this.#alive();
    if (now - this.#lastSeen > this.#options.pingTimeout) {
      this.#log.info('viewer silent');
      this.#abandon('VIEWER_TIMEOUT', 'The viewer did not answer pings');
      // The other side cannot answer the close frame either.
      this.#socket.terminate();
      return;
    }
    this.#socket.ping();
  }

  #receive(data: RawData, isBinary: boolean): void {
    const handlers = this.#handlers;
    if (handlers === null) return;
    this.#alive();
    // `binaryType` is nodebuffer: a message comes as one Buffer.
    const bytes = data as Buffer;
    const isInput = isBinary && this.#strangers === null;
    if (isInput ? !this.#takeInput(bytes.length) : !this.#takeToken()) {
      this.#flooded();
      return;
    }
    if (this.#held !== null) {
      this.#keep(this.#held, bytes, isBinary);
      return;
    }
    this.#read(bytes, isBinary);
  }

  /** Takes what waits; too much of it ends the stranger. */
  #keep(
    held: { readonly data: Buffer; readonly isBinary: boolean }[],
    data: Buffer,
    isBinary: boolean,
  ): void {
    held.push({ data, isBinary });
    const size = held.reduce((sum, each) => sum + each.data.length, 0);
    if (held.length <= MAX_HELD && size <= MAX_HELD_BYTES) return;
    this.#handlers?.onStray('Too many messages before the credentials are checked');
  }

  #read(bytes: Buffer, isBinary: boolean): void {
    const handlers = this.#handlers;
    if (handlers === null) return;
    if (this.#strangers !== null) {
      const problem = this.#strayness(bytes, isBinary);
      this.#strangers -= 1;
      if (problem !== null) {
        handlers.onStray(problem);
        return;
      }
    }
    if (isBinary) {
      const [channel] = bytes;
      if (channel !== undefined && bytes.length <= MAX_INPUT_BYTES) {
        handlers.onChannel(channel, bytes.subarray(1));
      }
      return;
    }
    const message = readMessage(bytes);
    if (!('problem' in message)) {
      handlers.onMessage(message);
      return;
    }
    this.#invalid += 1;
    this.#options.onInvalid?.();
    this.#note({ reason: message.problem, count: this.#invalid }, 'viewer message dropped');
    if (this.#strangers !== null) {
      handlers.onStray('The first message is invalid');
    } else if (this.#invalid >= MAX_INVALID) {
      this.#abandon('VIEWER_MESSAGE_INVALID', 'Too many invalid messages');
      this.#socket.pause();
    }
  }

  /** What is wrong with a stranger's message before it is read. */
  #strayness(data: Buffer, isBinary: boolean): string | null {
    if (this.#strangers === 0) return 'Only one message before the credentials are checked';
    if (isBinary) return 'The first message must be AuthenticateAndInit';
    return data.length > MAX_FIRST_BYTES ? 'The first message is too large' : null;
  }

  /** A ping or pong came. @returns whether it is one that may be answered */
  #controlled(): boolean {
    if (this.#handlers === null) return false;
    this.#alive();
    if (!this.#takeToken()) this.#flooded();
    else if (this.#socket.bufferedAmount <= MAX_BUFFERED) return true;
    else this.#abandon('VIEWER_STALLED', 'The viewer does not read its socket');
    return false;
  }

  /** Counts a message of input, one that is too large to be passed on as well. */
  #takeInput(bytes: number): boolean {
    return this.#input.take(1, this.#lastSeen) && this.#inputBytes.take(bytes, this.#lastSeen);
  }

  /** What else it sends is not read: even throwing it away would cost. */
  #flooded(): void {
    this.#abandon('RATE_LIMITED', 'Too many messages');
    this.#socket.pause();
  }

  #note(facts: Readonly<Record<string, string | number>>, message: string): void {
    const { refusals, address } = this.#options;
    refusals.note(address, { ...this.#log.bindings(), ...facts }, message);
  }

  #takeToken(): boolean {
    const { maxMessagesPerSecond } = this.#options;
    const now = performance.now();
    const refill = ((now - this.#refilled) / 1000) * maxMessagesPerSecond;
    this.#refilled = now;
    this.#tokens = Math.min(2 * maxMessagesPerSecond, this.#tokens + refill) - 1;
    return this.#tokens >= 0;
  }
}
