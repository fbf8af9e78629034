import type { AnnouncedStream } from '../rtsp/announce.js';
import { BlockPicture } from './block-picture.js';
import { FrameClock } from './frame-clock.js';
import type { FrameSource, SourceFrame } from './frame-source.js';

/** Bytes of a macroblock of plain samples. */
const BLOCK_BYTES = 386;

/** Pictures that can still be referred to; more than a client takes to notice a loss. */
const MEMORY = 240;

interface Made {
  readonly id: number;
  /** Pictures since the key picture, along the chain of references. */
  readonly age: number;
}

/**
 * Pictures whose references are known, at about the agreed bitrate. If a client has lost some, the
 * next one refers to the last before them.
 */
export class BlockSource implements FrameSource {
  readonly #picture: BlockPicture;
  readonly #clock: FrameClock;
  readonly #blocks: number;
  /** Since the latest key picture, in the order of making; the last is referred to next. */
  #made: (Made | null)[] = [];
  #latest: Made | null = null;
  #nextId = 1;

  constructor({ width, height, fps, bitrate }: AnnouncedStream) {
    this.#picture = new BlockPicture(width & ~1, height & ~1);
    this.#clock = new FrameClock(fps);
    this.#blocks = Math.round((bitrate * 1000) / 8 / fps / BLOCK_BYTES);
  }

  poll(now: number): SourceFrame[] {
    if (!this.#clock.tick(now)) return [];
    const id = this.#nextId;
    this.#nextId += 1;
    const before = this.#latest;
    const made = { id, age: before === null ? 0 : before.age + 1 };
    if (before === null) this.#made = [];
    this.#made.push(made);
    if (this.#made.length > MEMORY) this.#made.shift();
    this.#latest = made;
    const data =
      before === null
        ? this.#picture.key(id)
        : this.#picture.delta({ id, refersTo: before.id }, made.age, this.#blocks);
    return [{ data, key: before === null, capturedAt: now }];
  }

  requestKeyframe(): void {
    this.#latest = null;
  }

  rewind(frames: number): boolean {
    if (this.#latest === null) return false;
    const kept = this.#made.length - frames;
    const last = kept > 0 ? this.#made[kept - 1] : undefined;
    if (!last) return false;
    // They stay in their places, so that places still count as frames do.
    this.#made = this.#made.map((made, index) => (index < kept ? made : null));
    this.#latest = last;
    return true;
  }

  close(): void {
    this.#latest = null;
  }
}
