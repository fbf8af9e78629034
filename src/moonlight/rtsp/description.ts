/** What a host offers, from its DESCRIBE answer (gamestream.md §3.5). */
export interface HostDescription {
  readonly hevc: boolean;
  readonly av1: boolean;
  /** The host can repair with reference frame invalidation. */
  readonly referenceFrameInvalidation: boolean;
  /** LI feature bits (§10). */
  readonly featureFlags: number;
  /** The host has switches for encryption, as all that mark their sessions do. */
  readonly encryptionSwitches: boolean;
  /** SS_ENC bits (§10). */
  readonly encryptionSupported: number;
  readonly encryptionRequested: number;
  /** Digits of the Opus lines, in order. */
  readonly surroundParams: readonly string[];
}

/** More lines than any host sends. */
const MAX_SURROUND_LINES = 64;

/**
 * Looks for marks as the reference client does. The answer resembles SDP but is not valid SDP, and
 * hosts write it differently. Never throws.
 */
export function readDescription(body: string): HostDescription {
  const surround = body.matchAll(/a=fmtp:97 surround-params=(\d{1,32})/g);
  const surroundParams: string[] = [];
  for (const [, digits] of surround) {
    if (digits !== undefined) surroundParams.push(digits);
    if (surroundParams.length === MAX_SURROUND_LINES) break;
  }
  return {
    hevc: body.includes('sprop-parameter-sets=AAAAAU'),
    av1: body.includes('AV1/90000'),
    referenceFrameInvalidation: body.includes('x-nv-video[0].refPicInvalidation'),
    featureFlags: numberAfter(body, 'x-ss-general.featureFlags'),
    encryptionSwitches: body.includes('x-ss-general.encryptionSupported'),
    encryptionSupported: numberAfter(body, 'x-ss-general.encryptionSupported'),
    encryptionRequested: numberAfter(body, 'x-ss-general.encryptionRequested'),
    surroundParams,
  };
}

/** The number behind the next colon after `name`; 0 without one. */
function numberAfter(body: string, name: string): number {
  const at = body.indexOf(name);
  const colon = at < 0 ? -1 : body.indexOf(':', at + name.length);
  return colon < 0 ? 0 : parseNumber(body.slice(colon + 1, colon + 32));
}

/** As C's strtoul with base 0 reads it, clamped to 32 bits; 0 for an invalid number. */
export function parseNumber(text: string): number {
  const [, hex, octal, decimal] =
    /^\s*\+?(?:0x([\da-f]{1,16})|0([0-7]{0,16})|([1-9]\d{0,16}))/i.exec(text) ?? [];
  const value =
    hex !== undefined
      ? parseInt(hex, 16)
      : octal !== undefined && octal !== ''
        ? parseInt(octal, 8)
        : Number(decimal ?? 0);
  return Math.min(value, 0xffff_ffff);
}
