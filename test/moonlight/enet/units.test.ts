import test from 'ava';
import fc from 'fast-check';
import { BufferBudget, IncomingChannel } from '../../../src/moonlight/enet/incoming-channel.js';
import { RoundTrip } from '../../../src/moonlight/enet/round-trip.js';
import { UnsequencedWindow } from '../../../src/moonlight/enet/unsequenced-window.js';

function channel(budget = new BufferBudget(100_000)) {
  const delivered: string[] = [];
  const subject = new IncomingChannel(budget, { maxMessageSize: 10_000 }, (data) =>
    delivered.push(data.toString()),
  );
  return { subject, delivered, budget };
}

test('round trip: the first sample is taken as it is, later ones are smoothed and rounded up', (t) => {
  const trip = new RoundTrip();
  t.is(trip.retransmissionTimeout(10_000), 504);
  trip.add(0);
  t.deepEqual([trip.mean, trip.variance], [1, 1]);
  trip.add(20);
  // var 1 − floor(4/4) + floor(22/4); rtt 1 + floor(26/8).
  t.deepEqual([trip.mean, trip.variance], [4, 5]);
  trip.add(1);
  t.deepEqual([trip.mean, trip.variance], [3, 4]);
  t.is(trip.retransmissionTimeout(10_000), 6);
  t.is(new RoundTrip().retransmissionTimeout(1000), 200);
});

test('a sequence of 200 000 reliable messages wraps without a hole', (t) => {
  let count = 0;
  const subject = new IncomingChannel(new BufferBudget(1000), { maxMessageSize: 10 }, () => {
    count += 1;
  });
  for (let number = 1; number <= 200_000; number += 1) {
    if (!subject.reliable(number & 0xffff, Buffer.alloc(0))) return t.fail(`refused ${number}`);
  }
  t.is(count, 200_000);
});

test('what lies outside of the window is not acknowledged, what is old is', (t) => {
  const { subject, delivered } = channel();
  t.true(subject.reliable(1, Buffer.from('a')));
  t.true(subject.reliable(1, Buffer.from('a')));
  t.true(subject.reliable(0xfff0, Buffer.from('old')));
  t.true(subject.reliable(0x6fff, Buffer.from('far')));
  t.false(subject.reliable(0x7000, Buffer.from('too far')));
  t.deepEqual(delivered, ['a']);
});

test('a full buffer refuses, the missing message empties it', (t) => {
  const { subject, delivered, budget } = channel(new BufferBudget(300));
  t.true(subject.reliable(2, Buffer.from('b')));
  t.true(subject.reliable(3, Buffer.from('c')));
  t.true(subject.reliable(4, Buffer.from('d')));
  t.true(subject.reliable(5, Buffer.from('e')));
  t.false(subject.reliable(6, Buffer.from('f')));
  t.true(subject.reliable(1, Buffer.from('a')));
  t.deepEqual(delivered, ['a', 'b', 'c', 'd', 'e']);
  t.is(budget.used, 0);
});

test('unreliable messages wait for their reliable one and never go back', (t) => {
  const { subject, delivered, budget } = channel();
  subject.unreliable(1, 2, Buffer.from('1.2'));
  subject.unreliable(1, 1, Buffer.from('1.1'));
  subject.unreliable(0, 2, Buffer.from('0.2'));
  subject.unreliable(0, 1, Buffer.from('0.1'));
  subject.reliable(2, Buffer.from('2'));
  subject.reliable(1, Buffer.from('1'));
  subject.unreliable(1, 3, Buffer.from('1.3'));
  subject.unreliable(2, 1, Buffer.from('2.1'));
  t.deepEqual(delivered, ['0.2', '1', '1.1', '1.2', '2', '2.1']);
  t.is(budget.used, 0);
});

test('fragments that contradict one another or their numbers are refused', (t) => {
  const { subject, delivered, budget } = channel();
  const piece = { start: 1, count: 2, number: 0, total: 4, offset: 0, data: Buffer.from('ab') };
  t.false(subject.fragment(2, piece));
  t.false(subject.fragment(1, { ...piece, total: 10_001 }));
  t.false(subject.fragment(1, { ...piece, offset: 3 }));
  t.false(subject.fragment(3, { ...piece, number: 2 }));
  t.false(subject.fragment(1, { ...piece, count: 0 }));
  t.true(subject.fragment(1, piece));
  t.true(subject.fragment(1, piece));
  t.false(subject.fragment(2, { ...piece, number: 1, total: 5, offset: 2 }));
  // A message in the middle of a fragmented one never surfaces.
  t.true(subject.reliable(2, Buffer.from('intruder')));
  t.true(subject.fragment(2, { ...piece, number: 1, offset: 2, data: Buffer.from('cd') }));
  t.true(subject.reliable(3, Buffer.from('next')));
  t.deepEqual(delivered, ['abcd', 'next']);
  t.is(budget.used, 0);
});

test('unreliable fragments come together; at most four messages at a time', (t) => {
  const { subject, delivered, budget } = channel();
  const piece = (start: number, number: number, text: string) => ({
    start,
    count: 2,
    number,
    total: 4,
    offset: 2 * number,
    data: Buffer.from(text),
  });
  subject.unreliableFragment(0, piece(1, 1, 'cd'));
  subject.unreliableFragment(0, piece(1, 0, 'ab'));
  t.deepEqual(delivered, ['abcd']);
  t.is(budget.used, 0);
  for (let start = 2; start < 50; start += 1) subject.unreliableFragment(0, piece(start, 0, 'xy'));
  t.is(budget.used, 4 * (4 + BufferBudget.ENTRY));
});

test('unsequenced groups are accepted once, in any order within 1024, and wrap', (t) => {
  fc.assert(
    fc.property(fc.array(fc.nat(200), { maxLength: 300 }), fc.nat(0xffff), (steps, start) => {
      const window = new UnsequencedWindow();
      for (let group = 1; group <= start; group += 500) window.accept(group & 0xffff);
      window.accept(start);
      const seen = new Set<number>();
      for (const step of steps) {
        const group = (start + 1 + step) & 0xffff;
        t.is(window.accept(group), !seen.has(group));
        seen.add(group);
      }
    }),
    { seed: 3, numRuns: 200 },
  );
  const window = new UnsequencedWindow();
  t.true(window.accept(2000));
  t.false(window.accept(2000 - 1024));
  t.true(window.accept(2000 - 1023));
});
