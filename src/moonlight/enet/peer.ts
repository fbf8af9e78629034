import { EventEmitter } from 'node:events';
import { encodeCommand, encodeDatagram } from './encode.js';
import { Inbox } from './inbox.js';
import { MessageWriter, type Delivery } from './message-writer.js';
import { Outbox } from './outbox.js';
import type {
  DisconnectReason,
  EnetAddress,
  EnetPeerEvents,
  PeerLink,
  PeerSetup,
  PeerState,
} from './peer-types.js';
import { PeerTerms, type Sessions } from './terms.js';
import {
  CONNECTION_CHANNEL,
  FRAGMENT_OVERHEAD,
  NO_PEER,
  WINDOW,
  type Command,
  type Handshake,
} from './wire.js';

export type { Delivery } from './message-writer.js';
export type * from './peer-types.js';

/** Milliseconds that the other side has to acknowledge a DISCONNECT. */
const DISCONNECT_TIMEOUT_MS = 5000;

/** An event that waits until the datagram that caused it has been handled. */
type Notice = () => void;

/** One ENet connection: bytes and clock in, bytes and events out (gamestream.md §7.2). */
export class EnetPeer extends EventEmitter<EnetPeerEvents> {
  readonly #link: PeerLink;
  readonly #outbox: Outbox;
  readonly #inbox: Inbox;
  readonly #writer: MessageWriter;
  readonly #terms: PeerTerms;
  /** When an unfinished handshake or disconnect is given up. */
  #heardAt: number;
  #deadline: number;
  #notices: Notice[] = [];
  #address: EnetAddress;
  #state: PeerState = 'connecting';
  #disconnectData = 0;

