import {
  COMMAND,
  FIXED_SIZE,
  FLAG,
  HEADER,
  NO_PEER,
  type Command,
  type CommandBody,
  type Handshake,
} from './wire.js';

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
  const flags = sentTime === undefined ? 0 : HEADER.SENT_TIME;
  const sessionBits = peerId === NO_PEER ? 0 : (session & 3) << 12;
  header.writeUInt16BE(flags | sessionBits | peerId, 0);
  if (sentTime !== undefined) header.writeUInt16BE(sentTime & 0xffff, 2);
  return Buffer.concat([header, ...commands]);
}
