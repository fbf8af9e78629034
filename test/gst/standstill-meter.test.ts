import test from 'ava';
import fc from 'fast-check';
import { StandstillMeter, type ProgressSample } from '../../src/media/standstill-meter.js';

/** Feeds a second a sample. @returns the second at which it was given up, or null */
function run(samples: readonly ProgressSample[], meter = new StandstillMeter()): number | null {
  const at = samples.findIndex((sample, second) => meter.poll(sample, second * 1000));
  return at < 0 ? null : at;
}

/** Packets a second. */
const RATE = 5_000;
const KNOWN = 20;

/** As of a viewer that is heard, and stands still after {@link KNOWN} seconds. */
function stuck(second: number): ProgressSample {
  const highest = RATE * Math.min(second, KNOWN);
  return { highest, sent: RATE * second, heardAt: second * 1000 };
}

function seconds(count: number, sample: (second: number) => ProgressSample): ProgressSample[] {
  return Array.from({ length: count }, (_, second) => sample(second));
}

test('a viewer that is sent more than SRTP can lose, and gets nothing, is given up', (t) => {
  const at = run(seconds(120, stuck));
  t.true(at !== null && at > KNOWN + 9 && at < KNOWN + 30, String(at));
});

test('also where its later reports do not speak of the video', (t) => {
  const silent = (second: number): ProgressSample =>
    second > KNOWN ? { ...stuck(second), highest: null } : stuck(second);
  t.not(run(seconds(120, silent)), null);
});

test('not while it is not heard, is sent little, or never told how far it is', (t) => {
  const known = KNOWN * 1000;
  const unheard = (second: number): ProgressSample => ({
    ...stuck(second),
    heardAt: Math.min(second * 1000, known),
  });
  t.is(run(seconds(120, unheard)), null);
  const still = (second: number): ProgressSample => ({
    ...stuck(second),
    sent: RATE * Math.min(second, KNOWN) + second,
  });
  t.is(run(seconds(120, still)), null);
  t.is(run(seconds(120, (second) => ({ ...stuck(second), highest: null }))), null);
});

test('whoever gets on is fine, however seldom it says so', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 30 }), fc.nat(), (every, phase) => {
      const samples = seconds(600, (second) => ({
        highest: (second + phase) % every === 0 ? RATE * (second + 1) : null,
        sent: RATE * second,
        heardAt: second * 1000,
      }));
      t.is(run(samples), null);
    }),
  );
});
