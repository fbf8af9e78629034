import { MoonteeError } from '../core/errors.js';
import type { Principal } from './principal.js';

/** Why something ends that was open. */
export type AccessEnd = 'REVOKED' | 'EXPIRED';

/** Something that stays open for a caller; `release` says that it is over. Idempotent. */
export interface Tenure {
  release(): void;
}

/** Ends what is open, at once. */
export type EndTenure = (code: AccessEnd, reason: string) => void;

/** What one token may hold open at a time. */
const MAX_HELD = 32;
/** Milliseconds between two looks at the wall clock, which may be set. */
const MAX_WAIT_MS = 30_000;

interface Holder {
  readonly principal: Principal;
  readonly ends: Set<EndTenure>;
  timer: NodeJS.Timeout | null;
}

/**
 * What callers hold open: viewers, and streams of events. It ends with the token that it was opened
 * with, whether that is taken back or expires.
 */
export class Tenures {
  readonly #isLive: (principal: Principal) => boolean;
  readonly #holders = new Map<string, Holder>();

  /** @param isLive whether the caller's token is still good */
  constructor(isLive: (principal: Principal) => boolean) {
    this.#isLive = isLive;
  }

  /** Callers that hold something. */
  get size(): number {
    return this.#holders.size;
  }

  /**
   * Who has no token never loses it.
   *
   * @param end called once at most, and not after `release`
   * @throws UNAUTHORIZED if the token has ended by now, LIMIT_REACHED
   */
  hold(principal: Principal, end: EndTenure): Tenure {
    if (principal.tokenId === null && principal.expiresAt === null) {
      return { release: () => undefined };
    }
    if (!this.#isLive(principal)) throw new MoonteeError('UNAUTHORIZED');
    const holder = this.#holders.get(principal.id) ?? this.#enter(principal);
    if (holder.ends.size >= MAX_HELD) {
      throw new MoonteeError('LIMIT_REACHED', 'Too much is open by this token');
    }
    // Two callers may give the same function.
    const own: EndTenure = (code, reason) => end(code, reason);
    holder.ends.add(own);
    return { release: () => this.#release(holder, own) };
  }

  /** Ends all that is open by the callers of these ids. */
  revoke(ids: Iterable<string>): void {
    for (const id of ids) this.#end(id, 'REVOKED', 'The access of this viewer was taken back');
  }

  /** Forgets all, and ends nothing. Idempotent. */
  close(): void {
    for (const holder of this.#holders.values()) stop(holder);
    this.#holders.clear();
  }

  #enter(principal: Principal): Holder {
    const holder: Holder = { principal, ends: new Set(), timer: null };
    this.#holders.set(principal.id, holder);
    this.#watch(holder);
    return holder;
  }

  #watch(holder: Holder): void {
    stop(holder);
    const { id, expiresAt } = holder.principal;
    if (expiresAt === null) return;
    const left = expiresAt - Date.now();
    holder.timer = setTimeout(
      () => {
        if (Date.now() < expiresAt) this.#watch(holder);
        else this.#end(id, 'EXPIRED', 'The access of this viewer has expired');
      },
      Math.min(Math.max(left, 1), MAX_WAIT_MS),
    );
  }

  #end(id: string, code: AccessEnd, reason: string): void {
    const holder = this.#holders.get(id);
    if (holder === undefined) return;
    stop(holder);
    this.#holders.delete(id);
    const ends = [...holder.ends];
    holder.ends.clear();
    for (const end of ends) end(code, reason);
  }

  #release(holder: Holder, end: EndTenure): void {
    if (!holder.ends.delete(end) || holder.ends.size > 0) return;
    stop(holder);
    if (this.#holders.get(holder.principal.id) === holder) {
      this.#holders.delete(holder.principal.id);
    }
  }
}

function stop(holder: Holder): void {
  if (holder.timer !== null) clearTimeout(holder.timer);
  holder.timer = null;
}
