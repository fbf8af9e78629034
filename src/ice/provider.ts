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
  /** Milliseconds of a clock that nobody sets: an answer's life must not become longer. */
  readonly steady?: () => number;
}

/** Seconds that an answer is used that does not say how long it is good for, and at most. */
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
   * Never rejects and waits for no more than one answer of each source: a source that fails
   * is logged, and viewers get what the others have.
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
 * One source's last answer. It is asked again at half of the answer's life, so that what a
 * viewer gets is good for the other half at least; until the new one is there, the old one
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
