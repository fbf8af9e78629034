import type { Fragment } from './wire.js';

export interface AssemblyLimits {
  /** Bytes of the largest message that is put together. */
  readonly maxMessageSize: number;
}

/** Fragments of one message; its numbers must stay well inside the window of §7.2. */
const MAX_FRAGMENTS = 4096;

/** A message that arrives in pieces. */
export class Assembly {
  readonly data: Buffer;
  readonly count: number;
  readonly #received: Uint8Array;
  #missing: number;

  constructor(first: Fragment) {
    this.count = first.count;
    this.data = Buffer.alloc(first.total);
    this.#received = new Uint8Array(first.count);
    this.#missing = first.count;
  }

  /** Bytes of the whole message. */
  get total(): number {
    return this.data.length;
  }

  get complete(): boolean {
    return this.#missing === 0;
  }

  /** Whether a fragment can be part of any message that we take. */
  static isPlausible(fragment: Fragment, limits: AssemblyLimits): boolean {
    return (
      fragment.total <= limits.maxMessageSize &&
      fragment.count > 0 &&
      fragment.count <= Math.min(MAX_FRAGMENTS, fragment.total) &&
      fragment.number < fragment.count &&
      fragment.data.length > 0 &&
      fragment.offset + fragment.data.length <= fragment.total
    );
  }

  /** False if the fragment contradicts the first one; a duplicate changes nothing. */
  add(fragment: Fragment): boolean {
    if (fragment.count !== this.count || fragment.total !== this.total) return false;
    if (this.#received[fragment.number] === 1) return true;
    this.#received[fragment.number] = 1;
    this.#missing -= 1;
    fragment.data.copy(this.data, fragment.offset);
    return true;
  }
}
