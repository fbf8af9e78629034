import type { EnetPeer } from '../../src/moonlight/enet/peer.js';
import {
  addressOf,
  CALM,
  connectedPair,
  VirtualNetwork,
} from '../../test/moonlight/enet/virtual-network.js';
import { ByteReader } from '../byte-reader.js';
import { expect, type FuzzTarget } from '../target.js';

const CLIENT = 1;
const HOST = 2;
const STRANGER = 3;
const MAX_STEPS = 60;
const MAX_TIME = 4000;
const LIMITS = {
  maxMessageSize: 20_000,
  maxBufferedBytes: 50_000,
  maxBacklog: 500,
  maxQueuedBytes: 50_000,
};

const seed = (...steps: (readonly number[])[]): Buffer => Buffer.from(steps.flat());
const SEND = 0;
const RUN = 1;
const RAW = 2;
const REPLAY = 3;
const WEATHER = 4;
const LEAVE = 5;

/**
 * Two ends of a connection, and a machine between them that repeats, changes and invents datagrams.
 * If nothing was changed or invented, reliable messages arrive once and in order.
 */
export const enet: FuzzTarget = {
  name: 'enet',
  seeds: [
    seed([SEND, 0, 0, 1, 0, 40], [RUN, 20], [SEND, 1, 2, 1, 12, 0], [RUN, 250]),
    seed([WEATHER, 60, 60, 40], [SEND, 0, 0, 1, 16, 0], [SEND, 1, 0, 1, 0, 9], [RUN, 250]),
    seed([SEND, 0, 0, 3, 0, 9], [RUN, 9], [REPLAY, 0, 4, 1, 8, 0xff], [REPLAY, 0, 2, 0], [RUN, 99]),
    seed([RAW, 0, 48, 0x8f, 0xff, 0, 1, 0x82, 0xff, 0, 1, 0, 0, 0xff, 0xff, 0, 0, 3, 0x84]),
    seed([RAW, 1, 12, 0x80, 0, 0, 1, 0x86, 0, 0, 2, 0, 2, 7, 7], [RUN, 9], [LEAVE, 0], [RUN, 250]),
    seed([
      RAW,
      0,
      30,
      0x80,
      0,
      0,
      1,
      0x88,
      0,
      0,
      1,
      0,
      1,
      0,
      2,
      0,
      0,
      0,
      9,
      0,
      0,
      0,
      1,
      0,
      0,
      1,
      0,
    ]),
    seed([RAW, 1, 8, 0, 0, 1, 0xff, 0, 1, 0, 1], [LEAVE, 1], [REPLAY, 0, 0, 0], [RUN, 99]),
  ],
  words: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12].flatMap((number) => [
    Buffer.from([0x80, 0, 0, 1, 0x80 | number, 0xff, 0, 1]),
    Buffer.from([0, 0, number, 0, 0, 2]),
    Buffer.from([0x80 | number, 1, 0, 1, 0, 1, 0, 1]),
  ]),
  run: (input) => {
    const scene = new Scene(new ByteReader(input));
    scene.play();
    scene.settle();
  },
};

/** Two peers on a made-up network, and what the input makes of them. */
class Scene {
  readonly #reader: ByteReader;
  readonly #network: VirtualNetwork;
  readonly #ends: ReturnType<typeof connectedPair>;
  readonly #received = new Map<EnetPeer, number[]>();
  readonly #sent = new Map<EnetPeer, number[]>();
  #isHonest = true;
  #left = MAX_TIME;

