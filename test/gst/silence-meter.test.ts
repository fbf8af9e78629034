import test from 'ava';
import fc from 'fast-check';
import { SilenceMeter } from '../../src/media/silence-meter.js';

/** Milliseconds between two looks. */
const TICK = 150;
/** What SRTP can lose without losing count. */
const COUNTABLE = 32_768;

interface Says {
  /** Milliseconds to the next packet. */
  readonly every: () => number;
  readonly reports?: boolean;
}

/** A stream, a viewer of it and the path between both. Times in milliseconds. */
class Path {
  readonly meter = new SilenceMeter();
  now = 0;
  #packetsIn = 5;
  #video = 0;
  #next = 0;
  silent = false;
  /** Packets since the path was whole. */
  lost = 0;
  cuts = 0;
  readonly rate: number;
  readonly says: Says;

  constructor(rate: number, says: Says) {
    this.rate = rate;
    this.says = says;
  }

  run(milliseconds: number, whole: boolean): void {
    const { reports = true } = this.says;
    for (const end = this.now + milliseconds; this.now < end; this.now += TICK) {
      if (this.now >= this.#next) {
        this.#next = this.now + this.says.every();
        if (whole) this.#packetsIn += 1;
      }
      const packets = Math.round((this.rate * TICK) / 1000);
      this.#video += packets;
      if (whole) this.lost = 0;
      else if (!this.silent) this.lost += packets;
      const before = this.silent;
      this.silent = this.meter.poll(
        {
          packetsIn: this.#packetsIn,
          reported: reports && this.#packetsIn > 5,
          videoPackets: this.#video,
          fed: !before,
        },
        this.now,
      );
      if (this.silent && !before) this.cuts += 1;
    }
  }
}

const rates = fc.integer({ min: 100, max: 13_000 });
const pauses = fc.array(fc.integer({ min: 100, max: 1_200 }), { minLength: 1, maxLength: 20 });

function inTurn(values: readonly number[]): () => number {
  let turn = 0;
  return () => values[turn++ % values.length] ?? 0;
}

test('a viewer on a path that is whole is never silent, at any rate', (t) => {
  fc.assert(
    fc.property(rates, pauses, (rate, gaps) => {
      const path = new Path(rate, { every: inTurn(gaps) });
      path.run(120_000, true);
      t.is(path.cuts, 0);
    }),
  );
});

test('no hole swallows more than SRTP can count, at any rate, and its end is seen', (t) => {
  const holes = fc.array(
    fc.record({
      whole: fc.integer({ min: 4_000, max: 30_000 }),
      dead: fc.integer({ min: 200, max: 60_000 }),
    }),
    { minLength: 1, maxLength: 3 },
  );
  fc.assert(
    fc.property(rates, pauses, holes, (rate, gaps, all) => {
      const path = new Path(rate, { every: inTurn(gaps) });
      for (const { whole, dead } of all) {
        path.run(whole, true);
        t.false(path.silent);
        path.run(dead, false);
        t.true(path.lost < COUNTABLE, `${path.lost}`);
      }
      path.run(10_000, true);
      t.false(path.silent);
      t.is(path.meter.unheard < COUNTABLE, true);
    }),
  );
});

test('single packets that get through a dead path do not begin the count anew', (t) => {
  const path = new Path(5_000, { every: () => 300 });
  path.run(10_000, true);
  for (let i = 0; i < 2; i += 1) {
    path.run(20_000, false);
    t.true(path.silent);
    const { lost } = path;
    path.run(2 * TICK, true);
    t.false(path.silent);
    path.lost = lost;
  }
  path.run(20_000, false);
  t.true(path.silent);
  t.true(path.lost < COUNTABLE, `${path.lost}`);
});

test('who reports seldom is judged by that, once it is known', (t) => {
  const path = new Path(6_000, { every: () => 5_000 });
  path.run(30_000, true);
  const { cuts } = path;
  t.true(cuts <= 3);
  path.run(300_000, true);
  t.is(path.cuts, cuts);
});

test('who never reports cannot fall silent', (t) => {
  // Once, at first, when it may be one whose first report got lost.
  const mute = new Path(10_000, { every: () => 60_000, reports: false });
  mute.run(200_000, true);
  t.true(mute.cuts <= 1);
  t.false(mute.silent);
});

test('a slow stream needs no cut, however long the hole', (t) => {
  const path = new Path(200, { every: () => 1_000 });
  path.run(10_000, true);
  path.run(60_000, false);
  t.is(path.cuts, 0);
});
