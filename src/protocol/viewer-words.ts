/**
 * What a viewer is told of an end: by the code, where the reason is one for operators. Those words
 * stay in the log and in REST answers.
 */
import { ERRORS, type ErrorCode } from '../core/errors.js';

/** Of ends whose reasons name elements and actions of the media pipeline, or what libraries say. */
const SENTENCES: Partial<Readonly<Record<ErrorCode, string>>> = {
  CODEC_UNAVAILABLE: 'The server cannot carry this video codec to a browser',
  CONFIG_INVALID: 'The server is not set up for this',
  ELEMENT_MISSING: 'The server lacks a part that the stream needs',
  INTERNAL: 'The server made a mistake',
  PIPELINE_FAILED: 'The server could not go on with picture and sound',
  TIMEOUT: 'The server did not get ready in time',
};

/** Ends that another attempt of the same viewer would only repeat, or that somebody meant. */
const FINAL: ReadonlySet<string> = new Set<ErrorCode | 'SUPERSEDED' | 'KICKED' | 'LEFT'>([
  'LEFT',
  'SUPERSEDED',
  'KICKED',
  'STREAMER_NOT_FOUND',
  'STREAMER_FAILED',
  'STREAMER_STOPPING',
  'HOST_NOT_FOUND',
  'HOST_NOT_PAIRED',
  'APP_NOT_FOUND',
  'BAD_REQUEST',
  'UNAUTHORIZED',
  'FORBIDDEN',
  'NOT_FOUND',
  'CONFIG_INVALID',
  'PAIRING_PIN_MISSING',
  'PAIRING_WRONG_PIN',
  'PAIRING_MITM',
  'HOST_CERTIFICATE_CHANGED',
  'ENCRYPTION_REQUIRED',
  'CODEC_UNAVAILABLE',
  'ELEMENT_MISSING',
  'VIEWER_MESSAGE_INVALID',
  'VIEWER_SDP_INVALID',
  'VIEWER_CERTIFICATE_MISMATCH',
  'VIEWER_FLOODS',
  'VIEWER_CODEC_UNSUPPORTED',
]);

/** @param code an error code, `LEFT`, `SUPERSEDED` or `KICKED` */
export function isFinal(code: string): boolean {
  return FINAL.has(code);
}

/** @returns a sentence without a word of GStreamer or of the machine */
export function viewerReason(code: string, reason: string): string {
  if (!Object.hasOwn(ERRORS, code)) return reason;
  return SENTENCES[code as ErrorCode] ?? reason;
}
