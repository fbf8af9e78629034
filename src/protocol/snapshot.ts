/** A still picture on its way from a child to the server, over a connection of its own. */
import { isLeft } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { parseJson } from '../codec/bounded-json.js';
import { Integer } from '../codec/integer.js';
import { MoonteeError } from '../core/errors.js';
import { ErrorCode } from './outcome-codes.js';

export const SnapshotFormat = t.keyof({ png: null, jpeg: null }, 'SnapshotFormat');
export type SnapshotFormat = t.TypeOf<typeof SnapshotFormat>;

/** A picture that a child is to take; the connection for it came with `MediaConnection`. */
export const SnapshotOrder = t.type(
  {
    socket_id: Integer,
    format: SnapshotFormat,
    /** Pixels; null: that of the stream. Wider than the stream is no picture. */
    width: t.union([Integer, t.null]),
    /** Milliseconds that it may be old. */
    max_age_ms: Integer,
    within_ms: Integer,
  },
  'SnapshotOrder',
);
export type SnapshotOrder = t.TypeOf<typeof SnapshotOrder>;

const Taken = t.type({
  /** Distinguishes the pictures of one child. */
  id: t.string,
  width: Integer,
  height: Integer,
  /** Milliseconds since the host's picture came. */
  age_ms: Integer,
});
const Refused = t.type({ code: ErrorCode, message: t.string });
const Head = t.union([t.type({ taken: Taken }), t.type({ refused: Refused })]);
export type SnapshotHead = t.TypeOf<typeof Head>;

export interface Snapshot extends t.TypeOf<typeof Taken> {
  readonly data: Buffer;
}

/** Bytes of the length before the head. */
const LENGTH_BYTES = 4;
const MAX_HEAD = 4_096;
const MAX_DEPTH = 4;
/** Of a whole answer: a noisy PNG of 3840×2160 has 25 MB. */
export const MAX_SNAPSHOT_BYTES = 48 * 1_048_576;

/** What is written before the bytes of the picture. */
export function encodeSnapshotHead(head: SnapshotHead): Buffer {
  const text = Buffer.from(JSON.stringify(head));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, text]);
}

/** @param answer all that came @throws the error of the child, CLOSED for half an answer */
export function decodeSnapshot(answer: Buffer): Snapshot {
  const length = answer.length < LENGTH_BYTES ? Infinity : answer.readUInt32BE(0);
  const end = LENGTH_BYTES + length;
  if (length > MAX_HEAD || answer.length < end) {
    throw new MoonteeError('CLOSED', 'The streamer has no session now');
  }
  const head = Head.decode(parseJson(answer.toString('utf8', LENGTH_BYTES, end), MAX_DEPTH));
  if (isLeft(head)) throw new MoonteeError('INTERNAL', 'Invalid answer of the streamer');
  if ('refused' in head.right) {
    const { code, message } = head.right.refused;
    throw new MoonteeError(code, message);
  }
  return { ...head.right.taken, data: answer.subarray(end) };
}
