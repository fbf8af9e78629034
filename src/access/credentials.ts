import { createHash, timingSafeEqual } from 'node:crypto';
import { MoonteeError } from '../core/errors.js';
import { AddressBudget } from './address-budget.js';

/**
 * The server's password. Both sides of a comparison are hashed first, so that neither content nor
 * length shows in its duration. An address that fails too often must wait. That never delays the
 * right password, since its owner may share the address with the attacker.
 */
export class Credentials {
  readonly #digest: Buffer | null;
  readonly #allowed: AddressBudget;
  #failed = 0;

  /** @param value null: no credentials are required */
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

  /**
   * @param given in each reading that the sender may have meant
   * @throws RATE_LIMITED if they are wrong and the address has failed too often lately
   */
  check(given: readonly string[], address: string): boolean {
    if (this.match(given)) return true;
    this.fail(address);
    return false;
  }

  /** Whether one of the readings is right; counts nothing. */
  match(given: readonly string[]): boolean {
    const expected = this.#digest;
    if (expected === null) return true;
    return given.some((reading) => timingSafeEqual(digest(reading), expected));
  }

  /** Counts wrong credentials, also of other kinds. @throws RATE_LIMITED as {@link check} */
  fail(address: string): void {
    this.#failed += 1;
    const wait = this.#allowed.take(address);
    if (wait === null) return;
    throw new MoonteeError('RATE_LIMITED', 'Too many wrong credentials', {
      details: { retry_after_s: wait },
    });
  }
}

/**
 * The value of `Authorization: Bearer …`, in each reading that the sender may have meant. Node
 * decodes headers as Latin-1 (RFC 9110, section 5.5), while most clients send UTF-8.
 *
 * @returns null if there is no such header
 */
export function bearerOf(header: string | undefined): readonly string[] | null {
  if (header?.startsWith('Bearer ') !== true) return null;
  const value = header.slice('Bearer '.length);
  const decoded = Buffer.from(value, 'latin1').toString('utf8');
  return decoded === value ? [value] : [value, decoded];
}

function digest(value: string): Buffer {
  return createHash('sha256').update(value).digest();
}
