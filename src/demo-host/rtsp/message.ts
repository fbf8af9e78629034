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

/** Reads the request at the start of `data`, header names in any case. Never throws. */
export function parseRequest(data: Buffer): ParseResult {
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
  const announced = headers.get('content-length') ?? '0';
  if (!/^\d{1,6}$/.test(announced)) return invalid('Invalid Content-length');
  const bodyStart = end + 4;
  const length = bodyStart + Number(announced);
  if (length > MAX_REQUEST) return invalid('Request too long');
  if (data.length < length) return { kind: 'incomplete' };
  return {
    kind: 'request',
    length,
    request: {
      method: (match[1] ?? '').toUpperCase(),
      target: match[2] ?? '',
      headers,
      body: data.toString('utf8', bodyStart, length),
    },
  };
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
