/** The client's side of WHIP (RFC 9725): one POST, and a DELETE at the end. */
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { AllowedTargets } from '../../core/allowed-targets.js';
import { MoonteeError } from '../../core/errors.js';
import { urlTarget } from '../../protocol/output-spec.js';

/** Milliseconds for one request, with its answer. */
const REQUEST_TIMEOUT_MS = 10_000;
/** Bytes of an answer, and of its header. */
const MAX_ANSWER_BYTES = 64 * 1024;
const MAX_HEADER_BYTES = 16 * 1024;
const MAX_REDIRECTS = 3;
/** The method and the body stay with these (RFC 9725 §4.5). */
const REDIRECTS: readonly (number | undefined)[] = [307, 308];
/** Another attempt may end otherwise. Any other status below 500 is the same next time. */
const PASSING: readonly number[] = [404, 408, 409, 425, 429];
/** Longest wait that a receiver may ask for. */
const MAX_RETRY_AFTER_MS = 300_000;

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  /** Where it came from, after redirects. */
  readonly url: URL;
}

export interface WhipSession {
  readonly answer: string;
  /** For {@link WhipClient.remove}; null if there is none, or none that is allowed. */
  readonly resource: URL | null;
}

export class WhipClient {
  readonly #targets: AllowedTargets;
  readonly #token: string | null;

  constructor(targets: AllowedTargets, token: string | null) {
    this.#targets = targets;
    this.#token = token;
  }

  /** @throws OUTPUT_FORBIDDEN, OUTPUT_REFUSED if trying again would not help, OUTPUT_FAILED if it may */
  async offer(endpoint: URL, sdp: string, signal: AbortSignal): Promise<WhipSession> {
    const { status, headers, body, url } = await this.#follow(endpoint, sdp, signal);
    if (status !== 201) throw refusal(status, headers);
    if (!/^application\/sdp(?:;|$)/i.test(headers['content-type'] ?? '')) {
      throw new MoonteeError('OUTPUT_FAILED', 'The answer of the receiver is not SDP');
    }
    return { answer: body, resource: await this.#resource(headers.location, url) };
  }

  /** Ends a session. @throws OUTPUT_FORBIDDEN, OUTPUT_FAILED */
  async remove(resource: URL, signal: AbortSignal): Promise<void> {
    await this.#request('DELETE', resource, null, this.#token, signal);
  }

  async #follow(endpoint: URL, sdp: string, signal: AbortSignal): Promise<Answer> {
    let url = endpoint;
    let token = this.#token;
    for (let redirects = 0; ; redirects += 1) {
      const answer = await this.#request('POST', url, sdp, token, signal);
      if (!REDIRECTS.includes(answer.status)) return answer;
      const next = absolute(answer.headers.location, url);
      if (next === null || redirects === MAX_REDIRECTS) {
        throw new MoonteeError('OUTPUT_REFUSED', 'The receiver redirects to nowhere');
      }
      // What was encrypted stays so.
      if (url.protocol === 'https:' && next.protocol !== 'https:') token = null;
      url = next;
    }
  }

  async #resource(location: string | undefined, base: URL): Promise<URL | null> {
    const url = absolute(location, base);
    if (url === null) return null;
    try {
      await this.#targets.resolve(urlTarget(url));
      return url;
    } catch {
      return null;
    }
  }

  async #request(
    method: 'POST' | 'DELETE',
    url: URL,
    body: string | null,
    token: string | null,
    signal: AbortSignal,
  ): Promise<Answer> {
    const address = await this.#targets.resolve(urlTarget(url));
    const options: https.RequestOptions = {
      method,
      agent: false,
      maxHeaderSize: MAX_HEADER_BYTES,
      lookup: pinned(address),
      signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
      headers: {
        Accept: 'application/sdp',
        ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
        ...(body === null
          ? {}
          : { 'Content-Type': 'application/sdp', 'Content-Length': Buffer.byteLength(body) }),
      },
    };
    try {
      const response = await send(url, options, body);
      const text = await bounded(response);
      return { status: response.statusCode ?? 0, headers: response.headers, body: text, url };
    } catch (thrown) {
      if (thrown instanceof MoonteeError) throw thrown;
      throw new MoonteeError('OUTPUT_FAILED', `The receiver does not answer: ${causeOf(thrown)}`);
    }
  }
}

function send(
  url: URL,
  options: https.RequestOptions,
  body: string | null,
): Promise<IncomingMessage> {
  const { request } = url.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    const sent = request(url, options, resolve);
    sent.on('error', reject);
    sent.end(body ?? undefined);
  });
}

async function bounded(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) {
      throw new MoonteeError('OUTPUT_FAILED', 'The answer of the receiver is too large');
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** Connects to the address that was checked, whatever the name resolves to by then. */
function pinned(address: string): LookupFunction {
  const family = isIP(address);
  return (_name, { all }, found) => {
    if (all === true) found(null, [{ address, family }]);
    else found(null, address, family);
  };
}

/** Null for what is no URL of HTTP. */
function absolute(location: string | undefined, base: URL): URL | null {
  if (location === undefined || !URL.canParse(location, base.href)) return null;
  const url = new URL(location, base);
  const isPlain = /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
  return isPlain ? url : null;
}

function refusal(status: number, headers: http.IncomingHttpHeaders): MoonteeError {
  const message = `The receiver answered ${status}`;
  const isFinal = status < 500 && !PASSING.includes(status);
  const seconds = Number(headers['retry-after']);
  const retryAfterMs = seconds > 0 ? Math.min(seconds * 1000, MAX_RETRY_AFTER_MS) : 0;
  return new MoonteeError(isFinal ? 'OUTPUT_REFUSED' : 'OUTPUT_FAILED', message, {
    details: { retryAfterMs },
  });
}

/** Codes of the system and of TLS: messages may have the URL in them. */
function causeOf(thrown: unknown): string {
  const { code, name } = thrown as { code?: unknown; name?: unknown };
  if (name === 'TimeoutError' || code === 'ABORT_ERR') return 'too slow';
  return typeof code === 'string' ? code : 'connection broken off';
}
