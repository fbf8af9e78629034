import type { Log } from '../../core/log.js';
import { AudioStream } from '../audio/audio-stream.js';
import { ControlStream } from '../control/control-stream.js';
import type { DatagramFaults } from '../datagram.js';
import type { InputProgress } from '../input/queue.js';
import type { AudioSetup, HandshakeResult } from '../rtsp/handshake.js';
import type {
  AccessUnit,
  HostInput,
  HostMessage,
  HostSilence,
  OpusPacket,
  SessionStats,
  Termination,
} from '../types.js';
import type { FecStatus } from '../video/types.js';
import { VideoStream } from '../video/video-stream.js';
import { mergeStats } from './stats.js';

/** What a session's encryption starts from, fresh for every launch and resume. */
export interface SessionKeys {
  /** 16 bytes. */
  readonly rikey: Buffer;
  /** Signed 32 bits. */
  readonly rikeyId: number;
}

/** What became of an input event: `taken`, or why not. */
export type SentInput = ReturnType<ControlStream['sendInput']>;

export interface StreamsOptions {
  /** The host's IP address. */
  readonly address: string;
  readonly keys: SessionKeys;
  /** The four numbers of the host's `appversion`. */
  readonly hostVersion: readonly number[];
  readonly faults?: DatagramFaults | undefined;
  readonly log: Log;
}

/** Called as things happen; none of them may throw. */
export interface StreamsListener {
  video(unit: AccessUnit): void;
  audio(packet: OpusPacket): void;
  message(message: HostMessage): void;
  quality(quality: { status: 'ok' | 'poor' }): void;
  silence(silence: HostSilence): void;
  /** May come more than once. */
  ended(termination: Termination): void;
}

const NO_VIDEO = {
  [-100]:
    'The host sends no video. Usual causes: a firewall or NAT drops its UDP (47998 and 48000, on ' +
    'Wolf from 48100 and 48200 on), its encoder or screen capture did not start, or it serves ' +
    'another client of this address',
  [-101]:
    'No complete picture came from the host. Usual causes: the network loses too much, the ' +
    'bitrate is too high for it, or the packet size is larger than the network carries',
} as const;

const PICTURES_CEASED =
  'The host sends no pictures any more, though it answers otherwise: its encoder or screen ' +
  'capture may have stopped';

/** Milliseconds since the host's last packet on the control stream, which it sends every 100 ms. */
const HEARD_MS = 1_000;

/** The audio, control and video streams of one session, and what they need of each other. */
export class SessionStreams {
  readonly #options: StreamsOptions;
  readonly #listener: StreamsListener;
  #audio: AudioStream | null = null;
  #control: ControlStream | null = null;
  #video: VideoStream | null = null;
  /** The kind of the host's silence, in words. */
  readonly #missing = new Set<string>();
  #closing: Promise<void> | null = null;

  constructor(options: StreamsOptions, listener: StreamsListener) {
    this.#options = options;
    this.#listener = listener;
  }

  /** Opens the audio socket and starts to ping; nothing happens any more once closed. */
  async startAudio(setup: AudioSetup): Promise<void> {
    if (this.#closing !== null) return;
    const { address, keys, log, faults } = this.#options;
    const audio = new AudioStream({
      remote: { address, port: setup.port },
      pingPayload: setup.pingPayload,
      key: keys.rikey,
      keyId: keys.rikeyId,
      encrypted: setup.encrypted,
      packetDuration: setup.layout.packetDuration,
      log,
      faults,
    });
    this.#audio = audio;
    audio.on('packet', (packet) => this.#listener.audio(packet));
    await audio.start();
  }

  createControl({ stream, control: { port, connectData } }: HandshakeResult): ControlStream {
    const { address, keys, hostVersion, log } = this.#options;
    const control = new ControlStream({
      host: address,
      port,
      rikey: keys.rikey,
      encryption: stream.encryption.control,
      connectData,
      hostFeatures: stream.hostFeatures,
      hostVersion,
      mediaPackets: () => (this.#video?.stats.packets ?? 0) + (this.#audio?.stats.packets ?? 0),
      log,
    });
    this.#control = control;
    control.on('message', (message) => this.#listener.message(message));
    control.on('silence', ({ silent }) => this.#miss('The host does not answer', silent));
    control.on('closed', (termination) => this.#listener.ended(termination));
    return control;
  }

  createVideo({ stream, video: { port, pingPayload }, packetSize }: HandshakeResult): VideoStream {
    const { address, keys, log, faults } = this.#options;
    const video = new VideoStream({
      remote: { address, port },
      pingPayload,
      key: keys.rikey,
      encrypted: stream.encryption.video,
      codec: stream.video.codec,
      fps: stream.video.fps,
      packetSize,
      referenceFrameInvalidation: stream.hostFeatures.referenceFrameInvalidation,
      hostHeard: () => (this.#control?.silence ?? Infinity) < HEARD_MS,
      log,
      faults,
    });
    this.#video = video;
    video.on('access-unit', (unit) => {
      this.#control?.frameComplete(unit.frameNumber);
      this.#listener.video(unit);
    });
    video.on('idr-needed', () => this.requestIdr());
    video.on('invalidate', ({ first, last }) =>
      this.#control?.invalidateReferenceFrames(first, last),
    );
    video.on('long-term-reference', (frame) => this.#control?.acknowledgeLongTermReference(frame));
    video.on('fec-status', (status) => this.#control?.reportFecStatus(controlStatus(status)));
    video.on('quality', (quality) => this.#listener.quality(quality));
    video.on('stalled', ({ stalled }) => this.#miss('The host sends no pictures', stalled));
    video.on('failed', ({ code, ceased }) => {
      const reason = ceased ? PICTURES_CEASED : NO_VIDEO[code];
      this.#listener.ended({ code, reason, byHost: false });
    });
    return video;
  }

  requestIdr(): void {
    this.#control?.requestIdr();
  }

  sendInput(input: HostInput): SentInput {
    this.#video?.stir();
    return this.#control?.sendInput(input) ?? 'closed';
  }

  /** `arrived` without a control stream. */
  get inputProgress(): InputProgress {
    return this.#control?.inputProgress ?? 'arrived';
  }

  stats(): SessionStats {
    return mergeStats(this.#video?.stats, this.#audio?.stats, this.#control?.roundTrip);
  }

  /** Listeners hear of the first thing that is missing, and when nothing is missing any more. */
  #miss(reason: string, missing: boolean): void {
    const before = this.#missing.size;
    if (missing) this.#missing.add(reason);
    else this.#missing.delete(reason);
    const silent = this.#missing.size > 0;
    if (silent !== before > 0) this.#listener.silence({ silent, reason });
  }

  /**
   * In the order of gamestream.md §9.5; the control stream takes at most two seconds for its
   * goodbye. Idempotent, never throws.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#audio?.close();
    this.#video?.close();
    await this.#control?.close().catch((error: unknown) => {
      this.#options.log.error({ err: error }, 'control stream did not close');
    });
  }
}

function controlStatus(status: FecStatus): Parameters<ControlStream['reportFecStatus']>[0] {
  const { frameIndex, highestReceivedSequence, nextContiguousSequence, ...counts } = status;
  return {
    frameNumber: frameIndex,
    highestReceived: highestReceivedSequence,
    nextContiguous: nextContiguousSequence,
    ...counts,
  };
}
