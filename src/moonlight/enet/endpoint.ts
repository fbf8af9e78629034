import { randomBytes } from 'node:crypto';
import { MoonteeError } from '../../core/errors.js';
import type { Log } from '../../core/log.js';
import type { PeerTimeouts } from './outbox.js';
import { EnetPeer, type EnetAddress, type PeerLimits, type PeerLink } from './peer.js';
import { parseDatagram } from './parse.js';
import { MAX_CHANNELS, NO_PEER, NO_SESSION, type Handshake } from './wire.js';

export interface EndpointOptions {
  readonly log: Log;
  /** Milliseconds, whole numbers that only grow. */
  readonly now: () => number;
  readonly transmit: (datagram: Buffer, to: EnetAddress) => void;
  /** There is something to settle, soon. */
  readonly touched: () => void;
  /** A peer that connected to us; it is connected. */
  readonly accepted: (peer: EnetPeer) => void;
  /** Connections at a time, both directions together. Default 1. */
  readonly maxPeers?: number;
  /** Take connections from others. Default false. */
  readonly accepts?: boolean;
  /** Decides whether a CONNECT may become a peer. */
  readonly admit?: (request: { address: EnetAddress; data: number }) => boolean;
  /** Unfinished handshakes of others at a time. Default 8. */
  readonly maxHalfOpen?: number;
  /** Channels that we grant. Default 48. */
  readonly maxChannels?: number;
  readonly limits?: Partial<PeerLimits>;
  /** Source of connection numbers, for tests. */
  readonly connectId?: () => number;
}

export interface ConnectOptions {
  /** Default 48. */
  readonly channels?: number;
  /** Number that the other side sees with the connection. Default 0. */
  readonly data?: number;
  /** Milliseconds. Default 10 000. */
  readonly timeout?: number;
  /** When a silent peer is given up. Default that of a GameStream client: 10 s. */
  readonly timeouts?: PeerTimeouts;
}

/** What was not taken, since the start. */
export interface EndpointCounters {
  /** Datagrams that are not ENet. */
  malformed: number;
  /** Datagrams for no connection of ours, or from somewhere else. */
  foreign: number;
  /** CONNECTs turned down. */
  refused: number;
}

const ENET_TIMEOUTS: PeerTimeouts = { limit: 32, minimum: 5000, maximum: 30_000 };
/** gamestream.md §7.1: limit 2, at least and at most 10 s. */
const GAMESTREAM_TIMEOUTS: PeerTimeouts = { limit: 2, minimum: 10_000, maximum: 10_000 };

const DEFAULT_LIMITS: PeerLimits = {
  maxMessageSize: 256 * 1024,
  maxBufferedBytes: 1024 * 1024,
  maxQueuedBytes: 1024 * 1024,
  maxBacklog: 4096,
};

const HANDSHAKE_TIMEOUT_MS = 5000;
const CONNECT_TIMEOUT_MS = 10_000;
const GAMESTREAM_CHANNELS = 48;

interface Slot {
  peer: EnetPeer | undefined;
  /** The last peer that left this slot. */
  former: EnetPeer | undefined;
  /** It came to us; it may change its address. */
  accepted: boolean;
  sessions: { incoming: number; outgoing: number };
}

/**
 * All ENet connections of one socket, without the socket. Datagrams and a clock are its input,
 * datagrams and events its output. {@link EnetHost} ties it to a socket and a timer.
 */
export class EnetEndpoint {
  readonly counters: EndpointCounters = { malformed: 0, foreign: 0, refused: 0 };
  readonly #options: EndpointOptions;
  readonly #link: PeerLink;
  readonly #slots: Slot[] = [];
  readonly #maxPeers: number;
  #dirty = new Set<EnetPeer>();

