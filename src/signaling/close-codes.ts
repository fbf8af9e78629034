import { isFinal } from '../protocol/viewer-words.js';

/**
 * WebSocket close codes. Clients that know nothing of them see an ordinary close; ours tells
 * from them whether coming back makes sense.
 */
const CLOSE_CODE = {
  /** The viewer or its streamer is done in good order. */
  NORMAL: 1000,
  /** The server is shutting down: come back later. */
  GOING_AWAY: 1001,
  INVALID: 1008,
  UNAUTHORIZED: 4401,
  /** The streamer does not exist, or no longer: do not come back. */
  GONE: 4404,
  TIMEOUT: 4408,
  /** It would end so again: do not come back. */
  FINAL: 4410,
  /** The viewer cannot play the stream: do not come back. */
  UNSUPPORTED: 4415,
  /** Another socket of the same client took over: do not come back. */
  SUPERSEDED: 4409,
  RATE_LIMITED: 4429,
  /** The session ended or the peer failed: come back. */
  FAILED: 4500,
  LIMIT_REACHED: 4503,
} as const;

const BY_CODE: Readonly<Record<string, number>> = {
  LEFT: CLOSE_CODE.NORMAL,
  UNAUTHORIZED: CLOSE_CODE.UNAUTHORIZED,
  STREAMER_STOPPING: CLOSE_CODE.GONE,
  STREAMER_NOT_FOUND: CLOSE_CODE.GONE,
  HOST_NOT_FOUND: CLOSE_CODE.GONE,
  APP_NOT_FOUND: CLOSE_CODE.GONE,
  HOST_NOT_PAIRED: CLOSE_CODE.GONE,
  // Also where it starts anew; the message before the close says which.
  STREAMER_FAILED: CLOSE_CODE.FAILED,
  CLOSED: CLOSE_CODE.GOING_AWAY,
  VIEWER_TIMEOUT: CLOSE_CODE.TIMEOUT,
  TIMEOUT: CLOSE_CODE.TIMEOUT,
  SUPERSEDED: CLOSE_CODE.SUPERSEDED,
  VIEWER_CODEC_UNSUPPORTED: CLOSE_CODE.UNSUPPORTED,
  RATE_LIMITED: CLOSE_CODE.RATE_LIMITED,
  VIEWER_MESSAGE_INVALID: CLOSE_CODE.INVALID,
  VIEWER_CERTIFICATE_MISMATCH: CLOSE_CODE.INVALID,
  VIEWER_FLOODS: CLOSE_CODE.INVALID,
  LIMIT_REACHED: CLOSE_CODE.LIMIT_REACHED,
};

/** The close code of an error code (or `LEFT`, `SUPERSEDED`). */
export function closeCode(code: string): number {
  return BY_CODE[code] ?? (isFinal(code) ? CLOSE_CODE.FINAL : CLOSE_CODE.FAILED);
}

/** A close frame's reason has room for 123 bytes. */
export function closeReason(reason: string): string {
  let text = reason;
  while (Buffer.byteLength(text) > 123) text = text.slice(0, -1);
  return text;
}
