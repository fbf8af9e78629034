import { TERMINATION_CODE } from '../../moonlight/control/host-messages.js';
import type { Faults } from '../faults.js';
import type { HostStyle } from '../options.js';
import type { AnnouncedStream } from '../rtsp/announce.js';
import type { Session } from '../sessions.js';
import { AudioPacketizer } from './audio-packetizer.js';
import { AudioSender } from './audio-sender.js';
import { openFrameSource } from './frame-source.js';
import type { MediaPort } from './media-port.js';
import { VideoPacketizer } from './video-packetizer.js';
import { VideoSender } from './video-sender.js';

export interface SessionMediaOptions {
  readonly session: Session;
  readonly video: MediaPort;
  readonly audio: MediaPort;
  readonly style: HostStyle;
  readonly fecPercentage: number;
  /** Index of the one channel that sounds; null for the usual ones. */
  readonly toneChannel: number | null;
  readonly faults: Faults;
}

/**
 * Picture and sound of one session. Each starts when the control stream has proven the key and its
 * first ping has come (gamestream.md §11.1). Nothing runs before.
 */
export class SessionMedia {
  readonly #options: SessionMediaOptions;
  #video: VideoSender | null = null;
  #audio: AudioSender | null = null;
  #videoStarted = false;
  #audioStarted = false;
  #connected = false;
  #pinged = { video: false, audio: false };
  #closed = false;

  constructor(options: SessionMediaOptions) {
    this.#options = options;
    const { session, video, audio } = options;
    session.on('connected', () => {
      this.#connected = true;
      this.#start();
    });
    session.on('keyframe', () => this.#video?.requestKeyframe());
    session.on('invalidate', ({ first, last }) => this.#video?.invalidate(first, last));
    session.once('closed', () => this.close());
    video.attach(session, () => {
      this.#pinged.video = true;
      this.#start();
    });
    audio.attach(session, () => {
      this.#pinged.audio = true;
      this.#start();
    });
  }

  /** Null while no video runs. */
  get video(): VideoSender | null {
    return this.#video;
  }

  get audioPackets(): number {
    return this.#audio?.packets ?? 0;
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#video?.close();
    this.#audio?.close();
    const { session, video, audio } = this.#options;
    video.detach(session);
    audio.detach(session);
  }

  #start(): void {
    const { session, faults } = this.#options;
    const { stream } = session;
    if (this.#closed || !this.#connected || stream === null) return;
    if (this.#pinged.video && !this.#videoStarted && !faults.noVideo) {
      this.#videoStarted = true;
      this.#startVideo(stream).catch((error: unknown) => this.#failed(error));
    }
    if (this.#pinged.audio && !this.#audioStarted && !faults.noAudio) {
      this.#audioStarted = true;
      try {
        this.#startAudio(stream);
      } catch (error) {
        // A stream without sound is still one.
        session.log.error({ err: error }, 'audio does not start');
      }
    }
  }

  async #startVideo(stream: AnnouncedStream): Promise<void> {
    const { session, style, fecPercentage, faults } = this.#options;
    const source = await openFrameSource(session, stream);
    if (this.#closed) {
      source.close();
      return;
    }
    session.log.info({ codec: stream.codec }, 'video starts');
    this.#video = new VideoSender({
      source,
      packetizer: new VideoPacketizer({
        packetSize: stream.packetSize,
        style,
        fecPercentage,
        minFecPackets: stream.minRequiredFecPackets,
        encryptionKey: stream.encryptVideo ? session.request.key : null,
      }),
      style,
      faults,
      send: (datagram) => this.#options.video.send(session, datagram),
      failed: (error) => this.#failed(error),
      log: session.log,
    });
  }

  #startAudio(stream: AnnouncedStream): void {
    const { session, style, toneChannel } = this.#options;
    const { key, keyId } = session.request;
    this.#audio = new AudioSender({
      stream,
      toneChannel,
      packetizer: new AudioPacketizer({
        packetDuration: stream.packetDuration,
        style,
        encryption: stream.encryptAudio ? { key, keyId } : null,
      }),
      send: (datagram) => this.#options.audio.send(session, datagram),
      failed: (error) => session.log.error({ err: error }, 'audio failed'),
      log: session.log,
    });
  }

  #failed(error: unknown): void {
    this.#options.session.log.error({ err: error }, 'video failed');
    this.#options.session.terminate(
      TERMINATION_CODE.FRAME_CONVERSION,
      'the picture could not be encoded',
    );
  }
}
