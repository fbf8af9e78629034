import { MoonteeError } from '../core/errors.js';
import { AddressBudget } from './address-budget.js';

/** How often one address may ask for what is costly: streamers and pairings. */
export class CreationLimit {
  readonly #budget: AddressBudget;

  constructor(perMinute: number) {
    this.#budget = new AddressBudget(perMinute);
  }

  /** @throws RATE_LIMITED */
  take(address: string): void {
    const wait = this.#budget.take(address);
    if (wait === null) return;
    throw new MoonteeError('RATE_LIMITED', 'Too many requests of this kind in a minute', {
      details: { retry_after_s: wait },
    });
  }
}
