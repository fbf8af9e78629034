import test from 'ava';
import fc from 'fast-check';
import { VideoPacketizer } from '../../../src/demo-host/media/video-packetizer.js';
import { SeededRandom } from '../../../src/moonlight/random.js';
import { decryptPacket } from '../../../src/moonlight/video/cipher.js';
import { FRAME_TYPE, OFFSET } from '../../../src/moonlight/video/packet.js';
import { picture } from './pictures.js';
import { Receiver } from './receiver.js';

const KEY = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
const FRAME_INTERVAL = 16;

interface Weather {
  readonly seed: number;
  readonly style: 'sunshine' | 'wolf';
  readonly encrypted: boolean;
  readonly invalidation: boolean;
  readonly loss: number;
  readonly burst: number;
  readonly duplicate: number;
  readonly corrupt: number;
  readonly truncate: number;
  readonly garbage: number;
  /** Packets that a packet may come too late, at most. */
  readonly mixing: number;
  /** Milliseconds the host needs to answer a request. */
  readonly answer: number;
}

/** A host that answers requests, and a network that does what it likes. */
function run(
  weather: Weather,
  frames: number,
): { receiver: Receiver; sent: Map<number, Buffer>; repairs: Set<number> } {
  const random = new SeededRandom(weather.seed);
  const packetSize = 256;
  const packetizer = new VideoPacketizer({
    packetSize,
    style: weather.style,
    encryptionKey: weather.encrypted ? KEY : null,
  });
  const receiver = new Receiver('h264', packetSize, weather.invalidation);
  const sent = new Map<number, Buffer>();
  const repairs = new Set<number>();
  const waiting: { datagram: Buffer; age: number }[] = [];
  let entered = 0;
  let answered = 0;
  let answerAt = Infinity;
  let burst = 0;

  const arrive = (datagram: Buffer, now: number): void => {
    const packet = weather.encrypted ? decryptPacket(KEY, datagram) : datagram;
    if (packet !== null) receiver.push(packet, now);
  };
  const enter = (datagram: Buffer): void => {
    waiting.push({ datagram, age: entered++ });
  };
  const send = (datagram: Buffer, now: number): void => {
    if (random.chance(weather.burst)) burst = 20;
    if (burst > 0) burst--;
    else if (!random.chance(weather.loss)) {
      enter(harmed(datagram, weather, random));
      if (random.chance(weather.duplicate)) enter(datagram);
      if (random.chance(weather.garbage)) {
        enter(Buffer.from(Array.from({ length: random.below(300) }, () => random.below(256))));
      }
    }
    while (waiting.length > weather.mixing) {
      // Nothing is later than twice the depth.
      const oldest = waiting[0]?.age ?? 0;
      const place = entered - oldest > 2 * weather.mixing ? 0 : random.below(waiting.length);
      const [next] = waiting.splice(place, 1);
      if (next) arrive(next.datagram, now);
    }
  };

  for (let at = 0; at < frames; at++) {
    const now = at * FRAME_INTERVAL;
    const frameNumber = at + (weather.style === 'wolf' ? 0 : 1);
    if (receiver.requests.length > answered) {
      answerAt = Math.min(answerAt, now + weather.answer);
      answered = receiver.requests.length;
    }
    const answers = now >= answerAt;
    if (answers) answerAt = Infinity;
    const request = receiver.requests.at(-1);
    const idr = at === 0 || (answers && request === 'idr');
    const data = picture('h264', idr, random.below(idr ? 9000 : 2500), weather.seed + at);
    sent.set(frameNumber, data);
    if (!idr && answers) repairs.add(frameNumber);
    for (const datagram of packetizer.packetize({
      data,
      frameNumber,
      frameType: idr ? FRAME_TYPE.IDR : answers ? FRAME_TYPE.AFTER_INVALIDATION : FRAME_TYPE.P,
      rtpTimestamp: at * 1500,
    })) {
      send(datagram, now);
    }
    receiver.expire(now);
  }
  for (const { datagram } of waiting) arrive(datagram, frames * FRAME_INTERVAL);
  receiver.expire(frames * FRAME_INTERVAL + 1000);
  return { receiver, sent, repairs };
}

function harmed(datagram: Buffer, weather: Weather, random: SeededRandom): Buffer {
  if (random.chance(weather.truncate)) return datagram.subarray(0, random.below(datagram.length));
  if (!random.chance(weather.corrupt)) return datagram;
  const copy = Buffer.from(datagram);
  // What stands unprotected in a clear payload is guarded by UDP's checksum alone.
  const at = random.below(weather.encrypted ? copy.length : OFFSET.PAYLOAD);
  copy.writeUInt8(copy.readUInt8(at) ^ (1 << random.below(8)), at);
  return copy;
}

