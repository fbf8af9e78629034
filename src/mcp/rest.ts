import type { AgentEvent } from '../protocol/agent-input.js';
import { MoonteeError } from '../core/errors.js';

/** Milliseconds; the server gives a list of input 30 s, and a picture 6. */
const INPUT_TIMEOUT_MS = 35_000;
const TIMEOUT_MS = 12_000;
/** Bytes of a picture. */
const MAX_BYTES = 48 * 1_048_576;
/** Of the server's words in a message. */
const MAX_WORDS = 400;

/** What an agent needs to know of a streamer. */
export interface StreamerFacts {
  readonly streamer_id: string;
  readonly status: string;
  readonly width: number;
  readonly height: number;
}

export interface Picture {
  readonly data: Buffer;
  readonly type: string;
  /** Milliseconds. */
  readonly age: string;
}

/** What the server says instead of doing it. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

/** The part of the REST interface that agents use. Every method throws {@link Refusal}. */
export class AgentRest {
  readonly #url: string;
  readonly #token: string | null;

  /** @param url origin and path prefix, without `/api` @throws CONFIG_INVALID */
  constructor(url: string, token: string | null) {
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
      throw new MoonteeError('CONFIG_INVALID', 'The URL of the server must be http: or https:');
    }
    this.#url = url.replace(/\/+$/, '');
    this.#token = token;
  }

  async streamers(): Promise<readonly StreamerFacts[]> {
    const response = await this.#ask('/api/streamers', {}, TIMEOUT_MS);
    const { streamers } = (await json(response)) as { streamers?: readonly StreamerFacts[] };
    return streamers ?? [];
  }

  /** @param width null: that of the stream */
  async picture(id: string, format: 'png' | 'jpg', width: number | null): Promise<Picture> {
    const query = `max_age_ms=0${width === null ? '' : `&width=${width}`}`;
    const path = `${pathOf(id)}/snapshot.${format}?${query}`;
    const response = await this.#ask(path, {}, TIMEOUT_MS);
    const data = await reading(response.arrayBuffer());
    if (data.byteLength > MAX_BYTES) throw new Refusal('The picture is too large');
    return {
      data: Buffer.from(data),
      type: format === 'png' ? 'image/png' : 'image/jpeg',
      age: response.headers.get('Moontee-Picture-Age') ?? '?',
    };
  }

  async input(id: string, name: string, events: readonly AgentEvent[]): Promise<void> {
    const init = {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ name, events }),
    };
    await json(await this.#ask(`${pathOf(id)}/input`, init, INPUT_TIMEOUT_MS));
  }

  async #ask(
    path: string,
    init: { method?: string; headers?: Record<string, string>; body?: string },
    timeout: number,
  ): Promise<Response> {
    const { headers, ...rest } = init;
    const authorization = this.#token === null ? {} : { Authorization: `Bearer ${this.#token}` };
    const response = await reading(
      fetch(this.#url + path, {
        ...rest,
        headers: { ...headers, ...authorization },
        signal: AbortSignal.timeout(timeout),
      }),
    );
    if (response.ok) return response;
    const { error, code } = (await json(response)) as { error?: unknown; code?: unknown };
    const words = typeof error === 'string' ? error : `The server answered ${response.status}`;
    throw new Refusal(
      `${words.slice(0, MAX_WORDS)}${typeof code === 'string' ? ` (${code})` : ''}`,
    );
  }
}

function pathOf(id: string): string {
  return `/api/streamers/${encodeURIComponent(id)}`;
}

async function json(response: Response): Promise<unknown> {
  const text = await reading(response.text());
  try {
    return (JSON.parse(text) as unknown) ?? {};
  } catch {
    return {};
  }
}

/** @throws Refusal in words for whatever the network does */
async function reading<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    const isLate = cause instanceof Error && cause.name === 'TimeoutError';
    throw new Refusal(
      isLate ? 'The server did not answer in time' : 'The server cannot be reached',
      { cause },
    );
  }
}
