import { AudioEncoder } from './encoder.js';
import type { Log } from '../../core/log.js';
import type { AnnouncedStream } from '../rtsp/announce.js';
import type { AudioPacketizer } from './audio-packetizer.js';
import { tone } from './tone.js';

export interface AudioSenderOptions {
  readonly stream: AnnouncedStream;
  /** Index of the one channel that sounds; null for the usual ones. */
  readonly toneChannel: number | null;
  readonly packetizer: AudioPacketizer;
  readonly send: (datagram: Buffer) => void;
  readonly failed: (error: unknown) => void;
  readonly log: Log;
}

/** bit/s of normal quality (gamestream.md §3.6). */
const BITRATE = { 2: 96_000, 6: 256_000, 8: 450_000 } as const;
const TICK = 2;
/** Milliseconds of sound that are made up for after a pause; what is older is left out. */
const MAX_LAG = 200;
const RATE_PER_MILLISECOND = 48;

/** The beat of the picture, encoded and sent packet by packet. */
export class AudioSender {
  packets = 0;
  readonly #options: AudioSenderOptions;
  readonly #encoder: AudioEncoder;
  readonly #timer: NodeJS.Timeout;
  /** Wall clock of the stream's first sample, and milliseconds of sound made since. */
  readonly #epoch = Date.now();
  readonly #startedAt = performance.now();
  #made = 0;
  #pushed = 0;
  #closed = false;

  /** @throws MoonteeError ELEMENT_MISSING, PIPELINE_FAILED */
  constructor(options: AudioSenderOptions) {
    this.#options = options;
    const { channels, packetDuration } = options.stream;
    this.#encoder = new AudioEncoder({
      channels,
      packetDuration,
      bitrate: BITRATE[channels],
      log: options.log,
    });
    this.#timer = setInterval(() => this.#tick(), TICK);
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    this.#encoder.close();
  }

  #tick(): void {
    const { stream, toneChannel } = this.#options;
    const { channels, packetDuration } = stream;
    const due = performance.now() - this.#startedAt;
    if (due - this.#made > MAX_LAG) {
      this.#made += Math.floor((due - this.#made) / packetDuration) * packetDuration;
    }
    while (this.#made + packetDuration <= due) {
      const count = packetDuration * RATE_PER_MILLISECOND;
      const samples = tone(this.#epoch + this.#made, count, channels, toneChannel);
      // The encoder's time has no holes: a pause is one of ours, not of the sound.
      this.#encoder.push(samples, this.#pushed * packetDuration * 1e6);
      this.#made += packetDuration;
      this.#pushed += 1;
    }
    if (this.#encoder.failure !== null) {
      this.close();
      this.#options.failed(this.#encoder.failure);
      return;
    }
    for (let packet = this.#encoder.pull(); packet !== null; packet = this.#encoder.pull()) {
      this.packets += 1;
      for (const datagram of this.#options.packetizer.packetize(packet.data)) {
        this.#options.send(datagram);
      }
    }
  }
}
