/** A way to a TCP port of this machine that can die without a word, as a network does. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export class DeadRelay {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isDead = false;
  #tried = 0;

  private constructor(server: Server, target: number) {
    this.#server = server;
    server.on('connection', (near) => this.#join(near, target));
  }

  static async open(target: number): Promise<DeadRelay> {
    const server = createServer({ noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new DeadRelay(server, target);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections that were opened in vain. */
  get tried(): number {
    return this.#tried;
  }

  /** Nothing comes through any more, nor will it ever through what is open now. */
  die(): void {
    this.#isDead = true;
    for (const socket of this.#sockets) {
      socket.unpipe();
      // What is thrown away was lost on the way; nobody learns of it.
      socket.removeAllListeners('end');
      socket.resume();
    }
  }

  /** What is opened from now on works. */
  revive(): void {
    this.#isDead = false;
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, 'close');
  }

  #join(near: Socket, target: number): void {
    this.#keep(near);
    near.resume();
    if (this.#isDead) {
      this.#tried += 1;
      return;
    }
    const far = connect({ port: target, host: '127.0.0.1', noDelay: true });
    this.#keep(far);
    near.pipe(far, { end: false });
    far.pipe(near, { end: false });
    near.on('end', () => far.end());
    far.on('end', () => near.end());
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
  }
}
