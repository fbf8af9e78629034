import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { MoonteeError } from '../errors.js';

/** Seconds that are counted together. */
const WINDOW = 60;

/** How often one address may ask for what is costly: streamers and pairings. */
export class CreationLimit {
  readonly #limiter: RateLimiterMemory;

  constructor(perMinute: number) {
    this.#limiter = new RateLimiterMemory({ points: perMinute, duration: WINDOW });
  }

  /** @throws RATE_LIMITED */
  async take(address: string): Promise<void> {
    try {
      await this.#limiter.consume(address);
    } catch (limit) {
      throw new MoonteeError('RATE_LIMITED', 'Too many of these in a minute', {
        details: { retry_after_s: secondsToWait(limit, WINDOW) },
      });
    }
  }
}

/**
 * The limiter forgets by a timer, but tells by the wall clock how long that will take.
 *
 * @param window seconds that are counted together: the longest possible wait
 * @returns seconds, also where that clock has been set meanwhile
 */
export function secondsToWait(limit: unknown, window: number): number {
  if (!(limit instanceof RateLimiterRes)) return window;
  const seconds = limit.msBeforeNext / 1000;
  return seconds > 0 && seconds <= window ? seconds : window;
}
