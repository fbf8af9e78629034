import test from 'ava';
import { Backoff } from '../../client/backoff.js';

test('waits double up to a cap and begin anew after a reset', (t) => {
  const backoff = new Backoff({ base: 100, cap: 1000, random: () => 1 });
  t.deepEqual(
    Array.from({ length: 6 }, () => backoff.next()),
    [100, 200, 400, 800, 1000, 1000],
  );
  t.is(backoff.attempts, 6);
  backoff.reset();
  t.is(backoff.next(), 100);
});

test('chance shortens a wait by half at most', (t) => {
  const backoff = new Backoff({ base: 100, cap: 1000, random: () => 0 });
  t.deepEqual([backoff.next(), backoff.next()], [50, 100]);
});

test('many attempts do not overflow', (t) => {
  const backoff = new Backoff({ random: () => 1 });
  for (let attempt = 0; attempt < 2000; attempt += 1) t.true(backoff.next() <= 15_000);
});
