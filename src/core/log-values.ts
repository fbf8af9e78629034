/**
 * An allow-list, by type, of the values that reach a log line: numbers, flags, short texts and
 * errors. Other objects never do, since a message, a configuration or an identity is one. What it
 * holds is unknown at the place of logging.
 */

/** Characters of a text, elements of a list, and causes of an error. */
const MAX_TEXT = 2_000;
const MAX_LIST = 32;
const MAX_CAUSES = 3;

/** Keys whose values are secrets whatever they are. */
const SECRET_KEY =
  /credential|password|passphrase|secret|authorization|cookie|rikey|private_?key|^pin$|_pin$|token$/i;
/** A count of such things is not a secret. */
const HARMLESS = new Set(['boolean', 'undefined']);

const USER_INFO = /([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/?#@]{1,512}@/gi;

type Facts = Record<string, unknown>;

/** The facts of a line, for pino's formatters. */
export function loggable(facts: Facts): Facts {
  const shown: Facts = {};
  for (const [key, value] of Object.entries(facts)) {
    const secret = SECRET_KEY.test(key) && value !== null && !HARMLESS.has(typeof value);
    shown[key] = secret ? '[secret]' : loggableValue(value);
  }
  return shown;
}

/** Users and passwords of URLs are left out, wherever in a text they stand. */
export function withoutUserInfo(text: string): string {
  return text.includes('@') ? text.replace(USER_INFO, '$1[secret]@') : text;
}

function loggableValue(value: unknown): unknown {
  if (Array.isArray(value)) {
    const list: readonly unknown[] = value;
    const shown = list.slice(0, MAX_LIST).map((each) => plainValue(each));
    return list.length > MAX_LIST ? [...shown, `… ${list.length - MAX_LIST} more`] : shown;
  }
  return value instanceof Error ? loggableError(value, MAX_CAUSES) : plainValue(value);
}

function plainValue(value: unknown): unknown {
  switch (typeof value) {
    case 'string':
      return shortened(value);
    case 'number':
    case 'boolean':
    case 'undefined':
      return value;
    case 'bigint':
      return value.toString();
    default:
      if (value === null) return null;
      return value instanceof Date ? value.toISOString() : `[${typeof value}]`;
  }
}

/**
 * Type, code, message and place of an error. Its other properties stay away: a failed program's
 * error has its command line and output, a request's has its headers.
 */
function loggableError(error: Error, causes: number): Facts {
  // The parser's message quotes invalid JSON.
  const message = error instanceof SyntaxError ? 'syntax error' : shortened(error.message);
  const { code, details } = error as { code?: unknown; details?: unknown };
  const cause = causes > 0 && error.cause instanceof Error ? error.cause : null;
  return {
    type: error.constructor.name,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    message,
    stack: placeOf(error, message),
    ...(isFacts(details) ? loggable(details) : {}),
    ...(cause === null ? {} : { cause: loggableError(cause, causes - 1) }),
  };
}

/** The stack with the words of above: those of its own first lines are not cut. */
function placeOf(error: Error, message: string): string {
  const lines = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return shortened([`${error.name}: ${message}`, ...lines].join('\n'));
}

function isFacts(value: unknown): value is Facts {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shortened(text: string): string {
  const cut = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
  return withoutUserInfo(cut);
}
