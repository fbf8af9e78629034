import type { CodedUnit } from '../../media/outlet.js';
import type { NegotiatedStream } from '../../moonlight/types.js';
import {
  connectionComplete,
  desktopCodec,
  FRAME_HEADER_BYTES,
  streamInit,
  writeFrameHead,
  type DesktopCodec,
} from '../../protocol/desktop-socket.js';
import { frameHeaderBytes, writeFrameHeader } from '../media-socket/frame.js';
import { PictureCleaner } from '../picture-cleaner.js';

/** A picture as a WebSocket message, the same for all viewers. */
export interface DesktopFrame {
  readonly keyframe: boolean;
  readonly bytes: Buffer;
}

const NANOSECONDS_IN_MICROSECOND = 1_000;

/** Makes messages of the desktop socket of coded pictures, each once, whatever the number of viewers. */
export class DesktopFramer {
  #stream: NegotiatedStream;
  #codec: DesktopCodec | null;
  #lastTime = 0;
  readonly #cleaner = new PictureCleaner();
  #last: { readonly unit: CodedUnit; readonly frame: DesktopFrame | null } | null = null;

  constructor(stream: NegotiatedStream) {
    this.#stream = stream;
    this.#codec = desktopCodec(stream.video);
  }

  /** Null for a stream that the frontend cannot name. */
  get codec(): DesktopCodec | null {
    return this.#codec;
  }

  /** Of the stream, as viewers are told of it. */
  get video(): NegotiatedStream['video'] {
    return this.#stream.video;
  }

  /** What decoders are set up with. */
  get streamInit(): Buffer {
    return streamInit(this.#codec?.code ?? 0, this.#stream.video, this.#hasTouch);
  }

  get connectionComplete(): string {
    const { width, height } = this.#stream.video;
    return connectionComplete(width, height, this.#hasTouch);
  }

  get #hasTouch(): boolean {
    return this.#stream.hostFeatures.touchAndPen;
  }

  /** Another session with the host, which may have agreed to something else. */
  renegotiated(stream: NegotiatedStream): void {
    this.#stream = stream;
    this.#codec = desktopCodec(stream.video);
  }

  /** @returns null for what browsers get nothing of; the same object for the same unit */
  frame(unit: CodedUnit): DesktopFrame | null {
    if (this.#last?.unit === unit) return this.#last.frame;
    const frame = this.#make(unit);
    this.#last = { unit, frame };
    return frame;
  }

  #make(unit: CodedUnit): DesktopFrame | null {
    const { codec, width, height } = this.#stream.video;
    const payload = this.#cleaner.clean(codec, unit.data);
    if (payload === null || this.#codec === null) return null;
    const time = Math.max(this.#lastTime + 1, Math.round(unit.pts / NANOSECONDS_IN_MICROSECOND));
    this.#lastTime = time;
    const length = FRAME_HEADER_BYTES + payload.length;
    const at = frameHeaderBytes(length);
    const bytes = Buffer.allocUnsafe(at + length);
    writeFrameHeader(bytes, length);
    const { keyframe } = unit;
    writeFrameHead(bytes, at, { codec: this.#codec.code, keyframe, time, width, height });
    payload.copy(bytes, at + FRAME_HEADER_BYTES);
    return { keyframe, bytes };
  }
}
