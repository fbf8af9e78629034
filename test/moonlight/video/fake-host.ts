import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';

/** A UDP socket of a host: remembers pings and sends to whom they came from. */
export class FakeHost {
  readonly pings: Buffer[] = [];
  readonly #socket = createSocket('udp4');
  #client: RemoteInfo | null = null;

  static async open(): Promise<FakeHost> {
    const host = new FakeHost();
    host.#socket.bind(0, '127.0.0.1');
    await once(host.#socket, 'listening');
    host.#socket.on('message', (datagram, from) => {
      host.#client = from;
      host.pings.push(datagram);
      host.#socket.emit('pinged');
    });
    return host;
  }

  get port(): number {
    return this.#socket.address().port;
  }

  async pinged(count = 1): Promise<void> {
    while (this.pings.length < count) await once(this.#socket, 'pinged');
  }

  /** Sends one datagram after another; the kernel is left time to hand them on. */
  async send(datagrams: readonly Buffer[]): Promise<void> {
    const client = this.#client;
    if (client === null) throw new Error('nobody has pinged');
    for (const datagram of datagrams) {
      await new Promise<void>((resolve) => {
        this.#socket.send(datagram, client.port, client.address, () => resolve());
      });
    }
    await new Promise((resolve) => setImmediate(resolve));
  }

  close(): void {
    this.#socket.close();
  }
}

/** Waits until a condition holds, however busy the machine is. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('a condition did not come true in a minute');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
