import { isDeepStrictEqual } from 'node:util';
import type { StreamerSpec } from '../protocol/streamer-spec.js';
import type { StreamerRegistry } from './registry.js';
import type { Streamer } from './streamer.js';

const MAX_KEYS = 1_000;
const MAX_KEY_LENGTH = 200;

/** Requests that are sent twice make one streamer (header `Idempotency-Key`). */
export class Idempotency {
  readonly #streamers: StreamerRegistry;
  /** Key → what was made under it. */
  readonly #made = new Map<string, Streamer>();
  /** Key → what is being made under it. */
  readonly #making = new Map<
    string,
    { readonly spec: StreamerSpec; readonly streamer: Promise<Streamer> }
  >();

  constructor(streamers: StreamerRegistry) {
    this.#streamers = streamers;
  }

  /**
   * The streamer that a request with this key and this wish has made, or what `make` makes. Of
   * requests that come at once, the first one acts for all.
   *
   * @param header as sent; '' stands for none
   */
  async once(header: string, spec: StreamerSpec, make: () => Promise<Streamer>): Promise<Streamer> {
    const key = header.slice(0, MAX_KEY_LENGTH);
    if (key === '') return make();
    const before = this.#madeBefore(key, spec);
    if (before !== undefined) return before;
    const first = this.#making.get(key);
    if (first !== undefined && isDeepStrictEqual(first.spec, spec)) return first.streamer;
    const entry = { spec, streamer: make() };
    this.#making.set(key, entry);
    try {
      const streamer = await entry.streamer;
      this.#remember(key, streamer);
      return streamer;
    } finally {
      if (this.#making.get(key) === entry) this.#making.delete(key);
    }
  }

  #madeBefore(key: string, spec: StreamerSpec): Streamer | undefined {
    const streamer = this.#made.get(key);
    if (streamer === undefined || this.#streamers.get(streamer.id) !== streamer) return undefined;
    if (streamer.status === 'failed' || streamer.status === 'stopping') return undefined;
    return isDeepStrictEqual(streamer.spec, spec) ? streamer : undefined;
  }

  #remember(key: string, streamer: Streamer): void {
    this.#made.delete(key);
    this.#made.set(key, streamer);
    const [oldest] = this.#made.keys();
    if (this.#made.size > MAX_KEYS && oldest !== undefined) this.#made.delete(oldest);
  }
}
