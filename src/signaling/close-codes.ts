import { CLOSE_CODES } from '../core/close-codes.js';
import { OUTCOMES, type OutcomeCode } from '../core/outcomes.js';

export function closeCode(code: OutcomeCode): number {
  return CLOSE_CODES[OUTCOMES[code].close].number;
}

/** A close frame's reason has room for 123 bytes. */
export function closeReason(reason: string): string {
  let text = reason;
  while (Buffer.byteLength(text) > 123) text = text.slice(0, -1);
  return text;
}
