import type Koa from 'koa';
import { MoonteeError, type ErrorCode } from '../errors.js';
import type { Log } from '../log.js';

/** An error whose status on this route differs from the one in the table. */
class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: number;
  readonly error: MoonteeError;

  constructor(status: number, error: MoonteeError) {
    super(error.message, { cause: error });
    this.status = status;
    this.error = error;
  }
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

/** The one place where errors become HTTP: `{"error", "code"}`; a 401 has no body (a.1). */
export function answerErrors(log: Log): Koa.Middleware {
  return async (context, next) => {
    try {
      await next();
      if (context.status === 404 && context.body === undefined) {
        throw new MoonteeError('NOT_FOUND');
      }
    } catch (thrown) {
      if (context.headerSent) {
        // Too late for a status: the connection's end tells it.
        log.warn({ err: thrown, path: context.path }, 'answer broke off');
        context.res.destroy();
        return;
      }
      const { status, error } =
        thrown instanceof HttpError
          ? thrown
          : { status: MoonteeError.from(thrown).status, error: MoonteeError.from(thrown) };
      report(log, context, status, error);
      context.status = status;
      context.body = status === 401 ? null : errorBody(error);
      if (status === 401) {
        // Koa makes 204 of an empty body.
        context.status = 401;
        context.set('Content-Length', '0');
      }
      if (error.code === 'RATE_LIMITED') context.set('Retry-After', retryAfter(error));
    }
  };
}

export function errorBody(error: MoonteeError): { error: string; code: ErrorCode } {
  // What went wrong inside is for the log alone.
  const message = error.code === 'INTERNAL' ? 'Internal server error' : error.message;
  return { error: message, code: error.code };
}

function retryAfter(error: MoonteeError): string {
  const seconds = error.details['retry_after_s'];
  return String(typeof seconds === 'number' ? Math.max(1, Math.ceil(seconds)) : 60);
}

function report(
  log: Log,
  context: Koa.ParameterizedContext,
  status: number,
  error: MoonteeError,
): void {
  const facts = {
    method: context.method,
    path: context.path,
    status,
    code: error.code,
    reason: error.message,
    ...error.details,
  };
  if (error.fault === 'internal' && status >= 500)
    log.error({ ...facts, err: error }, 'request failed');
  else if (status >= 500) log.warn(facts, 'request failed');
  else log.debug(facts, 'request refused');
}
