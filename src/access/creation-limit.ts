import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { MoonteeError } from '../errors.js';

/** Seconds that are counted together: the longest wait. */
export const LIMIT_WINDOW = 60;

/** How often one address may ask for what is costly: streamers and pairings. */
export class CreationLimit {
  readonly #limiter: RateLimiterMemory;

  constructor(perMinute: number) {
    this.#limiter = new RateLimiterMemory({ points: perMinute, duration: LIMIT_WINDOW });
  }

  /** @throws RATE_LIMITED */
  async take(address: string): Promise<void> {
    try {
      await this.#limiter.consume(address);
    } catch (limit) {
      throw new MoonteeError('RATE_LIMITED', 'Too many of these in a minute', {
        details: { retry_after_s: secondsToWait(limit) },
      });
    }
  }
}

/**
 * The limiter forgets by a timer, but tells by the wall clock how long that will take.
 *
 * @returns seconds, also where that clock has been set meanwhile
 */
export function secondsToWait(limit: unknown): number {
  if (!(limit instanceof RateLimiterRes)) return LIMIT_WINDOW;
  const seconds = limit.msBeforeNext / 1000;
  return seconds > 0 && seconds <= LIMIT_WINDOW ? seconds : LIMIT_WINDOW;
}
