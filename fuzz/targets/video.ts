import { VideoPacketizer } from '../../src/demo-host/media/video-packetizer.js';
import { decryptPacket } from '../../src/moonlight/video/cipher.js';
import { FRAME_TYPE, OFFSET } from '../../src/moonlight/video/packet.js';
import { picture } from '../../test/moonlight/video/pictures.js';
import { Receiver } from '../../test/moonlight/video/receiver.js';
import { ByteReader } from '../byte-reader.js';
import { expect, type FuzzTarget } from '../target.js';

const KEY = Buffer.alloc(16, 9);
const PACKET_SIZES = [64, 256, 1024] as const;
const CODECS = ['h264', 'h265', 'av1'] as const;
const MAX_STEPS = 200;
/** Frames after which numbers that contradict the others are not believed. */
const TRUST = 10;
const MAX_HELD = 8192 + 256;

const FRAME = 0;
const DELIVER = 1;
const DROP = 2;
const LATER = 3;
const CHANGE = 4;
const RAW = 5;
const WAIT = 6;
const CUT = 7;

/** A host whose frames are known, and a network that acts out the input. */
class Play {
  readonly #reader: ByteReader;
  readonly #encrypted: boolean;
  readonly #receiver: Receiver;
  readonly #packetizer: VideoPacketizer;
  readonly #codec: (typeof CODECS)[number];
  readonly #sent = new Map<number, Buffer>();
  readonly #repairs = new Set<number>();
  #queue: Buffer[] = [];
  #next: number;
  #now = 1;
  #invented = false;
  /** Frames of which a packet was changed. */
  readonly #changed = new Set<number>();

  constructor(reader: ByteReader, encrypted: boolean) {
    this.#reader = reader;
    this.#encrypted = encrypted;
    const packetSize = reader.choose([...PACKET_SIZES]);
    const style = reader.flag() ? 'wolf' : 'sunshine';
    this.#codec = reader.choose([...CODECS]);
    this.#next = style === 'wolf' ? 0 : 1;
    this.#packetizer = new VideoPacketizer({
      packetSize,
      style,
      fecPercentage: reader.choose([20, 0, 50, 255]),
      encryptionKey: encrypted ? KEY : null,
    });
    this.#receiver = new Receiver(this.#codec, packetSize, reader.flag());
  }

  run(): void {
    for (let step = 0; step < MAX_STEPS && !this.#reader.done; step++) {
      this.#step();
      expect(this.#receiver.reassembler.heldPackets <= MAX_HELD, 'too many packets are kept');
    }
    for (const datagram of this.#queue) this.#arrive(datagram);
    this.#receiver.expire((this.#now += 1000));
    this.#receiver.expire((this.#now += 1000));
    expect(this.#receiver.reassembler.heldPackets === 0, 'packets are kept for ever');
    this.#judge();
  }

  #step(): void {
    const reader = this.#reader;
    switch (reader.below(8)) {
      case FRAME:
        this.#frame();
        break;
      case DELIVER:
        for (let count = 1 + reader.below(64); count > 0; count--) {
          const datagram = this.#queue.shift();
          if (datagram !== undefined) this.#arrive(datagram);
        }
        break;
      case DROP:
        this.#queue.splice(this.#place(), 1 + reader.below(12));
        break;
      case LATER: {
        const [datagram] = this.#queue.splice(this.#place(), 1);
        if (datagram === undefined) break;
        this.#queue.splice(this.#place(), 0, datagram);
        if (reader.flag()) this.#queue.push(datagram);
        break;
      }
      case CHANGE:
        this.#change();
        break;
      case RAW:
        this.#invented ||= !this.#encrypted;
        this.#arrive(reader.take(reader.below(120)));
        break;
      case WAIT:
        this.#now += reader.byte();
        this.#receiver.expire(this.#now);
        break;
      default: {
        // UDP cuts nothing, so clear video has no check for it.
        this.#invented ||= !this.#encrypted;
        const place = this.#place();
        const datagram = this.#queue[place];
        if (datagram !== undefined) {
          this.#queue[place] = datagram.subarray(0, reader.word() % (datagram.length + 1));
        }
      }
    }
  }

  #place(): number {
    return this.#reader.word() % (this.#queue.length + 1);
  }

  #frame(): void {
    const reader = this.#reader;
    const number = this.#next++;
    const kind = reader.below(4);
    const idr = kind === 0 || this.#sent.size === 0;
    const data = picture(this.#codec, idr, reader.word() % 6000, number);
    this.#sent.set(number, data);
    if (!idr && kind === 1) this.#repairs.add(number);
    this.#now += 16;
    this.#queue.push(
      ...this.#packetizer.packetize({
        data,
        frameNumber: number,
        frameType: idr ? FRAME_TYPE.IDR : kind === 1 ? FRAME_TYPE.AFTER_INVALIDATION : FRAME_TYPE.P,
        rtpTimestamp: number * 1500,
      }),
    );
  }

  /**
   * One byte: any one if it is authenticated, else one among the headers of one packet a frame. The
   * payload of clear video is guarded by UDP's checksum alone.
   */
  #change(): void {
    const place = this.#place();
    const datagram = this.#queue[place];
    const at = this.#reader.word();
    const value = this.#reader.byte();
    if (datagram === undefined || datagram.length < OFFSET.PAYLOAD) return;
    if (!this.#encrypted) {
      // How the host numbers its packets has to have been seen first.
      this.#invented ||= this.#receiver.units.length < TRUST;
      const frame = datagram.readUInt32LE(OFFSET.FRAME_INDEX);
      if (this.#changed.has(frame)) return;
      this.#changed.add(frame);
    }
    const copy = Buffer.from(datagram);
    copy[at % (this.#encrypted ? copy.length : OFFSET.PAYLOAD)] = value;
    this.#queue[place] = copy;
  }

  #arrive(datagram: Buffer): void {
    const packet = this.#encrypted ? decryptPacket(KEY, datagram) : datagram;
    if (packet !== null) this.#receiver.push(packet, this.#now);
  }

  #judge(): void {
    // An attacker who can invent clear packets can invent pictures.
    if (this.#invented) return;
    let previous = -2;
    for (const { data, frameNumber, idr } of this.#receiver.units) {
      const sent = this.#sent.get(frameNumber);
      expect(sent !== undefined && data.equals(sent), 'a picture that was never sent');
      expect(frameNumber > previous, 'a picture out of order');
      const repaired = this.#repairs.has(frameNumber);
      expect(idr || repaired || frameNumber === previous + 1, 'a picture without its reference');
      previous = frameNumber;
    }
  }
}

