import { EventEmitter } from 'node:events';
import { MoonteeError } from '../../core/errors.js';
import { EnetHost } from '../enet/host.js';
import type { Delivery, DisconnectReason, EnetPeer } from '../enet/peer.js';
import type { InputProgress, InputVerdict } from '../input/queue.js';
import type { HostInput, Termination } from '../types.js';
import { ControlCipher } from './cipher.js';
import {
  CLIENT_MESSAGE_ROUTE,
  encodeClientMessage,
  type ClientMessage,
  type FrameFecStatus,
} from './client-messages.js';
import { dialControl } from './dial.js';
import { decodeHostMessage } from './host-messages.js';
import { InputSender } from './input-sender.js';
import { TERMINATION, terminationOf } from './termination.js';
import type { ControlCounters, ControlStreamEvents, ControlStreamOptions } from './types.js';

type Route = (typeof CLIENT_MESSAGE_ROUTE)[keyof typeof CLIENT_MESSAGE_ROUTE];

const PING_INTERVAL_MS = 100;
/** Milliseconds of silence that distinguish a dead host or network from a lost ping. */
const SILENCE_MS = 3_000;
/** Milliseconds within which a host that is there has answered a ping. */
const ANSWERED_MS = 500;
/**
 * Pings without any packet of a host, media included, after which it has forgotten us. ENet drops a
 * client that has acknowledged nothing for five seconds, and such a host sends nothing more. They
 * are counted, so that a process that was held up does not take its own silence for the host's.
 */
const FORGOTTEN = 60;
const LOSS_STATS_INTERVAL_MS = 50;
const MAX_FEC_STATUS = 8;
const LINGER_MS = 2000;
/** Unacknowledged messages above which movement waits and merges. */
const MOVEMENT_BACKLOG = 64;
/** Unacknowledged messages above which everything waits. */
const URGENT_BACKLOG = 1024;
const DEFAULT_VERSION = [7, 1, 431, -1] as const;

/** The client's end of the control stream (gamestream.md §7.3–7.7, §8, §9.3–9.5). */
export class ControlStream extends EventEmitter<ControlStreamEvents> {
  readonly counters: ControlCounters = { undecryptable: 0, unknown: 0, inputRefused: 0 };
  readonly #options: ControlStreamOptions;
  readonly #cipher: ControlCipher;
  readonly #input: InputSender;
  readonly #ending = new AbortController();
  readonly #sunshineType: boolean;
  readonly #fecStatus: FrameFecStatus[] = [];
  #enet: { host: EnetHost; peer: EnetPeer } | undefined;
  #timers: NodeJS.Timeout[] = [];
  #lastGoodFrame = 0;
  #frameSeen = false;
  #silent = false;
  /** Pings in a row since which nothing came. */
  #unheard = 0;
  #mediaPackets = 0;
  #connectCalled = false;
  #finished = false;
  #closing: Promise<void> | undefined;

