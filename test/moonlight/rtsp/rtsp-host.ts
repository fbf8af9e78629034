import type { Socket } from 'node:net';
import { openMessage, sealMessage } from '../../../src/moonlight/rtsp/envelope.js';
import { rawServer } from '../nvhttp/fake-host.js';

export interface ReceivedRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** As it was on the wire, after decryption. */
  readonly text: string;
}

/** What to send back before the connection ends; a function does with the socket as it likes. */
export type RtspReply = string | ((socket: Socket) => void);

export interface RtspHost {
  readonly port: number;
  readonly requests: ReceivedRequest[];
  readonly close: () => Promise<void>;
}

/** RTSP side of a host: one request a connection, then FIN. */
export async function startRtspHost(
  answer: (request: ReceivedRequest) => RtspReply,
  keyOf: () => Buffer | null = () => null,
): Promise<RtspHost> {
  const requests: ReceivedRequest[] = [];
  let sequence = 0;
  const server = await rawServer((socket) => {
    let received = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const key = keyOf();
      const request = readRequest(received, key);
      if (request === null) return;
      received = Buffer.alloc(0);
      requests.push(request);
      const reply = answer(request);
      if (typeof reply === 'function') {
        reply(socket);
        return;
      }
      const bytes = Buffer.from(reply, 'latin1');
      socket.end(key === null ? bytes : sealMessage(key, 'host', ++sequence, bytes));
    });
  });
  return { ...server, requests };
}

/** null while it is incomplete. */
function readRequest(received: Buffer, key: Buffer | null): ReceivedRequest | null {
  if (key !== null) {
    const whole =
      received.length >= 24 && received.length === 24 + (received.readUInt32BE() & 0x7fffffff);
    return whole ? parse(openMessage(key, 'client', received).toString('latin1')) : null;
  }
  const text = received.toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const length = Number(/\r\nContent-length: (\d+)\r\n\r\n/.exec(text)?.[1] ?? 0);
  return text.length < end + 4 + length ? null : parse(text);
}

function parse(text: string): ReceivedRequest {
  const end = text.indexOf('\r\n\r\n');
  const [first = '', ...lines] = text.slice(0, end).split('\r\n');
  const [method = '', target = ''] = first.split(' ');
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(': ');
      return [line.slice(0, colon), line.slice(colon + 2)] as const;
    }),
  );
  return { method, target, headers, body: text.slice(end + 4), text };
}

/** A well-behaved answer to each request of a handshake, changeable by a test. */
export function usualReply(request: ReceivedRequest, describe: string, port: number): string {
  const head = `RTSP/1.0 200 OK\r\nCSeq: ${request.headers.get('CSeq') ?? ''}\r\n`;
  if (request.method === 'DESCRIBE') return `${head}\r\n${describe}`;
  if (request.method !== 'SETUP') return `${head}\r\n`;
  return (
    `${head}Session: DEADBEEFCAFE;timeout = 90\r\n` +
    `Transport: unicast;server_port=${port}-${port + 1};source=1.2.3.4\r\n` +
    'X-SS-Ping-Payload: 0123456789ABCDEF\r\nX-SS-Connect-Data: 0x2a\r\n\r\n'
  );
}
