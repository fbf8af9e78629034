import test from 'ava';
import fc from 'fast-check';
import { SeededRandom } from '../../../src/moonlight/random.js';
import { SoundTimeline } from '../../../src/moonlight/sound-timeline.js';

const MILLISECOND = 1e6;
const DURATION = 5;
const PACKET = DURATION * MILLISECOND;

test('jitter never shows: packets follow each other by exactly their duration', (t) => {
  const timeline = new SoundTimeline(1000.4, DURATION);
  const random = new SeededRandom(3);
  let last: number | null = null;
  for (let sequence = 70; sequence < 20_000; sequence += 1) {
    const pts = timeline.advance(sequence, 1000.4 + sequence * DURATION + random.next() * 15);
    if (pts === null) return t.fail(`packet ${sequence} was left out`);
    if (last !== null && pts - last !== PACKET) return t.fail(`a step of ${pts - last}`);
    last = pts;
  }
  t.pass();
});

for (const drift of [-300e-6, 300e-6]) {
  test(`a clock that is off by ${drift * 1e6} ppm is followed in whole packets`, (t) => {
    const timeline = new SoundTimeline(0, DURATION);
    const random = new SeededRandom(4);
    let corrections = 0;
    let last = -PACKET;
    let furthest = 0;
    for (let sequence = 0; sequence < 120_000; sequence += 1) {
      const arrival = sequence * DURATION * (1 + drift) + random.next() * 5;
      const pts = timeline.advance(sequence, arrival);
      if (pts === null) {
        corrections += 1;
        continue;
      }
      const step = pts - last;
      if (step % PACKET !== 0 || step <= 0) return t.fail(`a step of ${step}`);
      if (step !== PACKET) corrections += 1;
      last = pts;
      furthest = Math.max(furthest, Math.abs(pts / MILLISECOND - arrival));
    }
    t.true(furthest < 40, `${furthest} ms off`);
    // Ten minutes at 300 ppm are 180 ms.
    t.true(corrections > 20 && corrections < 45, `${corrections} corrections`);
  });
}

test('a pause of the source leaves a pause', (t) => {
  const timeline = new SoundTimeline(0, DURATION);
  for (let sequence = 0; sequence < 100; sequence += 1) {
    timeline.advance(sequence, sequence * DURATION);
  }
  t.is(timeline.advance(100, 3000), 3000 * MILLISECOND);
  t.is(timeline.advance(101, 3004), 3005 * MILLISECOND);
});

test('whatever comes in: multiples of the duration that rise', (t) => {
  const packet = fc.record({
    skip: fc.integer({ min: -5, max: 300 }),
    wait: fc.double({ min: 0, max: 4000, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(packet, { maxLength: 300 }), (packets) => {
      const timeline = new SoundTimeline(500, DURATION);
      let sequence = 0;
      let now = 0;
      let last = -1;
      for (const { skip, wait } of packets) {
        sequence += skip;
        now += wait;
        const pts = timeline.advance(sequence, now);
        if (pts === null) continue;
        t.true(Number.isSafeInteger(pts) && pts % PACKET === 0 && pts > last);
        last = pts;
      }
    }),
    { seed: 8, numRuns: 300 },
  );
});
