import test from 'ava';
import fc from 'fast-check';
import { VideoPacketizer } from '../../../src/demo-host/media/video-packetizer.js';
import { decryptPacket } from '../../../src/moonlight/video/cipher.js';
import { FRAME_TYPE, OFFSET, parityShards } from '../../../src/moonlight/video/packet.js';
import type { VideoCodec } from '../../../src/moonlight/types.js';
import { SeededRandom } from '../../../src/moonlight/random.js';
import { frameTypeOf, picture } from './pictures.js';
import { Receiver } from './receiver.js';

const KEY = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');

/** The frame of gamestream.md A.8: 3040 bytes, 12.3 ms of host latency. */
function workedFrame() {
  return {
    data: Buffer.concat([Buffer.from('0000000167', 'hex'), Buffer.alloc(3035, 0x42)]),
    frameNumber: 1,
    frameType: FRAME_TYPE.IDR,
    rtpTimestamp: 0x675c,
    hostLatency: 12.3,
  };
}

test('the worked frame of A.8 and §5.2', (t) => {
  const packetizer = new VideoPacketizer({ packetSize: 1392, style: 'sunshine' });
  const packets = packetizer.packetize(workedFrame());
  t.is(packets.length, 5);
  t.true(packets.every((packet) => packet.length === 1408));
  t.is(
    packets[0]?.subarray(0, 45).toString('hex'),
    '900000000000675c0000000000000000' +
      '0000000001000000050010002004c000' +
      '017b0002280100000000000167',
  );
  const parity = packets[4] ?? Buffer.alloc(0);
  t.is(
    parity.subarray(0, 26).toString('hex'),
    '900000040000675c0000000000000000' + '00dd0000010000007900',
  );
  // Byte 26 of parity is what Reed–Solomon makes of three times 0x10; nobody reads it.
  t.is(parity.subarray(27, 32).toString('hex'), '002044c000');
});

test('the encrypted prefix of §5.8', (t) => {
  const options = { packetSize: 1392, style: 'sunshine' } as const;
  const clear = new VideoPacketizer(options).packetize(workedFrame());
  const secret = new VideoPacketizer({ ...options, encryptionKey: KEY }).packetize(workedFrame());
  t.is(secret[0]?.length, 1440);
  t.is(secret[0]?.subarray(0, 16).toString('hex'), '000000000000000000000056' + '01000000');
  t.is(secret[4]?.subarray(0, 12).toString('hex'), '040000000000000000000056');
  t.deepEqual(
    secret.map((datagram) => decryptPacket(KEY, datagram)),
    clear,
  );
  const forged = Buffer.from(secret[0] ?? '');
  forged.writeUInt8(forged.readUInt8(100) ^ 1, 100);
  t.is(decryptPacket(KEY, forged), null);
  t.is(decryptPacket(KEY, forged.subarray(0, 32)), null);
});

/** Per block: data shards, percentage sent, parity shards. */
function shapes(packets: readonly Buffer[]): string[] {
  const seen = new Map<number, string>();
  for (const packet of packets) {
    const block = packet.readUInt8(OFFSET.MULTI_FEC_BLOCKS);
    const info = packet.readUInt32LE(OFFSET.FEC_INFO);
    const parity = parityShards(info >>> 22, (info >>> 4) & 255);
    seen.set(block, `${(block >> 4) & 3}/${block >> 6} ${info >>> 22}+${parity}`);
  }
  return [...seen.values()];
}

test('blocks: the large frame of A.8', (t) => {
  const packetizer = new VideoPacketizer({ packetSize: 1392, style: 'sunshine' });
  const packets = packetizer.packetize({ ...workedFrame(), data: Buffer.alloc(400_005) });
  t.deepEqual(shapes(packets), ['0/1 146+30', '1/1 145+29']);
});

for (const [name, style, packets, percentage, expected] of [
  ['a single packet has two of parity', 'sunshine', 1, 20, ['0/0 1+2']],
  ['the largest single block', 'sunshine', 212, 20, ['0/0 212+43']],
  ['one packet more', 'sunshine', 213, 20, ['0/1 107+22', '1/1 106+22']],
  [
    'too much for parity',
    'sunshine',
    849,
    20,
    ['0/3 213+0', '1/3 213+0', '2/3 213+0', '3/3 210+0'],
  ],
  ['no parity at all', 'sunshine', 10, 0, ['0/0 10+0']],
  ['the largest single block of Wolf', 'wolf', 90, 20, ['0/0 90+18']],
  ['three blocks of Wolf', 'wolf', 91, 20, ['0/2 31+7', '1/2 31+7', '2/2 29+6']],
  ['Wolf without parity', 'wolf', 640, 20, ['0/0 640+0']],
] as const) {
  test(`blocks: ${name}`, (t) => {
    const packetizer = new VideoPacketizer({ packetSize: 1392, style, fecPercentage: percentage });
    const data = Buffer.alloc(packets * 1376 - 8, 1);
    t.deepEqual(shapes(packetizer.packetize({ ...workedFrame(), data })), [...expected]);
  });
}