  constructor(options: EndpointOptions) {
    this.#options = options;
    this.#maxPeers = Math.min(options.maxPeers ?? 1, NO_PEER - 1);
    this.#link = {
      log: options.log,
      limits: { ...DEFAULT_LIMITS, ...options.limits },
      now: options.now,
      transmit: options.transmit,
      touched: (peer) => {
        this.#dirty.add(peer);
        options.touched();
      },
    };
  }

  /** Peers that are not closed, handshakes included. */
  get peers(): EnetPeer[] {
    return this.#slots.flatMap((slot) => (slot.peer === undefined ? [] : [slot.peer]));
  }

  /** Starts a connection; the peer emits `connect` or `disconnect`. */
  connect(address: EnetAddress, options: ConnectOptions = {}): EnetPeer {
    const slot = this.#freeSlot();
    if (slot === undefined) throw new MoonteeError('LIMIT_REACHED', 'No ENet peer is free');
    const peer = new EnetPeer({
      link: this.#link,
      address,
      id: slot,
      timeouts: options.timeouts ?? GAMESTREAM_TIMEOUTS,
      handshakeTimeout: options.timeout ?? CONNECT_TIMEOUT_MS,
    });
    this.#occupy(slot, peer, false);
    const connectId = this.#options.connectId?.() ?? randomBytes(4).readUInt32BE(0);
    peer.dial(options.channels ?? GAMESTREAM_CHANNELS, options.data ?? 0, connectId);
    return peer;
  }

  /** Takes one datagram from the network; whatever it holds, this does not throw. */
  receive(bytes: Buffer, from: EnetAddress): void {
    const datagram = parseDatagram(bytes);
    if (datagram === undefined) {
      this.counters.malformed += 1;
      return;
    }
    if (datagram.peerId === NO_PEER) {
      const [first] = datagram.commands;
      if (first?.kind === 'connect') this.#connectRequest(first.handshake, first.data, from);
      else this.counters.foreign += 1;
      return;
    }
    const slot = this.#slots[datagram.peerId];
    const peer = slot?.peer ?? slot?.former;
    if (slot === undefined || peer?.isSession(datagram.session) !== true) {
      this.counters.foreign += 1;
      return;
    }
    if (peer.closed) {
      if (isFrom(peer, from)) peer.repeatFarewell(datagram.commands, datagram.sentTime);
      else this.counters.foreign += 1;
      return;
    }
    if (!isFrom(peer, from)) {
      // Who connected to us may move to another address; whom we called does not.
      if (!slot.accepted) {
        this.counters.foreign += 1;
        return;
      }
      peer.roam(from);
    }
    peer.receive(datagram.commands, datagram.sentTime);
  }

  #connectRequest(request: Handshake, data: number, from: EnetAddress): void {
    const known = this.peers.some(
      (peer) => peer.connectId === request.connectId && isFrom(peer, from),
    );
    // VERIFY_CONNECT is sent again by itself.
    if (known) return;
    const slot = this.#options.accepts === true ? this.#freeSlot() : undefined;
    if (slot === undefined || !this.#mayEnter(request, data, from)) {
      this.counters.refused += 1;
      return;
    }
    const peer = new EnetPeer({
      link: this.#link,
      address: from,
      id: slot,
      timeouts: ENET_TIMEOUTS,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    });
    peer.once('connect', () => this.#options.accepted(peer));
    const entry = this.#occupy(slot, peer, true);
    const limit = this.#options.maxChannels ?? GAMESTREAM_CHANNELS;
    entry.sessions = peer.answer(request, data, limit, entry.sessions);
  }

  #mayEnter(request: Handshake, data: number, address: EnetAddress): boolean {
    if (request.channels < 1 || request.channels > MAX_CHANNELS) return false;
    const halfOpen = this.peers.filter((peer) => peer.state === 'acknowledging').length;
    if (halfOpen >= (this.#options.maxHalfOpen ?? 8)) return false;
    return this.#options.admit?.({ address, data }) ?? true;
  }

  #freeSlot(): number | undefined {
    const free = this.#slots.findIndex((slot) => slot.peer === undefined);
    if (free !== -1) return free;
    return this.#slots.length < this.#maxPeers ? this.#slots.length : undefined;
  }

  #occupy(index: number, peer: EnetPeer, accepted: boolean): Slot {
    const sessions = this.#slots[index]?.sessions ?? { incoming: NO_SESSION, outgoing: NO_SESSION };
    const slot = { peer, former: undefined, accepted, sessions };
    this.#slots[index] = slot;
    return slot;
  }

  /** Does what time demands: retransmissions, pings, giving up. */
  service(): void {
    for (const peer of this.peers) peer.service();
  }

  /** Emits events and sends what waits, until there is nothing left to do. */
  settle(): void {
    while (this.#dirty.size > 0) {
      const dirty = this.#dirty;
      this.#dirty = new Set();
      for (const peer of dirty) {
        peer.settle();
        if (peer.closed) this.#vacate(peer);
      }
    }
  }

  #vacate(peer: EnetPeer): void {
    const slot = this.#slots[peer.id];
    if (slot?.peer !== peer) return;
    slot.former = peer;
    slot.peer = undefined;
  }

  /** When {@link service} is due, in milliseconds of the clock; Infinity if never. */
  nextDeadline(): number {
    return this.peers.reduce((least, peer) => Math.min(least, peer.nextDeadline()), Infinity);
  }
}

function isFrom(peer: EnetPeer, { address, port }: EnetAddress): boolean {
  return peer.address.port === port && peer.address.address === address;
}
