import { ApiError, refusal } from './api-error.js';

export interface MoonteeApiOptions {
  /** Origin and path prefix, without `/api`, e.g. `https://example.org/moontee`. */
  readonly url: string;
  readonly credentials?: string | null;
  /** Milliseconds that a request may take; default 6000. Creating a streamer may take 30 s. */
  readonly timeout?: number;
}

export interface Call {
  readonly method?: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  /** With `/api`; segments are encoded. */
  readonly path: string;
  /** Undefined values are left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

const DEFAULT_TIMEOUT_MS = 6_000;

/** Requests to one server: credentials, a deadline for each, and one kind of error. */
export class HttpCaller {
  readonly url: string;
  readonly credentials: string | null;
  readonly timeout: number;

  constructor({ url, credentials = null, timeout = DEFAULT_TIMEOUT_MS }: MoonteeApiOptions) {
    this.url = url.replace(/\/+$/, '');
    this.credentials = credentials;
    this.timeout = timeout;
  }

  /** @returns the decoded body; undefined for an empty one */
  async json(call: Call): Promise<unknown> {
    return this.exchange(call, async ({ response }) => {
      const text = await response.text();
      const answer = parseJson(text);
      if (text !== '' && answer === undefined) {
        throw new ApiError(response.status, 'ANSWER_INVALID', 'Invalid answer from the server');
      }
      return answer;
    });
  }

  async text(call: Call): Promise<string> {
    return this.exchange(call, ({ response }) => response.text());
  }

  /** @throws ApiError for anything that goes wrong, also while `read` reads */
  async exchange<T>(call: Call, read: (exchange: Exchange) => Promise<T>): Promise<T> {
    const exchange = await this.open(call);
    try {
      return await read(exchange);
    } catch (error) {
      throw exchange.failure(error);
    } finally {
      exchange.close();
    }
  }

  /**
   * For bodies that are read piece by piece. The caller must close it.
   *
   * @throws ApiError also for an answer that is a refusal
   */
  async open(call: Call): Promise<Exchange> {
    const { method = 'GET', path, query = {}, body, headers = {}, timeout, signal } = call;
    const deadline = new Deadline(timeout ?? this.timeout, signal);
    try {
      const response = await fetch(this.url + path + queryText(query), {
        method,
        headers: {
          ...(this.credentials === null ? {} : { Authorization: `Bearer ${this.credentials}` }),
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: deadline.signal,
      });
      // 304 is an answer too: there was nothing to do.
      if (response.ok || response.status === 304) return new Exchange(response, deadline);
      throw refusal(response.status, parseJson(await response.text()));
    } catch (error) {
      const failure = deadline.failure(error);
      deadline.close();
      throw failure;
    }
  }
}

/** An answer whose body may still come. */
export class Exchange {
  readonly response: Response;
  readonly #deadline: Deadline;

  constructor(response: Response, deadline: Deadline) {
    this.response = response;
    this.#deadline = deadline;
  }

  /**
   * The body's text as it comes.
   *
   * @param silence milliseconds that may pass between two pieces
   */
  async *chunks(silence: number): AsyncGenerator<string, void, undefined> {
    const reader = this.response.body?.getReader();
    if (reader === undefined) return;
    const decoder = new TextDecoder();
    for (;;) {
      this.#deadline.move(silence);
      const { done, value } = await reader.read();
      if (done) return;
      yield decoder.decode(value, { stream: true });
    }
  }

  failure(error: unknown): ApiError {
    return this.#deadline.failure(error);
  }

  /** A body that was not read to its end would keep its connection. Idempotent. */
  close(): void {
    this.#deadline.close();
  }
}

/** Ends a request that takes too long, or that its caller gives up. */
class Deadline {
  readonly #ending = new AbortController();
  readonly #given: AbortSignal | undefined;
  readonly #leave = (): void => this.#ending.abort();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(milliseconds: number, given: AbortSignal | undefined) {
    this.#given = given;
    this.move(milliseconds);
    if (given?.aborted === true) this.#leave();
    given?.addEventListener('abort', this.#leave);
  }

  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  move(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#leave, milliseconds);
  }

  failure(cause: unknown): ApiError {
    if (cause instanceof ApiError) return cause;
    if (this.#given?.aborted === true) {
      return new ApiError(0, 'CLOSED', 'The request was given up', { cause });
    }
    return this.signal.aborted
      ? new ApiError(0, 'TIMEOUT', 'The server did not answer in time', { cause })
      : new ApiError(0, 'UNREACHABLE', 'The server cannot be reached', { cause });
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#given?.removeEventListener('abort', this.#leave);
    this.#leave();
  }
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function queryText(query: NonNullable<Call['query']>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  return parameters.size === 0 ? '' : `?${parameters.toString()}`;
}
