import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Milliseconds from a removal to the first collection. */
const DELAY_MS = 500;
/** Collections after a removal: what one frees lets go of what the next one finds. */
const ROUNDS = 7;
/** Least milliseconds between two collections. */
const INTERVAL_MS = 2_000;
/** The same while viewers watch: a collection stops Node's thread, and every picture with it. */
const WATCHED_INTERVAL_MS = 10_000;
/** Removals since the last collection that are too many to wait for the longer one. */
const BACKLOG = 8;

/**
 * Collects V8's garbage after removals. V8 does not see how large a removed element is, and would
 * take its time. A full collection takes 10 to 20 ms.
 */
export class Collector {
  readonly #release: () => void;
  readonly #watchers = new Set<() => boolean>();
  #rounds = 0;
  /** Since the last collection. */
  #removals = 0;
  /** `performance.now()` of the first of them. */
  #removedAt = -Infinity;
  #collectedAt = -Infinity;
  #timer: NodeJS.Timeout | null = null;
  #gc: (() => void) | null = null;
  #closed = false;

  /** @param release lets go of what a collection has found */
  constructor(release: () => void) {
    this.#release = release;
  }

  /** @param watched whether a stop would be seen now; asked until the returned function is called */
  spare(watched: () => boolean): () => void {
    this.#watchers.add(watched);
    return () => {
      this.#watchers.delete(watched);
    };
  }

  /** Something large has been removed. */
  soon(): void {
    if (this.#removals === 0) this.#removedAt = performance.now();
    this.#removals += 1;
    this.#rounds = ROUNDS;
    this.#schedule();
  }

  /** A full collection, and the release of what it found. */
  now(): void {
    if (!this.#gc) {
      setFlagsFromString('--expose-gc');
      this.#gc = runInNewContext('gc') as () => void;
    }
    this.#collectedAt = performance.now();
    this.#removals = 0;
    this.#gc();
    this.#release();
  }

  /** The last collection. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
    this.now();
  }

  /**
   * Decided again with every removal: the backlog may have become too long, or the last viewer
   * gone.
   */
  #schedule(): void {
    if (this.#closed) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#turn(), Math.max(1, this.#due() - performance.now()));
    this.#timer.unref();
  }

  #turn(): void {
    this.#timer = null;
    // A viewer may have begun to watch meanwhile.
    if (this.#due() <= performance.now()) {
      this.now();
      this.#rounds -= 1;
    }
    if (this.#rounds > 0) this.#schedule();
  }

  #due(): number {
    const patient = this.#removals < BACKLOG && [...this.#watchers].some((watched) => watched());
    const next = this.#collectedAt + (patient ? WATCHED_INTERVAL_MS : INTERVAL_MS);
    return Math.max(next, this.#removedAt + DELAY_MS);
  }
}
