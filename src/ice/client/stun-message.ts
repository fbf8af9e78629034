/** STUN messages (RFC 8489), as far as asking servers for addresses and relays takes. Pure. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';

export const METHOD = {
  BINDING: 0x001,
  ALLOCATE: 0x003,
  REFRESH: 0x004,
  DATA: 0x007,
  CREATE_PERMISSION: 0x008,
} as const;
export const CLASS = { REQUEST: 0, INDICATION: 1, SUCCESS: 2, ERROR: 3 } as const;
export const ATTRIBUTE = {
  MAPPED_ADDRESS: 0x0001,
  USERNAME: 0x0006,
  MESSAGE_INTEGRITY: 0x0008,
  ERROR_CODE: 0x0009,
  LIFETIME: 0x000d,
  XOR_PEER_ADDRESS: 0x0012,
  DATA: 0x0013,
  REALM: 0x0014,
  NONCE: 0x0015,
  XOR_RELAYED_ADDRESS: 0x0016,
  REQUESTED_TRANSPORT: 0x0019,
  XOR_MAPPED_ADDRESS: 0x0020,
  FINGERPRINT: 0x8028,
} as const;

const COOKIE = 0x2112_a442;
const HEADER = 20;
const FINGERPRINT_MASK = 0x5354_554e;

export interface Attribute {
  readonly type: number;
  readonly value: Buffer;
}

export interface StunMessage {
  readonly method: number;
  readonly class: number;
  /** 12 bytes. */
  readonly transaction: Buffer;
  readonly attributes: readonly Attribute[];
}

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** §14.5 with long-term credentials (§9.2.2). */
export function longTermKey(username: string, realm: string, password: string): Buffer {
  return createHash('md5').update(`${username}:${realm}:${password}`).digest();
}

/** @param key adds MESSAGE-INTEGRITY if given; FINGERPRINT is always there */
export function encodeStun(message: StunMessage, key?: Buffer): Buffer {
  const parts = message.attributes.map(encodeAttribute);
  if (key) {
    const before = frame(message, parts, 24);
    const mac = createHmac('sha1', key).update(before).digest();
    parts.push(encodeAttribute({ type: ATTRIBUTE.MESSAGE_INTEGRITY, value: mac }));
  }
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE((crc32(frame(message, parts, 8)) ^ FINGERPRINT_MASK) >>> 0);
  parts.push(encodeAttribute({ type: ATTRIBUTE.FINGERPRINT, value: sum }));
  return frame(message, parts, 0);
}

/** @param pending bytes of attributes that the length counts and that follow later */
function frame(message: StunMessage, parts: readonly Buffer[], pending: number): Buffer {
  const body = Buffer.concat(parts);
  const header = Buffer.alloc(HEADER);
  header.writeUInt16BE(messageType(message.method, message.class), 0);
  header.writeUInt16BE(body.length + pending, 2);
  header.writeUInt32BE(COOKIE, 4);
  message.transaction.copy(header, 8);
  return Buffer.concat([header, body]);
}

function encodeAttribute({ type, value }: Attribute): Buffer {
  const buffer = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4);
  buffer.writeUInt16BE(type, 0);
  buffer.writeUInt16BE(value.length, 2);
  value.copy(buffer, 4);
  return buffer;
}

/** §5: the bits of the class stand between those of the method. */
function messageType(method: number, kind: number): number {
  return (
    (method & 0x000f) |
    ((method & 0x0070) << 1) |
    ((method & 0x0f80) << 2) |
    ((kind & 1) << 4) |
    ((kind & 2) << 7)
  );
}

/** Bytes of the whole message that begins here; null while they are unknown. */
export function stunLength(buffer: Buffer): number | null {
  return buffer.length < HEADER ? null : HEADER + buffer.readUInt16BE(2);
}

