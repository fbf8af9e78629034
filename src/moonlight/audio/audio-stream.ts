import { EventEmitter } from 'node:events';
import { MoonteeError } from '../../errors.js';
import type { Log } from '../../log.js';
import { DatagramSocket } from '../datagram.js';
import { MediaPing } from '../media-ping.js';
import { ReceiveClock } from '../receive-clock.js';
import { AudioCipher } from './cipher.js';
import { AudioReassembler } from './reassembler.js';
import type { AudioStats, AudioStreamEvents, AudioStreamOptions } from './types.js';

/** Milliseconds between looks at what waits. */
const TICK = 20;

/** The receiving end of a host's audio: datagrams in, Opus packets out (gamestream.md §6). */
export class AudioStream extends EventEmitter<AudioStreamEvents> {
  readonly #log: Log;
  readonly #socket: DatagramSocket;
  readonly #ping: MediaPing;
  readonly #cipher: AudioCipher | null;
  readonly #reassembler: AudioReassembler;
  readonly #stats: AudioStats = emptyAudioStats();
  readonly #clock = new ReceiveClock(TICK);
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(options: AudioStreamOptions) {
    super();
    this.#log = options.log;
    this.#socket = new DatagramSocket({
      remote: options.remote,
      receive: (datagram) => this.#receive(datagram),
      log: options.log,
      faults: options.faults,
    });
    this.#ping = new MediaPing(this.#socket, options.pingPayload);
    this.#cipher = options.encrypted ? new AudioCipher(options.key, options.keyId) : null;
    this.#reassembler = new AudioReassembler(
      {
        startupDiscard: Math.round((options.startupDiscard ?? 0) / options.packetDuration),
        deliver: (payload, sequence) => this.#deliver(payload, sequence),
      },
      this.#stats,
    );
  }

  get closed(): boolean {
    return this.#closed;
  }

  get stats(): Readonly<AudioStats> {
    return this.#stats;
  }

  /** The UDP port that receives; 0 while there is none. */
  get localPort(): number {
    return this.#socket.localPort;
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
    this.#timer = setInterval(() => this.#reassembler.expire(this.#clock.read()), TICK);
  }

  /** Idempotent; nothing is emitted afterwards. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#ping.stop();
    this.#socket.close();
    this.removeAllListeners();
  }

  #receive(datagram: Buffer): void {
    this.#stats.packets++;
    this.#stats.bytes += datagram.length;
    this.#reassembler.push(datagram, this.#clock.read());
  }

  #deliver(payload: Buffer, sequence: number): void {
    if (this.#closed) return;
    const data = this.#cipher === null ? payload : this.#cipher.decrypt(payload, sequence);
    if (data === null || data.length === 0) {
      this.#stats.invalid++;
      return;
    }
    this.#stats.delivered++;
    // A listener's mistake must not cost the stream, nor pass through the socket's callback.
    try {
      this.emit('packet', { data, sequence });
    } catch (error) {
      this.#log.error({ err: error }, 'an audio listener failed');
    }
  }
}

/** All zero. */
export function emptyAudioStats(): AudioStats {
  return {
    packets: 0,
    bytes: 0,
    delivered: 0,
    recovered: 0,
    lost: 0,
    duplicate: 0,
    late: 0,
    invalid: 0,
    discarded: 0,
  };
}
