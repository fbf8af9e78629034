/** Frames a second; the only rate of Opus in WebCodecs. */
export const SAMPLE_RATE = 48_000;

const frames = (milliseconds: number): number => (SAMPLE_RATE * milliseconds) / 1000;

/** Frames that wait before sound begins, how it grows with each gap, and how it shrinks. */
const TARGET = { least: frames(60), most: frames(160), more: frames(20), less: frames(10) };
/** Frames without a gap after which the target shrinks. */
const CALM = frames(8_000);
/** More than this is too late to be heard. */
const CAP = frames(400);
/** Over how many frames sound comes and goes where it was interrupted. */
const FADE = 64;

/** Stereo sound between a decoder and the sound card, which have no common clock. */
export class SoundRing {
  readonly #left = new Float32Array(CAP * 2);
  readonly #right = new Float32Array(CAP * 2);
  #read = 0;
  #length = 0;
  #target = TARGET.least;
  #isPlaying = false;
  /** Frames since sound began or was interrupted. */
  #played = 0;
  #calm = 0;
  #lastLeft = 0;
  #lastRight = 0;

  /** Frames that wait. */
  get length(): number {
    return this.#length;
  }

  /** Both sides are equally long. */
  push(left: Float32Array, right: Float32Array): void {
    const size = this.#left.length;
    for (let i = 0; i < left.length; i += 1) {
      const at = (this.#read + this.#length) % size;
      this.#left[at] = left[i] ?? 0;
      this.#right[at] = right[i] ?? 0;
      if (this.#length < size) this.#length += 1;
      else this.#read = (this.#read + 1) % size;
    }
    if (this.#length > CAP) this.#drop(this.#length - this.#target);
  }

  /** Fills both with what is to be heard next, silence if there is nothing. */
  pull(left: Float32Array, right: Float32Array): void {
    if (!this.#isPlaying && this.#length >= this.#target) {
      this.#isPlaying = true;
      this.#played = 0;
    }
    for (let i = 0; i < left.length; i += 1) {
      if (this.#isPlaying && this.#length === 0) this.#interrupt();
      if (this.#isPlaying) this.#next();
      else this.#fall();
      left[i] = this.#lastLeft;
      right[i] = this.#lastRight;
    }
  }

  #next(): void {
    const gain = Math.min(1, (this.#played + 1) / FADE);
    this.#lastLeft = (this.#left[this.#read] ?? 0) * gain;
    this.#lastRight = (this.#right[this.#read] ?? 0) * gain;
    this.#drop(1);
    this.#played += 1;
    this.#calm += 1;
    if (this.#calm < CALM) return;
    this.#calm = 0;
    this.#target = Math.max(TARGET.least, this.#target - TARGET.less);
  }

  /** Silence without a click. */
  #fall(): void {
    const keep = 1 - 4 / FADE;
    this.#lastLeft *= keep;
    this.#lastRight *= keep;
  }

  #interrupt(): void {
    this.#isPlaying = false;
    this.#calm = 0;
    this.#target = Math.min(TARGET.most, this.#target + TARGET.more);
  }

  #drop(count: number): void {
    this.#read = (this.#read + count) % this.#left.length;
    this.#length -= count;
  }
}
