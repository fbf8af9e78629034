import { looksEncrypted } from './envelope.js';

/** RTSP as GameStream speaks it (gamestream.md §3.1): text with CRLF, and a body by length. */

export interface RtspRequest {
  readonly method: string;
  readonly target: string;
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

export interface RtspAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body?: string;
}

/** Bytes of one whole request; the largest of the reference client has some 1 700. */
export const MAX_REQUEST = 16 * 1024;

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  400: 'BAD REQUEST',
  403: 'FORBIDDEN',
  404: 'NOT FOUND',
  454: 'SESSION NOT FOUND',
  500: 'INTERNAL SERVER ERROR',
};

export type ParseResult =
  | { readonly kind: 'request'; readonly request: RtspRequest; readonly length: number }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'invalid'; readonly why: string };

/**
 * Reads the request at the start of `data`, header names in any case. Never throws.
 *
 * @param final nothing follows: a body without a length, or shorter than its length, is what is
 *   there
 */
export function parseRequest(data: Buffer, final = false): ParseResult {
  const end = data.indexOf('\r\n\r\n');
  if (end < 0) {
    return data.length > MAX_REQUEST ? invalid('Headers too long') : { kind: 'incomplete' };
  }
  const [first = '', ...lines] = data.toString('latin1', 0, end).split('\r\n');
  const match = /^([A-Z_]{1,32}) (\S{1,512}) RTSP\/1\.0$/i.exec(first);
  if (match === null) return invalid('Not an RTSP request line');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon <= 0) return invalid('Not a header line');
    headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  const method = (match[1] ?? '').toUpperCase();
  const bodyStart = end + 4;
  const announced = bodyLength(method, headers.get('content-length'));
  if (announced === null) return invalid('Invalid Content-length');
  const whole = bodyStart + announced;
  if (final ? data.length > MAX_REQUEST : announced !== Infinity && whole > MAX_REQUEST) {
    return invalid('Request too long');
  }
  if (data.length < whole && !final) {
    return data.length > MAX_REQUEST ? invalid('Request too long') : { kind: 'incomplete' };
  }
  const length = Math.min(whole, data.length);
  return {
    kind: 'request',
    length,
    request: {
      method,
      target: match[2] ?? '',
      headers,
      body: data.toString('utf8', bodyStart, length),
    },
  };
}

/** Infinity if the body lasts to the end of the data; null for an invalid length. */
function bodyLength(method: string, announced: string | undefined): number | null {
  if (announced === undefined) return method === 'ANNOUNCE' ? Infinity : 0;
  return /^\d{1,6}$/.test(announced) ? Number(announced) : null;
}

/** Whether data may be the start of a request, rather than the rest of a body. */
export function mayBeRequest(data: Buffer): boolean {
  const start = data.toString('latin1', 0, 32);
  return /^[A-Z_]+(?: |$)/i.test(start) || looksEncrypted(data);
}

function invalid(why: string): ParseResult {
  return { kind: 'invalid', why };
}

/** @param lowerCase header names in lower case, to try a client */
export function formatAnswer(answer: RtspAnswer, lowerCase = false): Buffer {
  const headers = answer.headers.map(
    ([name, value]) => `${lowerCase ? name.toLowerCase() : name}: ${value}\r\n`,
  );
  const first = `RTSP/1.0 ${answer.status} ${REASONS[answer.status] ?? 'ERROR'}\r\n`;
  return Buffer.from(`${first}${headers.join('')}\r\n${answer.body ?? ''}`, 'utf8');
}
