import test from 'ava';
import fc from 'fast-check';
import { MoonteeError } from '../../src/core/errors.js';
import { HostSeats } from '../../src/streamer/host-seats.js';

const never = new AbortController().signal;

test('a host that tells clients apart by address has one seat', async (t) => {
  const seats = new HostSeats();
  await seats.take('wolf:47989', 'a', never);
  seats.learn('wolf:47989', 'a', true);
  t.true(seats.isSingle('wolf:47989'));
  const error = await t.throwsAsync(seats.take('wolf:47989', 'b', never), {
    instanceOf: MoonteeError,
  });
  t.is(error.code, 'HOST_BUSY');
  t.regex(error.message, /by their address.*streamer a has it/);
  // The same streamer, another host, and the next one are fine.
  await seats.take('wolf:47989', 'a', never);
  await seats.take('wolf:48989', 'b', never);
  seats.leave('wolf:47989', 'a');
  seats.leave('wolf:47989', 'a');
  await seats.take('wolf:47989', 'b', never);
});

test('on a host that is not known the first goes alone, and the others follow', async (t) => {
  const seats = new HostSeats();
  await seats.take('h', 'a', never);
  const order: string[] = [];
  const others = ['b', 'c'].map(async (id) => {
    await seats.take('h', id, never);
    order.push(id);
  });
  await new Promise((resolve) => setImmediate(resolve));
  t.deepEqual(order, []);
  seats.learn('h', 'a', false);
  await Promise.all(others);
  t.deepEqual(order.sort(), ['b', 'c']);
});

test('the first one fails: another goes first', async (t) => {
  const seats = new HostSeats();
  await seats.take('h', 'a', never);
  const taken: string[] = [];
  const others = ['b', 'c'].map((id) =>
    seats.take('h', id, never).then(
      () => taken.push(id),
      (error: unknown) => MoonteeError.from(error).code,
    ),
  );
  seats.leave('h', 'a');
  await Promise.race(others);
  t.is(taken.length, 1);
  seats.learn('h', 'b', true);
  t.true((await Promise.all(others)).includes('HOST_BUSY'));
});

test('who waits can stop waiting', async (t) => {
  const seats = new HostSeats();
  await seats.take('h', 'a', never);
  const ending = new AbortController();
  const waiting = t.throwsAsync(seats.take('h', 'b', ending.signal), { instanceOf: MoonteeError });
  ending.abort(new MoonteeError('TIMEOUT'));
  t.is((await waiting).code, 'TIMEOUT');
  seats.leave('h', 'a');
  await seats.take('h', 'c', never);
});

test('a first one that hangs does not hold up the others for ever', async (t) => {
  const seats = new HostSeats(50);
  await seats.take('h', 'a', never);
  await Promise.all([seats.take('h', 'b', never), seats.take('h', 'c', never)]);
  seats.learn('h', 'b', true);
  for (const late of ['a', 'c']) {
    const error = t.throws(() => seats.learn('h', late, true), { instanceOf: MoonteeError });
    t.is(error.code, 'HOST_BUSY');
    t.regex(error.message, /streamer b has it/);
    seats.leave('h', late);
  }
  // Its own next session.
  seats.learn('h', 'b', true);
  await t.throwsAsync(seats.take('h', 'd', never), { instanceOf: MoonteeError });
});

test('whatever comes and goes: never two on a host with one seat', async (t) => {
  const step = fc.record({
    who: fc.constantFrom('a', 'b', 'c'),
    what: fc.constantFrom('take' as const, 'leave' as const, 'learn' as const),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const seats = new HostSeats();
      const seated = new Set<string>();
      const ending = new AbortController();
      let known = false;
      for (const { who, what } of steps) {
        if (what === 'leave') {
          seats.leave('h', who);
          seated.delete(who);
        } else if (what === 'learn') {
          if (!seated.has(who)) continue;
          seats.learn('h', who, true);
          known = true;
        } else {
          void seats.take('h', who, ending.signal).then(
            () => seated.add(who),
            () => undefined,
          );
        }
        await new Promise((resolve) => setImmediate(resolve));
        if (seated.size > 1) throw new Error(`${[...seated].join(' and ')} at once`);
        if (known && !seats.isSingle('h')) throw new Error('forgotten');
      }
      ending.abort(new MoonteeError('CLOSED'));
    }),
    { seed: 5, numRuns: 200 },
  );
  t.pass();
});
