/**
 * Fragments of session descriptions that carry candidates or other ICE credentials after the descriptions
 * themselves (RFC 8840 §9, `application/trickle-ice-sdpfrag`). Pure.
 */
import { MoonteeError } from '../core/errors.js';
import { PWD, UFRAG } from './sdp-reading.js';

/** ICE credentials of one side. */
export interface IceParameters {
  readonly ufrag: string;
  readonly pwd: string;
}

export interface IceFragment {
  /** Null if it names none: its candidates belong to the credentials that are known. */
  readonly ice: IceParameters | null;
  /** Unchecked candidate lines. */
  readonly candidates: readonly string[];
}

/** Characters of a fragment: a browser gathers a few dozen candidates at most. */
export const FRAGMENT_LIMIT = 16 * 1024;
const LINES_LIMIT = 256;

function invalid(reason: string): MoonteeError {
  return new MoonteeError('VIEWER_SDP_INVALID', `Invalid ICE fragment: ${reason}`);
}

/**
 * Everything is bundled, so that credentials count wherever they stand, and must be the same everywhere.
 *
 * @throws VIEWER_SDP_INVALID
 */
export function parseIceFragment(text: string): IceFragment {
  if (text.length > FRAGMENT_LIMIT) throw invalid('too long');
  if (!/^[\x20-\x7e\r\n]*$/.test(text)) throw invalid('unprintable characters');
  const lines = text.split(/\r\n|\n|\r/).filter((line) => line !== '');
  if (lines.length > LINES_LIMIT) throw invalid('too many lines');
  if (!lines.every((line) => /^[a-z]=/.test(line))) throw invalid('a line is not an SDP line');
  const values = (name: string): string[] => [
    ...new Set(
      lines.flatMap((line) => (line.startsWith(`a=${name}:`) ? [line.slice(name.length + 3)] : [])),
    ),
  ];
  const [ufrags, pwds] = [values('ice-ufrag'), values('ice-pwd')];
  if (ufrags.length > 1 || pwds.length > 1) throw invalid('its sections are not bundled');
  return {
    ice: parametersOf(ufrags[0], pwds[0]),
    candidates: lines
      .filter((line) => line.startsWith('a=candidate:'))
      .map((line) => line.slice(2)),
  };
}

function parametersOf(ufrag: string | undefined, pwd: string | undefined): IceParameters | null {
  if (ufrag === undefined && pwd === undefined) return null;
  if (ufrag === undefined || pwd === undefined || !UFRAG.test(ufrag) || !PWD.test(pwd)) {
    throw invalid('bad ICE credentials');
  }
  return { ufrag, pwd };
}

/** @param mid of the section that describes the bundle's transport */
export function formatIceFragment(
  { ufrag, pwd }: IceParameters,
  { kind, mid }: { readonly kind: string; readonly mid: string },
  candidates: readonly string[],
): string {
  const lines = [
    `a=group:BUNDLE ${mid}`,
    // RFC 8840 §9: a section stands for its `mid` alone.
    `m=${kind} 9 UDP/TLS/RTP/SAVPF 0`,
    `a=mid:${mid}`,
    `a=ice-ufrag:${ufrag}`,
    `a=ice-pwd:${pwd}`,
    ...candidates.map((line) => `a=${line}`),
    'a=end-of-candidates',
  ];
  return `${lines.join('\r\n')}\r\n`;
}