  /** @internal made by {@link EnetEndpoint} */
  constructor(setup: PeerSetup) {
    super();
    this.#terms = new PeerTerms(setup.id);
    this.#link = setup.link;
    this.#address = setup.address;
    this.#outbox = new Outbox(setup.timeouts, WINDOW.MAX);
    this.#writer = new MessageWriter(this.#outbox);
    this.#inbox = new Inbox(setup.link.limits, (channel, data) => {
      this.#notices.push(() => this.emit('message', { channel, data }));
    });
    this.#heardAt = setup.link.now();
    this.#deadline = this.#heardAt + setup.handshakeTimeout;
  }

  /** Our number for this connection. */
  get id(): number {
    return this.#terms.id;
  }

  get state(): PeerState {
    return this.#state;
  }

  get closed(): boolean {
    return this.#state === 'closed';
  }

  /** The address of the peer's last datagram. */
  get address(): EnetAddress {
    return this.#address;
  }

  /** Channels that both sides agreed on. */
  get channelCount(): number {
    return this.#terms.channelCount;
  }

  /** The number that came with CONNECT. */
  get connectData(): number {
    return this.#terms.connectData;
  }

  /** Opaque number of the connection, chosen by who connects. */
  get connectId(): number {
    return this.#terms.connectId;
  }

  /** Smoothed, milliseconds. */
  get roundTrip(): number {
    return this.#outbox.roundTrip.mean;
  }

  /** Smoothed deviation, milliseconds. */
  get roundTripVariance(): number {
    return this.#outbox.roundTrip.variance;
  }

  /** Milliseconds since the peer's last datagram. */
  get silence(): number {
    return this.#link.now() - this.#heardAt;
  }

  /** Commands that had to be sent again. */
  get retransmissions(): number {
    return this.#outbox.retransmissions;
  }

  /** Messages and fragments that are queued or not yet acknowledged. */
  get backlog(): number {
    return this.#outbox.backlog;
  }

  /** Bytes of received messages that wait for earlier ones. */
  get bufferedBytes(): number {
    return this.#inbox.bufferedBytes;
  }

  /** Whether all that was sent reliably, on one channel or on all, was acknowledged. */
  isIdle(channel?: number): boolean {
    return this.#outbox.isIdle(channel);
  }

  /**
   * Queues a message, which leaves at the end of the current turn. The buffer must not change
   * afterwards. Messages that do not fit one datagram are sent reliably, in fragments.
   *
   * @returns false if it was refused: not connected, unknown channel, or a bound reached
   */
  send(channel: number, data: Buffer, delivery: Delivery): boolean {
    const { limits } = this.#link;
    const fragmentSize = this.#terms.mtu - FRAGMENT_OVERHEAD;
    const pieces = Math.max(1, Math.ceil(data.length / fragmentSize));
    if (
      this.#state !== 'connected' ||
      channel < 0 ||
      channel >= this.channelCount ||
      data.length > limits.maxMessageSize ||
      this.#outbox.queuedBytes + data.length > limits.maxQueuedBytes ||
      this.#outbox.backlog + pieces > limits.maxBacklog
    ) {
      return false;
    }
    this.#writer.write(channel, data, delivery, fragmentSize);
    this.#link.touched(this);
    return true;
  }

  /**
   * Ends the connection; `disconnect` follows.
   *
   * @param how `now`: sends one datagram and ends. `graceful`: drops the queue and waits for the
   * acknowledgement. `later`: delivers the queue first
   */
  disconnect(how: 'now' | 'graceful' | 'later', data = 0): void {
    if (this.#state === 'closed') return;
    const up = this.#state === 'connected' || this.#state === 'disconnecting-later';
    if (how === 'now' || (!up && this.#state !== 'disconnecting')) {
      this.#disconnectNow(data);
      return;
    }
    if (!up) return;
    this.#disconnectData = data;
    if (how === 'later' && !this.#outbox.isIdle()) this.#state = 'disconnecting-later';
    else this.#startDisconnect();
    this.#link.touched(this);
  }

  #disconnectNow(data: number): void {
    if (this.#terms.remoteId !== NO_PEER) {
      const command = encodeCommand({
        kind: 'disconnect',
        channel: CONNECTION_CHANNEL,
        sequence: this.#outbox.nextReliable(CONNECTION_CHANNEL),
        acknowledge: false,
        unsequenced: true,
        data,
      });
      this.#write([command], false);
    }
    this.#close('local', data);
  }

  #startDisconnect(): void {
    this.#outbox.clear();
    this.#state = 'disconnecting';
    this.#deadline = this.#link.now() + DISCONNECT_TIMEOUT_MS;
    this.#outbox.pushReliable(CONNECTION_CHANNEL, {
      kind: 'disconnect',
      data: this.#disconnectData,
    });
  }

  #close(reason: DisconnectReason, data: number): void {
    const announced = this.#state !== 'acknowledging';
    this.#state = 'closed';
    this.#outbox.clear();
    this.#inbox.clear();
    if (announced) this.#notices.push(() => this.emit('disconnect', { data, reason }));
    this.#link.touched(this);
  }

  /** @internal Starts the handshake as the side that connects. */
  dial(channels: number, data: number, connectId: number): void {
    const handshake = this.#terms.propose(channels, data, connectId);
    this.#outbox.pushReliable(CONNECTION_CHANNEL, { kind: 'connect', handshake, data });
    this.#link.touched(this);
  }

  /** @internal Answers a CONNECT. The sessions are those of the slot's last connection. */
  answer(request: Handshake, data: number, channelLimit: number, previous: Sessions): Sessions {
    this.#state = 'acknowledging';
    const handshake = this.#terms.answer(request, data, channelLimit, previous);
    this.#outbox.window = this.#terms.window;
    this.#outbox.pushReliable(CONNECTION_CHANNEL, { kind: 'verify-connect', handshake });
    this.#link.touched(this);
    return this.#terms.sessions;
  }

  /** @internal Whether a header's session number is this connection's. */
  isSession(session: number): boolean {
    return this.#terms.isSession(session);
  }

  /** @internal The other side sends from a different address now. */
  roam(address: EnetAddress): void {
    this.#address = address;
  }

  /** @internal Handles the commands of one datagram for this peer. */
  receive(commands: readonly Command[], sentTime: number | undefined): void {
    this.#heardAt = this.#link.now();
    for (const command of commands) {
      if (this.#state === 'closed') return;
      const before = this.#state;
      if (!this.#handle(command)) continue;
      if (!command.acknowledge || sentTime === undefined) continue;
      if (before === 'disconnecting' || before === 'acknowledging') continue;
      this.#outbox.pushAcknowledgement(command.channel, command.sequence, sentTime);
      if (command.kind === 'disconnect') this.#finishDisconnect(command.data);
    }
    this.#link.touched(this);
  }

  /** Our acknowledgement of the other side's DISCONNECT is the last thing that we send. */
  #finishDisconnect(data: number): void {
    this.#flush();
    this.#close('remote', data);
  }

  /** Returns whether the command may be acknowledged. */
  #handle(command: Command): boolean {
    switch (command.kind) {
      case 'acknowledge':
        this.#acknowledged(command.channel, command.receivedSequence, command.receivedSentTime);
        return false;
      case 'verify-connect':
        return this.#verified(command.handshake);
      case 'disconnect':
        return this.#disconnected(command);
      case 'connect':
        return false;
      case 'ping':
      case 'bandwidth-limit':
      case 'throttle-configure':
        return this.#receives();
      default:
        return this.#receives() && this.#inbox.take(command, this.channelCount);
    }
  }

  #receives(): boolean {
    return this.#state === 'connected' || this.#state === 'disconnecting-later';
  }

  #acknowledged(channel: number, sequence: number, sentTime: number): void {
    const kind = this.#outbox.acknowledged(channel, sequence, sentTime, this.#link.now());
    if (kind === 'verify-connect' && this.#state === 'acknowledging') this.#connected();
    else if (kind === 'disconnect' && this.#state === 'disconnecting') {
      this.#close('local', this.#disconnectData);
    } else if (this.#state === 'disconnecting-later' && this.#outbox.isIdle()) {
      this.#startDisconnect();
    }
  }

  #connected(): void {
    this.#state = 'connected';
    this.#notices.push(() => this.emit('connect'));
  }

  #verified(answer: Handshake): boolean {
    // A repeated VERIFY_CONNECT wants its acknowledgement again.
    if (answer.connectId !== this.connectId) return false;
    if (this.#state !== 'connecting') return this.#receives();
    if (!this.#terms.confirm(answer)) {
      this.#close('refused', 0);
      return false;
    }
    this.#outbox.window = this.#terms.window;
    this.#outbox.settleConnect();
    this.#connected();
    return true;
  }

  #disconnected(command: Command & { kind: 'disconnect' }): boolean {
    switch (this.#state) {
      case 'connecting':
        // Before VERIFY_CONNECT the other side does not answer.
        return false;
      case 'connected':
      case 'disconnecting-later':
        this.#outbox.clear();
        if (!command.acknowledge) this.#close('remote', command.data);
        return command.acknowledge;
      case 'disconnecting':
        this.#close('local', command.data);
        return false;
      default:
        this.#close('remote', command.data);
        return false;
    }
  }

  /** @internal Retransmits, gives up, pings: whatever is due. */
  service(): void {
    if (this.#state === 'closed') return;
    const now = this.#link.now();
    if ((this.#isUnfinished() && now >= this.#deadline) || !this.#outbox.expire(now)) {
      if (this.#state === 'disconnecting') this.#close('local', this.#disconnectData);
      else this.#close('timeout', 0);
      return;
    }
    this.#link.touched(this);
  }

  /**
   * @internal Acknowledges the DISCONNECTs of a datagram for a closed connection. Our first
   * acknowledgement was lost, and the other side would keep asking.
   */
  repeatFarewell(commands: readonly Command[], sentTime: number | undefined): void {
    if (sentTime === undefined || this.#terms.remoteId === NO_PEER) return;
    for (const { kind, channel, sequence, acknowledge } of commands) {
      if (kind === 'disconnect' && acknowledge) {
        this.#outbox.pushAcknowledgement(channel, sequence, sentTime);
      }
    }
    this.#transmitOutbox();
  }

  /** @internal When {@link service} is due, in milliseconds of the clock. */
  nextDeadline(): number {
    if (this.#state === 'closed') return Infinity;
    const deadline = this.#outbox.nextDeadline(this.#receives());
    return this.#isUnfinished() ? Math.min(deadline, this.#deadline) : deadline;
  }

  #isUnfinished(): boolean {
    return !this.#receives() && this.#state !== 'closed';
  }

  /** @internal Emits what has happened, then sends what waits. */
  settle(): void {
    while (this.#notices.length > 0) {
      const notices = this.#notices;
      this.#notices = [];
      for (const notice of notices) {
        try {
          notice();
        } catch (error) {
          this.#link.log.error({ err: error, peer: this.id }, 'listener of an ENet peer failed');
        }
      }
    }
    this.#flush();
  }

  #flush(): void {
    if (this.#state === 'closed') return;
    if (this.#receives()) this.#outbox.pingIfQuiet(this.#link.now());
    this.#transmitOutbox();
  }

  #transmitOutbox(): void {
    const now = this.#link.now();
    this.#outbox.flush(now, this.#terms.mtu, (commands, timed) => this.#write(commands, timed));
  }

  #write(commands: readonly Buffer[], timed: boolean): void {
    const sentTime = timed ? this.#link.now() & 0xffff : undefined;
    const { remoteId, sessions } = this.#terms;
    const datagram = encodeDatagram(remoteId, sessions.outgoing, sentTime, commands);
    this.#link.transmit(datagram, this.#address);
  }
}
