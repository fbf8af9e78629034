/**
 * The bytes of ENet (gamestream.md §7.2): a datagram is a header of two or four bytes and up to
 * 32 commands back to back, everything big-endian.
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

const HEADER_SENT_TIME = 0x8000;
const HEADER_COMPRESSED = 0x4000;

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
  /** Low 16 bits of the sender's clock, absent where nothing wants an acknowledgement. */
  readonly sentTime: number | undefined;
  readonly commands: readonly Command[];
}

/** Bytes of the fixed part of each command, its header included. */
const FIXED_SIZE: readonly number[] = [0, 8, 48, 44, 8, 4, 6, 8, 24, 8, 12, 16, 24];

/** Reads a datagram whole; undefined where any byte of it is not as it must be. */
export function parseDatagram(bytes: Buffer): Datagram | undefined {
  if (bytes.length < 2) return undefined;
  const first = bytes.readUInt16BE(0);
  if ((first & HEADER_COMPRESSED) !== 0) return undefined;
  const timed = (first & HEADER_SENT_TIME) !== 0;
  if (timed && bytes.length < 4) return undefined;
  const commands: Command[] = [];
  let offset = timed ? 4 : 2;
  while (offset < bytes.length) {
    if (commands.length === MAX_COMMANDS) return undefined;
    const end = commandEnd(bytes, offset);
    if (end === undefined) return undefined;
    const command = readCommand(bytes, offset, end);
    if (command.acknowledge && !timed) return undefined;
    commands.push(command);
    offset = end;
  }
  if (commands.length === 0) return undefined;
  return {
    peerId: first & NO_PEER,
    session: (first >> 12) & 3,
    sentTime: timed ? bytes.readUInt16BE(2) : undefined,
    commands,
  };
}

/** Where the command at `offset` ends, or undefined if it is unknown or cut short. */
function commandEnd(bytes: Buffer, offset: number): number | undefined {
  const number = (bytes[offset] ?? 0) & 0x0f;
  const fixed = FIXED_SIZE[number] ?? 0;
  if (fixed === 0 || offset + fixed > bytes.length) return undefined;
  let end = offset + fixed;
  if (number === COMMAND.SEND_RELIABLE) end += bytes.readUInt16BE(offset + 4);
  else if (
    number === COMMAND.SEND_UNRELIABLE ||
    number === COMMAND.SEND_UNSEQUENCED ||
    number === COMMAND.SEND_FRAGMENT ||
    number === COMMAND.SEND_UNRELIABLE_FRAGMENT
  ) {
    end += bytes.readUInt16BE(offset + 6);
  }
  return end > bytes.length ? undefined : end;
}

function readCommand(bytes: Buffer, at: number, end: number): Command {
  const first = bytes.readUInt8(at);
  return {
    channel: bytes.readUInt8(at + 1),
    sequence: bytes.readUInt16BE(at + 2),
    acknowledge: (first & FLAG.ACKNOWLEDGE) !== 0,
    unsequenced: (first & FLAG.UNSEQUENCED) !== 0,
    ...readBody(first & 0x0f, bytes, at, end),
  };
}

