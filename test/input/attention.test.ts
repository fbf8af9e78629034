/** What is a sign of life, whatever the two clocks say. */
import test from 'ava';
import fc from 'fast-check';
import { Attention, SILENCE_MS } from '../../src/input/attention.js';

const RANGE = 2 ** 32;

/** What a client's clock says, in 32 bits. */
const clock = (time: number): number => ((Math.trunc(time) % RANGE) + RANGE) % RANGE;

test('a backlog is told from a path that jitters, for clocks with any difference', (t) => {
  const difference = fc.oneof(
    fc.integer({ min: -3, max: 3 }),
    fc.integer({ min: 0, max: RANGE - 1 }),
    fc.integer({ min: RANGE - 1_000, max: RANGE - 1 }),
  );
  const jitter = fc.array(fc.integer({ min: 0, max: 150 }), { minLength: 20, maxLength: 60 });
  fc.assert(
    fc.property(difference, jitter, (ahead, delays) => {
      const attention = new Attention();
      let now = 5_000;
      for (const delay of delays) {
        now += 100;
        t.true(attention.state('keyboard', clock(now - delay + ahead), now), 'jitter');
      }
      t.false(attention.isSilent('keyboard', now + SILENCE_MS));
      t.true(attention.isSilent('keyboard', now + SILENCE_MS + 1));
      // The path stands still for three seconds, and then all comes at once.
      const sent = Array.from({ length: 20 }, (_, index) => now + 100 * (index + 1));
      now += 3_000;
      for (const at of sent) {
        const isFresh = attention.state('keyboard', clock(at + ahead), now);
        if (now - at > SILENCE_MS + 250) t.false(isFresh, `${now - at} ms late`);
      }
      t.true(attention.state('keyboard', clock(now + ahead), now));
    }),
    { seed: 21, numRuns: 300 },
  );
});

test('a clock that jumps is followed, and silence counts from what was heard', (t) => {
  const attention = new Attention();
  t.false(attention.restates);
  t.false(attention.isSilent('pointer', 1e9), 'it never said that it states anything');
  t.true(attention.state('pointer', 1_000, 0));
  t.true(attention.restates);
  // Asleep for an hour, or awake with another clock.
  t.true(attention.state('pointer', 1_100, 3_600_000));
  t.true(attention.state('pointer', 9_000_000, 3_600_100));
  t.false(attention.isSilent('pointer', 3_600_600));
  t.true(attention.isSilent('pointer', 3_600_601));
  t.true(attention.isSilent('touch', 3_600_100), 'nothing came of that device');
  attention.hear('touch', 3_600_100);
  t.false(attention.isSilent('touch', 3_600_100));
});
