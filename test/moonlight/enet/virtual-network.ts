import { silentLog } from '../../../src/core/log.js';
import { EnetEndpoint, type EndpointOptions } from '../../../src/moonlight/enet/endpoint.js';
import type { EnetAddress, EnetPeer } from '../../../src/moonlight/enet/peer.js';
import { SeededRandom } from '../../../src/moonlight/random.js';

export interface Weather {
  readonly loss: number;
  readonly duplicate: number;
  readonly corrupt: number;
  /** Milliseconds, uniform; datagrams overtake one another. */
  readonly jitter: number;
}

export const CALM: Weather = { loss: 0, duplicate: 0, corrupt: 0, jitter: 0 };

interface Flight {
  readonly at: number;
  readonly from: EnetAddress;
  readonly to: EnetAddress;
  readonly bytes: Buffer;
}

/** A network with a clock of its own: nothing happens between two calls of `run`. */
export class VirtualNetwork {
  now = 1000;
  weather: Weather;
  /** Everything that was sent, in order. */
  readonly sent: { from: number; bytes: Buffer }[] = [];
  readonly #random: SeededRandom;
  readonly #endpoints = new Map<number, EnetEndpoint>();
  #flights: Flight[] = [];

  constructor(weather: Weather = CALM, seed = 1) {
    this.weather = weather;
    this.#random = new SeededRandom(seed);
  }

  endpoint(
    port: number,
    options: Partial<EndpointOptions> & { peers?: EnetPeer[] } = {},
  ): EnetEndpoint {
    const endpoint = new EnetEndpoint({
      log: silentLog(),
      now: () => this.now,
      transmit: (bytes, to) => this.#transmit(port, bytes, to),
      touched: () => undefined,
      accepted: (peer) => options.peers?.push(peer),
      ...options,
    });
    this.#endpoints.set(port, endpoint);
    return endpoint;
  }

  #transmit(port: number, bytes: Buffer, to: EnetAddress): void {
    this.sent.push({ from: port, bytes });
    const { loss, duplicate, corrupt, jitter } = this.weather;
    if (this.#random.chance(loss)) return;
    const copies = this.#random.chance(duplicate) ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      const delivered = Buffer.from(bytes);
      if (this.#random.chance(corrupt)) {
        delivered[this.#random.below(delivered.length)] = this.#random.below(256);
      }
      const at = this.now + 1 + Math.floor(this.#random.next() * jitter);
      this.#flights.push({ at, from: addressOf(port), to, bytes: delivered });
    }
  }

  /** Lets time pass, millisecond by millisecond. */
  run(milliseconds: number, until: () => boolean = () => false): void {
    const end = this.now + milliseconds;
    this.settle();
    while (this.now < end && !until()) {
      this.now += 1;
      const due = this.#flights.filter((flight) => flight.at <= this.now);
      this.#flights = this.#flights.filter((flight) => flight.at > this.now);
      for (const { from, to, bytes } of due) {
        this.#endpoints.get(to.port)?.receive(bytes, from);
        this.settle();
      }
      for (const endpoint of this.#endpoints.values()) {
        if (endpoint.nextDeadline() <= this.now) endpoint.service();
      }
      this.settle();
    }
  }

  settle(): void {
    for (const endpoint of this.#endpoints.values()) endpoint.settle();
  }
}

export function addressOf(port: number): EnetAddress {
  return { address: '10.0.0.1', port };
}

/** Client on port 1 and host on port 2, connected. */
export function connectedPair(
  network: VirtualNetwork,
  options: { client?: Partial<EndpointOptions>; host?: Partial<EndpointOptions> } = {},
): { client: EnetEndpoint; host: EnetEndpoint; near: EnetPeer; far: EnetPeer } {
  const peers: EnetPeer[] = [];
  const client = network.endpoint(1, options.client);
  const host = network.endpoint(2, { accepts: true, maxPeers: 4, ...options.host, peers });
  const near = client.connect(addressOf(2), { data: 0x12345678 });
  network.run(60_000, () => peers.length > 0 && near.state === 'connected');
  const [far] = peers;
  if (far === undefined) throw new Error('no connection');
  return { client, host, near, far };
}

/** Everything that a peer received. */
export function inbox(peer: EnetPeer): { channel: number; text: string }[] {
  const received: { channel: number; text: string }[] = [];
  peer.on('message', ({ channel, data }) => received.push({ channel, text: data.toString() }));
  return received;
}
