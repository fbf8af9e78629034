import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { AddressQuota, type Place } from '../access/address-quota.js';
import type { ClientAddress } from '../access/client-address.js';
import type { RefusalLog } from '../access/refusal-log.js';
import { MoonteeError } from '../core/errors.js';

export interface ConnectionsOptions {
  readonly maxConnections: number;
  readonly maxPerAddress: number;
  readonly maxRequestsPerAddress: number;
  readonly addresses: ClientAddress;
  readonly refusals: RefusalLog;
}

interface Connection {
  readonly socket: Socket;
  /** Null: it is known, or a trusted proxy's, and is not ended for others. */
  place: Place | null;
}

/** Connections beyond the limit that may exist while an evicted one closes. */
const SLACK = 64;

/**
 * TCP connections, and requests under way on them. Those of strangers are counted by address, and
 * end for others if there is no room. One that has shown credentials stays, and so do those of
 * trusted proxies. Behind a proxy the requests are counted by the addresses of their clients.
 */
export class Connections {
  readonly #options: ConnectionsOptions;
  /** By the other end's address and port, which TLS and plain sockets of a connection share. */
  readonly #connections = new Map<string, Connection>();
  readonly #strangers: AddressQuota;
  readonly #requests: AddressQuota;
  readonly #places = new WeakMap<IncomingMessage, Place>();

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    const { maxConnections, maxPerAddress, maxRequestsPerAddress } = options;
    this.#strangers = new AddressQuota({
      what: 'connections',
      perAddress: maxPerAddress,
      inAll: maxConnections,
      taken: () => this.#connections.size - this.#strangers.size,
    });
    this.#requests = new AddressQuota({
      what: 'requests',
      perAddress: maxRequestsPerAddress,
      inAll: maxConnections,
    });
  }

  get size(): number {
    return this.#connections.size;
  }

  attach(server: Server): void {
    server.maxConnections = this.#options.maxConnections + SLACK;
    server.on('connection', (socket: Socket) => this.#accept(socket));
  }

  /**
   * Counts a request until its answer is through, or its sender is known.
   *
   * @throws LIMIT_REACHED
   */
  enter(request: IncomingMessage, response: ServerResponse): void {
    const place = this.#requests.enter(this.#options.addresses.of(request), () => {
      response.destroy();
    });
    this.#places.set(request, place);
    response.once('close', () => place.leave());
  }

  /** Who sends this has shown credentials: neither its request nor its connection is a stranger's. */
  trust(request: IncomingMessage): void {
    this.#places.get(request)?.leave();
    const connection = this.#connections.get(keyOf(request.socket));
    connection?.place?.leave();
    if (connection !== undefined) connection.place = null;
  }

  /** Ends them all, at once. */
  destroy(): void {
    for (const { socket } of this.#connections.values()) socket.destroy();
  }

  #accept(socket: Socket): void {
    const { addresses, refusals, maxConnections } = this.#options;
    const address = addresses.ofSocket(socket);
    const key = keyOf(socket);
    try {
      if (address === '') throw new MoonteeError('CLOSED');
      const isProxy = addresses.isTrusted(address);
      const isFull = this.#connections.size >= maxConnections;
      if (isProxy && isFull && !this.#strangers.makeRoom()) {
        throw new MoonteeError('LIMIT_REACHED', 'Too many connections');
      }
      const place = isProxy
        ? null
        : this.#strangers.enter(address, () => {
            this.#connections.delete(key);
            socket.destroy();
          });
      this.#connections.set(key, { socket, place });
      socket.once('close', () => {
        const connection = this.#connections.get(key);
        if (connection?.socket !== socket) return;
        this.#connections.delete(key);
        connection.place?.leave();
      });
    } catch (error) {
      socket.destroy();
      const { code, message } = MoonteeError.from(error);
      refusals.note(address, { code, reason: message }, 'connection refused');
    }
  }
}

function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress ?? ''} ${remotePort ?? 0}`;
}
