/**
 * Session descriptions. Remote SDP is parsed, validated against our offer and re-serialised from an
 * allow-list, so that no odd byte reaches GStreamer. Local SDP gets the attributes that webrtcbin
 * does not write.
 */
import { isIP } from 'node:net';
import * as sdpTransform from 'sdp-transform';
import type { MediaDescription, SessionDescription } from 'sdp-transform';
import type { AgreedMedia } from './codec-choice.js';
import type { Fingerprint } from './fingerprint.js';
import {
  bundledTransport,
  candidatesOf,
  HEAD,
  invalid,
  isRefused,
  midOf,
  parse,
  receives,
  TOKEN,
  transportLines,
  transportOf,
  type Parsed,
  type Transport,
} from './sdp-reading.js';

/**
 * Bytes of a message from a browser, which gets this limit in the SDP and sends no larger ones.
 * Input is a few dozen, the longest text that clients send a little more than a thousand.
 */
export const MESSAGE_LIMIT = 4096;

/** What an offer of ours contained, as far as its answer has to match it. */
export interface OfferLayout {
  readonly sections: readonly {
    readonly kind: string;
    readonly mid: string;
    readonly payloads: readonly number[];
  }[];
}

export interface SanitizedDescription {
  readonly sdp: string;
  /** ICE user fragment of the bundle's transport. */
  readonly ufrag: string;
  /** DTLS role of the bundle's transport: `active`, `passive` or `actpass`. */
  readonly setup: string;
  /** What the certificate of the bundle's transport must match. */
  readonly fingerprints: readonly Fingerprint[];
  /** Unchecked candidate lines that stood in it. */
  readonly candidates: readonly string[];
  /**
   * The first accepted payload type of each medium. Null for a refused one, and for sound that is
   * not wanted for now.
   */
  readonly payloads: { readonly video: number | null; readonly audio: number | null };
  /** Of an offer of media that the viewer made. */
  readonly agreed?: AgreedMedia;
}

/**
 * A browser's answer to `offer`, checked and rewritten.
 *
 * @throws VIEWER_SDP_INVALID, VIEWER_CODEC_UNSUPPORTED if every section is refused
 */
export function sanitizeAnswer(text: string, offer: OfferLayout): SanitizedDescription {
  return sanitizeSections(text, offer, (parsed, media) =>
    transportOf(parsed, media, ['active', 'passive']),
  );
}

/**
 * A browser's offer of what was agreed before, checked and rewritten: that is how it restarts
 * ICE. It can add nothing.
 *
 * @param setup the browser's DTLS role so far, which a webrtcbin that is asked forgets
 * @throws VIEWER_SDP_INVALID
 */
export function sanitizeReoffer(
  text: string,
  agreed: OfferLayout,
  setup: 'active' | 'passive' | null,
): SanitizedDescription {
  return sanitizeSections(text, agreed, (parsed, media) => {
    const transport = transportOf(parsed, media, ['actpass', 'active', 'passive']);
    return { ...transport, setup: setup ?? transport.setup };
  });
}

function sanitizeSections(
  text: string,
  offer: OfferLayout,
  transportFor: (parsed: Parsed, media: MediaDescription) => Transport,
): SanitizedDescription {
  const parsed = parse(text);
  const { session } = parsed;
  if (session.media.length !== offer.sections.length) {
    throw invalid('its sections are not those that were offered');
  }
  session.media.forEach((media, index) => {
    const offered = offer.sections[index];
    if (media.type !== offered?.kind) throw invalid('the order of the sections differs');
    if (isRefused(session, media)) return;
    if (midOf(media) !== offered.mid) throw invalid('a mid differs from the offered one');
  });
  const taken = session.media.filter((media) => !isRefused(session, media));
  const transport = bundledTransport(parsed, taken, transportFor);
  const lines = transportLines(transport);
  const mids: string[] = [];
  const payloads: { video: number | null; audio: number | null } = { video: null, audio: null };
  const body = offer.sections.flatMap((offered, index) => {
    const media = session.media[index];
    if (media === undefined || isRefused(session, media)) return refusedSection(offered, lines);
    mids.push(offered.mid);
    if (offered.kind === 'application') return dataSection(media, offered.mid, lines);
    const accepted = takenPayloads(media, offered);
    if (offered.kind === 'video') payloads.video ??= accepted[0] ?? null;
    if (offered.kind === 'audio' && receives(media)) payloads.audio ??= accepted[0] ?? null;
    return mediaSection(media, offered, accepted, lines);
  });
  return cleaned(session, transport, { mids, body, payloads });
}

