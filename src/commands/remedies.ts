import { ERRORS, type ErrorCode } from '../core/outcomes.js';

/** Where the command line has another way than REST, of which the table of outcomes speaks. */
const COMMANDS: Readonly<Partial<Record<ErrorCode, string>>> = {
  STREAMER_NOT_FOUND: "'moontee streamers list' lists those that there are.",
  STREAMER_EXISTS: "Use it, or delete it first: 'moontee streamers delete ID'.",
  HOST_NOT_FOUND: "'moontee hosts' lists those that are known; 'moontee pair ADDRESS' adds one.",
  HOST_NOT_PAIRED: "Pair with it first: 'moontee pair ADDRESS'.",
  APP_NOT_FOUND: "'moontee apps HOST_ID' lists the apps of a host.",
  BAD_REQUEST: 'Correct what the message names.',
  CONFIG_INVALID: "'moontee config check' lists everything that is wrong.",
  NOT_FOUND: 'Correct the name.',
};

/** One sentence: what to do about it at the command line. */
export function remedyOf(code: ErrorCode): string {
  return COMMANDS[code] ?? ERRORS[code].remedy.replaceAll('`', "'");
}
