import {
  COMMAND,
  FIXED_SIZE,
  FLAG,
  HEADER,
  MAX_COMMANDS,
  NO_PEER,
  type Command,
  type CommandBody,
  type Datagram,
  type Fragment,
  type Handshake,
} from './wire.js';

/** Reads a datagram whole; undefined if any byte of it is invalid. */
export function parseDatagram(bytes: Buffer): Datagram | undefined {
  if (bytes.length < 2) return undefined;
  const first = bytes.readUInt16BE(0);
  if ((first & HEADER.COMPRESSED) !== 0) return undefined;
  const timed = (first & HEADER.SENT_TIME) !== 0;
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
