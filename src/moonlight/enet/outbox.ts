import { encodeCommand } from './encode.js';
import { Packer, type WriteDatagram } from './packer.js';
import { RoundTrip } from './round-trip.js';
import { distance, next } from './sequence.js';
import { CONNECTION_CHANNEL, type CommandBody, type CommandHeader } from './wire.js';

/** When a silent peer is given up (gamestream.md §7.2, "Retransmission and timeout"). */
export interface PeerTimeouts {
  /** Attempts: 2^(attempts − 1) must reach it before `minimum` counts. */
  readonly limit: number;
  /** Milliseconds. */
  readonly minimum: number;
  /** Milliseconds. */
  readonly maximum: number;
}

interface Outgoing {
  readonly bytes: Buffer;
  readonly kind: CommandBody['kind'];
  readonly channel: number;
  readonly sequence: number;
  readonly reliable: boolean;
  /** Bytes that count against the receiver's window. */
  readonly payload: number;
  firstSentAt: number;
  sentAt: number;
  attempts: number;
  timeout: number;
}

interface Counters {
  reliable: number;
  unreliable: number;
  /** Last reliable number that has left the queue. */
  sent: number;
  /** Oldest reliable number that is not acknowledged, or the one after `sent`. */
  base: number;
}

const PING_INTERVAL_MS = 500;
/** Milliseconds; timers and schedulers are coarser than the round trip of a loopback. */
const MIN_RETRANSMISSION_TIMEOUT_MS = 10;
/** Reliable numbers a channel may be ahead of its oldest unacknowledged one: one window. */
const MAX_SPAN = 0x1000;

/** Everything that waits to be sent to a peer or to be acknowledged by it. */
export class Outbox {
  readonly roundTrip = new RoundTrip();
  /** Commands that had to be sent again. */
  retransmissions = 0;
  readonly #timeouts: PeerTimeouts;
  #window: number;
  readonly #counters = new Map<number, Counters>();
  readonly #inFlight = new Map<number, Outgoing>();
  #acknowledgements: Buffer[] = [];
  #expired = new Set<Outgoing>();
  #queue: Outgoing[] = [];
  #queuedBytes = 0;
  #inFlightBytes = 0;
  #earliestTimeout: number | undefined;
  #lastAcknowledged: number | undefined;

  constructor(timeouts: PeerTimeouts, window: number) {
    this.#timeouts = timeouts;
    this.#window = window;
  }

  set window(bytes: number) {
    this.#window = bytes;
  }

  /** Bytes of commands that have not been sent for the first time. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Commands that are queued or unacknowledged. */
  get backlog(): number {
    return this.#queue.length + this.#inFlight.size;
  }

  /** Whether everything reliable, of one channel or of all, was acknowledged. */
  isIdle(channel?: number): boolean {
    if (channel === undefined) return this.#inFlight.size === 0 && this.#queue.length === 0;
    const counters = this.#counters.get(channel);
    return counters === undefined || counters.base === next(counters.reliable);
  }

  /** Takes the next reliable number of a channel. */
  nextReliable(channel: number): number {
    const counters = this.#of(channel);
    counters.reliable = next(counters.reliable);
    counters.unreliable = 0;
    return counters.reliable;
  }

  /** Takes the next unreliable number of a channel, with the reliable number that it follows. */
  nextUnreliable(channel: number): { reliable: number; unreliable: number } {
    const counters = this.#of(channel);
    counters.unreliable = next(counters.unreliable);
    return { reliable: counters.reliable, unreliable: counters.unreliable };
  }

