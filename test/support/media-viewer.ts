/** A viewer whose media comes over a WebSocket: bare sockets, none of our client code. */
import { once } from 'node:events';
import { WebSocket, type ClientOptions } from 'ws';
import { PATIENCE, until } from './until.js';

export const MEDIA_PROTOCOL = 'moontee.media.v1';
export const SUPPORT = {
  video: ['avc1.640028', 'hvc1.1.6.L120.B0', 'av01.0.08M.08'],
  audio: ['opus'],
};

/** A message of the server, with its header read. */
export interface MediaMessage {
  readonly kind: number;
  readonly isKey: boolean;
  readonly isAfterGap: boolean;
  readonly isReplayed: boolean;
  readonly configuration: number;
  readonly sequence: number;
  /** Microseconds. */
  readonly time: number;
  readonly payload: Buffer;
}

export interface Ticket {
  readonly ticket: string;
  readonly path: string;
  readonly expires_in_ms: number;
}

export const KIND = { VIDEO: 1, AUDIO: 2, CONFIG: 3, PONG: 4, NOTICE: 5 } as const;

export function readMedia(data: Buffer): MediaMessage {
  const flags = data.readUInt8(1);
  return {
    kind: data.readUInt8(0),
    isKey: (flags & 1) !== 0,
    isAfterGap: (flags & 2) !== 0,
    isReplayed: (flags & 4) !== 0,
    configuration: data.readUInt16BE(2),
    sequence: data.readUInt32BE(4),
    time: Number(data.readBigUInt64BE(8)),
    payload: data.subarray(16),
  };
}

export function acknowledgement(received: number): Buffer {
  const data = Buffer.alloc(16);
  data.writeUInt8(0x81, 0);
  data.writeUInt32BE(received, 4);
  data.writeUInt32BE(received, 8);
  return data;
}

/** The viewer socket of somebody without WebRTC. */
export class ViewerSocketClient {
  readonly socket: WebSocket;
  readonly messages: unknown[] = [];
  readonly channels: Buffer[] = [];

  constructor(url: string, options: ClientOptions = {}) {
    this.socket = new WebSocket(url, options);
    this.socket.on('error', () => undefined);
    this.socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.channels.push(data);
      else this.messages.push(JSON.parse(data.toString()));
    });
  }

  say(message: unknown): void {
    this.socket.send(JSON.stringify(message));
  }

  input(channel: number, bytes: readonly number[]): void {
    this.socket.send(Buffer.from([channel, ...bytes]));
  }

  /** The payloads of messages by that key. */
  heard<T>(key: string): T[] {
    return this.messages.flatMap((message) =>
      typeof message === 'object' && message !== null && key in message
        ? [(message as Record<string, T>)[key] as T]
        : [],
    );
  }

  async ticket(support: unknown = SUPPORT): Promise<Ticket> {
    if (this.socket.readyState === WebSocket.CONNECTING) {
      await once(this.socket, 'open', { signal: AbortSignal.timeout(PATIENCE) });
    }
    const before = this.heard('MediaTicket').length;
    this.say({ MediaSocket: { support } });
    return until('a ticket', () => this.heard<Ticket>('MediaTicket')[before]);
  }
}

/** A media socket. Acknowledges as a browser does, unless told otherwise. */
export class MediaClient {
  readonly socket: WebSocket;
  readonly received: MediaMessage[] = [];
  acknowledges = true;
  #last: number | null = null;
  #closed: { readonly code: number; readonly reason: string } | null = null;
  #status: number | null = null;

  constructor(url: string, options: ClientOptions = {}, protocol: string = MEDIA_PROTOCOL) {
    this.socket = new WebSocket(url, protocol, options);
    this.socket.on('error', () => undefined);
    this.socket.on('unexpected-response', (_request, response) => {
      this.#status = response.statusCode ?? 0;
      response.resume();
      this.socket.terminate();
    });
    this.socket.on('message', (data: Buffer) => {
      const message = readMedia(data);
      this.received.push(message);
      if (message.kind === KIND.VIDEO) this.#last = message.sequence;
    });
    const timer = setInterval(() => {
      if (this.acknowledges && this.#last !== null) this.acknowledge(this.#last);
      this.ping();
    }, 100);
    this.socket.on('close', (code, reason) => {
      clearInterval(timer);
      this.#closed = { code, reason: reason.toString() };
    });
  }

  get closed(): { readonly code: number; readonly reason: string } | null {
    return this.#closed;
  }

  /** Of an upgrade that was refused. */
  get status(): number | null {
    return this.#status;
  }

  of(kind: number): MediaMessage[] {
    return this.received.filter((message) => message.kind === kind);
  }

  acknowledge(sequence: number): void {
    this.send(acknowledgement(sequence));
  }

  ping(token = Buffer.alloc(8)): void {
    this.send(Buffer.concat([Buffer.from([0x82]), token]));
  }

  send(data: Buffer): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(data);
  }
}
