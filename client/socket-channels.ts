import type { Bytes } from './encode.js';
import type { InputLabel, InputOutlet } from './input.js';

/** Bytes that wait in the socket beyond which moves are no longer worth sending. */
const STALE = 0;
/** Bytes beyond which the path is taken for dead. */
const FULL = 1024 * 1024;

/** Numbers of the channels in binary messages of the viewer socket (signaling.md d.6). */
const NUMBERS: Readonly<Record<InputLabel, number>> = {
  keyboard: 1,
  mouseClicks: 2,
  mouseAbsolute: 2,
  mouseRelative: 2,
  touch: 3,
  controllers: 4,
};
const FIRST_PAD = 16;

/** What is needed of a `WebSocket`. */
export interface BinarySocket {
  readonly readyState: number;
  readonly bufferedAmount: number;
  send(data: Bytes): void;
}

/** `WebSocket.OPEN` */
const OPEN = 1;

/** Input over the viewer socket, for viewers without data channels. */
export class SocketChannels implements InputOutlet {
  readonly #socket: BinarySocket;

  constructor(socket: BinarySocket) {
    this.#socket = socket;
  }

  send(label: InputLabel, data: Bytes, { stale = false } = {}): boolean {
    return this.#send(NUMBERS[label], data, stale ? STALE : FULL);
  }

  sendPad(pad: number, data: Bytes): boolean {
    return this.#send(FIRST_PAD + pad, data, STALE);
  }

  #send(channel: number, data: Bytes, limit: number): boolean {
    if (this.#socket.readyState !== OPEN || this.#socket.bufferedAmount > limit) return false;
    const message = new Uint8Array(data.length + 1);
    message[0] = channel;
    message.set(data, 1);
    this.#socket.send(message);
    return true;
  }
}

/** @returns what the server sends for pads, if this is of their channel */
export function padMessage(data: ArrayBuffer): ArrayBuffer | undefined {
  const [channel] = new Uint8Array(data);
  return channel === NUMBERS.controllers ? data.slice(1) : undefined;
}
