import { createHash, timingSafeEqual } from 'node:crypto';
import { MoonteeError } from '../core/errors.js';
import { AddressBudget } from './address-budget.js';

/**
 * The server's password. Both sides of a comparison are hashed first, so that neither
 * content nor length shows in its duration. An address that fails too often is told to wait; that
 * never holds up the right password, since somebody who knows it may sit behind the same address.
 */
export class Credentials {
  readonly #digest: Buffer | null;
  readonly #allowed: AddressBudget;
  #failed = 0;

  /** @param value null: nobody needs any */
  constructor(value: string | null, failuresPerMinute: number) {
    this.#digest = value === null ? null : digest(value);
    this.#allowed = new AddressBudget(failuresPerMinute);
  }

  get required(): boolean {
    return this.#digest !== null;
  }

  /** Wrong credentials so far. */
  get failures(): number {
    return this.#failed;
  }

  /** @throws RATE_LIMITED where they are wrong and the address has failed too often lately */
  check(given: string, address: string): boolean {
    if (this.#digest === null || timingSafeEqual(digest(given), this.#digest)) return true;
    this.#failed += 1;
    const wait = this.#allowed.take(address);
    if (wait === null) return false;
    throw new MoonteeError('RATE_LIMITED', 'Too many wrong credentials', {
      details: { retry_after_s: wait },
    });
  }
}

/** @returns the value of `Authorization: Bearer …`; null where there is no such header */
export function bearerOf(header: string | undefined): string | null {
  return header?.startsWith('Bearer ') === true ? header.slice(7) : null;
}

function digest(value: string): Buffer {
  return createHash('sha256').update(value).digest();
}
