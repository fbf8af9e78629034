import { STATUS_CODES, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { errorAnswer } from './error-answers.js';

/** Milliseconds that the other side has to take the answer. */
const DEADLINE_MS = 2_000;

/** Answers with an error on a connection without a response object, and ends both. */
export function refuseRaw(stream: Duplex, thrown: unknown): void {
  const { status, headers, body } = errorAnswer(thrown);
  const text = JSON.stringify(body);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Connection: close',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(text)}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  stream.once('finish', () => stream.destroy());
  // A caller that does not read it is not waited for.
  const timer = setTimeout(() => stream.destroy(), DEADLINE_MS);
  stream.once('close', () => clearTimeout(timer));
  stream.end(`${head.join('\r\n')}\r\n\r\n${text}`);
}

/** As {@link refuseRaw}, for a response that has not begun. */
export function refusePlainly(response: ServerResponse, thrown: unknown): void {
  const { status, headers, body } = errorAnswer(thrown);
  response.writeHead(status, {
    ...headers,
    'Content-Type': 'application/json; charset=utf-8',
    Connection: 'close',
  });
  response.end(JSON.stringify(body));
}
