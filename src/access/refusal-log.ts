import type { Log } from '../core/log.js';
import { cleanText } from '../core/text.js';
import { AddressBudget } from './address-budget.js';

/** Lines in a minute: of one address, and of all together. */
const PER_ADDRESS = 10;
const IN_ALL = 120;
/** Characters that are logged of a text from outside. */
const MAX_TEXT = 80;
/** Milliseconds between two lines about what was not logged. */
const SUMMARY_INTERVAL_MS = 10_000;

/**
 * Log lines whose number and content others decide: refused requests, sockets and messages.
 * Strangers must not be able to fill a disk, or to hide one line among millions. What is left out
 * is counted, and the count is logged.
 */
export class RefusalLog {
  readonly #log: Log;
  readonly #perAddress = new AddressBudget(PER_ADDRESS);
  readonly #inAll = new AddressBudget(IN_ALL);
  #suppressed = 0;
  #summary: NodeJS.Timeout | null = null;

  constructor(log: Log) {
    this.#log = log;
  }

  /** @param facts texts in it are cut and cleaned */
  note(
    address: string,
    facts: Readonly<Record<string, string | number | null | undefined>>,
    message: string,
    level: 'debug' | 'info' | 'warn' = 'info',
  ): void {
    if (!this.#log.isLevelEnabled(level)) return;
    if (this.#perAddress.take(address) !== null || this.#inAll.take('') !== null) {
      this.#suppress();
      return;
    }
    const shown = Object.entries(facts).map(([key, value]) => [
      key,
      typeof value === 'string' ? cleanText(value, MAX_TEXT) : value,
    ]);
    this.#log[level]({ address, ...Object.fromEntries(shown) }, message);
  }

  /** Logs the counts that are still due. Idempotent. */
  close(): void {
    if (this.#summary !== null) clearTimeout(this.#summary);
    this.#summary = null;
    if (this.#suppressed === 0) return;
    this.#log.warn({ suppressed: this.#suppressed }, 'refusals not logged, there were too many');
    this.#suppressed = 0;
  }

  #suppress(): void {
    this.#suppressed += 1;
    this.#summary ??= setTimeout(() => this.close(), SUMMARY_INTERVAL_MS).unref();
  }
}
