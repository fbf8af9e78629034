/**
 * Offers of viewers that make the first description themselves (WHEP). Each is read once. One section of
 * video and one of sound are accepted, each with one payload type of the viewer's; all others are refused.
 * webrtcbin is given the accepted sections alone, and the answer gets the refused ones back. Pure.
 */
import type { MediaDescription } from 'sdp-transform';
import { MoonteeError } from '../core/errors.js';
import {
  chooseSound,
  chooseVideo,
  refusalOf,
  type AgreedMedia,
  type ChosenFormat,
  type StreamFormats,
} from './codec-choice.js';
import type { IceParameters } from './ice-fragment.js';
import type { LocalMunging, SanitizedDescription } from './sdp.js';
import {
  bundledTransport,
  candidatesOf,
  HEAD,
  invalid,
  isRefused,
  midOf,
  parse,
  receives,
  transportLines,
  transportOf,
  type Transport,
} from './sdp-reading.js';

interface Accepted {
  readonly kind: 'video' | 'audio';
  readonly mid: string;
  readonly format: ChosenFormat;
}

type Section = Accepted | { readonly kind: 'refused'; readonly lines: readonly string[] };

export interface ViewerOffer extends AgreedMedia {
  readonly transport: Transport;
  /** In the order of the offer. */
  readonly sections: readonly Section[];
  /** Unchecked candidate lines that stood in it. */
  readonly candidates: readonly string[];
}

/** RFC 8866 §5.14: what a refused section repeats of the offer. */
const KINDS = ['audio', 'video', 'text', 'application', 'message', 'image'];
const PROTOCOL = /^[A-Za-z0-9]{1,16}(?:\/[A-Za-z0-9]{1,16}){0,4}$/;
const FORMATS = /^[A-Za-z0-9-]{1,32}(?: [A-Za-z0-9-]{1,32}){0,63}$/;
const SECURE_MEDIA = /^(?:UDP\/TLS\/)?RTP\/SAVPF$/;
const ROLES = ['actpass', 'active', 'passive'];

/**
 * @throws VIEWER_SDP_INVALID, VIEWER_CODEC_UNSUPPORTED with a reason for people if there would be no
 * picture
 */
export function readViewerOffer(text: string, formats: StreamFormats): ViewerOffer {
  const parsed = parse(text);
  const { session } = parsed;
  const mids = session.media.map((media) => midOf(media));
  if (new Set(mids).size < mids.length) throw invalid('two sections have one mid');
  const wanted = session.media.filter(
    (media) => !isRefused(session, media) && receives(media) && SECURE_MEDIA.test(media.protocol),
  );
  const videos = wanted.filter(({ type }) => type === 'video');
  const video = firstOf(videos, (media) => chooseVideo(media, formats));
  if (!video) throw noPicture(videos, formats);
  const audio = firstOf(
    wanted.filter(({ type }) => type === 'audio'),
    (media) => chooseSound(media, formats),
  );
  if (audio && conflicts(video.format, audio.format)) {
    throw invalid('two codecs have one payload type');
  }
  const taken = [video, ...(audio ? [audio] : [])];
  const transport = bundledTransport(
    parsed,
    session.media.filter((media) => taken.some((each) => each.media === media)),
    (source, media) => transportOf(source, media, ROLES),
  );
  const sections = session.media.map((media): Section => {
    const mid = midOf(media);
    if (media === video.media) return { kind: 'video', mid, format: video.format };
    if (media === audio?.media) return { kind: 'audio', mid, format: audio.format };
    return { kind: 'refused', lines: refusedLines(media, mid) };
  });
  return {
    video: video.format,
    audio: audio?.format ?? null,
    transport,
    sections,
    candidates: candidatesOf(session),
  };
}

function firstOf<F>(
  sections: readonly MediaDescription[],
  choose: (media: MediaDescription) => F | null,
): { readonly media: MediaDescription; readonly format: F } | null {
  for (const media of sections) {
    const format = choose(media);
    if (format) return { media, format };
  }
  return null;
}

/** Both are in one bundle, where the payload type alone says what a packet is. */
function conflicts(video: ChosenFormat, audio: ChosenFormat): boolean {
  return audio.payload === video.payload || audio.payload === video.repeats;
}

function noPicture(videos: readonly MediaDescription[], formats: StreamFormats): MoonteeError {
  const [media] = videos;
  const message = media
    ? refusalOf(media, formats)
    : 'The player offers no section in which it could receive video';
  return new MoonteeError('VIEWER_CODEC_UNSUPPORTED', message);
}

function refusedLines(media: MediaDescription, mid: string): string[] {
  const { type, protocol } = media;
  const formats = String(media.payloads ?? '').trim();
  if (!KINDS.includes(type)) throw invalid('a section of an unknown kind');
  if (!PROTOCOL.test(protocol) || !FORMATS.test(formats)) {
    throw invalid('a section of an unknown form');
  }
  return [`m=${type} 0 ${protocol} ${formats}`, 'c=IN IP4 0.0.0.0', `a=mid:${mid}`, 'a=inactive'];
}

