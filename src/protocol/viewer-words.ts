/**
 * The reason that a viewer gets for an end: the words of the table, if the reason is for operators.
 */
import { OUTCOMES, type OutcomeCode } from '../core/outcomes.js';

/** Another attempt of the same viewer would only repeat it, or the end was intended. */
export function isFinal(code: OutcomeCode): boolean {
  return !OUTCOMES[code].retry;
}

/** @returns a sentence without a word of GStreamer or of the machine */
export function viewerReason(code: OutcomeCode, reason: string): string {
  const { hidesReason, words } = OUTCOMES[code];
  // Reasons are parts of other sentences as well, and have no full stop.
  return hidesReason === true ? words.replace(/\.$/, '') : reason;
}