function cleaned(
  session: SessionDescription,
  { ufrag, setup, fingerprints }: Transport,
  {
    mids,
    body,
    payloads = { video: null, audio: null },
  }: {
    readonly mids: readonly string[];
    readonly body: readonly string[];
    readonly payloads?: SanitizedDescription['payloads'];
  },
): SanitizedDescription {
  const sdp = [...HEAD, `a=group:BUNDLE ${mids.join(' ')}`, ...body].join('\r\n');
  return {
    sdp: `${sdp}\r\n`,
    ufrag,
    setup,
    fingerprints,
    candidates: candidatesOf(session),
    payloads,
  };
}

/** webrtcbin requires a transport even if nothing is transported. */
function refusedSection(
  { kind, mid, payloads }: OfferLayout['sections'][number],
  transport: readonly string[],
): string[] {
  return [
    kind === 'application'
      ? 'm=application 0 UDP/DTLS/SCTP webrtc-datachannel'
      : `m=${kind} 0 UDP/TLS/RTP/SAVPF ${payloads.join(' ')}`,
    'c=IN IP4 0.0.0.0',
    `a=mid:${mid}`,
    ...transport,
    'a=inactive',
  ];
}

/** @returns at least one */
function takenPayloads(
  media: MediaDescription,
  offered: OfferLayout['sections'][number],
): readonly number[] {
  const taken = String(media.payloads ?? '')
    .split(' ')
    .map(Number)
    .filter((payload) => offered.payloads.includes(payload));
  if (taken.length === 0) throw invalid('none of the offered payload types was taken');
  return taken;
}

function dataSection(media: MediaDescription, mid: string, transport: readonly string[]): string[] {
  if (!/^(UDP|TCP)\/DTLS\/SCTP$/.test(media.protocol)) throw invalid('no data channel transport');
  const size = Number(media.maxMessageSize ?? 65_536);
  if (!Number.isSafeInteger(size) || size < 0) throw invalid('bad message size');
  const port = Number(media.sctpPort ?? 5000);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw invalid('bad SCTP port');
  return [
    'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    'c=IN IP4 0.0.0.0',
    `a=mid:${mid}`,
    ...transport,
    `a=sctp-port:${port}`,
    `a=max-message-size:${Math.min(size, 262_144)}`,
  ];
}

function mediaSection(
  media: MediaDescription,
  offered: OfferLayout['sections'][number],
  taken: readonly number[],
  transport: readonly string[],
): string[] {
  if (!/^(UDP\/TLS\/)?RTP\/SAVPF$/.test(media.protocol)) throw invalid('no secure media transport');
  const lines: string[] = [];
  for (const payload of taken) {
    const map = media.rtp.find((entry) => entry.payload === payload);
    if (!map || !TOKEN.test(String(map.codec)) || !Number.isInteger(map.rate)) {
      throw invalid('a payload type without a codec');
    }
    const channels = map.encoding === undefined ? '' : `/${map.encoding}`;
    if (!/^(\/[1-8])?$/.test(channels)) throw invalid('bad channels');
    lines.push(`a=rtpmap:${payload} ${map.codec}/${map.rate ?? 0}${channels}`);
    const config = withoutProfile(media.fmtp.find((entry) => entry.payload === payload)?.config);
    if (/^[A-Za-z0-9=;,:_.+/ -]{1,1024}$/.test(config)) {
      lines.push(`a=fmtp:${payload} ${config}`);
    }
    for (const feedback of media.rtcpFb ?? []) {
      if (Number(feedback.payload) !== payload) continue;
      const kind = `${feedback.type} ${feedback.subtype ?? ''}`.trim();
      if (['nack', 'nack pli', 'ccm fir'].includes(kind)) {
        lines.push(`a=rtcp-fb:${payload} ${kind}`);
      }
    }
  }
  const direction = media.direction ?? 'sendrecv';
  if (!['recvonly', 'inactive', 'sendrecv', 'sendonly'].includes(direction)) {
    throw invalid('bad direction');
  }
  return [
    `m=${offered.kind} 9 UDP/TLS/RTP/SAVPF ${taken.join(' ')}`,
    'c=IN IP4 0.0.0.0',
    `a=mid:${offered.mid}`,
    ...transport,
    'a=rtcp-mux',
    'a=rtcp-rsize',
    // We only send: whatever else a browser writes, it can do no more than receive.
    receives(media) ? 'a=recvonly' : 'a=inactive',
    ...lines,
  ];
}

