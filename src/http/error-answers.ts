import type Koa from 'koa';
import { MoonteeError, type ErrorCode } from '../core/errors.js';
import type { ClientAddress } from '../access/client-address.js';
import type { RefusalLog } from '../access/refusal-log.js';
import type { Log } from '../core/log.js';
import { cleanText } from '../core/text.js';

/** Characters of a path in a log line. */
const MAX_PATH = 80;

type Headers = Readonly<Record<string, string>>;

/** An error whose status or headers on this route differ from those of the table. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: number;
  readonly error: MoonteeError;
  readonly headers: Headers;

  constructor(status: number, error: MoonteeError, headers: Headers = {}) {
    super(error.message, { cause: error });
    this.status = status;
    this.error = error;
    this.headers = headers;
  }
}

/** An error as HTTP, for every writer of answers. */
export interface ErrorAnswer {
  readonly status: number;
  readonly error: MoonteeError;
  readonly headers: Headers;
  readonly body: { readonly error: string; readonly code: ErrorCode };
}

/** The one place in which errors become HTTP: `{"error", "code"}`. */
export function errorAnswer(thrown: unknown): ErrorAnswer {
  const special = thrown instanceof HttpError ? thrown : null;
  const error = special?.error ?? MoonteeError.from(thrown);
  const headers: Record<string, string> = { ...special?.headers };
  // RFC 9110, section 15.5.2; browsers ask their user for nothing on account of this scheme.
  if (error.code === 'UNAUTHORIZED') headers['WWW-Authenticate'] = 'Bearer realm="moontee"';
  if (error.code === 'RATE_LIMITED') headers['Retry-After'] = retryAfter(error);
  // What went wrong inside is for the log alone.
  const message = error.code === 'INTERNAL' ? 'Internal server error' : error.message;
  return {
    status: special?.status ?? error.status,
    error,
    headers,
    body: { error: message, code: error.code },
  };
}

/** Runs `work`; its errors are answered with `status`, but for those of the caller's making. */
export async function failingWith<T>(
  status: number | ((error: MoonteeError) => number),
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const error = MoonteeError.from(thrown);
    if (error.code === 'HOST_NOT_FOUND' || error.code === 'BAD_REQUEST') throw error;
    throw new HttpError(typeof status === 'number' ? status : status(error), error);
  }
}

/** Answers what the middleware below throws, and what none of it has answered. */
export function answerErrors(
  log: Log,
  refusals: RefusalLog,
  addresses: ClientAddress,
): Koa.Middleware {
  const note = (
    context: Koa.ParameterizedContext,
    facts: Readonly<Record<string, string | number>>,
    message: string,
    level: 'debug' | 'warn',
  ): void => {
    const { method, path, req } = context;
    refusals.note(addresses.of(req), { method, path, ...facts }, message, level);
  };
  return async (context, next) => {
    try {
      await next();
      if (context.status === 404 && context.body === undefined) {
        throw new MoonteeError('NOT_FOUND');
      }
    } catch (thrown) {
      if (context.headerSent) {
        // Too late for a status: closing the connection reports it.
        const { code, message } = MoonteeError.from(thrown);
        note(context, { code, reason: message }, 'answer broke off', 'warn');
        context.res.destroy();
        return;
      }
      const answer = errorAnswer(thrown);
      const { status, error } = answer;
      if (error.fault === 'internal' && status >= 500) {
        const path = cleanText(context.path, MAX_PATH);
        const facts = { method: context.method, path, status, code: error.code };
        log.error({ ...facts, err: error }, 'request failed');
      } else {
        const facts = { status, code: error.code, reason: error.message };
        if (status >= 500) note(context, facts, 'request failed', 'warn');
        else note(context, facts, 'request refused', 'debug');
      }
      context.status = answer.status;
      context.body = answer.body;
      context.set(answer.headers);
    }
  };
}

function retryAfter(error: MoonteeError): string {
  const seconds = error.details['retry_after_s'];
  return String(typeof seconds === 'number' ? Math.max(1, Math.ceil(seconds)) : 60);
}