function readBody(number: number, bytes: Buffer, at: number, end: number): CommandBody {
  switch (number) {
    case COMMAND.ACKNOWLEDGE:
      return {
        kind: 'acknowledge',
        receivedSequence: bytes.readUInt16BE(at + 4),
        receivedSentTime: bytes.readUInt16BE(at + 6),
      };
    case COMMAND.CONNECT:
      return {
        kind: 'connect',
        handshake: readHandshake(bytes, at),
        data: bytes.readUInt32BE(at + 44),
      };
    case COMMAND.VERIFY_CONNECT:
      return { kind: 'verify-connect', handshake: readHandshake(bytes, at) };
    case COMMAND.DISCONNECT:
      return { kind: 'disconnect', data: bytes.readUInt32BE(at + 4) };
    case COMMAND.SEND_RELIABLE:
      return { kind: 'reliable', data: bytes.subarray(at + 6, end) };
    case COMMAND.SEND_UNRELIABLE:
      return {
        kind: 'unreliable',
        unreliableSequence: bytes.readUInt16BE(at + 4),
        data: bytes.subarray(at + 8, end),
      };
    case COMMAND.SEND_UNSEQUENCED:
      return {
        kind: 'unsequenced',
        group: bytes.readUInt16BE(at + 4),
        data: bytes.subarray(at + 8, end),
      };
    case COMMAND.SEND_FRAGMENT:
      return { kind: 'fragment', ...readFragment(bytes, at, end) };
    case COMMAND.SEND_UNRELIABLE_FRAGMENT:
      return { kind: 'unreliable-fragment', ...readFragment(bytes, at, end) };
    case COMMAND.BANDWIDTH_LIMIT:
      return {
        kind: 'bandwidth-limit',
        incoming: bytes.readUInt32BE(at + 4),
        outgoing: bytes.readUInt32BE(at + 8),
      };
    case COMMAND.THROTTLE_CONFIGURE:
      return {
        kind: 'throttle-configure',
        interval: bytes.readUInt32BE(at + 4),
        acceleration: bytes.readUInt32BE(at + 8),
        deceleration: bytes.readUInt32BE(at + 12),
      };
    default:
      return { kind: 'ping' };
  }
}

function readHandshake(bytes: Buffer, at: number): Handshake {
  return {
    peerId: bytes.readUInt16BE(at + 4),
    incomingSession: bytes.readUInt8(at + 6),
    outgoingSession: bytes.readUInt8(at + 7),
    mtu: bytes.readUInt32BE(at + 8),
    window: bytes.readUInt32BE(at + 12),
    channels: bytes.readUInt32BE(at + 16),
    incomingBandwidth: bytes.readUInt32BE(at + 20),
    outgoingBandwidth: bytes.readUInt32BE(at + 24),
    throttleInterval: bytes.readUInt32BE(at + 28),
    throttleAcceleration: bytes.readUInt32BE(at + 32),
    throttleDeceleration: bytes.readUInt32BE(at + 36),
    connectId: bytes.readUInt32BE(at + 40),
  };
}

function readFragment(bytes: Buffer, at: number, end: number): Fragment {
  return {
    start: bytes.readUInt16BE(at + 4),
    count: bytes.readUInt32BE(at + 8),
    number: bytes.readUInt32BE(at + 12),
    total: bytes.readUInt32BE(at + 16),
    offset: bytes.readUInt32BE(at + 20),
    data: bytes.subarray(at + 24, end),
  };
}

/** Bytes of a command on the wire. */
export function encodeCommand(command: Command): Buffer {
  const { number, fixed, data } = shape(command);
  const bytes = Buffer.alloc(fixed + data.length);
  bytes.writeUInt8(
    number |
      (command.acknowledge ? FLAG.ACKNOWLEDGE : 0) |
      (command.unsequenced ? FLAG.UNSEQUENCED : 0),
    0,
  );
  bytes.writeUInt8(command.channel, 1);
  bytes.writeUInt16BE(command.sequence, 2);
  writeBody(bytes, command);
  data.copy(bytes, fixed);
  return bytes;
}

const NUMBER_OF: Readonly<Record<CommandBody['kind'], number>> = {
  acknowledge: COMMAND.ACKNOWLEDGE,
  connect: COMMAND.CONNECT,
  'verify-connect': COMMAND.VERIFY_CONNECT,
  disconnect: COMMAND.DISCONNECT,
  ping: COMMAND.PING,
  reliable: COMMAND.SEND_RELIABLE,
  unreliable: COMMAND.SEND_UNRELIABLE,
  fragment: COMMAND.SEND_FRAGMENT,
  unsequenced: COMMAND.SEND_UNSEQUENCED,
  'bandwidth-limit': COMMAND.BANDWIDTH_LIMIT,
  'throttle-configure': COMMAND.THROTTLE_CONFIGURE,
  'unreliable-fragment': COMMAND.SEND_UNRELIABLE_FRAGMENT,
};

