import { createHash, timingSafeEqual } from 'node:crypto';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { MoonteeError } from '../errors.js';
import { LIMIT_WINDOW, secondsToWait } from './creation-limit.js';

/**
 * The server's password. Both sides of a comparison are hashed first, so that neither
 * content nor length shows in its duration; an address that fails too often has to wait.
 */
export class Credentials {
  readonly #digest: Buffer | null;
  readonly #failures: RateLimiterMemory;
  #failed = 0;

  /** @param value null: nobody needs any */
  constructor(value: string | null, failuresPerMinute: number) {
    this.#digest = value === null ? null : digest(value);
    this.#failures = new RateLimiterMemory({ points: failuresPerMinute, duration: LIMIT_WINDOW });
  }

  get required(): boolean {
    return this.#digest !== null;
  }

  /** Wrong credentials so far. */
  get failures(): number {
    return this.#failed;
  }

  /** @throws RATE_LIMITED where the address has failed too often lately */
  async check(given: string, address: string): Promise<boolean> {
    if (this.#digest === null) return true;
    await this.assertNotLimited(address);
    if (timingSafeEqual(digest(given), this.#digest)) return true;
    this.#failed += 1;
    // The one that reaches the limit is still told that it is wrong.
    await this.#failures.consume(address).catch(() => undefined);
    return false;
  }

  async assertNotLimited(address: string): Promise<void> {
    const state = await this.#failures.get(address);
    if (state instanceof RateLimiterRes && state.consumedPoints >= this.#failures.points) {
      throw new MoonteeError('RATE_LIMITED', 'Too many wrong credentials', {
        details: { retry_after_s: secondsToWait(state) },
      });
    }
  }
}

/** @returns the value of `Authorization: Bearer …`; null where there is no such header */
export function bearerOf(header: string | undefined): string | null {
  return header?.startsWith('Bearer ') === true ? header.slice(7) : null;
}

function digest(value: string): Buffer {
  return createHash('sha256').update(value).digest();
}