/** @returns null for an invalid STUN message */
export function decodeStun(buffer: Buffer): StunMessage | null {
  const length = stunLength(buffer);
  if (length === null || length !== buffer.length || length % 4 !== 0) return null;
  const type = buffer.readUInt16BE(0);
  if (type > 0x3fff || buffer.readUInt32BE(4) !== COOKIE) return null;
  const attributes: Attribute[] = [];
  for (let at = HEADER; at < length;) {
    const size = buffer.readUInt16BE(at + 2);
    const end = at + 4 + size;
    if (end > length) return null;
    attributes.push({ type: buffer.readUInt16BE(at), value: buffer.subarray(at + 4, end) });
    at += 4 + Math.ceil(size / 4) * 4;
  }
  return {
    method: (type & 0x000f) | ((type >> 1) & 0x0070) | ((type >> 2) & 0x0f80),
    class: ((type >> 4) & 1) | ((type >> 7) & 2),
    transaction: buffer.subarray(8, HEADER),
    attributes,
  };
}

/** Whether MESSAGE-INTEGRITY is there and right. */
export function isAuthentic(buffer: Buffer, key: Buffer): boolean {
  for (let at = HEADER; at + 4 <= buffer.length;) {
    const size = buffer.readUInt16BE(at + 2);
    if (buffer.readUInt16BE(at) === ATTRIBUTE.MESSAGE_INTEGRITY && size === 20) {
      const before = Buffer.from(buffer.subarray(0, at));
      before.writeUInt16BE(at - HEADER + 24, 2);
      const mac = createHmac('sha1', key).update(before).digest();
      const given = buffer.subarray(at + 4, at + 24);
      return given.length === mac.length && timingSafeEqual(given, mac);
    }
    at += 4 + Math.ceil(size / 4) * 4;
  }
  return false;
}

/**
 * Whether FINGERPRINT, the last attribute, is right.
 *
 * @public for checks of what is sent
 */
export function hasFingerprint(buffer: Buffer): boolean {
  const at = buffer.length - 8;
  if (at < HEADER || buffer.readUInt16BE(at) !== ATTRIBUTE.FINGERPRINT) return false;
  return buffer.readUInt32BE(at + 4) === (crc32(buffer.subarray(0, at)) ^ FINGERPRINT_MASK) >>> 0;
}

export function attributeOf(message: StunMessage, type: number): Buffer | null {
  return message.attributes.find((attribute) => attribute.type === type)?.value ?? null;
}

/** §14.8. */
export function errorOf(message: StunMessage): { code: number; reason: string } | null {
  const value = attributeOf(message, ATTRIBUTE.ERROR_CODE);
  if (!value || value.length < 4) return null;
  const code = ((value[2] ?? 0) & 7) * 100 + (value[3] ?? 0);
  const reason = value
    .subarray(4, 132)
    .toString()
    .replaceAll(/[^\x20-\x7e]/g, '?');
  return { code, reason };
}

/** The mask of XOR-…-ADDRESS (§14.2): the cookie and, for IPv6, the transaction. */
function mask(transaction: Buffer): Buffer {
  const cookie = Buffer.alloc(4);
  cookie.writeUInt32BE(COOKIE);
  return Buffer.concat([cookie, transaction]);
}

export function decodeXorAddress(value: Buffer, transaction: Buffer): Endpoint | null {
  const family = value[1];
  const size = family === 1 ? 4 : family === 2 ? 16 : 0;
  if (size === 0 || value.length !== 4 + size) return null;
  const key = mask(transaction);
  const bytes = [...value.subarray(4)].map((byte, index) => byte ^ (key[index] ?? 0));
  return {
    address: size === 4 ? bytes.join('.') : formatIpv6(bytes),
    port: value.readUInt16BE(2) ^ (COOKIE >>> 16),
  };
}

export function encodeXorAddress({ address, port }: Endpoint, transaction: Buffer): Buffer {
  const bytes = address.includes(':') ? parseIpv6(address) : address.split('.').map(Number);
  const key = mask(transaction);
  const value = Buffer.alloc(4 + bytes.length);
  value[1] = bytes.length === 4 ? 1 : 2;
  value.writeUInt16BE(port ^ (COOKIE >>> 16), 2);
  bytes.forEach((byte, index) => (value[4 + index] = byte ^ (key[index] ?? 0)));
  return value;
}

/** The URL parser knows how to shorten and to lengthen IPv6 addresses. */
function formatIpv6(bytes: readonly number[]): string {
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0)).toString(16),
  );
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}

function parseIpv6(address: string): number[] {
  const short = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = '', tail] = short.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const middle = Array.from({ length: 8 - left.length - right.length }, () => '0');
  return [...left, ...middle, ...right].flatMap((group) => {
    const value = parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}