test('impossible settings and frames are refused', (t) => {
  t.throws(() => new VideoPacketizer({ packetSize: 1000, style: 'wolf' }), {
    message: /packet size/,
  });
  t.throws(() => new VideoPacketizer({ packetSize: 1024, style: 'wolf', fecPercentage: 300 }), {
    message: /FEC percentage/,
  });
  const packetizer = new VideoPacketizer({ packetSize: 32, style: 'sunshine' });
  t.throws(() => packetizer.packetize({ ...workedFrame(), data: Buffer.alloc(100_000) }), {
    message: /cannot be sent/,
  });
});

test('every block shape survives the round trip, whatever FEC can do without', (t) => {
  const shape = fc.record({
    style: fc.constantFrom('sunshine' as const, 'wolf' as const),
    codec: fc.constantFrom<VideoCodec>('h264', 'h265', 'av1'),
    packetSize: fc.constantFrom(64, 256, 1024, 1392),
    /** Frame sizes in packets, so that all numbers of blocks occur. */
    packets: fc.array(fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 900 })), {
      minLength: 1,
      maxLength: 6,
    }),
    percentage: fc.constantFrom(0, 5, 20, 50, 100),
    encrypted: fc.boolean(),
    seed: fc.nat(1e6),
    /** Share of the parity that is used up. */
    loss: fc.constantFrom(0, 0.5, 1),
    padded: fc.boolean(),
  });
  fc.assert(
    fc.property(shape, (options) => {
      const random = new SeededRandom(options.seed);
      const packetizer = new VideoPacketizer({
        packetSize: options.packetSize,
        style: options.style,
        fecPercentage: options.percentage,
        encryptionKey: options.encrypted ? KEY : null,
      });
      const receiver = new Receiver(options.codec, options.packetSize);
      const sent: Buffer[] = [];
      options.packets.forEach((count, at) => {
        const length = Math.max(8, count * (options.packetSize - 16) - 40 - random.below(20));
        const data = picture(options.codec, at === 0, length, options.seed + at);
        sent.push(data);
        const frameNumber = at + (options.style === 'wolf' ? 0 : 1);
        const datagrams = packetizer.packetize({
          data,
          frameNumber,
          frameType: frameTypeOf(at === 0),
          rtpTimestamp: 1500 * at,
        });
        const clear = datagrams.map((datagram) =>
          options.encrypted ? decryptPacket(KEY, datagram) : datagram,
        );
        const budget = new Map<number, number>();
        for (const packet of clear) {
          if (packet === null) throw new Error('a packet does not decrypt');
          const info = packet.readUInt32LE(OFFSET.FEC_INFO);
          const block = packet.readUInt8(OFFSET.MULTI_FEC_BLOCKS);
          const parity = parityShards(info >>> 22, (info >>> 4) & 255);
          const left = budget.get(block) ?? Math.floor(parity * options.loss);
          if (left > 0 && random.chance(0.5)) {
            budget.set(block, left - 1);
            continue;
          }
          budget.set(block, left);
          receiver.push(options.padded ? packet : unpadded(packet));
        }
        t.is(receiver.units.length, at + 1);
      });
      t.true(receiver.units.every((unit, at) => unit.data.equals(sent[at] ?? Buffer.alloc(0))));
      t.is(receiver.stats.packetsInvalid, 0);
      t.is(receiver.lost.length, 0);
    }),
    { seed: 17, numRuns: 100 },
  );
});

/** A host that does not send the zeros at the end of a frame. */
function unpadded(packet: Buffer): Buffer {
  const info = packet.readUInt32LE(OFFSET.FEC_INFO);
  const place = packet.readUInt8(OFFSET.MULTI_FEC_BLOCKS);
  const last = ((info >>> 12) & 1023) === (info >>> 22) - 1 && ((place >> 4) & 3) === place >> 6;
  if (!last) return packet;
  let end = packet.length;
  while (end > 40 && packet[end - 1] === 0) end--;
  return packet.subarray(0, end);
}

test('numbers wrap without harm', (t) => {
  const packetizer = new VideoPacketizer({ packetSize: 256, style: 'sunshine' });
  const receiver = new Receiver('h264', 256);
  const data = picture('h264', false, 500, 1);
  let frameNumber = 0xffff_ff00;
  const frames = 15_000;
  for (let at = 0; at < frames; at++) {
    const idr = at === 0;
    for (const packet of packetizer.packetize({
      data: idr ? picture('h264', true, 500, 1) : data,
      frameNumber,
      frameType: frameTypeOf(idr),
      rtpTimestamp: 0,
    })) {
      // The packet index, too, crosses its 24 bits on the way.
      const index = (packet.readUInt32LE(OFFSET.PACKET_INDEX) >>> 8) + 0xffff00;
      packet.writeUInt32LE(((index & 0xffffff) << 8) >>> 0, OFFSET.PACKET_INDEX);
      receiver.push(packet, at * 16);
    }
    frameNumber = (frameNumber + 1) >>> 0;
  }
  t.is(receiver.units.length, frames);
  t.is(receiver.lost.length, 0);
  t.is(receiver.stats.packetsLost, 0);
  t.true(packetizer.nextSequence > 65_536);
});
