import { createHash } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { MoonteeError } from '../core/errors.js';

/** What RFC 6455, section 1.3, has the answer to an upgrade made of. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** Section 5.2. */
const OPCODE = { TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9, PONG: 10 } as const;
const FINAL = 0x80;
const MASKED = 0x80;
const SHORT_LENGTH = 126;
const LONG_LENGTH = 127;
const MASK_BYTES = 4;
/** Bytes of all that comes up to the end of the first text. */
const MAX_BYTES = 32_768;

/** The first text of a client, with all bytes that have come with it. */
export interface FirstText {
  readonly text: Buffer;
  readonly received: Buffer;
}

/** Answers an upgrade to WebSocket. @param key `Sec-WebSocket-Key` */
export function answerUpgrade(stream: Duplex, key: string): void {
  const accept = createHash('sha1').update(`${key}${GUID}`).digest('base64');
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${accept}`,
  ];
  stream.write(`${lines.join('\r\n')}\r\n\r\n`);
}

/**
 * Reads messages of a WebSocket up to the first text, without taking them from who reads them next: all bytes
 * are kept. The stream is paused then.
 *
 * @param head bytes that came before
 * @returns rejects with TIMEOUT, with CLOSED if the client leaves, with VIEWER_MESSAGE_INVALID
 */
export async function readFirstText(
  stream: Duplex,
  head: Buffer,
  timeout: number,
): Promise<FirstText> {
  return new Promise((resolve, reject) => {
    let received = head;
    /** What is skipped is not read once more: many small frames would cost their square. */
    let position = 0;
    const settle = (result: FirstText | MoonteeError): void => {
      clearTimeout(timer);
      stream.off('data', onData).off('close', onClose).off('end', onClose);
      stream.pause();
      if (result instanceof MoonteeError) reject(result);
      else resolve(result);
    };
    const look = (): void => {
      try {
        const found = findText(received, position);
        ({ position } = found);
        if (found.text !== null) settle({ text: found.text, received });
      } catch (error) {
        settle(MoonteeError.from(error));
      }
    };
    const onData = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk]);
      look();
    };
    const onClose = (): void => settle(new MoonteeError('CLOSED', 'The client has left'));
    const timer = setTimeout(() => {
      settle(new MoonteeError('VIEWER_TIMEOUT', 'No init message came in time'));
    }, timeout);
    stream.on('data', onData).on('close', onClose).on('end', onClose);
    look();
  });
}

/**
 * @param from where a frame begins
 * @returns the first text, and where it begins, or the frame that is not complete
 * @throws VIEWER_MESSAGE_INVALID for what no client sends first, CLOSED for a close frame
 */
export function findText(
  data: Buffer,
  from: number,
): { readonly text: Buffer | null; readonly position: number } {
  if (data.length > MAX_BYTES) throw invalid('too large');
  let position = from;
  while (position < data.length) {
    const frame = readFrame(data, position);
    if (frame === null) break;
    const { opcode, isFinal, end } = frame;
    if (opcode === OPCODE.CLOSE) throw new MoonteeError('CLOSED', 'The client has left');
    if (opcode === OPCODE.TEXT) {
      if (!isFinal) throw invalid('in pieces');
      return { text: frame.payload, position };
    }
    const isSkipped =
      (opcode === OPCODE.BINARY && isFinal) || opcode === OPCODE.PING || opcode === OPCODE.PONG;
    if (!isSkipped) throw invalid('not of a known kind');
    position = end;
  }
  return { text: null, position };
}

interface Frame {
  readonly opcode: number;
  readonly isFinal: boolean;
  /** Without its mask. */
  readonly payload: Buffer;
  readonly end: number;
}

/** @returns null for one that is not complete */
function readFrame(data: Buffer, at: number): Frame | null {
  const first = data[at];
  const second = data[at + 1];
  if (first === undefined || second === undefined) return null;
  if ((second & MASKED) === 0) throw invalid('not masked');
  const short = second & ~MASKED;
  if (short === LONG_LENGTH) throw invalid('too large');
  const maskAt = at + 2 + (short === SHORT_LENGTH ? 2 : 0);
  if (data.length < maskAt + MASK_BYTES) return null;
  const length = short === SHORT_LENGTH ? data.readUInt16BE(at + 2) : short;
  const payloadAt = maskAt + MASK_BYTES;
  const end = payloadAt + length;
  if (end > MAX_BYTES) throw invalid('too large');
  if (data.length < end) return null;
  const payload = Buffer.from(data.subarray(payloadAt, end));
  for (const [index, byte] of payload.entries()) {
    payload[index] = byte ^ (data[maskAt + (index % MASK_BYTES)] ?? 0);
  }
  return { opcode: first & 0x0f, isFinal: (first & FINAL) !== 0, payload, end };
}

function invalid(what: string): MoonteeError {
  return new MoonteeError('VIEWER_MESSAGE_INVALID', `The first message is ${what}`);
}

/** Writes a text and a close frame, and ends the stream. Unmasked, and both shorter than 64 KiB. */
export function endWithText(stream: Duplex, text: string, closeCode: number): void {
  const payload = Buffer.from(text);
  const code = Buffer.alloc(2);
  code.writeUInt16BE(closeCode);
  stream.end(Buffer.concat([frameOf(OPCODE.TEXT, payload), frameOf(OPCODE.CLOSE, code)]));
}

function frameOf(opcode: number, payload: Buffer): Buffer {
  const isShort = payload.length < SHORT_LENGTH;
  const head = Buffer.alloc(isShort ? 2 : 4);
  head.writeUInt8(FINAL | opcode, 0);
  head.writeUInt8(isShort ? payload.length : SHORT_LENGTH, 1);
  if (!isShort) head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, payload]);
}
