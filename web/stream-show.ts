import { attempt, attemptAsync } from '../client/attempt.js';
import type { ViewerConnection } from '../client/index.js';
import { element } from './dom.js';
import type { Playback } from './playback.js';

/** Shows what comes: a stream in the video element, or the canvas of a media socket over it. */
export class StreamShow {
  readonly #connection: ViewerConnection;
  readonly #playback: Playback;
  readonly #onMoved: () => void;
  /** Where a browser without track generators shows the pictures of a media socket. */
  #canvas: HTMLCanvasElement | null = null;
  /** Waits for the first picture of a stream that is to follow a media socket. */
  #probe: HTMLVideoElement | null = null;

  /** @param onMoved a media socket is not needed any more */
  constructor(connection: ViewerConnection, playback: Playback, onMoved: () => void) {
    this.#connection = connection;
    this.#playback = playback;
    this.#onMoved = onMoved;
  }

  show(stream: MediaStream): void {
    if (this.#connection.isOnSocket) this.#moveTo(stream);
    else this.#play(stream);
  }

  showCanvas(canvas: HTMLCanvasElement | null): void {
    this.#canvas?.remove();
    this.#canvas = canvas;
    if (canvas !== null) this.#playback.video.after(canvas);
  }

  /** One that is not needed any more would go on decoding. */
  dropProbe(): void {
    if (this.#probe !== null) this.#probe.srcObject = null;
    this.#probe = null;
  }

  #play(stream: MediaStream): void {
    this.#playback.play(stream);
    this.showCanvas(null);
  }

  /** The picture of a media socket stays until this stream has one. */
  #moveTo(stream: MediaStream): void {
    this.dropProbe();
    const probe = element('video', { autoplay: true, playsinline: true });
    this.#probe = probe;
    probe.muted = true;
    probe.srcObject = stream;
    void attemptAsync(() => probe.play());
    attempt(() =>
      probe.requestVideoFrameCallback(() => {
        if (this.#probe !== probe) return;
        this.dropProbe();
        if (!this.#connection.isOnSocket) return;
        this.#connection.leaveMediaSocket();
        this.#onMoved();
        this.#play(stream);
      }),
    );
  }
}
