import type { Termination } from '../types.js';
import { TERMINATION_CODE } from './host-messages.js';

/** Codes of {@link Termination} that the control stream gives (gamestream.md §9.4). */
export const TERMINATION = {
  GRACEFUL: 0,
  UNEXPECTED: -1,
  EARLY: -102,
  PROTECTED_CONTENT: -103,
  FRAME_CONVERSION: -104,
} as const;

/** What a termination message means; `frameSeen`: a complete frame had ever arrived. */
export function terminationOf(code: number, frameSeen: boolean): Termination {
  switch (code) {
    case TERMINATION_CODE.CLOSED:
    case TERMINATION_CODE.SHORT_CLOSED:
      return frameSeen
        ? { code: TERMINATION.GRACEFUL, reason: 'The host ended the session', byHost: true }
        : {
            code: TERMINATION.EARLY,
            reason: 'The host ended the session before the first frame',
            byHost: true,
          };
    case TERMINATION_CODE.PROTECTED_CONTENT:
      return {
        code: TERMINATION.PROTECTED_CONTENT,
        reason: 'Protected content is on the screen of the host',
        byHost: true,
      };
    case TERMINATION_CODE.FRAME_CONVERSION:
      return {
        code: TERMINATION.FRAME_CONVERSION,
        reason: 'The host could not convert its picture',
        byHost: true,
      };
    default:
      return {
        code: code | 0,
        reason: `The host ended the session with code 0x${code.toString(16).padStart(8, '0')}`,
        byHost: true,
      };
  }
}
