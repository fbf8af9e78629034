/**
 * The messages of the desktop socket to its browser (desktop-socket.md 3). The first byte of a binary
 * message is its type. Numbers are big endian, in messages about cursors and people little endian.
 */
import { VIDEO_FORMAT, type NegotiatedVideo } from '../moonlight/types.js';

const TYPE = {
  VIDEO: 0x01,
  STREAM_INIT: 0x30,
  STREAM_ERROR: 0x31,
  PONG: 0x41,
  CURSOR_NAME: 0x51,
  REMOTE_CURSOR: 0x53,
  REMOTE_USER: 0x54,
  REMOTE_TOUCH: 0x56,
  SELF_ID: 0x58,
} as const;

/** Bytes in front of an access unit. */
export const FRAME_HEADER_BYTES = 15;

const FRAME_FLAG_KEY = 1;
const MICROSECONDS = 1_000;
/** What a byte that counts milliseconds, bytes or pictures can say at most. */
const MAX_U8 = 0xff;
const MAX_U16 = 0xffff;
/** Sound does not exist in that frontend; the rate has to be one all the same. */
const SAMPLE_RATE = 48_000;
const CURSOR = 'default';
const PRESSURE_UNIT = 0xffff;

/** How a stream is named to a browser, and the bit by which a browser says that it can decode it. */
export interface DesktopCodec {
  /** The byte in the header of each frame. */
  readonly code: number;
  /** Of {@link VIDEO_FORMAT}. */
  readonly format: number;
}

/** By codec, depth and chroma, as {@link desktopCodec} joins them. */
const CODECS: Readonly<Record<string, DesktopCodec>> = {
  'h264 8 4:2:0': { code: 0x01, format: VIDEO_FORMAT.H264 },
  'h264 8 4:4:4': { code: 0x02, format: VIDEO_FORMAT.H264_HIGH8_444 },
  'h265 8 4:2:0': { code: 0x10, format: VIDEO_FORMAT.H265 },
  'h265 10 4:2:0': { code: 0x11, format: VIDEO_FORMAT.H265_MAIN10 },
  'h265 8 4:4:4': { code: 0x12, format: VIDEO_FORMAT.H265_REXT8_444 },
  'h265 10 4:4:4': { code: 0x13, format: VIDEO_FORMAT.H265_REXT10_444 },
  'av1 8 4:2:0': { code: 0x20, format: VIDEO_FORMAT.AV1_MAIN8 },
  'av1 10 4:2:0': { code: 0x21, format: VIDEO_FORMAT.AV1_MAIN10 },
  'av1 8 4:4:4': { code: 0x22, format: VIDEO_FORMAT.AV1_HIGH8_444 },
  'av1 10 4:4:4': { code: 0x23, format: VIDEO_FORMAT.AV1_HIGH10_444 },
};

/** @returns null for a stream that the frontend has no name for */
export function desktopCodec({
  codec,
  bitDepth,
  chroma,
}: Pick<NegotiatedVideo, 'codec' | 'bitDepth' | 'chroma'>): DesktopCodec | null {
  return CODECS[`${codec} ${bitDepth} ${chroma}`] ?? null;
}

export interface FrameHeader {
  readonly codec: number;
  readonly keyframe: boolean;
  /** Microseconds of the session's clock. */
  readonly time: number;
  readonly width: number;
  readonly height: number;
}

export function writeFrameHead(target: Buffer, at: number, header: FrameHeader): void {
  target.writeUInt8(TYPE.VIDEO, at);
  target.writeUInt8(header.codec, at + 1);
  target.writeUInt8(header.keyframe ? FRAME_FLAG_KEY : 0, at + 2);
  target.writeBigUInt64BE(BigInt(header.time), at + 3);
  target.writeUInt16BE(header.width, at + 11);
  target.writeUInt16BE(header.height, at + 13);
}

/** What decoders are set up with; 13 bytes. */
export function streamInit(codec: number, video: NegotiatedVideo, touch: boolean): Buffer {
  const data = Buffer.alloc(13);
  data.writeUInt8(TYPE.STREAM_INIT, 0);
  data.writeUInt8(codec, 1);
  data.writeUInt16BE(video.width, 2);
  data.writeUInt16BE(video.height, 4);
  data.writeUInt8(Math.min(MAX_U8, Math.round(video.fps)), 6);
  data.writeUInt8(0, 7);
  data.writeUInt32BE(SAMPLE_RATE, 8);
  data.writeUInt8(touch ? 1 : 0, 12);
  return data;
}

/** An error that the frontend shows. */
export function streamError(words: string): Buffer {
  const text = Buffer.from(upToBytes(words, MAX_U16));
  const data = Buffer.alloc(3 + text.length);
  data.writeUInt8(TYPE.STREAM_ERROR, 0);
  data.writeUInt16BE(text.length, 1);
  text.copy(data, 3);
  return data;
}

