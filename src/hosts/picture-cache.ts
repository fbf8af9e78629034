/** Bytes of all pictures that are kept, and milliseconds that one is. */
const MAX_BYTES = 32 << 20;
const MAX_AGE_MS = 3_600_000;
/** Small pictures cost more than their bytes. */
const MAX_PICTURES = 2_000;

interface Kept {
  readonly picture: Buffer;
  /** `performance.now()` of the download. */
  readonly at: number;
}

/** Pictures of apps of all hosts, bounded by their bytes; those that were not asked for longest go first. */
export class PictureCache {
  readonly #maxBytes: number;
  readonly #maxAge: number;
  /** In the order of use. */
  readonly #kept = new Map<string, Kept>();
  #bytes = 0;

  constructor(maxBytes = MAX_BYTES, maxAge = MAX_AGE_MS) {
    this.#maxBytes = maxBytes;
    this.#maxAge = maxAge;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): Buffer | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    this.#kept.delete(key);
    if (performance.now() - kept.at > this.#maxAge) {
      this.#bytes -= kept.picture.length;
      return undefined;
    }
    this.#kept.set(key, kept);
    return kept.picture;
  }

  set(key: string, picture: Buffer): void {
    this.delete(key);
    if (picture.length > this.#maxBytes) return;
    this.#kept.set(key, { picture, at: performance.now() });
    this.#bytes += picture.length;
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#maxBytes && this.#kept.size <= MAX_PICTURES) break;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    this.#bytes -= this.#kept.get(key)?.picture.length ?? 0;
    this.#kept.delete(key);
  }

  /** Forgets every picture whose key begins so. */
  deleteAll(prefix: string): void {
    for (const key of [...this.#kept.keys()]) if (key.startsWith(prefix)) this.delete(key);
  }
}
