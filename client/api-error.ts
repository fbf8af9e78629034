/** A request that did not succeed. `status` is 0 if no answer came. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
    this.code = code;
  }

  /** The server wants (other) credentials. */
  get isUnauthorized(): boolean {
    return this.status === 401 || this.status === 403;
  }
}

const REFUSALS: Readonly<Record<number, string>> = {
  401: 'The server wants credentials',
  403: 'These credentials are not right',
  404: 'There is nothing by this name',
  429: 'Too many requests',
};

/** @param answer the decoded body, of whatever shape */
export function refusal(status: number, answer: unknown): ApiError {
  const { error, code } = (answer ?? {}) as { error?: unknown; code?: unknown };
  return new ApiError(
    status,
    typeof code === 'string' ? code : `HTTP_${status}`,
    typeof error === 'string' ? error : (REFUSALS[status] ?? `The server answered ${status}`),
  );
}
