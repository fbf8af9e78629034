/** The bytes of the media socket (signaling.md d), big-endian. */
import type { Bytes } from './encode.js';

/** The subprotocol of media sockets. */
export const MEDIA_PROTOCOL = 'moontee.media.v1';

const HEADER_BYTES = 16;

const KINDS = ['video', 'audio', 'configuration', 'pong', 'notice'] as const;

/** A message with its header read. */
export interface MediaMessage {
  readonly kind: (typeof KINDS)[number];
  /** A decoder can start here. */
  readonly isKey: boolean;
  /** Something in front of it was left out. */
  readonly isAfterGap: boolean;
  /** It is here so that the next pictures can be decoded. */
  readonly isReplayed: boolean;
  /** Id of the configuration that it belongs to. */
  readonly configuration: number;
  /** Of its kind, modulo 2³². */
  readonly sequence: number;
  /** Microseconds of the session's clock; of a pong what the ping said. */
  readonly time: number;
  readonly payload: Bytes;
}

/** What decoders are set up with. Optional fields are for servers that tell less. */
export interface MediaConfiguration {
  readonly id: number;
  readonly video: {
    /** As WebCodecs names it, e.g. `avc1.640028`. */
    readonly codec: string;
    /** Pixels. */
    readonly width: number;
    readonly height: number;
    readonly fps: number;
  };
  readonly audio?: SoundConfiguration;
}

/** Opus with the channel mapping of RFC 7845. */
export interface SoundConfiguration {
  readonly sampleRate: number;
  readonly channels: number;
  /** Milliseconds. */
  readonly packetMs: number;
  readonly streams: number;
  readonly coupled: number;
  /** Per channel, in the host's order (front, centre, LFE, back, side), the decoded one. */
  readonly mapping: readonly number[];
}

/** @returns undefined for kinds of newer servers, and for what is too short for a header */
export function readMediaMessage(data: ArrayBuffer): MediaMessage | undefined {
  if (data.byteLength < HEADER_BYTES) return undefined;
  const view = new DataView(data);
  const kind = KINDS[view.getUint8(0) - 1];
  if (kind === undefined) return undefined;
  const flags = view.getUint8(1);
  return {
    kind,
    isKey: (flags & 1) !== 0,
    isAfterGap: (flags & 2) !== 0,
    isReplayed: (flags & 4) !== 0,
    configuration: view.getUint16(2),
    sequence: view.getUint32(4),
    time: Number(view.getBigUint64(8)),
    payload: new Uint8Array(data, HEADER_BYTES),
  };
}

/** @returns undefined for JSON that is no configuration */
export function readConfiguration(payload: Bytes): MediaConfiguration | undefined {
  try {
    const value = JSON.parse(new TextDecoder().decode(payload)) as MediaConfiguration;
    const { codec, width, height, fps } = value.video;
    const isComplete =
      typeof codec === 'string' && [value.id, width, height, fps].every((one) => one > 0);
    return isComplete ? value : undefined;
  } catch {
    return undefined;
  }
}

export interface Acknowledgement {
  /** The decoder has more in its queue than it can show in time. */
  readonly isBehind: boolean;
  readonly isHidden: boolean;
  /** Pictures that wait for the decoder. */
  readonly decodeQueue: number;
  /** Sequences of the newest picture that arrived and that was painted. */
  readonly received: number;
  readonly painted: number;
  /** Pictures that were left out so far. */
  readonly dropped: number;
}

export function encodeAcknowledgement(state: Acknowledgement): Bytes {
  const data = new Uint8Array(16);
  const view = new DataView(data.buffer);
  view.setUint8(0, 0x81);
  view.setUint8(1, (state.isBehind ? 1 : 0) | (state.isHidden ? 2 : 0));
  view.setUint16(2, Math.min(0xffff, state.decodeQueue));
  view.setUint32(4, state.received);
  view.setUint32(8, state.painted);
  view.setUint32(12, state.dropped);
  return data;
}

/** @param token comes back as the time of a pong; below 2⁵³ */
export function encodePing(token: number): Bytes {
  const data = new Uint8Array(9);
  const view = new DataView(data.buffer);
  view.setUint8(0, 0x82);
  view.setBigUint64(1, BigInt(Math.trunc(token)));
  return data;
}

/** Why a key frame is needed; for those who read a recording of the network. */
export const KEY_REASON = { DECODER_ERROR: 1, BEHIND: 2, SEQUENCE: 3, STALLED: 4 } as const;
export type KeyReason = (typeof KEY_REASON)[keyof typeof KEY_REASON];

export function encodeNeedKey(reason: KeyReason): Bytes {
  return Uint8Array.of(0x83, reason);
}

export function encodeVideoSwitch(on: boolean): Bytes {
  return Uint8Array.of(0x84, on ? 1 : 0);
}

/** Close codes of media sockets after which another one makes no sense. */
export const MEDIA_SUPERSEDED = 4000;
export const MEDIA_ENDED = 4001;
