/** What the browser of a desktop socket sends besides input (desktop-socket.md 2 and 4). */
import { isRight } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { parseJson } from '../codec/bounded-json.js';
import { cleanText } from '../core/text.js';

/** Bytes of the first message. */
export const MAX_INIT_BYTES = 16_384;
/** Bytes of any other message that is read: the longest is a control message. */
export const MAX_DESKTOP_MESSAGE_BYTES = 2_048;

const MAX_DEPTH = 8;
const MAX_NAME = 64;
const MAX_URL = 2_048;
/** Characters of what a client calls itself. */
const MAX_CLIENT_ID = 128;
const PING_BYTES = 13;

const TYPE = { CONTROL: 0x20, PING: 0x40 } as const;
/** Sound, batches, pads and microphone: named by the protocol, and used by no frontend. */
const RESERVED = new Set([0x02, 0x03, 0x15, 0x16, 0x17]);

const optionalText = t.union([t.string, t.null]);

/** Other fields are settings of a session, which is the streamer's here. */
const Init = t.intersection([
  t.type({ type: t.literal('init') }),
  t.partial({
    session_id: t.union([t.string, t.number, t.null]),
    client_unique_id: optionalText,
    user_name: optionalText,
    avatar_url: optionalText,
    video_supported_formats: t.union([t.number, t.null]),
  }),
]);

export interface DesktopInit {
  /** '' if it names none. */
  readonly sessionId: string;
  /** What its client calls itself; '' if it does not. */
  readonly clientId: string;
  readonly name: string;
  /** Of an image, by http or https; '' if there is none. */
  readonly avatarUrl: string;
  /** Mask of `VIDEO_FORMAT` that it can decode; null if it does not say. */
  readonly videoFormats: number | null;
}

/** @returns null for anything else */
export function readDesktopInit(data: Buffer): DesktopInit | null {
  if (data.length > MAX_INIT_BYTES) return null;
  const decoded = Init.decode(jsonOf(data));
  if (!isRight(decoded)) return null;
  const init = decoded.right;
  const formats = init.video_supported_formats ?? 0;
  return {
    sessionId: String(init.session_id ?? ''),
    clientId: readClientId(init.client_unique_id ?? ''),
    name: cleanText(init.user_name ?? '', MAX_NAME),
    avatarUrl: readUrl(init.avatar_url ?? ''),
    videoFormats: Number.isInteger(formats) && formats > 0 ? formats : null,
  };
}

/** @returns '' for what is too long to be one */
export function readClientId(text: string): string {
  return text.length > MAX_CLIENT_ID ? '' : text;
}

/** Others load it: nothing but a web address. */
function readUrl(text: string): string {
  if (text.length > MAX_URL || !URL.canParse(text)) return '';
  const { protocol, href } = new URL(text);
  const isWeb = protocol === 'https:' || protocol === 'http:';
  return isWeb && href.length <= MAX_URL ? href : '';
}

export type DesktopMessage =
  /** The first 12 bytes of its pong. */
  | { readonly type: 'ping'; readonly echo: Buffer }
  /** Pictures are wanted, or not; null if it says nothing about it. */
  | { readonly type: 'control'; readonly video: boolean | null }
  | { readonly type: 'reserved' };

const Control = t.partial({ set_video_enabled: t.boolean });

/** @returns null for input, and for anything that is not exactly such a message */
export function readDesktopMessage(data: Buffer): DesktopMessage | null {
  const [type] = data;
  if (type === undefined || data.length > MAX_DESKTOP_MESSAGE_BYTES) return null;
  if (RESERVED.has(type)) return { type: 'reserved' };
  if (type === TYPE.PING) {
    if (data.length !== PING_BYTES) return null;
    return { type: 'ping', echo: Buffer.from(data.subarray(1)) };
  }
  if (type !== TYPE.CONTROL) return null;
  const value = jsonOf(data.subarray(1));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const control = Control.decode(value);
  if (!isRight(control)) return null;
  return { type: 'control', video: control.right.set_video_enabled ?? null };
}

/** Undefined for what is not JSON. */
function jsonOf(data: Buffer): unknown {
  try {
    return parseJson(data.toString('utf8'), MAX_DEPTH);
  } catch {
    return undefined;
  }
}
