import { attempt } from '../client/attempt.js';
import { Emitter } from '../client/emitter.js';
import { element, type Cleanup } from './dom.js';

/** `blocked`: the browser wants a click before it makes a sound. */
export type SoundState = 'on' | 'off' | 'blocked';

type PlaybackEvents = {
  /** The first frame of a connection is on the screen. */
  picture: [];
  sound: [SoundState];
};

/** `HTMLMediaElement.HAVE_CURRENT_DATA` */
const CURRENT_DATA = 2;

/** Milliseconds between two polls of the counters, for browsers that do not report frames. */
const LOOK_MS = 250;

/**
 * The video element: plays, with sound if it may, and counts its frames. A hidden page paints none,
 * so decoded frames count as well, and no browser has all of the counters.
 */
export class Playback extends Emitter<PlaybackEvents> {
  readonly video = element('video', { autoplay: true, playsinline: true });
  #startedAt = performance.now();
  #firstFrameAt: number | undefined;
  #lastFrameAt = performance.now();
  /** The element's own counter when this connection began. */
  #framesBefore = 0;
  /** Frames of this connection that were painted, and that were decoded. */
  #painted = 0;
  #decoded = 0;
  /** Frames as counted at the last look. */
  #seen = 0;
  /** Muted by the browser's wish, not by the viewer's. */
  #isBlocked = false;
  /** The stream of this connection is in the element. */
  #isFed = false;
  /** Pixels of a picture that a canvas shows instead. */
  #drawn: { readonly width: number; readonly height: number } | undefined;
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
    cleanup.every(LOOK_MS, () => this.#poll());
  }

  /** The browser wants a click before it makes a sound. */
  get isBlocked(): boolean {
    return this.#isBlocked;
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

  /** Of this connection. */
  get framesDecoded(): number {
    return Math.max(this.#total - this.#framesBefore, this.#painted, this.#decoded);
  }

  /** Pictures of the element that were painted, if the browser reports them. */
  get framesPainted(): number {
    return this.#painted;
  }

  get lastFrameAt(): number {
    return this.#lastFrameAt;
  }

  /** Milliseconds since the last frame, or since one could be expected. */
  get silence(): number {
    return performance.now() - this.#lastFrameAt;
  }

  get size(): { readonly width: number; readonly height: number } {
    return this.#drawn ?? { width: this.video.videoWidth, height: this.video.videoHeight };
  }

  /** Another attempt: the last picture stays until there is a new one. */
  restart(): void {
    this.#startedAt = performance.now();
    this.#lastFrameAt = this.#startedAt;
    this.#firstFrameAt = undefined;
    this.#isFed = false;
    this.#drawn = undefined;
    this.#framesBefore = this.#total;
    this.#painted = 0;
    this.#decoded = 0;
    this.#seen = 0;
  }

  /** From now on frames can be expected. */
  expect(): void {
    this.#lastFrameAt = performance.now();
  }

  /** @param frames that the connection has decoded so far */
  decoded(frames: number): void {
    this.#decoded = frames;
    this.#poll();
  }

  /** A canvas shows the picture. @param frames drawn so far, of pixels as given */
  drawn(frames: number, width: number, height: number): void {
    this.#drawn = { width, height };
    this.decoded(frames);
  }

  play(stream: MediaStream): void {
    if (this.video.srcObject !== stream) {
      this.video.srcObject = stream;
      this.#framesBefore = 0;
    }
    this.#isFed = true;
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
    return attempt(() => this.video.getVideoPlaybackQuality().totalVideoFrames) ?? 0;
  }

  async #start(): Promise<void> {
    try {
      await this.video.play();
    } catch (error) {
      // Another stream took its place meanwhile, or the browser wants a click for sound.
      if (error instanceof DOMException && error.name === 'AbortError') return;
      this.#isBlocked = true;
      this.video.muted = true;
      await this.video.play().catch(() => undefined);
    }
    this.emit('sound', !this.video.muted ? 'on' : this.#isBlocked ? 'blocked' : 'off');
  }

  #watch(): void {
    attempt(() =>
      this.video.requestVideoFrameCallback((now) => {
        if (this.#isClosed) return;
        this.#painted += 1;
        this.#seen = Math.max(this.#seen, this.framesDecoded);
        this.#onFrame(now);
        this.#watch();
      }),
    );
  }

  #poll(): void {
    const frames = this.framesDecoded;
    // A browser without any counter still knows whether it has something to show.
    const isFirst =
      this.#isFed &&
      !this.hasPicture &&
      this.video.readyState >= CURRENT_DATA &&
      // Sound alone does not make a picture.
      this.video.videoWidth > 0;
    if (frames <= this.#seen && !isFirst) return;
    this.#seen = frames;
    this.#onFrame(performance.now());
  }

  #onFrame(now: number): void {
    this.#lastFrameAt = performance.now();
    if (this.#firstFrameAt !== undefined || this.video.srcObject === null) return;
    this.#firstFrameAt = now;
    this.emit('picture');
  }
}
