import { Emitter } from '../client/emitter.js';
import { element, type Cleanup } from './dom.js';

/** `blocked`: the browser wants a click before it makes a sound. */
export type SoundState = 'on' | 'off' | 'blocked';

type PlaybackEvents = {
  /** The first frame of a connection is on the screen. */
  picture: [];
  sound: [SoundState];
};

/** The video element: plays, with sound if it may, and counts what it shows. */
export class Playback extends Emitter<PlaybackEvents> {
  readonly video = element('video', { autoplay: true, playsinline: true });
  #startedAt = performance.now();
  #firstFrameAt: number | undefined;
  #lastFrameAt = performance.now();
  #framesBefore = 0;
  /** Muted by the browser's wish, not by the viewer's. */
  #isBlocked = false;
  #isClosed = false;

  constructor(volume: number, cleanup: Cleanup) {
    super();
    this.video.volume = volume;
    this.video.disablePictureInPicture = true;
    cleanup.add(() => {
      this.#isClosed = true;
      this.video.srcObject = null;
    });
    this.#watch();
  }

  get hasPicture(): boolean {
    return this.#firstFrameAt !== undefined;
  }

  get firstFrameAt(): number | undefined {
    return this.#firstFrameAt;
  }

  /** Milliseconds from the beginning of the attempt. */
  get timeToFirstFrame(): number | undefined {
    return this.#firstFrameAt === undefined ? undefined : this.#firstFrameAt - this.#startedAt;
  }

  get framesDecoded(): number {
    return this.#total - this.#framesBefore;
  }

  /** Milliseconds since the last frame, or since one could be expected. */
  get silence(): number {
    return performance.now() - this.#lastFrameAt;
  }

  get size(): { readonly width: number; readonly height: number } {
    return { width: this.video.videoWidth, height: this.video.videoHeight };
  }

  /** Another attempt: the last picture stays until there is a new one. */
  restart(): void {
    this.#startedAt = performance.now();
    this.#lastFrameAt = this.#startedAt;
    this.#firstFrameAt = undefined;
    this.#framesBefore = this.#total;
  }

  /** From now on frames can be expected. */
  expect(): void {
    this.#lastFrameAt = performance.now();
  }

  play(stream: MediaStream): void {
    if (this.video.srcObject !== stream) {
      this.video.srcObject = stream;
      this.#framesBefore = 0;
    }
    void this.#start();
  }

  /** Only of use in answer to a click. */
  unmute(): void {
    this.#isBlocked = false;
    this.video.muted = false;
    void this.#start();
  }

  toggleSound(): void {
    if (this.video.muted) {
      this.unmute();
    } else {
      this.video.muted = true;
      this.emit('sound', 'off');
    }
  }

  get #total(): number {
    return this.video.getVideoPlaybackQuality().totalVideoFrames;
  }

  async #start(): Promise<void> {
    try {
      await this.video.play();
    } catch (error) {
      // Another stream took its place meanwhile, or the browser wants a click for sound.
      if (!(error instanceof DOMException) || error.name !== 'NotAllowedError') return;
      this.#isBlocked = true;
      this.video.muted = true;
      await this.video.play().catch(() => undefined);
    }
    this.emit('sound', !this.video.muted ? 'on' : this.#isBlocked ? 'blocked' : 'off');
  }

  #watch(): void {
    this.video.requestVideoFrameCallback((now) => {
      if (this.#isClosed) return;
      this.#lastFrameAt = now;
      this.#watch();
      if (this.#firstFrameAt !== undefined || this.video.srcObject === null) return;
      this.#firstFrameAt = now;
      this.emit('picture');
    });
  }
}
