import { connect } from 'node:net';

/** Milliseconds that a raw exchange may take. */
const DEADLINE = 30_000;

export interface RawAnswer {
  /** 0 if the connection ended without an answer. */
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const NO_ANSWER: RawAnswer = { status: 0, headers: {}, body: '' };

/**
 * Sends text as latin1, so that any octet can be, and resolves with the first final answer.
 *
 * @param isBodiless the request was one that is answered without a body, i.e. HEAD
 * @throws Error if nothing comes and nothing ends in time
 */
export function exchange(port: number, text: string, isBodiless = false): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let received = '';
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no answer to ${JSON.stringify(text.slice(0, 300))}: ${received}`));
    }, DEADLINE);
    const done = (answer: RawAnswer): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    socket.on('connect', () => socket.write(Buffer.from(text, 'latin1')));
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
      const answer = parse(received);
      if (answer !== null && (isBodiless || isWhole(answer))) done(answer);
    });
    // What came before a reset is the answer.
    socket.on('error', () => undefined);
    socket.on('close', () => done(parse(received) ?? NO_ANSWER));
  });
}

/** Sends a request and resolves with its answer. */
export function ask(
  port: number,
  method: string,
  target: string,
  headers: readonly string[] = [],
  body = '',
): Promise<RawAnswer> {
  const head = [`${method} ${target} HTTP/1.1`, 'Host: 127.0.0.1', ...headers].join('\r\n');
  return exchange(port, `${head}\r\n\r\n${body}`, method === 'HEAD');
}

function parse(received: string): RawAnswer | null {
  const text = received.replace(/^HTTP\/1\.1 100 [^\r]*\r\n\r\n/, '');
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return null;
  const [start = '', ...lines] = text.slice(0, end).split('\r\n');
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(start)?.[1] ?? 0),
    headers: Object.fromEntries(
      lines.map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    ),
    body: text.slice(end + 4),
  };
}

function isWhole({ status, headers, body }: RawAnswer): boolean {
  if (status < 200 || status === 204 || status === 304) return true;
  if (headers['transfer-encoding'] !== undefined) return body.endsWith('0\r\n\r\n');
  return headers['content-length'] !== undefined && body.length >= +headers['content-length'];
}
