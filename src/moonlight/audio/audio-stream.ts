import { EventEmitter } from 'node:events';
import type { Log } from '../../core/log.js';
import { MediaReceiver } from '../media-receiver.js';
import { AudioCipher } from './cipher.js';
import { AudioReassembler } from './reassembler.js';
import type { AudioStats, AudioStreamEvents, AudioStreamOptions } from './types.js';

/** The receiving end of a host's audio: datagrams in, Opus packets out (gamestream.md §6). */
export class AudioStream extends EventEmitter<AudioStreamEvents> {
  readonly #log: Log;
  readonly #receiver: MediaReceiver;
  readonly #cipher: AudioCipher | null;
  readonly #reassembler: AudioReassembler;
  readonly #stats: AudioStats = emptyAudioStats();

  constructor(options: AudioStreamOptions) {
    super();
    this.#log = options.log;
    this.#receiver = new MediaReceiver({
      ...options,
      receive: (datagram, now) => this.#receive(datagram, now),
      tick: (now) => this.#reassembler.expire(now),
    });
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
    return this.#receiver.closed;
  }

  get stats(): Readonly<AudioStats> {
    return this.#stats;
  }

  /** The UDP port that receives; 0 before it is open. */
  get localPort(): number {
    return this.#receiver.localPort;
  }

  /**
   * Opens the socket and starts to ping the host.
   *
   * @throws MoonteeError `HOST_UNREACHABLE`, `CLOSED`
   */
  async start(): Promise<void> {
    await this.#receiver.start();
  }

  /** Idempotent; nothing is emitted afterwards. */
  close(): void {
    this.#receiver.close();
    this.removeAllListeners();
  }

  #receive(datagram: Buffer, now: number): void {
    this.#stats.packets++;
    this.#stats.bytes += datagram.length;
    this.#reassembler.push(datagram, now);
  }

  #deliver(payload: Buffer, sequence: number): void {
    if (this.closed) return;
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
