import { MoonteeError } from '../../core/errors.js';
import { printable } from '../nvhttp/xml.js';

/** Sunshine and Wolf read a request into 2048 bytes; encryption adds 24 (gamestream.md §3.1). */
const MAX_REQUEST = 2000;
/** Largest response that is waited for: thirty times a usual one. */
export const MAX_RESPONSE = 64 << 10;
const MAX_HEADER_BLOCK = 16 << 10;

export interface RtspRequest {
  readonly method: string;
  readonly target: string;
  /** In the order of the wire; `CSeq` comes first, `Content-length` is added last. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body?: string;
}

export interface RtspResponse {
  readonly status: number;
  readonly reason: string;
  /** Names in lower case; a later duplicate replaces the earlier. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/**
 * A request in the one form that every host reads. Wolf requires `CSeq` first and exactly
 * `Content-length`, last, and all of it in one write.
 *
 * @throws MoonteeError RTSP_FAILED for what cannot be sent
 */
export function serializeRequest({ method, target, headers, body }: RtspRequest): Buffer {
  const lines = [
    `${method} ${target} RTSP/1.0`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(body === undefined ? [] : [`Content-length: ${Buffer.byteLength(body)}`]),
  ];
  if (lines.some((line) => /[\r\n\0]/.test(line))) {
    throw new MoonteeError('RTSP_FAILED', `The ${method} request would contain a line break`);
  }
  const bytes = Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body ?? ''}`, 'latin1');
  if (bytes.length > MAX_REQUEST) {
    throw new MoonteeError('RTSP_FAILED', `The ${method} request is too long for hosts`);
  }
  return bytes;
}

/**
 * Reads a whole response. Hosts mix line ends and add spaces (gamestream.md §3.5). They also leave
 * out Content-Length: the body then lasts to the end of the connection.
 *
 * @throws MoonteeError RTSP_FAILED for everything that is not a complete response
 */
export function parseResponse(bytes: Buffer): RtspResponse {
  const end = headerEnd(bytes);
  if (end === null) throw malformed('no complete header');
  const [first = '', ...lines] = bytes.toString('latin1', 0, end.header).split(/\r?\n/);
  const status = /^RTSP\/1\.\d (\d{3})(?: (.*))?$/.exec(first);
  if (status === null) throw malformed('no status line');
  const headers = readHeaders(lines);
  const length = contentLength(headers);
  const available = bytes.length - end.body;
  if (length !== null && length > available) throw malformed('body cut short');
  const body = bytes.toString('latin1', end.body, end.body + (length ?? available));
  return { status: Number(status[1]), reason: printable(status[2] ?? ''), headers, body };
}

/** Whether the response is complete; without a length only the end of the connection shows it. */
export function isCompleteResponse(bytes: Buffer): boolean {
  const end = headerEnd(bytes);
  if (end === null) return false;
  const lines = bytes.toString('latin1', 0, end.header).split(/\r?\n/).slice(1);
  const length = contentLength(readHeaders(lines));
  return length !== null && bytes.length - end.body >= length;
}

interface HeaderEnd {
  /** Length of the header block. */
  readonly header: number;
  /** Where the body begins. */
  readonly body: number;
}

function headerEnd(bytes: Buffer): HeaderEnd | null {
  const block = bytes.subarray(0, MAX_HEADER_BLOCK);
  const strict = block.indexOf('\r\n\r\n');
  const loose = block.indexOf('\n\n');
  if (strict >= 0 && (loose < 0 || strict < loose)) return { header: strict, body: strict + 4 };
  return loose < 0 ? null : { header: loose, body: loose + 2 };
}

function readHeaders(lines: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0)
      headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return headers;
}

function contentLength(headers: ReadonlyMap<string, string>): number | null {
  const text = headers.get('content-length');
  if (text === undefined) return null;
  if (!/^\d{1,9}$/.test(text)) throw malformed('unreadable length');
  return Number(text);
}

function malformed(what: string): MoonteeError {
  return new MoonteeError('RTSP_FAILED', `The host's RTSP answer is malformed: ${what}`);
}
