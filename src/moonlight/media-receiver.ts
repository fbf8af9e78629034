import { MoonteeError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { DatagramSocket, type DatagramFaults, type Endpoint } from './datagram.js';
import { MediaPing } from './media-ping.js';
import { ReceiveClock } from './receive-clock.js';

/** Milliseconds between looks at what waits. */
const TICK = 20;

export interface MediaReceiverOptions {
  /** The host's port of this stream. */
  readonly remote: Endpoint;
  /** `X-SS-Ping-Payload`; null selects the legacy ping. */
  readonly pingPayload: string | null;
  /** Called for every datagram. @param now milliseconds of {@link ReceiveClock} */
  readonly receive: (datagram: Buffer, now: number) => void;
  /** Called from time to time, with the same clock. */
  readonly tick: (now: number) => void;
  readonly log: Log;
  readonly faults?: DatagramFaults | undefined;
}

/** What the receiving ends of video and audio share: socket, pings, clock and timer. */
export class MediaReceiver {
  readonly #options: MediaReceiverOptions;
  readonly #socket: DatagramSocket;
  readonly #ping: MediaPing;
  readonly #clock = new ReceiveClock(TICK);
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(options: MediaReceiverOptions) {
    this.#options = options;
    this.#socket = new DatagramSocket({
      remote: options.remote,
      receive: (datagram) => options.receive(datagram, this.#clock.read()),
      log: options.log,
      faults: options.faults,
    });
    this.#ping = new MediaPing(this.#socket, options.pingPayload);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The UDP port that receives; 0 before it is open. */
  get localPort(): number {
    return this.#socket.localPort;
  }

  /** Milliseconds that the clock has left out so far. */
  get heldUp(): number {
    return this.#clock.heldUp;
  }

  /**
   * Opens the socket and starts to ping the host.
   *
   * @throws MoonteeError `HOST_UNREACHABLE`, `CLOSED`
   */
  async start(): Promise<void> {
    await this.#socket.open();
    if (this.closed) throw new MoonteeError('CLOSED');
    this.#clock.start();
    this.#ping.start();
    this.#timer = setInterval(() => this.#options.tick(this.#clock.read()), TICK);
  }

  /** Idempotent; nothing is called afterwards. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#ping.stop();
    this.#socket.close();
  }
}