/**
 * Format parameters without H.264's profile. From 1.27.1 on webrtcbin intersects the one of a
 * browser's offer with the payloader's caps. These name the profile of the stream, so the section
 * would be refused.
 */
function withoutProfile(config: string | number | undefined): string {
  return String(config ?? '')
    .split(';')
    .filter((parameter) => !/^ *profile-level-id=/i.test(parameter))
    .join(';');
}

/**
 * A browser's own offer, checked and rewritten. Only data channels can be offered to us. All
 * viewers share the payload types of one payloader, so only we can offer media.
 *
 * @throws VIEWER_SDP_INVALID
 */
export function sanitizeOffer(text: string): SanitizedDescription {
  const parsed = parse(text);
  const { session } = parsed;
  const [media, ...more] = session.media;
  if (media?.type !== 'application' || more.length > 0) {
    throw invalid('only an offer of data channels alone is accepted, media is offered by us');
  }
  const mid = midOf(media);
  const transport = transportOf(parsed, media, ['actpass', 'active', 'passive']);
  const body = dataSection(media, mid, transportLines(transport));
  return cleaned(session, transport, { mids: [mid], body });
}

/** What the answer to an offer of ours must match. */
export function offerLayout(offer: string): OfferLayout {
  return {
    sections: sdpTransform.parse(offer).media.map((media) => ({
      kind: media.type,
      mid: String(media.mid ?? ''),
      payloads: String(media.payloads ?? '')
        .split(' ')
        .map(Number)
        .filter(Number.isInteger),
    })),
  };
}

export interface LocalMunging {
  /** Format parameters of the video payload type, e.g. `packetization-mode=1`. */
  readonly videoFormat: string | null;
  /** Values of its `a=rtcp-fb`; left out: webrtcbin's own. */
  readonly videoFeedback?: readonly string[];
  /** Replaces `rtpmap` and `fmtp` of each payload type of sound; surround's are Chromium's own. */
  readonly audio: Readonly<Record<number, { readonly map: string; readonly format: string }>>;
}

/** Stream id of all tracks: a track without one is lost on existing clients. */
const STREAM_ID = 'moontee';

/** webrtcbin's local description as browsers should see it. */
export function mungeLocalDescription(text: string, munging: LocalMunging): string {
  const out: string[] = [];
  let kind = '';
  let payload = '';
  for (const line of text.split(/\r?\n/)) {
    const section = /^m=(\w+) \d+ \S+ (\S+)/.exec(line);
    if (section) {
      kind = section[1] ?? '';
      payload = section[2] ?? '';
    }
    // Without its header extension it only makes browsers send feedback that is not read.
    if (line.startsWith('a=rtcp-fb:') && line.endsWith('transport-cc')) continue;
    const feedback = kind === 'video' ? munging.videoFeedback : undefined;
    if (feedback && line.startsWith('a=rtcp-fb:')) continue;
    if (/^a=ssrc:\d+ msid:/.test(line)) continue;
    // Of a section with two payload types it writes one for each.
    if (line.startsWith('a=ssrc:') && line === out.at(-1)) continue;
    if (kind === 'video' && munging.videoFormat && line.startsWith(`a=fmtp:${payload} `)) continue;
    if (kind === 'video' && line.startsWith(`a=rtpmap:${payload} `)) {
      out.push(line);
      if (munging.videoFormat) out.push(`a=fmtp:${payload} ${munging.videoFormat}`);
      for (const each of feedback ?? []) out.push(`a=rtcp-fb:${payload} ${each}`);
      continue;
    }
    const [, attribute, number = ''] = /^a=(rtpmap|fmtp):(\d+) /.exec(line) ?? [];
    const sound = kind === 'audio' ? munging.audio[Number(number)] : undefined;
    if (sound && attribute === 'fmtp') continue;
    if (sound && attribute === 'rtpmap') {
      out.push(`a=rtpmap:${number} ${sound.map}`, `a=fmtp:${number} ${sound.format}`);
      continue;
    }
    out.push(line);
    if (line.startsWith('a=mid:') && (kind === 'video' || kind === 'audio')) {
      out.push(`a=msid:${STREAM_ID} ${kind}`);
    }
  }
  return out.join('\r\n');
}

