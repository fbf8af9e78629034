import { createHash, randomBytes } from 'node:crypto';
import { MoonteeError } from '../core/errors.js';

/** Takeovers of one client in a window before the next one is refused. */
const MAX_TAKEOVERS = 5;
/** Milliseconds. */
const WINDOW_MS = 10_000;
/** Secrets of one client: its newest may have been lost on the way to it. */
const MAX_SECRETS = 2;

/** A viewer that can be notified that another took over. */
export interface Supersedable {
  supersede(): void;
}

interface Entry {
  current: Supersedable;
  takeovers: number[];
  /** Keys under which it is found, the newest last. */
  keys: string[];
}

/**
 * Sockets by what only their client knows: each is given a secret when it enters. A client that
 * comes back with it ends its old self at once, instead of waiting for its time-out. Two that push
 * each other out in turn are stopped: the one in place stays.
 */
export class Clients {
  readonly #entries = new Map<string, Entry>();
  readonly #owners = new Map<Supersedable, Entry>();

  /**
   * @param scope secrets are good for nothing outside it
   * @returns the newcomer's secret, in base64url
   */
  enter(scope: string, newcomer: Supersedable): string {
    const secret = randomBytes(24).toString('base64url');
    const key = keyOf(scope, secret);
    const entry = this.#owners.get(newcomer) ?? { current: newcomer, takeovers: [], keys: [] };
    this.#owners.set(newcomer, entry);
    this.#addKeys(entry, [key]);
    return secret;
  }

  /**
   * Ends the viewer who was given the secret; a secret without a viewer is not an error.
   *
   * @throws RATE_LIMITED if it happens again and again
   */
  takeOver(scope: string, secret: string, newcomer: Supersedable): void {
    const entry = this.#entries.get(keyOf(scope, secret));
    if (entry === undefined || entry.current === newcomer) return;
    const now = performance.now();
    entry.takeovers = entry.takeovers.filter((at) => now - at < WINDOW_MS);
    if (entry.takeovers.length >= MAX_TAKEOVERS) {
      throw new MoonteeError('RATE_LIMITED', 'This client connects too often');
    }
    entry.takeovers.push(now);
    const old = entry.current;
    const own = this.#owners.get(newcomer);
    this.#owners.delete(old);
    entry.current = newcomer;
    this.#owners.set(newcomer, entry);
    // It may have entered before it said who it was.
    this.#addKeys(entry, own?.keys ?? []);
    old.supersede();
  }

  leave(leaver: Supersedable): void {
    const entry = this.#owners.get(leaver);
    if (entry === undefined) return;
    this.#owners.delete(leaver);
    for (const key of entry.keys) this.#entries.delete(key);
  }

  #addKeys(entry: Entry, keys: readonly string[]): void {
    for (const key of keys) this.#entries.set(key, entry);
    const all = [...entry.keys, ...keys];
    entry.keys = all.slice(-MAX_SECRETS);
    for (const key of all.slice(0, -MAX_SECRETS)) this.#entries.delete(key);
  }
}

/** A hash, so that the duration of a look-up reveals nothing about secrets. */
function keyOf(scope: string, secret: string): string {
  return createHash('sha256').update(`${scope}\n${secret}`).digest('base64url');
}
