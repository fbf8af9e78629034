/** A TCP client that stops reading: what the server sends fills the kernel's buffers. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';

/** Of /proc/net/tcp. */
const ESTABLISHED = '01';

export class DeafClient {
  readonly #socket: Socket;
  readonly #port: number;
  #received = 0;

  private constructor(socket: Socket, port: number) {
    this.#socket = socket;
    this.#port = port;
    socket.on('error', () => undefined);
    socket.on('data', (data) => (this.#received += data.length));
  }

  /** Sends a request to 127.0.0.1 and reads no more once its answer has begun. */
  static async open(port: number, request: readonly string[]): Promise<DeafClient> {
    const socket = connect(port, '127.0.0.1');
    const client = new DeafClient(socket, port);
    socket.write(`${request.join('\r\n')}\r\n\r\n`);
    await once(socket, 'data');
    socket.pause();
    return client;
  }

  /** As {@link open}, of a WebSocket. */
  static upgrade(port: number, path: string, headers: readonly string[]): Promise<DeafClient> {
    return DeafClient.open(port, [
      `GET ${path} HTTP/1.1`,
      'Host: 127.0.0.1',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      ...headers,
    ]);
  }

  /** Sends a text frame. Its mask is zero, which is as good as any. */
  say(message: unknown): void {
    const payload = Buffer.from(JSON.stringify(message));
    const head = Buffer.from([0x81, 0xfe, payload.length >> 8, payload.length & 0xff, 0, 0, 0, 0]);
    this.#socket.write(Buffer.concat([head, payload]));
  }

  /** Whether the server’s end, of the same machine, is open; this end has heard nothing. */
  async held(): Promise<boolean> {
    const hex = (port = 0): string => `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
    const rows = (await readFile('/proc/net/tcp', 'utf8')).split('\n');
    return rows.some((row) => {
      const [, local = '', remote = '', state] = row.trim().split(/\s+/);
      const ours = local.endsWith(hex(this.#port)) && remote.endsWith(hex(this.#socket.localPort));
      return ours && state === ESTABLISHED;
    });
  }

  /** Reads the rest. @returns bytes received in all */
  async drain(): Promise<number> {
    const closed = once(this.#socket, 'close');
    this.#socket.resume();
    await closed;
    return this.#received;
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
