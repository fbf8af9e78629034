import test from 'ava';
import fc from 'fast-check';
import { ALL_RIGHTS } from '../../src/core/rights.js';
import { InputAggregator } from '../../src/input/aggregator.js';
import { decodeChannelMessage } from '../../src/input/channels.js';

/** Turns the wheel by messages of type 04, and says what the host is told. */
function wheel(): (click: number, now?: number) => number {
  const all = new InputAggregator();
  all.join('ann', ALL_RIGHTS);
  return (click, now = 0) => {
    const message = Buffer.from([4, 0, click & 0xff]);
    const inputs = (decodeChannelMessage('mouse', message) ?? []).flatMap((input) =>
      all.input('ann', input, now),
    );
    return inputs.reduce((sum, input) => sum + (input.type === 'scroll' ? input.amount : 0), 0);
  };
}

test('8 and 9 are alike: the same unit, whichever comes first', (t) => {
  const turn = wheel();
  t.is(turn(-8), -96);
  t.is(turn(-9), -108);
  t.is(turn(-8), -96);
});

test('a client that sends notches: one is 120, at any time', (t) => {
  const turn = wheel();
  for (let at = 0; at < 100; at++)
    t.is(turn(at % 2 === 0 ? 1 : -1, at * 100), at % 2 === 0 ? 120 : -120);
  t.is(turn(2, 20_000), 240);
});

test('a client that sends tenths: a notch of 100 or 120 pixels is one', (t) => {
  const turn = wheel();
  t.is(turn(10), 120);
  t.is(turn(-10), -120);
  t.is(turn(30), 360);
  t.is(turn(1), 12);
});

test('a client that sends pixels: judged by a large number once, or by many small ones', (t) => {
  const mouse = wheel();
  t.is(mouse(100), 120);
  t.is(mouse(-100), -120);
  t.is(mouse(5), 6);
  // A touch pad: nobody turns a wheel that far in a second.
  const pad = wheel();
  for (let at = 0; at < 120; at++) pad(9, at * 8);
  t.is(pad(10, 1000), 12);
  t.is(pad(1, 60_000), 1);
});

const clicks = fc.array(
  fc.record({ click: fc.integer({ min: -128, max: 127 }), pause: fc.nat(2000) }),
  { maxLength: 60 },
);

test('of one connection: never in the other direction, more is never less, and no unit returns', (t) => {
  fc.assert(
    fc.property(clicks, fc.integer({ min: 1, max: 126 }), (sequence, size) => {
      const [one, other] = [wheel(), wheel()];
      let now = 0;
      let scale = Infinity;
      for (const { click, pause } of sequence) {
        now += pause;
        const amount = one(click, now);
        t.is(other(click, now), amount);
        t.true(amount * click >= 0);
        if (click === 0) continue;
        // One unit of the host at most is left for the next message.
        const units = Math.abs(amount / click);
        t.true(units <= scale + 1);
        scale = Math.min(scale, units > 60 ? 120 : units > 6 ? 13 : 2.2);
      }
      // Two of one history, one turned a little further.
      now += 10_000;
      const [less, more] = [one(size, now), other(size + 1, now)];
      const crossed = [2, 40].includes(size);
      if (!crossed) t.true(more >= less, `${size}: ${less}, ${more}`);
    }),
    { seed: 51, numRuns: 300 },
  );
});