  constructor(reader: ByteReader) {
    this.#reader = reader;
    this.#network = new VirtualNetwork(CALM, reader.byte());
    let connectId = 7;
    this.#ends = connectedPair(this.#network, {
      client: { limits: LIMITS, connectId: () => connectId++ },
      host: { limits: LIMITS, maxHalfOpen: 2 },
    });
    for (const peer of [this.#ends.near, this.#ends.far]) {
      const list: number[] = [];
      this.#received.set(peer, list);
      this.#sent.set(peer, []);
      peer.on('message', ({ channel, data }) => {
        expect(data.length <= LIMITS.maxMessageSize, 'a message above the limit');
        if (channel === 0 && data.length >= 4) list.push(data.readUInt32BE(0));
      });
    }
  }

  play(): void {
    const { client, host, near, far } = this.#ends;
    for (let step = 0; step < MAX_STEPS && !this.#reader.done; step++) {
      this.#step(this.#reader.below(6));
      for (const peer of [near, far]) {
        expect(peer.bufferedBytes <= LIMITS.maxBufferedBytes, 'more is kept than allowed');
        expect(peer.backlog <= LIMITS.maxBacklog + 64, 'a backlog beyond its bound');
      }
      expect(host.peers.length <= 4 && client.peers.length <= 1, 'too many peers');
    }
  }

  /** What was sent in good order has arrived so, and nothing waits for ever. */
  settle(): void {
    const { client, host, near, far } = this.#ends;
    this.#network.weather = CALM;
    this.#run(MAX_TIME);
    if (this.#isHonest) {
      for (const [peer, other] of [
        [near, far],
        [far, near],
      ] as const) {
        const expected = this.#sent.get(other) ?? [];
        const got = this.#received.get(peer) ?? [];
        expect(
          got.every((number, index) => number === expected[index]),
          'reliable messages out of order, lost or twice',
        );
      }
    }
    // A time after which every wait has ended.
    this.#network.now += 120_000;
    for (const endpoint of [client, host]) endpoint.service();
    this.#network.settle();
    for (const peer of [near, far]) expect(Number.isFinite(peer.roundTrip), 'no round trip');
  }

  #step(deed: number): void {
    const reader = this.#reader;
    const { near, far } = this.#ends;
    switch (deed) {
      case SEND:
        this.#send();
        break;
      case RUN:
        this.#run(reader.byte());
        break;
      case RAW: {
        const to = reader.flag() ? CLIENT : HOST;
        this.#inject(reader.take(reader.byte()), to);
        break;
      }
      case REPLAY:
        this.#replay();
        break;
      case WEATHER:
        this.#network.weather = {
          loss: reader.byte() / 512,
          duplicate: reader.byte() / 256,
          corrupt: 0,
          jitter: reader.byte(),
        };
        break;
      default:
        (reader.flag() ? far : near).disconnect(reader.choose(['now', 'later']));
    }
  }

  #send(): void {
    const reader = this.#reader;
    const peer = reader.flag() ? this.#ends.far : this.#ends.near;
    const delivery = reader.choose<'reliable' | 'unreliable' | 'unsequenced'>([
      'reliable',
      'unreliable',
      'unsequenced',
    ]);
    const count = 1 + reader.below(8);
    for (let at = 0, size = 4 + reader.below(6000); at < count; at++) {
      const data = Buffer.alloc(size, at);
      const channel = delivery === 'reliable' ? 0 : 1;
      const number = this.#sent.get(peer)?.length ?? 0;
      data.writeUInt32BE(number, 0);
      const taken = peer.send(channel, data, delivery);
      if (taken && channel === 0) this.#sent.get(peer)?.push(number);
    }
  }

  #replay(): void {
    const reader = this.#reader;
    const { sent } = this.#network;
    const flight = sent.at(-1 - (reader.word() % Math.max(1, sent.length)));
    if (flight === undefined) return;
    const bytes = Buffer.from(flight.bytes);
    for (let changes = reader.below(4); changes > 0; changes--) {
      const at = reader.word() % bytes.length;
      bytes[at] = reader.byte();
    }
    this.#inject(bytes, flight.from === CLIENT ? HOST : CLIENT);
  }

  #run(milliseconds: number): void {
    const time = Math.min(this.#left, milliseconds);
    this.#left -= time;
    this.#network.run(time);
  }

  #inject(bytes: Buffer, to: number): void {
    this.#isHonest = false;
    const from = to === HOST ? CLIENT : HOST;
    const endpoint = to === HOST ? this.#ends.host : this.#ends.client;
    endpoint.receive(bytes, addressOf(this.#reader.byte() > 250 ? STRANGER : from));
    this.#network.settle();
  }
}