const NO_DATA = Buffer.alloc(0);

function shape(command: Command): { number: number; fixed: number; data: Buffer } {
  const number = NUMBER_OF[command.kind];
  const data = 'data' in command && Buffer.isBuffer(command.data) ? command.data : NO_DATA;
  return { number, fixed: FIXED_SIZE[number] ?? 0, data };
}

function writeBody(bytes: Buffer, command: Command): void {
  switch (command.kind) {
    case 'acknowledge':
      bytes.writeUInt16BE(command.receivedSequence, 4);
      bytes.writeUInt16BE(command.receivedSentTime, 6);
      break;
    case 'connect':
      writeHandshake(bytes, command.handshake);
      bytes.writeUInt32BE(command.data, 44);
      break;
    case 'verify-connect':
      writeHandshake(bytes, command.handshake);
      break;
    case 'disconnect':
      bytes.writeUInt32BE(command.data, 4);
      break;
    case 'ping':
      break;
    case 'reliable':
      bytes.writeUInt16BE(command.data.length, 4);
      break;
    case 'unreliable':
      bytes.writeUInt16BE(command.unreliableSequence, 4);
      bytes.writeUInt16BE(command.data.length, 6);
      break;
    case 'unsequenced':
      bytes.writeUInt16BE(command.group, 4);
      bytes.writeUInt16BE(command.data.length, 6);
      break;
    case 'fragment':
    case 'unreliable-fragment':
      bytes.writeUInt16BE(command.start, 4);
      bytes.writeUInt16BE(command.data.length, 6);
      bytes.writeUInt32BE(command.count, 8);
      bytes.writeUInt32BE(command.number, 12);
      bytes.writeUInt32BE(command.total, 16);
      bytes.writeUInt32BE(command.offset, 20);
      break;
    case 'bandwidth-limit':
      bytes.writeUInt32BE(command.incoming, 4);
      bytes.writeUInt32BE(command.outgoing, 8);
      break;
    case 'throttle-configure':
      bytes.writeUInt32BE(command.interval, 4);
      bytes.writeUInt32BE(command.acceleration, 8);
      bytes.writeUInt32BE(command.deceleration, 12);
      break;
  }
}

function writeHandshake(bytes: Buffer, handshake: Handshake): void {
  bytes.writeUInt16BE(handshake.peerId, 4);
  bytes.writeUInt8(handshake.incomingSession, 6);
  bytes.writeUInt8(handshake.outgoingSession, 7);
  bytes.writeUInt32BE(handshake.mtu, 8);
  bytes.writeUInt32BE(handshake.window, 12);
  bytes.writeUInt32BE(handshake.channels, 16);
  bytes.writeUInt32BE(handshake.incomingBandwidth, 20);
  bytes.writeUInt32BE(handshake.outgoingBandwidth, 24);
  bytes.writeUInt32BE(handshake.throttleInterval, 28);
  bytes.writeUInt32BE(handshake.throttleAcceleration, 32);
  bytes.writeUInt32BE(handshake.throttleDeceleration, 36);
  bytes.writeUInt32BE(handshake.connectId, 40);
}

/** Puts a header before commands that are encoded already. */
export function encodeDatagram(
  peerId: number,
  session: number,
  sentTime: number | undefined,
  commands: readonly Buffer[],
): Buffer {
  const header = Buffer.alloc(sentTime === undefined ? 2 : 4);
  const flags = sentTime === undefined ? 0 : HEADER_SENT_TIME;
  const sessionBits = peerId === NO_PEER ? 0 : (session & 3) << 12;
  header.writeUInt16BE(flags | sessionBits | peerId, 0);
  if (sentTime !== undefined) header.writeUInt16BE(sentTime & 0xffff, 2);
  return Buffer.concat([header, ...commands]);
}
