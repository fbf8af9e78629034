import { MoonteeError } from '../errors.js';

/** Takeovers of one client in a window before the next one is refused. */
const MAX_TAKEOVERS = 5;
/** Milliseconds. */
const WINDOW = 10_000;

/** Somebody who can be told that another took over. */
export interface Supersedable {
  supersede(): void;
}

interface Entry {
  current: Supersedable;
  takeovers: number[];
}

/**
 * Sockets by client: one that comes back ends its old self at once, instead of waiting for
 * its time-out. Two that push each other out in turn are stopped: the one in place stays.
 */
export class Clients {
  readonly #entries = new Map<string, Entry>();

  /** @throws RATE_LIMITED where it happens again and again */
  enter(key: string, newcomer: Supersedable): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      this.#entries.set(key, { current: newcomer, takeovers: [] });
      return;
    }
    if (entry.current === newcomer) return;
    const now = performance.now();
    entry.takeovers = entry.takeovers.filter((at) => now - at < WINDOW);
    if (entry.takeovers.length >= MAX_TAKEOVERS) {
      throw new MoonteeError('RATE_LIMITED', 'This client connects again and again');
    }
    entry.takeovers.push(now);
    const old = entry.current;
    entry.current = newcomer;
    old.supersede();
  }

  leave(key: string, leaver: Supersedable): void {
    if (this.#entries.get(key)?.current === leaver) this.#entries.delete(key);
  }
}