const share = (max: number): fc.Arbitrary<number> =>
  fc.oneof(fc.constant(0), fc.double({ min: 0, max, noNaN: true }));

const weather: fc.Arbitrary<Weather> = fc.record({
  seed: fc.nat(1e6),
  style: fc.constantFrom('sunshine' as const, 'wolf' as const),
  encrypted: fc.boolean(),
  invalidation: fc.boolean(),
  loss: share(0.2),
  burst: share(0.01),
  duplicate: share(0.2),
  corrupt: share(0.05),
  truncate: share(0.05),
  garbage: share(0.1),
  mixing: fc.constantFrom(0, 0, 3, 16, 60),
  answer: fc.constantFrom(0, 40, 200),
});

test('whatever the network does, a decoder sees only what it can decode', (t) => {
  fc.assert(
    fc.property(weather, (settings) => {
      const { receiver, sent, repairs } = run(settings, 120);
      let previous = -2;
      for (const unit of receiver.units) {
        t.true(unit.data.equals(sent.get(unit.frameNumber) ?? Buffer.alloc(0)), 'a wrong picture');
        t.true(unit.frameNumber > previous);
        const repaired = repairs.has(unit.frameNumber);
        t.true(unit.idr || unit.frameNumber === previous + 1 || repaired, 'a broken reference');
        previous = unit.frameNumber;
      }
      t.true(receiver.reassembler.heldPackets <= 1200, `${receiver.reassembler.heldPackets}`);
    }),
    { seed: 23, numRuns: 60 },
  );
});

test('random loss and jitter within what FEC can do cost no frame', (t) => {
  const quiet = {
    seed: 5,
    style: 'sunshine',
    encrypted: false,
    invalidation: false,
    loss: 0,
    burst: 0,
    duplicate: 0.05,
    corrupt: 0,
    truncate: 0,
    garbage: 0.02,
    mixing: 16,
    answer: 40,
  } as const;
  for (const style of ['sunshine', 'wolf'] as const) {
    const { receiver } = run({ ...quiet, style }, 300);
    t.is(receiver.units.length, 300);
    t.is(receiver.requests.length, 0);
    t.is(receiver.stats.framesLost, 0);
  }
});

test('a stream that recovers goes on: losses end in a request, and its answer is shown', (t) => {
  for (const invalidation of [false, true]) {
    const { receiver } = run(
      {
        seed: 31,
        style: 'sunshine',
        encrypted: false,
        invalidation,
        loss: 0.02,
        burst: 0.004,
        duplicate: 0,
        corrupt: 0,
        truncate: 0,
        garbage: 0,
        mixing: 0,
        answer: 30,
      },
      800,
    );
    t.true(receiver.stats.framesLost > 10);
    t.true(receiver.requests.length > 3);
    t.is(
      receiver.requests.some((request) => request !== 'idr'),
      invalidation,
    );
    t.true(receiver.units.length > 560, `${receiver.units.length}`);
  }
});

test('nothing but garbage: no frame, no error, nothing kept', (t) => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 1500 }), { maxLength: 100 }), (datagrams) => {
      const receiver = new Receiver('h264', 1392);
      for (const [at, datagram] of datagrams.entries()) {
        const packet = Buffer.from(datagram);
        receiver.push(packet, at);
        // The same with a first byte that gets it further.
        if (packet.length > 0) {
          const likely = Buffer.from(packet);
          likely.writeUInt8(0x90, 0);
          receiver.push(likely, at);
        }
      }
      receiver.expire(10_000);
      t.is(receiver.units.length, 0);
      t.is(decryptPacket(KEY, Buffer.from(datagrams[0] ?? [])), null);
    }),
    { seed: 2, numRuns: 100 },
  );
});

test('a flood of first packets of frames that never end is bounded', (t) => {
  const receiver = new Receiver('h264', 1392);
  const packetizer = new VideoPacketizer({ packetSize: 1392, style: 'wolf', fecPercentage: 0 });
  const data = picture('h264', false, 250_000, 1);
  let most = 0;
  for (let frameNumber = 1; frameNumber < 400; frameNumber++) {
    const packets = packetizer.packetize({ data, frameNumber, frameType: 1, rtpTimestamp: 0 });
    for (const packet of packets.slice(0, 100)) receiver.push(packet, frameNumber);
    most = Math.max(most, receiver.reassembler.heldPackets);
  }
  t.true(most <= 8292, `${most}`);
  t.is(receiver.units.length, 0);
  t.is(receiver.stats.framesComplete, 0);
});
