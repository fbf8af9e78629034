/** A browser at the desktop socket: a bare WebSocket, read as the protocol page says. */
import { WebSocket, type ClientOptions } from 'ws';

export interface DesktopFrame {
  readonly codec: number;
  readonly isKey: boolean;
  /** Microseconds. */
  readonly time: number;
  readonly width: number;
  readonly height: number;
  readonly payload: Buffer;
}

export function readFrame(data: Buffer): DesktopFrame {
  return {
    codec: data.readUInt8(1),
    isKey: (data.readUInt8(2) & 1) !== 0,
    time: Number(data.readBigUInt64BE(3)),
    width: data.readUInt16BE(11),
    height: data.readUInt16BE(13),
    payload: data.subarray(15),
  };
}

export class DesktopClient {
  readonly socket: WebSocket;
  /** Binary messages and texts, as they came. */
  readonly received: (Buffer | string)[] = [];
  #closed: { readonly code: number; readonly reason: string } | null = null;
  #status: number | null = null;

  constructor(url: string, options: ClientOptions = {}) {
    this.socket = new WebSocket(url, { perMessageDeflate: false, ...options });
    this.socket.on('error', () => undefined);
    this.socket.on('unexpected-response', (_request, response) => {
      this.#status = response.statusCode ?? 0;
      response.resume();
      this.socket.terminate();
    });
    this.socket.on('message', (data: Buffer, isBinary) => {
      this.received.push(isBinary ? data : data.toString());
    });
    this.socket.on('close', (code, reason) => {
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

  get frames(): DesktopFrame[] {
    return this.of(0x01).map(readFrame);
  }

  /** Binary messages of a type, in hex but for frames. */
  of(type: number): Buffer[] {
    return this.received.filter((one): one is Buffer => Buffer.isBuffer(one) && one[0] === type);
  }

  hex(type: number): string[] {
    return this.of(type).map((one) => one.toString('hex'));
  }

  get texts(): string[] {
    return this.received.filter((one) => typeof one === 'string');
  }

  /** What came, frames left out: types in hex, texts as they are. */
  get order(): string[] {
    return this.received
      .filter((one) => typeof one === 'string' || one[0] !== 0x01)
      .map((one) => (typeof one === 'string' ? one : (one[0] ?? 0).toString(16)));
  }

  /** Sends as soon as it can. */
  init(fields: Readonly<Record<string, unknown>> = {}): void {
    this.#whenOpen(JSON.stringify({ type: 'init', host_id: '1', app_id: 1, ...fields }));
  }

  /** Bytes in hex, with or without spaces. */
  send(hex: string): void {
    this.#whenOpen(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
  }

  text(text: string): void {
    this.#whenOpen(text);
  }

  control(value: unknown): void {
    this.#whenOpen(Buffer.concat([Buffer.from([0x20]), Buffer.from(JSON.stringify(value))]));
  }

  #whenOpen(data: Buffer | string): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(data);
    else if (this.socket.readyState === WebSocket.CONNECTING) {
      this.socket.once('open', () => this.socket.send(data));
    }
  }
}
