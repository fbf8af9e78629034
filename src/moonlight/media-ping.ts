import type { DatagramSocket } from './datagram.js';

/** Milliseconds between pings (gamestream.md §4). */
const PING_INTERVAL_MS = 500;

const LEGACY_PING = Buffer.from('PING');
const PAYLOAD_CHARACTERS = 16;

/**
 * Shows the host the destination of media, from the very socket that receives it, for as long as
 * the stream lives (gamestream.md §4).
 */
export class MediaPing {
  readonly #socket: DatagramSocket;
  /** The session form without its counter; null for the legacy form. */
  readonly #payload: Buffer | null;
  #timer: NodeJS.Timeout | null = null;
  #count = 0;

  /** @param payload `X-SS-Ping-Payload`; anything but 16 characters selects the legacy form */
  constructor(socket: DatagramSocket, payload: string | null) {
    this.#socket = socket;
    const bytes = Buffer.from(payload ?? '', 'latin1');
    this.#payload = bytes.length === PAYLOAD_CHARACTERS ? bytes : null;
  }

  start(): void {
    if (this.#timer !== null) return;
    this.#timer = setInterval(() => this.#send(), PING_INTERVAL_MS);
    this.#send();
  }

  /** Idempotent. */
  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #send(): void {
    if (this.#payload === null) {
      this.#socket.send(LEGACY_PING);
      return;
    }
    const ping = Buffer.alloc(PAYLOAD_CHARACTERS + 4);
    this.#payload.copy(ping);
    this.#count = (this.#count + 1) >>> 0;
    ping.writeUInt32BE(this.#count, PAYLOAD_CHARACTERS);
    this.#socket.send(ping);
  }
}
