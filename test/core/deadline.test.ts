import test from 'ava';
import { Deadline } from '../../src/core/deadline.js';
import { MoonteeError } from '../../src/core/errors.js';

test('parts and earlier ones fit into the whole', (t) => {
  const whole = Deadline.in(60_000);
  const early = whole.before(10_000);
  t.true(early.left <= 50_000);
  t.true(whole.part(0.5).left <= 30_000);
  // Time goes on between two looks.
  const { left } = early;
  t.true(Deadline.first(whole, early).left <= left);
  t.is(whole.before(60_001).left, 0);
  t.is(Deadline.in(-5).left, 0);
});

test('work that ends in time keeps its own end', async (t) => {
  const deadline = Deadline.in(60_000);
  t.is(await deadline.race(Promise.resolve(7), 'It did not end'), 7);
  const failure = new MoonteeError('ICE_FAILED');
  t.is(await t.throwsAsync(deadline.race(Promise.reject(failure), 'It did not end')), failure);
});

test('work that does not end is given up, and its late failure is nobody’s', async (t) => {
  let fail: (error: Error) => void = () => undefined;
  const work = new Promise<never>((_, reject) => (fail = reject));
  const error = await t.throwsAsync(Deadline.in(1).race(work, 'The pipeline did not close'), {
    instanceOf: MoonteeError,
  });
  t.is(error.code, 'TIMEOUT');
  t.is(error.message, 'The pipeline did not close in time');
  fail(new Error('late'));
  await new Promise(setImmediate);
});
