import { createSocket, type Socket } from 'node:dgram';
import { isIP } from 'node:net';
import { MoonteeError } from '../../core/errors.js';
import { asksForKeyframe, senderReport } from '../../media/rtcp.js';
import type { RtpReport } from '../../media/types.js';

/** Milliseconds between two sender reports. The first tells a receiver where to send its requests. */
const REPORT_INTERVAL_MS = 1_000;
/** Datagrams between two reports that are read; what comes on top is thrown away unread. */
const MAX_DATAGRAMS = 100;

export interface RtcpPortOptions {
  /** An IP address. */
  readonly address: string;
  readonly port: number;
  /** Null: nothing to report yet. */
  readonly report: () => RtpReport | null;
  readonly onKeyframeRequest: () => void;
  /** At most once. */
  readonly failed: (error: MoonteeError) => void;
}

/** Exchanges RTCP with a receiver of plain RTP, and with nobody else: its socket is connected. */
export class RtcpPort {
  readonly #options: RtcpPortOptions;
  readonly #socket: Socket;
  readonly #timer: NodeJS.Timeout;
  #datagrams = 0;
  #isConnected = false;
  #hasBegun = false;
  #closed = false;

  constructor(options: RtcpPortOptions) {
    this.#options = options;
    const { address, port } = options;
    this.#socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4');
    this.#socket.on('message', (datagram) => this.#onDatagram(datagram));
    this.#socket.on('error', (error) => this.#onError(error));
    this.#socket.on('connect', () => {
      this.#isConnected = true;
    });
    this.#socket.connect(port, address);
    this.#timer = setInterval(() => this.#report(), REPORT_INTERVAL_MS);
  }

  /** Media flows from now on: a receiver may ask for something before the first interval is over. */
  begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#report();
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    this.#socket.close();
  }

  #report(): void {
    this.#datagrams = 0;
    const report = this.#isConnected && !this.#closed ? this.#options.report() : null;
    if (report === null) return;
    this.#socket.send(senderReport(report, Date.now()), (error) => {
      if (error) this.#onError(error);
    });
  }

  #onDatagram(datagram: Buffer): void {
    this.#datagrams += 1;
    if (this.#closed || this.#datagrams > MAX_DATAGRAMS) return;
    if (asksForKeyframe(datagram)) this.#options.onKeyframeRequest();
  }

  /** A port that nobody listens at is told by ICMP. */
  #onError(error: Error): void {
    if (this.#closed) return;
    this.close();
    const { code } = error as NodeJS.ErrnoException;
    const reason =
      code === 'ECONNREFUSED' ? 'Nothing listens at the RTCP port' : `RTCP: ${error.message}`;
    this.#options.failed(new MoonteeError('OUTPUT_FAILED', reason));
  }
}
