/**
 * Session descriptions of browsers, taken apart: bounded, parsed once, and checked field by field before
 * anything of them is written down again.
 */
import * as sdpTransform from 'sdp-transform';
import type { MediaDescription, SessionDescription } from 'sdp-transform';
import { MoonteeError } from '../core/errors.js';
import { sameFingerprints, usableFingerprints, type Fingerprint } from './fingerprint.js';

/** Bytes of a description. Chromium's largest are about 12 kB. */
export const SDP_LIMIT = 64 * 1024;
const LINE_LIMIT = 2048;
const LINES_LIMIT = 1000;
const SECTIONS_LIMIT = 8;

export function invalid(reason: string): MoonteeError {
  return new MoonteeError('VIEWER_SDP_INVALID', `Invalid session description: ${reason}`);
}

export interface Parsed {
  readonly session: SessionDescription;
  /** The values of `a=fingerprint:`, by media section; the session's for a section without one. */
  readonly fingerprints: ReadonlyMap<MediaDescription, readonly string[]>;
}

export function parse(text: string): Parsed {
  if (typeof text !== 'string') throw invalid('no text');
  if (text.length > SDP_LIMIT) throw invalid('too long');
  if (!/^[\x20-\x7e\r\n\t]*$/.test(text)) throw invalid('unprintable characters');
  const lines = text.split(/\r\n|\n|\r/);
  if (lines.at(-1) === '') lines.pop();
  if (lines.length > LINES_LIMIT) throw invalid('too many lines');
  for (const line of lines) {
    if (line.length > LINE_LIMIT) throw invalid('a line is too long');
    if (!/^[a-z]=/.test(line)) throw invalid('a line is not an SDP line');
  }
  if (lines[0] !== 'v=0') throw invalid('it does not begin with v=0');
  let session: SessionDescription;
  try {
    session = sdpTransform.parse(`${lines.join('\r\n')}\r\n`);
  } catch {
    throw invalid('it does not parse');
  }
  if (!Array.isArray(session.media) || session.media.length === 0) throw invalid('no media');
  if (session.media.length > SECTIONS_LIMIT) throw invalid('too many media sections');
  return { session, fingerprints: fingerprintsOf(session, lines) };
}

/** Read by hand: sdp-transform keeps the last line of several. */
function fingerprintsOf(
  session: SessionDescription,
  lines: readonly string[],
): ReadonlyMap<MediaDescription, readonly string[]> {
  const sections: string[][] = [[]];
  for (const line of lines) {
    if (line.startsWith('m=')) sections.push([]);
    else if (/^a=fingerprint:/i.test(line))
      sections.at(-1)?.push(line.slice(line.indexOf(':') + 1));
  }
  const [common = [], ...media] = sections;
  return new Map(
    session.media.map((section, index) => {
      const own = media[index] ?? [];
      return [section, own.length > 0 ? own : common];
    }),
  );
}

export const TOKEN = /^[A-Za-z0-9_.+/-]{1,64}$/;
/** RFC 8839 §5.4. */
export const UFRAG = /^[A-Za-z0-9+/]{4,256}$/;
export const PWD = /^[A-Za-z0-9+/]{22,256}$/;

export interface Transport {
  readonly ufrag: string;
  readonly pwd: string;
  readonly fingerprints: readonly Fingerprint[];
  readonly setup: string;
}

export function transportOf(
  { session, fingerprints: lines }: Parsed,
  media: MediaDescription,
  setups: readonly string[],
): Transport {
  const ufrag = String(media.iceUfrag ?? session.iceUfrag ?? '');
  const pwd = String(media.icePwd ?? session.icePwd ?? '');
  if (!UFRAG.test(ufrag) || !PWD.test(pwd)) throw invalid('bad ICE credentials');
  const fingerprints = usableFingerprints(lines.get(media) ?? []);
  if (!fingerprints) throw invalid('bad DTLS fingerprint');
  const setup = media.setup ?? session.setup ?? '';
  if (!setups.includes(setup)) throw invalid('bad DTLS role');
  return { ufrag, pwd, fingerprints, setup };
}

export function transportLines(transport: Transport): string[] {
  return [
    `a=ice-ufrag:${transport.ufrag}`,
    `a=ice-pwd:${transport.pwd}`,
    'a=ice-options:trickle',
    ...transport.fingerprints.map(({ hash, digest }) => `a=fingerprint:${hash} ${digest}`),
    `a=setup:${transport.setup}`,
  ];
}

export const HEAD = ['v=0', 'o=- 1 1 IN IP4 0.0.0.0', 's=-', 't=0 0'];

export function midOf(media: MediaDescription): string {
  const mid = String(media.mid ?? '');
  if (!TOKEN.test(mid)) throw invalid('a media section without a usable mid');
  return mid;
}

/** Candidates that stand in the description itself. */
export function candidatesOf(session: SessionDescription): string[] {
  const lines: string[] = [];
  for (const media of session.media) {
    for (const candidate of media.candidates ?? []) {
      const { foundation, component, transport, priority, ip, port, type, tcptype } = candidate;
      const tcp = tcptype === undefined ? '' : ` tcptype ${tcptype}`;
      lines.push(
        `candidate:${foundation} ${component} ${transport} ${priority} ${ip} ${port} typ ${type}${tcp}`,
      );
    }
  }
  return lines;
}

/** Mids of the bundle, the one whose section describes the transport first. */
function bundleOf({ groups = [] }: SessionDescription): readonly string[] {
  const group = groups.find(({ type }) => type === 'BUNDLE');
  return String(group?.mids ?? '')
    .split(' ')
    .filter((mid) => mid !== '');
}

/** A port of 0 is a refusal, but in an offer of what the bundle carries (RFC 8843 §6). */
export function isRefused(
  session: SessionDescription,
  { port, bundleOnly, mid }: MediaDescription,
): boolean {
  if (port !== 0) return false;
  return bundleOnly === undefined || !bundleOf(session).includes(String(mid ?? ''));
}

/**
 * The one transport of all sections that are `taken`. The tagged section of the bundle describes it,
 * and the others need not (RFC 8843 §7.1.3). Outside a bundle each describes its own, which must be
 * the same.
 */
export function bundledTransport(
  parsed: Parsed,
  taken: readonly MediaDescription[],
  transportFor: (parsed: Parsed, media: MediaDescription) => Transport,
): Transport {
  const { session, fingerprints } = parsed;
  const bundle = bundleOf(session);
  const tag = bundle.find((mid) => taken.some((media) => String(media.mid) === mid));
  const tagged = taken.find((media) => String(media.mid) === tag) ?? taken[0];
  if (!tagged) throw new MoonteeError('VIEWER_CODEC_UNSUPPORTED', 'Every section was refused');
  const transport = transportFor(parsed, tagged);
  for (const media of taken) {
    const announced = usableFingerprints(fingerprints.get(media) ?? []);
    if (announced && !sameFingerprints(transport.fingerprints, announced)) {
      throw invalid('its sections announce different certificates');
    }
    if (bundle.includes(String(media.mid))) continue;
    const { ufrag, pwd } = transportFor(parsed, media);
    if (ufrag !== transport.ufrag || pwd !== transport.pwd) {
      throw invalid('its sections are not bundled');
    }
  }
  return transport;
}

/** Whether a browser wants what we send: that it does not is another thing than refusing it. */
export function receives({ direction = 'sendrecv' }: MediaDescription): boolean {
  return direction === 'recvonly' || direction === 'sendrecv';
}
