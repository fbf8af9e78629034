/** Sequence numbers that were sent, and what of them has been acknowledged. Pure. */

/** Milliseconds of one half of the window in which the shortest latency counts. */
const HALF_WINDOW_MS = 15_000;
/** Milliseconds over which the acknowledged rate is measured. */
const RATE_WINDOW_MS = 2_000;
/** Pictures under way, more than any link of use has. */
const MAX_ENTRIES = 1_024;

interface Entry {
  readonly sequence: number;
  readonly size: number;
  readonly at: number;
}

/** How far one sequence number is behind another, modulo 2³². */
function distance(from: number, to: number): number {
  return (to - from) | 0;
}

/** All times are milliseconds of one clock. */
export class Acknowledgements {
  /** Sent and not acknowledged, the oldest first; the entries before `#head` are done with. */
  #entries: Entry[] = [];
  #head = 0;
  #bytes = 0;
  #newest: number | null = null;
  #heard = false;
  #shortest = { past: Infinity, now: Infinity, since: 0 };
  #rate = { bytes: 0, since: 0, last: 0 };

  /** Whether any picture has been acknowledged. */
  get heard(): boolean {
    return this.#heard;
  }

  /** Bytes that are not acknowledged. */
  get bytesUnderWay(): number {
    return this.#bytes;
  }

  get isFull(): boolean {
    return this.#entries.length - this.#head >= MAX_ENTRIES;
  }

  /** bit/s that arrive, of the last seconds. */
  get rate(): number {
    return this.#rate.last;
  }

  sent(sequence: number, size: number, now: number): void {
    this.#entries.push({ sequence, size, at: now });
    this.#bytes += size;
    this.#newest = sequence;
  }

  /** @returns false for what was never sent */
  acknowledge(sequence: number, now: number): boolean {
    if (this.#newest === null || distance(this.#newest, sequence) > 0) return false;
    let latest: Entry | null = null;
    for (;;) {
      const entry = this.#entries[this.#head];
      if (entry === undefined || distance(entry.sequence, sequence) < 0) break;
      latest = entry;
      this.#head += 1;
      this.#bytes -= entry.size;
      this.#rate.bytes += entry.size;
    }
    if (latest !== null) {
      this.#heard = true;
      this.#measure(now - latest.at, now);
      this.#trim();
    }
    return true;
  }

  /** Milliseconds since the oldest picture that is not acknowledged was sent; 0 without one. */
  silence(now: number): number {
    const oldest = this.#entries[this.#head];
    return oldest === undefined ? 0 : Math.max(0, now - oldest.at);
  }

  /** The same without what the path itself takes. */
  age(now: number): number {
    return Math.max(0, this.silence(now) - this.latency);
  }

  /** Milliseconds of the fastest acknowledgement of late; 0 before the first one. */
  get latency(): number {
    const shortest = Math.min(this.#shortest.past, this.#shortest.now);
    return Number.isFinite(shortest) ? shortest : 0;
  }

  #measure(latency: number, now: number): void {
    const shortest = this.#shortest;
    if (now - shortest.since >= HALF_WINDOW_MS) {
      this.#shortest = { past: shortest.now, now: latency, since: now };
    } else {
      shortest.now = Math.min(shortest.now, latency);
    }
    const passed = now - this.#rate.since;
    if (passed < RATE_WINDOW_MS) return;
    this.#rate = { bytes: 0, since: now, last: (8_000 * this.#rate.bytes) / passed };
  }

  #trim(): void {
    if (this.#head < MAX_ENTRIES && this.#head < this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#head);
    this.#head = 0;
  }
}
