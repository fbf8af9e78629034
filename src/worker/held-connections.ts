import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/** Milliseconds in which the words about a connection follow it. */
const HOLD_TIMEOUT_MS = 5_000;
/** Connections that wait for these words. */
const MAX_HELD = 64;

interface Held {
  readonly socket: Socket;
  readonly timer: NodeJS.Timeout;
}

/** Connections that the server hands over, until another message tells whose they are. */
export class HeldConnections {
  readonly #held = new Map<number, Held>();

  hold(socketId: number, socket: Socket): void {
    socket.on('error', () => void socket.destroy());
    if (this.#held.size >= MAX_HELD) {
      socket.destroy();
      return;
    }
    const timer = setTimeout(() => this.take(socketId)?.destroy(), HOLD_TIMEOUT_MS);
    this.#held.set(socketId, { socket, timer });
  }

  /** The connection, which is the caller's from now on; null if it was not waited for any longer. */
  take(socketId: number): Socket | null {
    const held = this.#held.get(socketId);
    if (held === undefined) return null;
    this.#held.delete(socketId);
    clearTimeout(held.timer);
    return held.socket;
  }

  /** Idempotent. */
  close(): void {
    for (const socketId of [...this.#held.keys()]) this.take(socketId)?.destroy();
  }
}

/**
 * As much of an upgrade's request as the library reads.
 *
 * @param key `Sec-WebSocket-Key`, which the server has validated
 * @param protocol the subprotocol, if there is one
 */
export function upgradeOf(key: string, protocol?: string): IncomingMessage {
  const headers = {
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': key,
    ...(protocol === undefined ? {} : { 'sec-websocket-protocol': protocol }),
  };
  return { method: 'GET', url: '/', headers } as unknown as IncomingMessage;
}