  constructor(options: ControlStreamOptions) {
    super();
    this.#options = options;
    this.#sunshineType = (options.hostVersion?.[3] ?? DEFAULT_VERSION[3]) < 0;
    this.#cipher = new ControlCipher({
      key: options.rikey,
      encryption: options.encryption,
      role: 'client',
    });
    this.#input = new InputSender(
      { extensions: this.#sunshineType, ...options.hostFeatures },
      {
        send: ({ packet, channel, delivery }) =>
          this.#transmit({ type: 'input', packet }, channel, delivery),
        hasRoom: (urgent) =>
          (this.#enet?.peer.backlog ?? 0) < (urgent ? URGENT_BACKLOG : MOVEMENT_BACKLOG),
        isIdle: (channel) => this.#enet?.peer.isIdle(this.#channel(channel)) ?? true,
      },
    );
  }

  /** Smoothed, milliseconds; 0 before the connection. */
  get roundTrip(): number {
    return this.#enet?.peer.roundTrip ?? 0;
  }

  /** Milliseconds since the host's last datagram; Infinity before the connection. */
  get silence(): number {
    return this.#enet?.peer.silence ?? Infinity;
  }

  get connected(): boolean {
    return this.#enet?.peer.state === 'connected';
  }

  /**
   * Connects and starts the stream: first IDR request, start, ping.
   *
   * @throws MoonteeError `CONTROL_FAILED` (no answer in time, refused), `HOST_UNREACHABLE`,
   *   `CLOSED` (aborted, closed, or called twice)
   */
  async connect(signal?: AbortSignal): Promise<void> {
    if (this.#connectCalled || this.#ending.signal.aborted) {
      throw new MoonteeError('CLOSED', 'The control stream was started before');
    }
    this.#connectCalled = true;
    const { host, port, connectData = 0, connectTimeout = 10_000, faults, log } = this.#options;
    const enet = await dialControl(
      { host, port },
      { connectData, timeout: connectTimeout, faults, log },
      AbortSignal.any([this.#ending.signal, ...(signal === undefined ? [] : [signal])]),
    );
    this.#enet = enet;
    enet.peer.on('message', ({ data }) => this.#receive(data));
    enet.peer.on('disconnect', ({ reason }) => this.#disconnected(reason));
    this.#start();
  }

  #start(): void {
    this.#send({ type: 'request-idr' }, CLIENT_MESSAGE_ROUTE.generic);
    this.#send({ type: 'start-b' }, CLIENT_MESSAGE_ROUTE.generic);
    this.#tick();
    this.#timers.push(setInterval(() => this.#tick(), PING_INTERVAL_MS));
    if (wantsLossStats(this.#options.hostVersion ?? DEFAULT_VERSION)) {
      this.#timers.push(setInterval(() => this.#sendLossStats(), LOSS_STATS_INTERVAL_MS));
    }
  }

  #tick(): void {
    if (this.#isForgotten()) {
      this.#disconnected('timeout');
      return;
    }
    const silent = (this.#enet?.peer.silence ?? 0) > SILENCE_MS;
    if (silent !== this.#silent) {
      this.#silent = silent;
      this.emit('silence', { silent });
    }
    for (const status of this.#fecStatus.splice(0)) {
      this.#send({ type: 'frame-fec-status', status }, CLIENT_MESSAGE_ROUTE.status);
    }
    this.#send({ type: 'ping' }, CLIENT_MESSAGE_ROUTE.generic);
  }

  #isForgotten(): boolean {
    const packets = this.#options.mediaPackets?.();
    if (packets === undefined) return false;
    const isHeard = packets !== this.#mediaPackets || this.silence < ANSWERED_MS;
    this.#mediaPackets = packets;
    this.#unheard = isHeard ? 0 : this.#unheard + 1;
    return this.#unheard >= FORGOTTEN;
  }

  #sendLossStats(): void {
    const message = { type: 'loss-stats', lastGoodFrame: this.#lastGoodFrame } as const;
    this.#send(message, CLIENT_MESSAGE_ROUTE.generic);
  }

  /**
   * Enables haptics and moves the pointer there and back, which wakes a host that sends only
   * what changes. To be called when all streams are up; input before that enables haptics too.
   */
  startInput(): void {
    if (!this.#isUp()) return;
    this.#input.start();
  }

  /** Asks for a key frame. The first request is part of {@link connect}. */
  requestIdr(): void {
    this.#send({ type: 'request-idr' }, CLIENT_MESSAGE_ROUTE.urgent);
  }

  /** Asks the host not to refer to these frames any more; for hosts with that extension. */
  invalidateReferenceFrames(first: number, last: number): void {
    const message = { type: 'invalidate-reference-frames', first, last } as const;
    this.#send(message, CLIENT_MESSAGE_ROUTE.urgent);
  }

  /** Reports to the host that a frame it marked as a long-term reference has arrived. */
  acknowledgeLongTermReference(frameNumber: number): void {
    this.#send({ type: 'long-term-reference-ack', frameNumber }, CLIENT_MESSAGE_ROUTE.urgent);
  }

  /** Queues a block's status for the next ping; of too many the oldest go. */
  reportFecStatus(status: FrameFecStatus): void {
    if (this.#fecStatus.length === MAX_FEC_STATUS) this.#fecStatus.shift();
    this.#fecStatus.push(status);
  }

  /** A whole frame was received: an end of the session is not an early one any more. */
  frameComplete(frameNumber: number): void {
    this.#frameSeen = true;
    this.#lastGoodFrame = frameNumber;
  }

  /**
   * Sends one event as soon as the batching rules allow.
   *
   * @returns `unsupported` if the host lacks the extension, `full` if it was dropped, `closed`
   * before the connection and after the end
   */
  sendInput(input: HostInput): InputVerdict {
    if (!this.#isUp()) return 'closed';
    const verdict = this.#input.send(input);
    if (verdict !== 'taken') this.counters.inputRefused += 1;
    return verdict;
  }

  /** How far the input has come that was taken. */
  get inputProgress(): InputProgress {
    if (this.#input.waiting > 0) return 'waiting';
    return (this.#enet?.peer.isIdle() ?? true) ? 'arrived' : 'sent';
  }

  #isUp(): boolean {
    return this.connected && !this.#finished && this.#closing === undefined;
  }

  #send(message: ClientMessage, route: Route): void {
    this.#transmit(message, route.channel, route.delivery);
  }

  #transmit(message: ClientMessage, channel: number, delivery: Delivery): boolean {
    const peer = this.#enet?.peer;
    if (peer?.state !== 'connected') return false;
    const sealed = this.#cipher.seal(encodeClientMessage(message));
    return peer.send(this.#channel(channel), sealed, this.#sunshineType ? delivery : 'reliable');
  }

  /** Other hosts take everything on channel 0. */
  #channel(channel: number): number {
    const count = this.#enet?.peer.channelCount ?? 0;
    return this.#sunshineType && channel < count ? channel : 0;
  }

  #receive(data: Buffer): void {
    if (this.#finished) return;
    const plaintext = this.#cipher.open(data);
    if (plaintext === undefined) {
      this.counters.undecryptable += 1;
      return;
    }
    const message = decodeHostMessage(plaintext);
    if (message === undefined) {
      this.counters.unknown += 1;
    } else if (message.type === 'termination') {
      const termination = terminationOf(message.code, this.#frameSeen);
      this.#options.log.info({ wire_code: message.code, ...termination }, 'host ended the stream');
      this.#finish(termination);
    } else {
      this.emit('message', message);
    }
  }

  #disconnected(reason: DisconnectReason): void {
    if (reason === 'local' || this.#closing !== undefined) return;
    this.#finish(
      reason === 'remote'
        ? {
            code: TERMINATION.UNEXPECTED,
            reason: 'The host closed the control stream',
            byHost: true,
          }
        : { code: TERMINATION.UNEXPECTED, reason: 'The host has fallen silent', byHost: false },
    );
  }

  /** Releases everything and notifies the owner, once. */
  #finish(termination: Termination): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#stopTimers();
    this.#ending.abort();
    const wasConnected = this.#enet !== undefined;
    this.#enet?.host.close();
    if (wasConnected) this.emit('closed', termination);
  }

  #stopTimers(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers = [];
    this.#input.stop();
  }

  /**
   * Sends the input that still waits, disconnects and waits for the answer, at most two seconds.
   * Idempotent; resolves when the socket is closed.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const peer = this.#enet?.peer;
    if (peer !== undefined && !this.#finished) {
      this.#input.drain();
      this.#stopTimers();
      await goodbye(peer);
    }
    this.#finish({ code: TERMINATION.GRACEFUL, reason: 'Closed', byHost: false });
  }
}

async function goodbye(peer: EnetPeer): Promise<void> {
  await new Promise<void>((resolve) => {
    const linger = setTimeout(resolve, LINGER_MS);
    peer.prependOnceListener('disconnect', () => {
      clearTimeout(linger);
      resolve();
    });
    peer.disconnect('later');
  });
}

function wantsLossStats(version: readonly number[]): boolean {
  const [major = 0, minor = 0, patch = 0] = version;
  if (major !== 7) return major < 7;
  return minor !== 1 ? minor < 1 : patch < 415;
}
