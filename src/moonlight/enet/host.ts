import { EventEmitter } from 'node:events';
import { lookup } from 'node:dns/promises';
import { performance } from 'node:perf_hooks';
import { MoonteeError } from '../../core/errors.js';
import type { Log } from '../../core/log.js';
import { DatagramSocket, type DatagramFaults } from '../datagram.js';
import {
  EnetEndpoint,
  type ConnectOptions,
  type EndpointCounters,
  type EndpointOptions,
} from './endpoint.js';
import type { EnetAddress, EnetPeer } from './peer.js';

export interface EnetHostEvents {
  /** A client connected to us; the peer is connected and has emitted no message yet. */
  peer: [EnetPeer];
}

export interface EnetHostOptions extends Pick<
  EndpointOptions,
  'maxPeers' | 'accepts' | 'admit' | 'maxHalfOpen' | 'maxChannels' | 'limits'
> {
  readonly log: Log;
  /** The address to bind; default an ephemeral port of all IPv4 addresses. */
  readonly local?: { readonly address?: string; readonly port?: number };
  readonly faults?: DatagramFaults | undefined;
}

/** One UDP socket and one timer for all its ENet connections, outgoing and accepted. */
export class EnetHost extends EventEmitter<EnetHostEvents> {
  readonly #log: Log;
  readonly #socket: DatagramSocket;
  readonly #endpoint: EnetEndpoint;
  #timer: NodeJS.Timeout | undefined;
  #timerDue = Infinity;
  #settling = false;
  #settleQueued = false;
  #closed = false;

  constructor(options: EnetHostOptions) {
    super();
    const { log, local, faults, ...endpoint } = options;
    this.#log = log;
    this.#socket = new DatagramSocket({
      remote: null,
      ...(local === undefined ? {} : { local }),
      receive: (datagram, from) => this.#receive(datagram, from),
      receiveBufferBytes: 256 * 1024,
      log,
      faults,
    });
    this.#endpoint = new EnetEndpoint({
      ...endpoint,
      log,
      now: () => Math.floor(performance.now()),
      transmit: (datagram, to) => this.#socket.send(datagram, to),
      touched: () => this.#touched(),
      accepted: (peer) => this.emit('peer', peer),
    });
  }

  /**
   * Opens a host with one connection to `remote`, whose name is resolved here.
   *
   * @throws MoonteeError `HOST_UNREACHABLE` if the name does not resolve
   */
  static async dial(
    remote: { readonly host: string; readonly port: number },
    options: { readonly log: Log; readonly faults?: DatagramFaults | undefined },
    connect: ConnectOptions = {},
  ): Promise<{ host: EnetHost; peer: EnetPeer }> {
    const { address, family } = await lookup(remote.host).catch((error: unknown) => {
      throw MoonteeError.from(error, 'HOST_UNREACHABLE');
    });
    const host = new EnetHost({
      ...options,
      maxPeers: 1,
      local: { address: family === 6 ? '::' : '0.0.0.0' },
    });
    await host.open();
    return { host, peer: host.connect({ address, port: remote.port }, connect) };
  }

  /** The bound port; 0 while not open. */
  get port(): number {
    return this.#closed ? 0 : this.#socket.localPort;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Peers that are not closed, handshakes included. */
  get peers(): EnetPeer[] {
    return this.#endpoint.peers;
  }

  /** What was not taken, since the start. */
  get counters(): Readonly<EndpointCounters> {
    return this.#endpoint.counters;
  }

  /**
   * Binds the socket.
   *
   * @throws MoonteeError `HOST_UNREACHABLE`, `CLOSED`
   */
  async open(): Promise<void> {
    await this.#socket.open();
  }

  /**
   * Starts a connection; the peer emits `connect` or `disconnect`.
   *
   * @throws MoonteeError `LIMIT_REACHED`, `CLOSED`
   */
  connect(address: EnetAddress, options?: ConnectOptions): EnetPeer {
    if (this.#closed) throw new MoonteeError('CLOSED', 'This ENet host is closed');
    return this.#endpoint.connect(address, options);
  }

  /** Disconnects every peer with one datagram and closes the socket. Idempotent. */
  close(): void {
    if (this.#closed) return;
    for (const peer of this.#endpoint.peers) peer.disconnect('now');
    this.#settle();
    this.#closed = true;
    clearTimeout(this.#timer);
    this.removeAllListeners();
    // What was just sent leaves the process after this turn.
    setImmediate(() => this.#socket.close());
  }

  #receive(datagram: Buffer, from: EnetAddress): void {
    if (this.#closed) return;
    this.#endpoint.receive(datagram, from);
    this.#settle();
  }

  /** Gathers what one turn sends into as few datagrams as possible. */
  #touched(): void {
    if (this.#settling || this.#settleQueued || this.#closed) return;
    this.#settleQueued = true;
    queueMicrotask(() => {
      this.#settleQueued = false;
      this.#settle();
    });
  }

  #settle(): void {
    if (this.#settling || this.#closed) return;
    this.#settling = true;
    try {
      this.#endpoint.settle();
    } catch (error) {
      this.#log.error({ err: error }, 'ENet host failed to settle');
    } finally {
      this.#settling = false;
    }
    this.#arm();
  }

  /** Brings the timer forward if something is due earlier than it. */
  #arm(): void {
    const due = this.#endpoint.nextDeadline();
    if (due >= this.#timerDue) return;
    clearTimeout(this.#timer);
    this.#timerDue = due;
    const wait = Math.max(1, due - Math.floor(performance.now()));
    this.#timer = setTimeout(() => {
      this.#timerDue = Infinity;
      this.#endpoint.service();
      this.#settle();
    }, wait);
  }
}
