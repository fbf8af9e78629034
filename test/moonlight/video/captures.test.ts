import test from 'ava';
import { ReedSolomon } from '../../../src/moonlight/fec/reed-solomon.js';
import { SeededRandom } from '../../../src/moonlight/random.js';
import { OFFSET, parityShards } from '../../../src/moonlight/video/packet.js';
import { CAPTURES, hashOf, packetsOf, type Capture, type CapturedPacket } from './captures.js';
import { Receiver } from './receiver.js';

function receive(capture: Capture, packets: readonly CapturedPacket[], clock = true): Receiver {
  const receiver = new Receiver('h264', capture.packetSize);
  for (const { at, data } of packets) receiver.push(data, clock ? at : 0);
  receiver.expire(1e9);
  return receiver;
}

/** Where a packet belongs: `frame/block`, its shard index, and the block's shape. */
function placeOf(packet: Buffer): { block: string; shard: number; data: number; parity: number } {
  const info = packet.readUInt32LE(OFFSET.FEC_INFO);
  const data = info >>> 22;
  const block = (packet.readUInt8(OFFSET.MULTI_FEC_BLOCKS) >> 4) & 3;
  return {
    block: `${packet.readUInt32LE(OFFSET.FRAME_INDEX)}/${block}`,
    shard: (info >>> 12) & 1023,
    data,
    parity: parityShards(data, (info >>> 4) & 255),
  };
}

/** Removes a share of the packets, but never more of a block than its parity makes up for. */
function thinned(
  packets: readonly CapturedPacket[],
  share: number,
  seed: number,
): CapturedPacket[] {
  const random = new SeededRandom(seed);
  const present = new Map<string, number>();
  for (const { data } of packets) {
    const { block } = placeOf(data);
    present.set(block, (present.get(block) ?? 0) + 1);
  }
  return packets.filter(({ data }) => {
    if (!random.chance(share)) return true;
    const place = placeOf(data);
    const left = present.get(place.block) ?? 0;
    if (left <= place.data) return true;
    present.set(place.block, left - 1);
    return false;
  });
}

/** Shuffles every run of `window` packets. */
function shuffled<T>(items: readonly T[], window: number, seed: number): T[] {
  const random = new SeededRandom(seed);
  const result: T[] = [];
  for (let start = 0; start < items.length; start += window) {
    const run = items.slice(start, start + window);
    while (run.length > 0) result.push(...run.splice(random.below(run.length), 1));
  }
  return result;
}

/** The next packet is always one of the `window` oldest ones left. */
function jumbled<T>(items: readonly T[], window: number, seed: number): T[] {
  const random = new SeededRandom(seed);
  const result: T[] = [];
  const waiting = [...items];
  while (waiting.length > 0) {
    result.push(...waiting.splice(random.below(Math.min(window, waiting.length)), 1));
  }
  return result;
}

/** The times of the packets in the order in which they now come. */
function retimed(packets: readonly CapturedPacket[]): CapturedPacket[] {
  const times = packets.map(({ at }) => at).sort((one, other) => one - other);
  return packets.map(({ data }, index) => ({ at: times[index] ?? 0, data }));
}

for (const capture of CAPTURES) {
  const packets = packetsOf(capture, 'video');
  // The noise capture ends in the middle of a frame.
  const ends = capture.frames;

  const verify = (name: string, make: () => CapturedPacket[]): void => {
    for (const clock of [true, false]) {
      test(`${capture.file}: ${name}, ${clock ? 'at its pace' : 'at once'}`, (t) => {
        const receiver = receive(capture, make(), clock);
        const units = receiver.units.filter((unit) => unit.frameNumber < ends);
        t.deepEqual(
          units.map((unit) => unit.frameNumber),
          Array.from({ length: capture.frames }, (_, index) => index),
        );
        t.is(units.filter((unit) => unit.idr).length, capture.idrFrames);
        t.is(
          units.reduce((sum, unit) => sum + unit.data.length, 0),
          capture.bytes,
        );
        t.is(hashOf(units.map((unit) => unit.data)), capture.hash);
      });
    }
  };

  verify('all of it', () => packets);
  verify('5 % removed where FEC can recover', () => thinned(packets, 0.05, 11));
  verify('15 % removed where FEC can recover', () => thinned(packets, 0.15, 12));
  verify('shuffled within 16', () => retimed(shuffled(packets, 16, 13)));
  verify('jumbled within 16', () => retimed(jumbled(packets, 16, 14)));
  verify('every packet twice', () => packets.flatMap((packet) => [packet, packet]));
  verify('thinned, shuffled and doubled', () =>
    retimed(shuffled(thinned([...packets], 0.05, 15), 16, 16)).flatMap((p) => [p, p]),
  );

  test(`${capture.file}: parity is what we would have sent`, (t) => {
    const blocks = new Map<string, (Buffer | undefined)[]>();
    for (const { data } of packets) {
      const place = placeOf(data);
      let shards = blocks.get(place.block);
      if (shards === undefined) {
        shards = new Array<Buffer | undefined>(place.data + place.parity).fill(undefined);
        blocks.set(place.block, shards);
      }
      shards[place.shard] = data;
    }
    /** The host writes these after it has computed parity (gamestream.md §5.4). */
    const overwritten = new Set([0, 2, 3, 20, 21, 26, 27, 28, 29, 30, 31]);
    let compared = 0;
    for (const shards of blocks.values()) {
      if (shards.includes(undefined)) continue;
      const whole = shards.filter((shard) => shard !== undefined);
      const first = whole[0];
      if (first === undefined) continue;
      const { data, parity } = placeOf(first);
      const computed = ReedSolomon.cauchy(data, parity).encode(whole.slice(0, data), first.length);
      computed.forEach((shard, index) => {
        const sent = whole[data + index] ?? Buffer.alloc(0);
        const wrong = [...shard].findIndex((b, at) => b !== sent[at] && !overwritten.has(at));
        if (wrong >= 0) t.fail(`parity ${index} differs at byte ${wrong}`);
        compared++;
      });
    }
    t.true(compared > 300, `${compared} parity packets compared`);
  });
}

test('the first packet of Wolf is that of gamestream.md §5.2', (t) => {
  const [capture] = CAPTURES;
  const [first] = capture === undefined ? [] : packetsOf(capture, 'video');
  const expected =
    '90000000 00000000 00000000 00000000 00000000 00000000 05 00 10 00 40068000' +
    '01 0000 02 2401 0000 00000001 67';
  t.true(first?.data.toString('hex').startsWith(expected.replaceAll(' ', '')));
});