/** A local description with the largest message that the browser may send (RFC 8841 §6). */
export function withMessageLimit(text: string): string {
  const line = `a=max-message-size:${MESSAGE_LIMIT}`;
  return text
    .replaceAll(/^a=max-message-size:.*\r?\n/gm, '')
    .replaceAll(
      /^(a=sctp-port:\d+)(\r?\n)/gm,
      (_, port: string, end: string) => `${port}${end}${line}${end}`,
    );
}

/** A local description with other ICE credentials than webrtcbin wrote into it. */
export function withCredentials(
  text: string,
  { ufrag, pwd }: { readonly ufrag: string; readonly pwd: string },
): string {
  return text
    .replaceAll(/^a=ice-ufrag:.*$/gm, () => `a=ice-ufrag:${ufrag}`)
    .replaceAll(/^a=ice-pwd:.*$/gm, () => `a=ice-pwd:${pwd}`);
}

export interface ParsedCandidate {
  readonly foundation: string;
  readonly component: number;
  readonly transport: 'udp' | 'tcp';
  readonly priority: number;
  readonly address: string;
  readonly port: number;
  readonly type: 'host' | 'srflx' | 'prflx' | 'relay';
  readonly tcpType: 'active' | 'passive' | 'so' | null;
}

const CANDIDATE =
  /^(?:a=)?candidate:([A-Za-z0-9+/]{1,32}) ([1-9]\d{0,2}) (udp|tcp|UDP|TCP) (\d{1,10}) (\S{1,64}) (\d{1,5}) typ (host|srflx|prflx|relay)((?: [\x21-\x7e]{1,64})*) ?$/;
const MDNS = /^[A-Za-z0-9-]{1,57}\.local$/;

/** The fields of a candidate line (RFC 8839 §5.1); null if it is invalid. */
export function parseCandidate(line: string): ParsedCandidate | null {
  if (line.length > 512) return null;
  const [, foundation, component, transport, priority, address, port, type, rest] =
    CANDIDATE.exec(line) ?? [];
  if (!foundation || !transport || !address || !type) return null;
  if (isIP(address) === 0 && !MDNS.test(address)) return null;
  if (Number(port) > 65_535 || Number(priority) > 0xff_ff_ff_ff) return null;
  const tcpType = / tcptype (active|passive|so)(?: |$)/.exec(rest ?? '')?.[1] ?? null;
  if (transport.toLowerCase() === 'tcp' && tcpType === null) return null;
  return {
    foundation,
    component: Number(component),
    transport: transport.toLowerCase() as 'udp' | 'tcp',
    priority: Number(priority),
    address,
    port: Number(port),
    type: type as ParsedCandidate['type'],
    tcpType: tcpType as ParsedCandidate['tcpType'],
  };
}

/** RFC 8839 §5.1, with a related address if the type asks for one. */
export function formatCandidate(candidate: ParsedCandidate, related?: string): string {
  const { foundation, component, transport, priority, address, port, type, tcpType } = candidate;
  const tail = tcpType ? ` tcptype ${tcpType}` : '';
  const raddr = type === 'host' ? '' : ` raddr ${related ?? '0.0.0.0'} rport ${related ? port : 0}`;
  return `candidate:${foundation} ${component} ${transport} ${priority} ${address} ${port} typ ${type}${raddr}${tail}`;
}