/** Text, sent behind what decoders are set up with. */
export function connectionComplete(width: number, height: number, touch: boolean): string {
  return JSON.stringify({ ConnectionComplete: { capabilities: { touch }, width, height } });
}

/** Text, for what comes before there is a stream. */
export function errorText(words: string): string {
  return JSON.stringify({ error: words });
}

/** Milliseconds by which the process that sends the pictures is late. */
export interface Lateness {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface Pong {
  /** As they came with the ping: u32, then microseconds of the client's clock. */
  readonly echo: Buffer;
  /** Milliseconds since 1970, with their fraction. */
  readonly now: number;
  /** Milliseconds that the host took for its latest pictures. */
  readonly encoderLatency: number;
  readonly lateness: Lateness;
}

/** 29 bytes. */
export function pong({ echo, now, encoderLatency, lateness }: Pong): Buffer {
  const data = Buffer.alloc(29);
  data.writeUInt8(TYPE.PONG, 0);
  echo.copy(data, 1, 0, 12);
  data.writeBigUInt64BE(BigInt(Math.round(now * MICROSECONDS)), 13);
  const { p50, p99, max } = lateness;
  for (const [index, value] of [encoderLatency, p50, p99, max].entries()) {
    data.writeUInt16BE(Math.min(MAX_U16, Math.max(0, Math.round(value))), 21 + 2 * index);
  }
  return data;
}

/** The cursor of the host is in its pictures, so that the browser's is the usual one. */
export function cursorName(): Buffer {
  const name = Buffer.from(CURSOR);
  const data = Buffer.alloc(14 + name.length);
  data.writeUInt8(TYPE.CURSOR_NAME, 0);
  data.writeUInt8(name.length, 13);
  name.copy(data, 14);
  return data;
}

/** By which number the browser finds itself among the others. */
export function selfId(client: number): Buffer {
  const data = Buffer.alloc(5);
  data.writeUInt8(TYPE.SELF_ID, 0);
  data.writeUInt32LE(client, 1);
  return data;
}

/** Somebody at the same desktop. */
export interface DesktopUser {
  /** From 1 on. */
  readonly client: number;
  readonly name: string;
  /** `#RRGGBB`. */
  readonly color: string;
  /** '' for none. */
  readonly avatarUrl: string;
}

export function userJoined({ client, name, color, avatarUrl }: DesktopUser): Buffer {
  const head = Buffer.alloc(6);
  head.writeUInt8(TYPE.REMOTE_USER, 0);
  head.writeUInt8(1, 1);
  head.writeUInt32LE(client, 2);
  const url = Buffer.from(avatarUrl);
  const length = Buffer.alloc(2);
  length.writeUInt16LE(url.length);
  return Buffer.concat([head, shortText(name), shortText(color), length, url]);
}

export function userLeft(client: number): Buffer {
  const data = Buffer.alloc(6);
  data.writeUInt8(TYPE.REMOTE_USER, 0);
  data.writeUInt32LE(client, 2);
  return data;
}

/** @param x pixels of the picture, as `y` */
export function remoteCursor(
  { client, color }: Pick<DesktopUser, 'client' | 'color'>,
  x: number,
  y: number,
): Buffer {
  const data = Buffer.alloc(13);
  data.writeUInt8(TYPE.REMOTE_CURSOR, 0);
  data.writeUInt32LE(client, 1);
  data.writeInt32LE(x, 5);
  data.writeInt32LE(y, 9);
  return Buffer.concat([data, shortText(color)]);
}

export interface RemoteFinger {
  readonly phase: 'down' | 'move' | 'up';
  readonly slot: number;
  /** Pixels of the picture. */
  readonly x: number;
  readonly y: number;
}

const TOUCH_PHASES = { down: 0, move: 1, up: 2 } as const;

export function remoteTouch(
  { client, color }: Pick<DesktopUser, 'client' | 'color'>,
  { phase, slot, x, y }: RemoteFinger,
): Buffer {
  const data = Buffer.alloc(22);
  data.writeUInt8(TYPE.REMOTE_TOUCH, 0);
  data.writeUInt32LE(client, 1);
  data.writeUInt32LE(slot, 5);
  data.writeUInt8(TOUCH_PHASES[phase], 9);
  data.writeInt32LE(x, 10);
  data.writeInt32LE(y, 14);
  // The browser's message has none.
  data.writeUInt32LE(phase === 'up' ? 0 : PRESSURE_UNIT, 18);
  return Buffer.concat([data, shortText(color)]);
}

/** One byte with the length, then the text. */
function shortText(text: string): Buffer {
  const bytes = Buffer.from(upToBytes(text, MAX_U8));
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

/** Whole characters of as many bytes at most. */
function upToBytes(text: string, max: number): string {
  let size = 0;
  let kept = '';
  for (const character of text) {
    size += Buffer.byteLength(character);
    if (size > max) break;
    kept += character;
  }
  return kept;
}