  push(header: CommandHeader, body: CommandBody): void {
    const bytes = encodeCommand({ ...header, ...body });
    const payload = 'data' in body && Buffer.isBuffer(body.data) ? body.data.length : 0;
    this.#queue.push({
      bytes,
      kind: body.kind,
      channel: header.channel,
      sequence: header.sequence,
      reliable: header.acknowledge,
      payload,
      firstSentAt: 0,
      sentAt: 0,
      attempts: 0,
      timeout: 0,
    });
    this.#queuedBytes += bytes.length;
  }

  pushReliable(channel: number, body: CommandBody): void {
    const sequence = this.nextReliable(channel);
    this.push({ channel, sequence, acknowledge: true, unsequenced: false }, body);
  }

  pushAcknowledgement(channel: number, sequence: number, sentTime: number): void {
    this.#acknowledgements.push(
      encodeCommand({
        kind: 'acknowledge',
        channel,
        sequence,
        acknowledge: false,
        unsequenced: false,
        receivedSequence: sequence,
        receivedSentTime: sentTime,
      }),
    );
  }

  /** Takes an acknowledgement; returns what it was for, or undefined if nothing was waiting. */
  acknowledged(
    channel: number,
    sequence: number,
    sentTime: number,
    now: number,
  ): CommandBody['kind'] | undefined {
    const outgoing = this.#settle(channel, sequence);
    if (outgoing === undefined) return undefined;
    const sample = distance(now, sentTime);
    // An echo of a time before the command was sent is worthless.
    if (sample <= now - outgoing.firstSentAt) this.roundTrip.add(sample);
    this.#lastAcknowledged = now;
    this.#earliestTimeout = undefined;
    return outgoing.kind;
  }

  /** Takes a command off the list of those that wait for an acknowledgement. */
  #settle(channel: number, sequence: number): Outgoing | undefined {
    const key = keyOf(channel, sequence);
    const outgoing = this.#inFlight.get(key);
    if (outgoing === undefined) return undefined;
    this.#inFlight.delete(key);
    this.#inFlightBytes -= outgoing.payload;
    const counters = this.#of(channel);
    const end = next(counters.sent);
    while (counters.base !== end && !this.#inFlight.has(keyOf(channel, counters.base))) {
      counters.base = next(counters.base);
    }
    return outgoing;
  }

  /** CONNECT is not acknowledged: VERIFY_CONNECT stands for it. */
  settleConnect(): void {
    for (const outgoing of this.#inFlight.values()) {
      if (outgoing.kind === 'connect') this.#settle(outgoing.channel, outgoing.sequence);
    }
    this.#earliestTimeout = undefined;
  }

  /** Forgets all that waits, acknowledgements included. */
  clear(): void {
    this.#acknowledgements = [];
    this.#expired.clear();
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#inFlight.clear();
    this.#inFlightBytes = 0;
    for (const counters of this.#counters.values()) {
      counters.sent = counters.reliable;
      counters.base = next(counters.reliable);
    }
  }

  /** Marks what must be sent again; false when the peer must be given up. */
  expire(now: number): boolean {
    for (const outgoing of this.#inFlight.values()) {
      if (now - outgoing.sentAt < outgoing.timeout || this.#expired.has(outgoing)) continue;
      if (this.#earliestTimeout === undefined || outgoing.sentAt < this.#earliestTimeout) {
        this.#earliestTimeout = outgoing.sentAt;
      }
      const age = now - this.#earliestTimeout;
      const { limit, minimum, maximum } = this.#timeouts;
      if (age >= maximum) return false;
      if (2 ** (outgoing.attempts - 1) >= limit && age >= minimum) return false;
      this.#expired.add(outgoing);
    }
    return true;
  }

  /** Queues a PING if the connection has been quiet for too long. */
  pingIfQuiet(now: number): void {
    if (!this.isIdle()) return;
    const last = this.#lastAcknowledged;
    if (last !== undefined && now - last < PING_INTERVAL_MS) return;
    this.pushReliable(CONNECTION_CHANNEL, { kind: 'ping' });
  }

  /**
   * When something has to be done next, in milliseconds of the clock.
   *
   * @param pings whether the connection is up, so that silence leads to a PING
   */
  nextDeadline(pings: boolean): number {
    let deadline = Infinity;
    for (const outgoing of this.#inFlight.values()) {
      deadline = Math.min(deadline, outgoing.sentAt + outgoing.timeout);
    }
    if (pings && this.isIdle()) deadline = (this.#lastAcknowledged ?? -Infinity) + PING_INTERVAL_MS;
    return deadline;
  }

  /** Sends acknowledgements, what has expired, then what is new and fits the window. */
  flush(now: number, mtu: number, write: WriteDatagram): void {
    const packer = new Packer(mtu, write);
    for (const bytes of this.#acknowledgements) packer.add(bytes, false);
    this.#acknowledgements = [];
    for (const outgoing of this.#expired) {
      // It may have been acknowledged since it was marked.
      if (!this.#inFlight.has(keyOf(outgoing.channel, outgoing.sequence))) continue;
      this.retransmissions += 1;
      this.#mark(outgoing, now);
      packer.add(outgoing.bytes, true);
    }
    this.#expired.clear();
    if (this.#queue.length > 0) this.#flushQueue(now, packer);
    packer.end();
  }

  #flushQueue(now: number, packer: Packer): void {
    const held: Outgoing[] = [];
    const blocked = new Set<number>();
    for (const outgoing of this.#queue) {
      if (outgoing.reliable) {
        if (blocked.has(outgoing.channel) || !this.#fits(outgoing)) {
          blocked.add(outgoing.channel);
          held.push(outgoing);
          continue;
        }
        this.#inFlight.set(keyOf(outgoing.channel, outgoing.sequence), outgoing);
        this.#inFlightBytes += outgoing.payload;
        this.#of(outgoing.channel).sent = outgoing.sequence;
        outgoing.firstSentAt = now;
        this.#mark(outgoing, now);
      }
      this.#queuedBytes -= outgoing.bytes.length;
      packer.add(outgoing.bytes, outgoing.reliable);
    }
    this.#queue = held;
  }

  #fits(outgoing: Outgoing): boolean {
    if (distance(outgoing.sequence, this.#of(outgoing.channel).base) >= MAX_SPAN) return false;
    return this.#inFlightBytes === 0 || this.#inFlightBytes + outgoing.payload <= this.#window;
  }

  #mark(outgoing: Outgoing, now: number): void {
    outgoing.sentAt = now;
    outgoing.attempts += 1;
    const first = Math.max(
      MIN_RETRANSMISSION_TIMEOUT_MS,
      this.roundTrip.retransmissionTimeout(this.#timeouts.maximum),
    );
    outgoing.timeout = first * Math.max(1, Math.min(outgoing.attempts, this.#timeouts.limit));
  }

  #of(channel: number): Counters {
    let counters = this.#counters.get(channel);
    if (counters === undefined) {
      counters = { reliable: 0, unreliable: 0, sent: 0, base: 1 };
      this.#counters.set(channel, counters);
    }
    return counters;
  }
}

function keyOf(channel: number, sequence: number): number {
  return channel * 0x10000 + sequence;
}
