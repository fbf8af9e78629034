import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { MoonteeError } from '../errors.js';

/** How often one address may ask for what is costly: streamers and pairings. */
export class CreationLimit {
  readonly #limiter: RateLimiterMemory;

  constructor(perMinute: number) {
    this.#limiter = new RateLimiterMemory({ points: perMinute, duration: 60 });
  }

  /** @throws RATE_LIMITED */
  async take(address: string): Promise<void> {
    try {
      await this.#limiter.consume(address);
    } catch (limit) {
      const wait = limit instanceof RateLimiterRes ? limit.msBeforeNext / 1000 : 60;
      throw new MoonteeError('RATE_LIMITED', 'Too many of these in a minute', {
        details: { retry_after_s: wait },
      });
    }
  }
}
