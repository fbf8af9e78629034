/**
 * What of a viewer's own offer can carry the stream: payload types by codec and format parameters. Pure.
 * Strings of the offer leave this file only as numbers or as words that are listed here.
 */
import type { MediaDescription } from 'sdp-transform';
import type { AudioLayout, VideoCodec } from '../moonlight/types.js';

/** What a streamer sends now. */
export interface StreamFormats {
  readonly video: {
    /** As people know it. */
    readonly name: string;
    readonly codec: VideoCodec;
    /** profile_idc, general_profile_idc or seq_profile. */
    readonly profile: number;
  };
  readonly audio: AudioLayout;
  /** Surround sound can be made stereo. */
  readonly hasStereo: boolean;
}

/** A payload type of the viewer's, and how it is answered. */
export interface ChosenFormat {
  readonly payload: number;
  /** The payload type for what is sent once more (RFC 4588); null if the viewer has none for it. */
  readonly repeats: number | null;
  /** Kinds of feedback that both sides have: values of `a=rtcp-fb`. */
  readonly feedback: readonly string[];
  /** Values of `a=rtpmap` and `a=fmtp` of the answer; no `a=fmtp` if that is empty. */
  readonly map: string;
  readonly parameters: string;
}

/** `stereo` is surround sound that was mixed down, `own` is the sound as it comes from the host. */
export interface ChosenSound extends ChosenFormat {
  readonly variant: 'own' | 'stereo';
}

/** What an offer and its stream have in common. */
export interface AgreedMedia {
  readonly video: ChosenFormat;
  /** Null: the viewer wants no sound, or none that there is. */
  readonly audio: ChosenSound | null;
}

/** Encoding names as in `a=rtpmap`, in lower case, and as we write them. */
const ENCODINGS: Readonly<Record<VideoCodec, readonly [offered: string, answered: string]>> = {
  h264: ['h264', 'H264'],
  h265: ['h265', 'H265'],
  av1: ['av1', 'AV1'],
};
const VIDEO_RATE = 90_000;
const SOUND_RATE = 48_000;
/** What is read of a viewer's feedback; NACK and PLI need a line each. */
const FEEDBACK = ['nack', 'nack pli', 'ccm fir', 'goog-remb'];
const SOUND_PARAMETERS = 'minptime=10;useinbandfec=1';
/** Of `profile-level-id`: what browsers decode any profile under. */
const CONSTRAINED_BASELINE = '42e0';
/** Codecs that a refusal lists. */
const LISTED = 8;
const NO_CODECS = ['rtx', 'red', 'ulpfec', 'flexfec-03'];