/**
 * The offer as webrtcbin gets it.
 *
 * @param ice instead of the offer's, after the viewer has restarted ICE
 */
export function sanitizedOffer(
  offer: ViewerOffer,
  ice: IceParameters | null,
): SanitizedDescription {
  const restarted = ice ? { ...ice, setup: viewerRole(offer) } : {};
  const transport: Transport = { ...offer.transport, ...restarted };
  const accepted = acceptedOf(offer);
  const body = accepted.flatMap((section) => mediaLines(section, transportLines(transport)));
  const mids = accepted.map(({ mid }) => mid).join(' ');
  const { ufrag, setup, fingerprints } = transport;
  return {
    sdp: `${[...HEAD, `a=group:BUNDLE ${mids}`, ...body].join('\r\n')}\r\n`,
    ...{ ufrag, setup, fingerprints },
    candidates: ice ? [] : offer.candidates,
    payloads: { video: offer.video.payload, audio: offer.audio?.payload ?? null },
    agreed: offer,
  };
}

/** If the offer leaves it open (`actpass`), our end is the active one. */
function viewerRole({ transport }: ViewerOffer): 'active' | 'passive' {
  return transport.setup === 'active' ? 'active' : 'passive';
}

function acceptedOf({ sections }: ViewerOffer): Accepted[] {
  return sections.filter((section) => section.kind !== 'refused');
}

function mediaLines({ kind, mid, format }: Accepted, transport: readonly string[]): string[] {
  const { payload, repeats, feedback, map } = format;
  const payloads = repeats === null ? `${payload}` : `${payload} ${repeats}`;
  // Without the profile: webrtcbin would compare it with that of the payloader.
  const mode = map.startsWith('H264/') ? [`a=fmtp:${payload} packetization-mode=1`] : [];
  const again =
    repeats === null ? [] : [`a=rtpmap:${repeats} rtx/90000`, `a=fmtp:${repeats} apt=${payload}`];
  return [
    `m=${kind} 9 UDP/TLS/RTP/SAVPF ${payloads}`,
    'c=IN IP4 0.0.0.0',
    `a=mid:${mid}`,
    ...transport,
    'a=rtcp-mux',
    'a=rtcp-rsize',
    'a=recvonly',
    `a=rtpmap:${payload} ${map}`,
    ...mode,
    ...feedback.map((each) => `a=rtcp-fb:${payload} ${each}`),
    ...again,
  ];
}

/** How the answer says what was chosen. */
export function offerMunging({ video, audio }: AgreedMedia): LocalMunging {
  return {
    videoFormat: video.parameters === '' ? null : video.parameters,
    // webrtcbin writes down what it knows of, and leaves out REMB.
    videoFeedback: video.feedback,
    audio: audio ? { [audio.payload]: { map: audio.map, format: audio.parameters } } : {},
  };
}

/**
 * The whole answer.
 *
 * @param text webrtcbin's answer to {@link sanitizedOffer}
 */
export function answerTo({ sections }: ViewerOffer, text: string): string {
  const [session = '', ...accepted] = text.split(/^(?=m=)/m).map((part) => part.trimEnd());
  const parts = sections.map((section) =>
    section.kind === 'refused' ? section.lines.join('\r\n') : (accepted.shift() ?? ''),
  );
  return `${[session, ...parts].join('\r\n')}\r\n`;
}

/** An answer with all of our candidates, for viewers that are told nothing later (RFC 8838 §17). */
export function withCandidates(answer: string, candidates: readonly string[]): string {
  const lines = [...candidates.map((line) => `a=${line}`), 'a=end-of-candidates'].join('\r\n');
  const [session = '', ...sections] = answer.split(/^(?=m=)/m).map((part) => part.trimEnd());
  const parts = sections.map((part) => (isRefusal(part) ? part : `${part}\r\n${lines}`));
  return `${[session, ...parts].join('\r\n')}\r\n`;
}

/** The transport that an answer of ours describes: its credentials, and the section they stand in. */
export function transportOfAnswer(
  answer: string,
): IceParameters & { readonly kind: string; readonly mid: string } {
  const sections = answer.split(/^(?=m=)/m).slice(1);
  const section = sections.find((part) => !isRefusal(part)) ?? '';
  const value = (pattern: RegExp): string => pattern.exec(section)?.[1] ?? '';
  return {
    ufrag: value(/^a=ice-ufrag:(\S+)/m),
    pwd: value(/^a=ice-pwd:(\S+)/m),
    kind: value(/^m=(\w+)/),
    mid: value(/^a=mid:(\S+)/m),
  };
}

function isRefusal(section: string): boolean {
  return /^m=\w+ 0 /.test(section);
}
