import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { SocketAddress } from 'node:net';
import { MoonteeError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { FaultInjector, type DatagramFaults } from './datagram-faults.js';

export type { DatagramFaults, FaultProfile } from './datagram-faults.js';

export interface Endpoint {
  /** IP address; the socket itself also takes a name as its remote. */
  readonly address: string;
  readonly port: number;
}

export interface DatagramSocketOptions {
  /**
   * The one peer: the default destination of {@link DatagramSocket.send}, and datagrams from
   * other addresses are dropped. `null` takes datagrams from anywhere (a host's socket).
   */
  readonly remote: Endpoint | null;
  /** The address to bind; default an ephemeral port of all addresses. */
  readonly local?: { readonly address?: string; readonly port?: number };
  /** Called for every datagram. The buffer is the receiver's to keep; `from` is not. */
  readonly receive: (datagram: Buffer, from: Endpoint) => void;
  /** Bytes of kernel buffer to ask for; default {@link RECEIVE_BUFFER_BYTES}. */
  readonly receiveBufferBytes?: number;
  readonly log: Log;
  readonly faults?: DatagramFaults | undefined;
}

export interface DatagramStats {
  received: number;
  receivedBytes: number;
  sent: number;
  /** Datagrams of addresses that are not the remote's. */
  foreign: number;
  /** ICMP refusals, full queues and the like; none of them ends the socket. */
  errors: number;
}

/** Room for 2048 packets of the largest size (gamestream.md §5.1); the kernel may give less. */
const RECEIVE_BUFFER_BYTES = 2048 * 1536;

/** Milliseconds that resolving and binding may take together. */
const OPEN_DEADLINE_MS = 5000;

/** The owner of a UDP socket, and the one place in which bytes enter. */
export class DatagramSocket {
  readonly stats: DatagramStats = { received: 0, receivedBytes: 0, sent: 0, foreign: 0, errors: 0 };
  readonly #options: DatagramSocketOptions;
  readonly #incoming: FaultInjector<Endpoint> | null;
  readonly #outgoing: FaultInjector<Endpoint> | null;
  #remote: Endpoint | null = null;
  #socket: Socket | null = null;
  #opened = false;
  #closed = false;

  constructor(options: DatagramSocketOptions) {
    this.#options = options;
    const { faults } = options;
    this.#incoming = faults?.incoming
      ? new FaultInjector(faults.incoming, faults.seed, options.receive)
      : null;
    this.#outgoing = faults?.outgoing
      ? new FaultInjector(faults.outgoing, ~faults.seed, (datagram, to) =>
          this.#transmit(datagram, to),
        )
      : null;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The bound port; 0 before {@link open} has resolved and after {@link close}. */
  get localPort(): number {
    return this.#opened && this.#socket !== null ? this.#socket.address().port : 0;
  }

  /**
   * Resolves the remote and binds.
   *
   * @throws MoonteeError `HOST_UNREACHABLE` (name, address family, port in use), `CLOSED`
   */
  async open(): Promise<void> {
    if (this.#closed || this.#socket !== null) {
      throw new MoonteeError('CLOSED', 'This socket was opened before');
    }
    let deadline: NodeJS.Timeout | undefined;
    try {
      await Promise.race([
        this.#open(),
        new Promise<never>((_, reject) => {
          deadline = setTimeout(
            () => reject(new MoonteeError('TIMEOUT', 'The UDP socket did not open in time')),
            OPEN_DEADLINE_MS,
          );
        }),
      ]);
    } catch (error) {
      this.close();
      throw MoonteeError.from(error, 'HOST_UNREACHABLE');
    } finally {
      clearTimeout(deadline);
    }
  }

  /** Fire and forget; a datagram that cannot be sent is counted and lost. */
  send(datagram: Buffer, to: Endpoint | null = this.#remote): void {
    if (!this.#opened || this.#closed || to === null) return;
    if (this.#outgoing === null) this.#transmit(datagram, to);
    else this.#outgoing.push(datagram, to);
  }

  /** Idempotent. Nothing is received or sent afterwards. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#incoming?.close();
    this.#outgoing?.close();
    this.#socket?.removeAllListeners('message');
    if (this.#opened) this.#socket?.close();
    this.#opened = false;
  }

  async #open(): Promise<void> {
    const { remote, local } = this.#options;
    const wanted = remote?.address ?? local?.address ?? '0.0.0.0';
    const found = await lookup(wanted);
    const { family } = found;
    const address = canonical(found);
    if (this.#closed) throw new MoonteeError('CLOSED');
    if (remote !== null) this.#remote = { address, port: remote.port };

    const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
    this.#socket = socket;
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject);
        socket.bind(
          { port: local?.port ?? 0, ...(local?.address ? { address: local.address } : {}) },
          () => {
            socket.off('error', reject);
            resolve();
          },
        );
      });
    } catch (error) {
      socket.on('error', () => undefined);
      socket.close();
      throw error;
    }
    socket.on('error', (error) => this.#onError(error));
    // Closed while binding: the owner could not close a socket that was not bound.
    if (this.closed) {
      socket.close();
      throw new MoonteeError('CLOSED');
    }
    this.#opened = true;
    this.#enlargeReceiveBuffer(socket);
    socket.on('message', (datagram, from) => this.#onMessage(datagram, from));
  }

  #enlargeReceiveBuffer(socket: Socket): void {
    const wanted = this.#options.receiveBufferBytes ?? RECEIVE_BUFFER_BYTES;
    try {
      socket.setRecvBufferSize(wanted);
      const bytes = socket.getRecvBufferSize();
      // Without privileges Linux caps the size at net.core.rmem_max.
      if (bytes < wanted) this.#options.log.debug({ wanted, bytes }, 'small UDP receive buffer');
    } catch (error) {
      this.#options.log.debug({ err: error }, 'UDP receive buffer size not set');
    }
  }

  #onMessage(datagram: Buffer, from: RemoteInfo): void {
    if (this.#remote !== null && from.address !== this.#remote.address) {
      this.stats.foreign++;
      return;
    }
    this.stats.received++;
    this.stats.receivedBytes += datagram.length;
    if (this.#incoming === null) this.#options.receive(datagram, from);
    else this.#incoming.push(datagram, from);
  }

  #transmit(datagram: Buffer, to: Endpoint): void {
    if (!this.#opened || this.#closed || this.#socket === null) return;
    this.stats.sent++;
    this.#socket.send(datagram, to.port, to.address, (error) => {
      if (error !== null) this.stats.errors++;
    });
  }

  #onError(error: Error): void {
    this.stats.errors++;
    this.#options.log.debug({ err: error }, 'UDP socket error');
  }
}

/** The spelling that received datagrams come with; IPv6 has many for one address. */
function canonical({ address, family }: LookupAddress): string {
  if (family !== 6 || address.includes('%')) return address;
  return new SocketAddress({ address, family: 'ipv6' }).address;
}