/** One entry of a section. */
interface Offered {
  readonly payload: number;
  /** In lower case. */
  readonly codec: string;
  readonly rate: number;
  readonly channels: number;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** Dynamic payload types, but those that RTCP could be taken for (RFC 5761 §4). */
function isDynamic(payload: number): boolean {
  return Number.isInteger(payload) && (isPayable(payload) || (payload >= 35 && payload <= 63));
}

/** GStreamer's payloaders write no others. Browsers use those below 64 once these have run out. */
function isPayable(payload: number): boolean {
  return payload >= 96 && payload <= 127;
}

/** The usable entries of a section, in the viewer's order of preference. */
function entriesOf(media: MediaDescription): Offered[] {
  const order = String(media.payloads ?? '')
    .split(' ')
    .map(Number)
    .filter(isDynamic);
  return [...new Set(order)].flatMap((payload) => {
    const map = media.rtp.find((entry) => entry.payload === payload);
    if (!map) return [];
    const config = media.fmtp.find((entry) => entry.payload === payload)?.config ?? '';
    return [
      {
        payload,
        codec: String(map.codec).toLowerCase(),
        rate: map.rate ?? 0,
        channels: map.encoding ?? 1,
        parameters: parametersOf(String(config)),
      },
    ];
  });
}

function parametersOf(config: string): ReadonlyMap<string, string> {
  return new Map(
    config.split(';').map((text) => {
      const [name = '', ...value] = text.trim().split('=');
      return [name.toLowerCase(), value.join('=')] as const;
    }),
  );
}

/** @returns null if nothing in the section can carry the video */
export function chooseVideo(
  media: MediaDescription,
  { video }: Pick<StreamFormats, 'video'>,
): ChosenFormat | null {
  const entries = entriesOf(media);
  const [encoding, name] = ENCODINGS[video.codec];
  const fitting = entries
    .filter(({ codec, rate, payload }) => {
      return codec === encoding && rate === VIDEO_RATE && isPayable(payload);
    })
    .flatMap((entry) => {
      const found = fitOf(entry, video);
      return found ? [{ ...entry, ...found }] : [];
    });
  const [best] = fitting.sort((one, other) => one.distance - other.distance);
  if (!best) return null;
  const { payload, answer } = best;
  return {
    payload,
    repeats: repeatsOf(entries, payload),
    feedback: feedbackOf(media, payload),
    map: `${name}/${VIDEO_RATE}`,
    parameters: answer,
  };
}

/** How far the format of an entry is from the stream's, and how it is answered. */
function fitOf(
  { parameters }: Offered,
  { codec, profile }: StreamFormats['video'],
): { readonly distance: number; readonly answer: string } | null {
  switch (codec) {
    case 'h264': {
      // What one packet holds is beyond mode 0 (RFC 6184 §6).
      if (parameters.get('packetization-mode') !== '1') return null;
      const id = (parameters.get('profile-level-id') ?? '').toLowerCase();
      const [known] = /^[\da-f]{6}$/.exec(id) ?? [];
      const distance =
        known === undefined ? 3 : h264Distance(Number.parseInt(known.slice(0, 2), 16), known);
      const same = Number.parseInt(id.slice(0, 2), 16) === profile ? 0 : 4;
      const asymmetry =
        parameters.get('level-asymmetry-allowed') === '1' ? ['level-asymmetry-allowed=1'] : [];
      const level = known === undefined ? [] : [`profile-level-id=${known}`];
      const answer = [...asymmetry, 'packetization-mode=1', ...level].join(';');
      return { distance: same + distance, answer };
    }
    case 'h265': {
      if (numberOf(parameters, 'profile-id', 1) !== profile) return null;
      return { distance: 0, answer: integers(parameters, ['level-id', 'profile-id', 'tier-flag']) };
    }
    case 'av1': {
      if (numberOf(parameters, 'profile', 0) !== profile) return null;
      return { distance: 0, answer: integers(parameters, ['level-idx', 'profile', 'tier']) };
    }
  }
}

function h264Distance(profile: number, id: string): number {
  if (id.startsWith(CONSTRAINED_BASELINE)) return 0;
  return profile === 0x42 ? 1 : 2;
}

function numberOf(
  parameters: ReadonlyMap<string, string>,
  name: string,
  fallback: number,
): number | null {
  const text = parameters.get(name);
  if (text === undefined) return fallback;
  return /^\d{1,3}$/.test(text) ? Number(text) : null;
}

/** The parameters of those names, as they were offered, if they are integers. */
function integers(parameters: ReadonlyMap<string, string>, names: readonly string[]): string {
  return names
    .flatMap((name) => {
      const value = numberOf(parameters, name, -1);
      return value === null || value < 0 ? [] : [`${name}=${value}`];
    })
    .join(';');
}

/** Surround before stereo, if the viewer takes both. @returns null if it can take neither */
export function chooseSound(media: MediaDescription, formats: StreamFormats): ChosenSound | null {
  const entries = entriesOf(media).filter(
    ({ rate, payload }) => rate === SOUND_RATE && isPayable(payload),
  );
  const { channels, streams, coupledStreams, mapping } = formats.audio;
  const base = { repeats: null, feedback: [] };
  const surround = entries.find((each) => each.codec === 'multiopus' && each.channels === channels);
  if (channels !== 2 && surround) {
    return {
      ...{ ...base, variant: 'own', payload: surround.payload },
      map: `multiopus/${SOUND_RATE}/${channels}`,
      // The mapping is that of the packets, whatever the viewer would have chosen.
      parameters:
        `channel_mapping=${mapping.join(',')};coupled_streams=${coupledStreams};` +
        `${SOUND_PARAMETERS};num_streams=${streams}`,
    };
  }
  const opus = entries.filter((each) => each.codec === 'opus' && each.channels === 2);
  const inStereo = opus.find(({ parameters }) => parameters.get('stereo') === '1');
  const chosen = inStereo ?? opus[0];
  if (!chosen || (channels !== 2 && !formats.hasStereo)) return null;
  return {
    ...{ ...base, variant: channels === 2 ? 'own' : 'stereo', payload: chosen.payload },
    map: `opus/${SOUND_RATE}/2`,
    parameters: `${SOUND_PARAMETERS}${inStereo ? ';stereo=1' : ''};sprop-stereo=1`,
  };
}

function repeatsOf(entries: readonly Offered[], payload: number): number | null {
  const found = entries.find(
    ({ codec, parameters }) => codec === 'rtx' && parameters.get('apt') === String(payload),
  );
  return found?.payload ?? null;
}

function feedbackOf(media: MediaDescription, payload: number): string[] {
  const offered = (media.rtcpFb ?? [])
    .filter((line) => String(line.payload) === '*' || Number(line.payload) === payload)
    .map(({ type, subtype }) => `${type} ${subtype ?? ''}`.trim());
  return FEEDBACK.filter((kind) => offered.includes(kind));
}

/** Why a section cannot carry the video, in a sentence for people. */
export function refusalOf(media: MediaDescription, { video }: StreamFormats): string {
  const entries = entriesOf(media);
  const [encoding] = ENCODINGS[video.codec];
  const those = entries.filter(({ codec }) => codec === encoding);
  const has = those.length > 0;
  if (has && those.every(({ payload }) => !isPayable(payload))) {
    return `The stream is ${video.name}, for which the player has no payload type from 96 on; ask with ?offer=server`;
  }
  if (has && video.codec === 'h264') {
    return `The stream is ${video.name}, and the player takes it with packetization-mode=0 alone`;
  }
  if (has) return `The stream is ${video.name} of another profile than the player takes`;
  const names = [...new Set(entries.map(({ codec }) => codec))]
    .filter((name) => !NO_CODECS.includes(name) && /^[a-z\d-]{1,16}$/.test(name))
    .slice(0, LISTED)
    .map((name) => name.toUpperCase());
  const others = names.length === 0 ? 'no codec that is known' : names.join(', ');
  return `The stream is ${video.name}, and the player offers ${others}`;
}
