/**
 * The receiving end of the usual client, by the letter of gamestream.md §5.6 and §5.7 and with
 * nothing forgiven: frames count from 1, sequence numbers from 0, a picture begins in the first
 * packet of its frame. It restores nothing: what it is fed must be whole.
 */
import type { VideoCodec } from '../../src/moonlight/types.js';

/** Frames thrown away in a row after which an IDR is asked for. */
const PATIENCE = 120;

interface Pending {
  readonly frame: number;
  readonly block: number;
  readonly lastBlock: number;
  readonly base: number;
  readonly data: number;
  readonly parity: number;
  readonly packets: Map<number, Buffer>;
}

export interface ShownFrame {
  readonly index: number;
  readonly idr: boolean;
  readonly timestamp: number;
}

export class UsualReceiver {
  readonly shown: ShownFrame[] = [];
  /** What is against the rules, or was thrown away because of them. */
  readonly faults: string[] = [];
  /** Whole frames that could not be shown, for want of a key frame before them. */
  discarded = 0;
  requests = 0;
  readonly #codec: VideoCodec;
  readonly #packetSize: number;
  #currentFrame = 1;
  #currentBlock = 0;
  #nextSequence = 0;
  #pending: Pending | null = null;
  #frame: Buffer[] = [];
  #needsIdr = true;
  #drops = 0;
  #packetIndex = -1;
  #timestamp = -1;

  constructor(codec: VideoCodec, packetSize: number) {
    this.#codec = codec;
    this.#packetSize = packetSize;
  }

