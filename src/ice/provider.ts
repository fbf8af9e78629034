import { MoonteeError } from '../core/errors.js';
import type { IceServer } from './types.js';
import type { Log } from '../core/log.js';
import { turnRestCredentials, type TurnRestOptions } from './turn-rest.js';
import type { ServersAnswer } from './servers-answer.js';
import type { ServersSource } from './servers-source.js';

export interface IceServerProviderOptions {
  /** The same for everybody. */
  readonly fixed: readonly IceServer[];
  readonly turnRest: TurnRestOptions | null;
  readonly sources: readonly ServersSource[];
  readonly log: Log;
  /** Milliseconds since 1970: TURN servers compare it with their own. */
  readonly now?: () => number;
  /**
   * Milliseconds of the monotonic clock, which cannot be set: an answer's life must not become
   * longer.
   */
  readonly steady?: () => number;
}

/** Seconds that an answer without a `ttl` is used, and the longest that any answer is. */
const DEFAULT_TTL = 300;
const MAX_TTL = 86_400;
/** Milliseconds after a failure until a source is asked again. */
const RETRY_AFTER_MS = 10_000;

/** The ICE servers of each viewer, with credentials that are fresh. */
export class IceServerProvider {
  readonly #options: IceServerProviderOptions;
  readonly #now: () => number;
  readonly #cached: readonly CachedSource[];

  constructor(options: IceServerProviderOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    const steady = options.steady ?? (() => performance.now());
    this.#cached = options.sources.map((source) => new CachedSource(source, steady, options.log));
  }

  /** Asks every source once, so that the first viewer does not wait. Never rejects. */
  async warmUp(): Promise<void> {
    await Promise.all(this.#cached.map((source) => source.servers()));
  }

  /**
   * Never rejects and waits for no more than one answer of each source. A source that fails is
   * logged, and viewers get the servers of the others.
   *
   * @param viewerId ends up in the user names of shared-secret credentials
   */
  async serversFor(viewerId: string): Promise<IceServer[]> {
    const { fixed, turnRest } = this.#options;
    const fetched = await Promise.all(this.#cached.map((source) => source.servers()));
    const own = turnRest
      ? [
          {
            urls: turnRest.urls,
            ...turnRestCredentials(turnRest, viewerId, this.#now() / 1_000),
          },
        ]
      : [];
    return [...fixed, ...own, ...fetched.flat()];
  }
}

/**
 * One source's last answer. The source is asked again at half of the answer's life, so that a
 * viewer's servers are valid for at least the other half. Until the new answer comes, the old one
 * serves.
 */
class CachedSource {
  readonly #source: ServersSource;
  readonly #now: () => number;
  readonly #log: Log;
  #servers: readonly IceServer[] = [];
  #refreshAt = 0;
  #expiresAt = 0;
  #pending: Promise<void> | null = null;

  constructor(source: ServersSource, now: () => number, log: Log) {
    this.#source = source;
    this.#now = now;
    this.#log = log;
  }

  async servers(): Promise<readonly IceServer[]> {
    if (this.#now() >= this.#refreshAt) {
      this.#pending ??= this.#refresh().finally(() => {
        this.#pending = null;
      });
    }
    if (this.#now() >= this.#expiresAt) await this.#pending;
    return this.#now() < this.#expiresAt ? this.#servers : [];
  }

  async #refresh(): Promise<void> {
    try {
      this.#keep(await this.#source.fetch());
    } catch (thrown) {
      const { message } = MoonteeError.from(thrown);
      this.#log.warn({ source: this.#source.name, reason: message }, 'no new ICE servers');
      this.#refreshAt = this.#now() + RETRY_AFTER_MS;
    }
  }

  #keep({ servers, ttl }: ServersAnswer): void {
    const life = Math.min(ttl ?? DEFAULT_TTL, MAX_TTL) * 1_000;
    this.#servers = servers;
    this.#expiresAt = this.#now() + life;
    this.#refreshAt = this.#now() + life / 2;
    this.#log.info({ source: this.#source.name, servers: servers.length }, 'new ICE servers');
  }
}
