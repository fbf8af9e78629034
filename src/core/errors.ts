import { ERRORS, type ErrorCode, type Fault } from './outcomes.js';

export type { ErrorCode } from './outcomes.js';

export interface ErrorOptionsWithDetails extends ErrorOptions {
  /** Facts for the log line (no secrets). */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** The only error class that crosses layers: a row of {@link ERRORS} with its context. */
export class MoonteeError extends Error {
  override readonly name = 'MoonteeError';
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message?: string, options: ErrorOptionsWithDetails = {}) {
    super(message ?? ERRORS[code].message, options);
    this.code = code;
    this.details = options.details ?? {};
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  get fault(): Fault {
    return ERRORS[this.code].fault;
  }

  /** Wraps whatever was thrown; a MoonteeError passes unchanged. */
  static from(thrown: unknown, code: ErrorCode = 'INTERNAL'): MoonteeError {
    if (thrown instanceof MoonteeError) return thrown;
    const message = thrown instanceof Error ? messageOf(thrown) : String(thrown);
    return new MoonteeError(code, message, { cause: thrown });
  }
}

/** JSON.parse quotes what it could not read, which may be a secret. */
function messageOf(error: Error): string {
  return error instanceof SyntaxError ? 'Invalid syntax' : error.message;
}