  /** @param packet clear, in the order of sending */
  push(packet: Buffer): void {
    if (packet.length !== this.#packetSize + 16) {
      this.faults.push(`a packet of ${packet.length} bytes`);
      return;
    }
    if (packet[0] !== 0x90) this.faults.push(`RTP byte ${packet[0]}`);
    const sequence = packet.readUInt16BE(2);
    const frame = packet.readUInt32LE(20);
    const place = packet.readUInt8(27);
    const [block, lastBlock] = [(place >> 4) & 3, place >> 6];
    if (((sequence - this.#nextSequence) << 16) >> 16 < 0) return;
    if (((frame - this.#currentFrame) | 0) < 0) return;
    if (frame === this.#currentFrame && block < this.#currentBlock) return;
    let pending = this.#pending;
    if (pending === null || pending.frame !== frame || pending.block !== block) {
      if (pending !== null) this.#lose(`frame ${pending.frame} is incomplete`, frame);
      if (frame === this.#currentFrame ? block !== this.#currentBlock : block !== 0) {
        this.#lose(`block ${block} of frame ${frame} comes first`, frame + 1);
        return;
      }
      if (frame !== this.#currentFrame) this.#lose(`no frame before ${frame}`, frame);
      pending = this.#begin(packet, frame, block, lastBlock);
    }
    const index = (sequence - pending.base) & 0xffff;
    if (index >= pending.data + pending.parity || pending.packets.has(index)) return;
    pending.packets.set(index, packet);
    for (let at = 0; at < pending.data; at++) if (!pending.packets.has(at)) return;
    this.#complete(pending);
  }

  #begin(packet: Buffer, frame: number, block: number, lastBlock: number): Pending {
    const info = packet.readUInt32LE(28);
    const [shard, data, percentage] = [(info >> 12) & 0x3ff, info >>> 22, (info >> 4) & 0xff];
    return (this.#pending = {
      frame,
      block,
      lastBlock,
      base: (packet.readUInt16BE(2) - shard) & 0xffff,
      data,
      parity: Math.floor((data * percentage + 99) / 100),
      packets: new Map(),
    });
  }

  #complete(pending: Pending): void {
    this.#pending = null;
    // Parity that follows is before this, and dropped.
    this.#nextSequence = (pending.base + pending.data + pending.parity) & 0xffff;
    for (let at = 0; at < pending.data; at++) {
      const packet = pending.packets.get(at);
      if (packet !== undefined) this.#frame.push(packet);
    }
    if (pending.block < pending.lastBlock) {
      this.#currentBlock = pending.block + 1;
      return;
    }
    const packets = this.#frame;
    this.#frame = [];
    this.#currentBlock = 0;
    this.#currentFrame = (pending.frame + 1) >>> 0;
    this.#take(pending.frame, packets);
  }

  #lose(why: string, next: number): void {
    this.faults.push(why);
    this.#pending = null;
    this.#frame = [];
    this.#currentBlock = 0;
    this.#currentFrame = next >>> 0;
    this.#needsIdr = true;
  }

  #take(index: number, packets: readonly Buffer[]): void {
    const [first] = packets;
    const last = packets.at(-1);
    if (first === undefined || last === undefined) return;
    this.#checkMarks(index, packets);
    const [header, type, lastBytes] = [first[32], first[35], first.readUInt16LE(36)];
    const room = this.#packetSize - 16;
    if (header !== 1) this.faults.push(`frame ${index}: header ${header}`);
    if (![1, 2, 4, 5].includes(type ?? 0)) this.faults.push(`frame ${index}: type ${type}`);
    if (lastBytes > room || lastBytes <= (first === last ? 8 : 0)) {
      this.faults.push(`frame ${index}: ${lastBytes} bytes in its last packet`);
      if (this.#codec === 'av1') return;
    }
    const end = first === last && this.#codec === 'av1' ? 32 + lastBytes : first.length;
    const idr = this.#looksLikeIdr(index, type ?? 0, first.subarray(40, end));
    if (idr) this.#needsIdr = false;
    if (this.#needsIdr) {
      this.discarded += 1;
      this.#drops += 1;
      if (this.#drops % PATIENCE === 0) this.requests += 1;
      return;
    }
    this.#drops = 0;
    this.shown.push({ index, idr, timestamp: first.readUInt32BE(4) });
  }

  #checkMarks(index: number, packets: readonly Buffer[]): void {
    packets.forEach((packet, place) => {
      const flags = packet.readUInt8(24);
      const packetIndex = packet.readUInt32LE(16) >>> 8;
      const expected = (this.#packetIndex + 1) & 0xff_ffff;
      const starts = (flags & 4) !== 0;
      if (packetIndex !== expected && !starts) {
        this.faults.push(`frame ${index}: packet index ${packetIndex} where ${expected} is next`);
      }
      this.#packetIndex = packetIndex;
      if ((flags & 1) === 0 || (flags & ~7) !== 0) {
        this.faults.push(`frame ${index}: flags ${flags}`);
      }
      if (place === 0 && !starts) this.faults.push(`frame ${index}: does not start`);
      if (place === packets.length - 1 && (flags & 2) === 0) {
        this.faults.push(`frame ${index}: does not end`);
      }
      if (packet.readUInt8(26) !== 0x10) this.faults.push(`frame ${index}: byte 26`);
    });
    const timestamps = new Set(packets.map((packet) => packet.readUInt32BE(4)));
    const [timestamp = 0] = timestamps;
    if (timestamps.size !== 1) this.faults.push(`frame ${index}: several timestamps`);
    // A Wolf has none.
    if (timestamp !== 0 && this.#timestamp >= 0 && ((timestamp - this.#timestamp) | 0) <= 0) {
      this.faults.push(`frame ${index}: ${timestamp} does not come after ${this.#timestamp}`);
    }
    this.#timestamp = timestamp;
  }

  /** What the first packet shows, which is all that is looked at. */
  #looksLikeIdr(index: number, type: number, payload: Buffer): boolean {
    if (this.#codec === 'av1') return type === 2;
    const h264 = this.#codec === 'h264';
    const units: number[] = [];
    for (let at = payload.indexOf('000001', 0, 'hex'); at >= 0;) {
      const header = payload[at + 3];
      if (header !== undefined) units.push(h264 ? header & 0x1f : (header >> 1) & 0x3f);
      at = payload.indexOf('000001', at + 3, 'hex');
    }
    // Stripped from the head of a frame, in this order only.
    const [aud, sei] = h264 ? [9, 6] : [35, 39];
    if (units[0] === aud) units.shift();
    while (units[0] === sei) units.shift();
    const slice = units.find((unit) => (h264 ? unit >= 1 && unit <= 5 : unit <= 31));
    if (slice === undefined) {
      this.faults.push(`frame ${index}: no slice in its first packet, but ${units.join(' ')}`);
      return false;
    }
    const isIdr = h264 ? slice === 5 : slice >= 16 && slice <= 21;
    if (isIdr !== (type === 2)) this.faults.push(`frame ${index}: type ${type}, slice ${slice}`);
    const sets = h264 ? [7, 8] : [32, 33, 34];
    const begins = isIdr ? [...sets, slice] : [slice];
    const picture = units.filter((unit) => unit !== sei);
    if (picture.slice(0, begins.length).join() !== begins.join()) {
      this.faults.push(`frame ${index}: begins with ${units.join(' ')}`);
    }
    return isIdr && units[0] === sets[0];
  }
}