const lengths = (length: number): number[] => [length >> 8, length & 0xff];
// prettier-ignore
const SEEDS = [
  [1, 0, 0, 0, 0, FRAME, 0, ...lengths(900), FRAME, 2, ...lengths(700), DELIVER, 63],
  [0, 1, 1, 0, 1, FRAME, 0, ...lengths(5900), DROP, 0, 3, 2, FRAME, 2, ...lengths(300), DELIVER, 63],
  [1, 0, 2, 2, 1, FRAME, 0, ...lengths(900), FRAME, 2, ...lengths(2000), LATER, 0, 1, 0, 9, 1, DELIVER, 9],
  [2, 0, 0, 1, 0, FRAME, 0, ...lengths(3000), CHANGE, 0, 1, 0, 20, 9, DELIVER, 9, WAIT, 200],
  [1, 1, 0, 3, 1, FRAME, 0, ...lengths(300), DELIVER, 9, FRAME, 2, ...lengths(900), DROP, 0, 0, 9,
    FRAME, 1, ...lengths(30), DELIVER, 9, WAIT, 250],
  [1, 0, 0, 0, 0, RAW, 40, 0x90, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0,
    7, 0x10, 0, 0x40, 1, 0x40, 0],
].map((bytes) => Buffer.from(bytes));

function target(name: string, encrypted: boolean): FuzzTarget {
  return {
    name,
    seeds: SEEDS,
    words: [
      Buffer.from([FRAME, 0, 1, 0]),
      Buffer.from([FRAME, 2, 8, 0]),
      Buffer.from([DELIVER, 63]),
      Buffer.from([DROP, 0, 2, 1]),
      Buffer.from([WAIT, 130]),
      Buffer.from([CUT, 0, 0, 0, 40]),
    ],
    run: (input) => new Play(new ByteReader(input), encrypted).run(),
  };
}

export const video = target('video', false);
export const videoEncrypted = target('video-encrypted', true);
