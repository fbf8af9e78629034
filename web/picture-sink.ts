import type { SinkOrder } from './worker-messages.js';

/** Pictures that may be under way to a sink: more would keep the decoder's memory. */
const MAX_UNDER_WAY = 3;

/** Where decoded pictures go. It closes what it is given. */
export interface PictureSink {
  /** @returns false if the picture is left out */
  show(frame: VideoFrame, onShown: () => void): boolean;
  /** Idempotent. */
  close(): void;
}

/** The generator that exists in workers alone (Safari). */
declare class VideoTrackGenerator {
  readonly track: MediaStreamTrack;
  readonly writable: WritableStream<VideoFrame>;
}

export function hasTrackGenerator(): boolean {
  return typeof VideoTrackGenerator === 'function';
}

/** @param onTrack takes the track if the sink makes one */
export function pictureSink(
  order: SinkOrder,
  onTrack: (track: MediaStreamTrack) => void,
): PictureSink {
  if (order.kind === 'canvas') return new CanvasSink(order.canvas);
  if (order.kind === 'track') return new TrackSink(order.writable);
  const generator = new VideoTrackGenerator();
  onTrack(generator.track);
  return new TrackSink(generator.writable);
}

class TrackSink implements PictureSink {
  readonly #writer: WritableStreamDefaultWriter<VideoFrame>;
  #underWay = 0;

  constructor(writable: WritableStream<VideoFrame>) {
    this.#writer = writable.getWriter();
    // The track was stopped.
    this.#writer.closed.catch(() => undefined);
  }

  show(frame: VideoFrame, onShown: () => void): boolean {
    if (this.#underWay >= MAX_UNDER_WAY) {
      frame.close();
      return false;
    }
    this.#underWay += 1;
    const done = (): void => {
      this.#underWay -= 1;
    };
    this.#writer.write(frame).then(
      () => {
        done();
        onShown();
      },
      () => {
        done();
        frame.close();
      },
    );
    return true;
  }

  close(): void {
    this.#writer.abort().catch(() => undefined);
  }
}

class CanvasSink implements PictureSink {
  readonly #canvas: OffscreenCanvas;
  readonly #context: OffscreenCanvasRenderingContext2D | null;

  constructor(canvas: OffscreenCanvas) {
    this.#canvas = canvas;
    this.#context = canvas.getContext('2d', { alpha: false, desynchronized: true });
  }

  show(frame: VideoFrame, onShown: () => void): boolean {
    const { displayWidth, displayHeight } = frame;
    if (this.#canvas.width !== displayWidth || this.#canvas.height !== displayHeight) {
      this.#canvas.width = displayWidth;
      this.#canvas.height = displayHeight;
    }
    this.#context?.drawImage(frame, 0, 0, displayWidth, displayHeight);
    frame.close();
    // What is drawn on a lost context is not seen.
    const isShown = this.#context?.isContextLost() === false;
    if (isShown) onShown();
    return isShown;
  }

  close(): void {
    this.#canvas.width = 1;
  }
}
