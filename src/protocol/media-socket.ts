/**
 * The binary messages of the media socket (signaling.md d). A header of sixteen bytes precedes
 * everything that is sent to the browser; few messages come from it. Big endian.
 */

/** The subprotocol that a client must offer. */
export const MEDIA_PROTOCOL = 'moontee.media.v1';

export const HEADER_BYTES = 16;

/** The first byte of a message to the browser. */
export const MEDIA_KIND = { VIDEO: 1, AUDIO: 2, CONFIG: 3, PONG: 4, NOTICE: 5 } as const;
export type MediaKind = (typeof MEDIA_KIND)[keyof typeof MEDIA_KIND];

/** The second byte, as bits. */
export const MEDIA_FLAG = {
  /** A decoder can start here. */
  KEY: 1,
  /** Pictures in front of this one were left out. */
  GAP: 2,
  /** Shown to others before: it is here so that the next pictures can be decoded. */
  REPLAYED: 4,
} as const;

export interface MediaHeader {
  readonly kind: MediaKind;
  readonly flags: number;
  /** Of the configuration that the payload belongs to, 1…65535. */
  readonly configuration: number;
  /** Of its kind, modulo 2³²; 0 for kinds that are not counted. */
  readonly sequence: number;
  /** Microseconds of the session's clock. */
  readonly time: number;
}

export function writeHeader(target: Buffer, at: number, header: MediaHeader): void {
  target.writeUInt8(header.kind, at);
  target.writeUInt8(header.flags, at + 1);
  target.writeUInt16BE(header.configuration, at + 2);
  target.writeUInt32BE(header.sequence, at + 4);
  target.writeBigUInt64BE(BigInt(header.time), at + 8);
}

/** From the browser. */
export type MediaFeedback =
  | {
      readonly type: 'ack';
      /** Its decoder has more in its queue than it can show in time. */
      readonly isBehind: boolean;
      /** Its page is not shown. */
      readonly isHidden: boolean;
      /** Pictures that wait for its decoder. */
      readonly decodeQueue: number;
      /** Sequence of the newest picture that has arrived, and of the newest that was painted. */
      readonly received: number;
      readonly painted: number;
      /** Pictures that it has left out so far. */
      readonly dropped: number;
    }
  /** `token` comes back in the pong. */
  | { readonly type: 'ping'; readonly token: Buffer }
  | { readonly type: 'need-key'; readonly reason: number }
  | { readonly type: 'video'; readonly on: boolean };

/** Bytes; the longest message of a browser has sixteen. */
export const MAX_FEEDBACK_BYTES = 64;

const ACK_BYTES = 16;
const PING_BYTES = 9;
const SHORT_BYTES = 2;

const BEHIND = 1;
const HIDDEN = 2;

/** @returns null for anything that is not exactly one of the messages */
export function readFeedback(data: Buffer): MediaFeedback | null {
  switch (data[0]) {
    case 0x81:
      return data.length === ACK_BYTES ? readAck(data) : null;
    case 0x82:
      if (data.length !== PING_BYTES) return null;
      return { type: 'ping', token: Buffer.from(data.subarray(1)) };
    case 0x83:
      if (data.length !== SHORT_BYTES) return null;
      return { type: 'need-key', reason: data.readUInt8(1) };
    case 0x84: {
      const on = data[1];
      if (data.length !== SHORT_BYTES || on === undefined || on > 1) return null;
      return { type: 'video', on: on === 1 };
    }
    default:
      return null;
  }
}

function readAck(data: Buffer): MediaFeedback {
  const flags = data.readUInt8(1);
  return {
    type: 'ack',
    isBehind: (flags & BEHIND) !== 0,
    isHidden: (flags & HIDDEN) !== 0,
    decodeQueue: data.readUInt16BE(2),
    received: data.readUInt32BE(4),
    painted: data.readUInt32BE(8),
    dropped: data.readUInt32BE(12),
  };
}

/** Why a media socket is closed by the server. */
export const MEDIA_CLOSE = {
  /** The viewer has left. */
  NORMAL: 1000,
  /** An invalid message, or too many of them. */
  INVALID: 1008,
  /** The streamer or its process is about to come back. */
  RESTART: 1012,
  /** Another media socket of the same viewer took over: do not come back. */
  SUPERSEDED: 4000,
  /** The streamer ended. */
  ENDED: 4001,
  /** Nothing was acknowledged for too long. */
  TOO_SLOW: 4002,
  /** The access of the viewer was taken back, or has expired. */
  REVOKED: 4003,
} as const;
export type MediaCloseCode = (typeof MEDIA_CLOSE)[keyof typeof MEDIA_CLOSE];

/**
 * The data channels by the number that stands for each in binary messages of the viewer socket.
 * Labels that mean the same have one number.
 */
const CHANNELS: readonly (readonly [number, string])[] = [
  [0, 'general'],
  [1, 'keyboard'],
  [2, 'mouse'],
  [3, 'touch'],
  [4, 'controllers'],
  ...Array.from({ length: 16 }, (_, pad): [number, string] => [16 + pad, `controller${pad}`]),
];
const LABELS = new Map(CHANNELS);
const NUMBERS = new Map(CHANNELS.map(([number, label]) => [label, number]));

export function channelLabel(number: number): string | undefined {
  return LABELS.get(number);
}

export function channelNumber(label: string): number | undefined {
  return NUMBERS.get(label);
}
