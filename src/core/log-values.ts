/**
 * What of a value reaches a log line: an allow-list by type. Numbers, flags, short texts and
 * errors do; other objects never do, since a message, a configuration or an identity is one, and
 * what it holds is not known where it is logged.
 */

/** Characters of a text, elements of a list, and causes of an error. */
const MAX_TEXT = 2_000;
const MAX_LIST = 32;
const MAX_CAUSES = 3;

/** Keys whose values are secrets whatever they are. */
const SECRET_KEY =
  /credential|password|passphrase|secret|authorization|cookie|rikey|private_?key|^pin$|_pin$|token$/i;
/** A count of such things is none of them. */
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
 * Type, code, words and place of an error. What else hangs on one stays away: that of a program
 * that failed has its command line and output, that of a request its headers.
 */
function loggableError(error: Error, causes: number): Facts {
  // What is no JSON is quoted by the parser's words.
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
