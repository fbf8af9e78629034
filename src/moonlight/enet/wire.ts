/**
 * The bytes of ENet (gamestream.md §7.2), everything big-endian. A datagram is a header of two or
 * four bytes and up to 32 commands back to back.
 */

export const COMMAND = {
  ACKNOWLEDGE: 1,
  CONNECT: 2,
  VERIFY_CONNECT: 3,
  DISCONNECT: 4,
  PING: 5,
  SEND_RELIABLE: 6,
  SEND_UNRELIABLE: 7,
  SEND_FRAGMENT: 8,
  SEND_UNSEQUENCED: 9,
  BANDWIDTH_LIMIT: 10,
  THROTTLE_CONFIGURE: 11,
  SEND_UNRELIABLE_FRAGMENT: 12,
} as const;

/** Flags in a command's first byte. */
export const FLAG = { ACKNOWLEDGE: 0x80, UNSEQUENCED: 0x40 } as const;

/** Channel number of commands that belong to the connection itself. */
export const CONNECTION_CHANNEL = 0xff;
/** Peer number in the header of a CONNECT: the receiver has not given one yet. */
export const NO_PEER = 0xfff;
/** Session number in a CONNECT: no previous session. */
export const NO_SESSION = 0xff;

export const MTU = { DEFAULT: 900, MIN: 576, MAX: 4096 } as const;
export const WINDOW = { MIN: 4096, MAX: 65536 } as const;
export const MAX_CHANNELS = 255;
export const MAX_COMMANDS = 32;
/** Largest header and largest fragment command; what is left of the MTU is a fragment's data. */
export const FRAGMENT_OVERHEAD = 28;

/** Flags in a datagram's first word. */
export const HEADER = { SENT_TIME: 0x8000, COMPRESSED: 0x4000 } as const;

/** The part that CONNECT and VERIFY_CONNECT have in common. */
export interface Handshake {
  readonly peerId: number;
  readonly incomingSession: number;
  readonly outgoingSession: number;
  readonly mtu: number;
  readonly window: number;
  readonly channels: number;
  readonly incomingBandwidth: number;
  readonly outgoingBandwidth: number;
  readonly throttleInterval: number;
  readonly throttleAcceleration: number;
  readonly throttleDeceleration: number;
  readonly connectId: number;
}

export interface Fragment {
  readonly start: number;
  readonly count: number;
  readonly number: number;
  readonly total: number;
  readonly offset: number;
  readonly data: Buffer;
}

export type CommandBody =
  | {
      readonly kind: 'acknowledge';
      readonly receivedSequence: number;
      readonly receivedSentTime: number;
    }
  | { readonly kind: 'connect'; readonly handshake: Handshake; readonly data: number }
  | { readonly kind: 'verify-connect'; readonly handshake: Handshake }
  | { readonly kind: 'disconnect'; readonly data: number }
  | { readonly kind: 'ping' }
  | { readonly kind: 'reliable'; readonly data: Buffer }
  | { readonly kind: 'unreliable'; readonly unreliableSequence: number; readonly data: Buffer }
  | { readonly kind: 'unsequenced'; readonly group: number; readonly data: Buffer }
  | ({ readonly kind: 'fragment' } & Fragment)
  | ({ readonly kind: 'unreliable-fragment' } & Fragment)
  | { readonly kind: 'bandwidth-limit'; readonly incoming: number; readonly outgoing: number }
  | {
      readonly kind: 'throttle-configure';
      readonly interval: number;
      readonly acceleration: number;
      readonly deceleration: number;
    };

export interface CommandHeader {
  readonly channel: number;
  /** Reliable sequence number. */
  readonly sequence: number;
  /** The sender wants an ACKNOWLEDGE. */
  readonly acknowledge: boolean;
  readonly unsequenced: boolean;
}

export type Command = CommandHeader & CommandBody;

export interface Datagram {
  /** The receiver's number for this connection. */
  readonly peerId: number;
  readonly session: number;
  /** Low 16 bits of the sender's clock, absent if no command requires an acknowledgement. */
  readonly sentTime: number | undefined;
  readonly commands: readonly Command[];
}

/** Bytes of the fixed part of each command, its header included. */
export const FIXED_SIZE: readonly number[] = [0, 8, 48, 44, 8, 4, 6, 8, 24, 8, 12, 16, 24];
