import test from 'ava';
import fc from 'fast-check';
import { GATE_LIMITS, PictureGate, type Unit } from '../../src/media/picture-gate.js';

const STEP = 100;

function unit(sequence: number, keyframe = false, size = 10_000): Unit {
  return { sequence: sequence >>> 0, keyframe, size };
}

/** One that has a key frame, and the acknowledgement of it after 20 ms. */
function begun(first = 1): PictureGate {
  const gate = new PictureGate();
  gate.admit(unit(first, true), 0, 0);
  gate.acknowledge(first >>> 0, 20);
  return gate;
}

test('pictures begin with a key frame, which is requested at once and then again', (t) => {
  const gate = new PictureGate();
  t.deepEqual(gate.poll(0, 0), { kind: 'need-key', reason: 'join' });
  t.is(gate.admit(unit(1), 0, 10), 'drop');
  t.is(gate.poll(0, 900), null);
  t.deepEqual(gate.poll(0, 1_000), { kind: 'need-key', reason: 'join' });
  t.is(gate.admit(unit(2, true), 0, 1_010), 'send');
  t.is(gate.admit(unit(3), 0, 1_020), 'send');
  t.is(gate.poll(0, 1_030), null);
  t.is(gate.dropped, 0);
});

test('a viewer that falls behind is cut, and begins anew with a key frame once it has all', (t) => {
  const gate = begun();
  gate.admit(unit(2), 0, 100);
  t.is(gate.poll(0, 600), null, 'one reading is not enough');
  t.deepEqual(gate.poll(0, 700), { kind: 'cut', isNarrow: false });
  t.is(gate.admit(unit(3), 0, 710), 'drop');
  t.is(gate.admit(unit(4, true), 0, 720), 'drop', 'not before what is under way has arrived');
  t.is(gate.poll(0, 800), null);
  t.true(gate.acknowledge(2, 810));
  t.is(gate.poll(5, 820), null, 'nor while anything waits here');
  t.deepEqual(gate.poll(0, 900), { kind: 'need-key', reason: 'drop' });
  t.is(gate.admit(unit(5), 0, 910), 'drop');
  t.is(gate.admit(unit(6, true), 0, 920), 'send-after-gap');
  t.is(gate.admit(unit(7), 0, 930), 'send');
  t.is(gate.dropped, 3);
});

test('who was cut of late may be further behind: the next key frame would cost more', (t) => {
  const { cutAge, repeatedCutAge, narrowWindow } = GATE_LIMITS;
  const gate = begun();
  gate.admit(unit(2), 0, 100);
  gate.poll(0, 600);
  t.is(gate.poll(0, 700)?.kind, 'cut');
  t.true(gate.acknowledge(2, 750));
  t.is(gate.poll(0, 800)?.kind, 'need-key');
  t.is(gate.admit(unit(3, true), 0, 1_000), 'send-after-gap');
  for (let now = 1_000; now <= 1_000 + repeatedCutAge; now += STEP) t.is(gate.poll(0, now), null);
  gate.poll(0, 1_100 + repeatedCutAge);
  t.is(gate.poll(0, 1_200 + repeatedCutAge)?.kind, 'cut');

  const later = 1_200 + repeatedCutAge + narrowWindow;
  t.true(gate.acknowledge(3, later));
  t.is(gate.poll(0, later)?.kind, 'need-key');
  gate.admit(unit(4, true), 0, later);
  t.true(gate.acknowledge(4, later + 20));
  gate.admit(unit(5), 0, later + 100);
  gate.poll(0, later + 200 + cutAge);
  t.is(gate.poll(0, later + 300 + cutAge)?.kind, 'cut', 'after a while it counts as quick again');
});

test('a long path is no reason', (t) => {
  const gate = new PictureGate();
  gate.admit(unit(1, true), 0, 0);
  t.is(gate.poll(0, 1_000), null);
  t.is(gate.poll(0, 1_100), null);
  t.true(gate.acknowledge(1, 1_200));
  t.is(gate.latency, 1_200);
  gate.admit(unit(2), 0, 1_300);
  for (let now = 1_300; now < 2_900; now += STEP) t.is(gate.poll(0, now), null);
  gate.poll(0, 3_000);
  t.is(gate.poll(0, 3_100)?.kind, 'cut');
});

test('what was never sent cannot be acknowledged', (t) => {
  t.false(new PictureGate().acknowledge(0, 0));
  const gate = begun();
  t.false(gate.acknowledge(2, 30));
  t.true(gate.acknowledge(1, 30), 'what was acknowledged before can');
  t.true(gate.acknowledge(0xffff_ffff, 30), 'and what came before');
});

test('who never acknowledges is cut and then given up', (t) => {
  const gate = new PictureGate();
  const kinds: string[] = [];
  let sequence = 0;
  for (let now = 0; now <= 31_000; now += STEP) {
    sequence += 1;
    gate.admit(unit(sequence, sequence % 10 === 1), 0, now);
    const verdict = gate.poll(0, now);
    if (verdict !== null) kinds.push(verdict.kind);
  }
  t.deepEqual([...new Set(kinds)], ['cut', 'too-slow']);
  t.is(kinds.indexOf('too-slow'), 1);
  t.true(gate.bytesUnderWay <= GATE_LIMITS.maxUnderWay);
});

test('three cuts in a short time make a link too narrow', (t) => {
  const gate = begun();
  const narrow: boolean[] = [];
  let sequence = 1;
  for (let now = 100; narrow.length < 4; now += STEP) {
    sequence += 1;
    gate.admit(unit(sequence, true), 0, now);
    const verdict = gate.poll(0, now);
    if (verdict?.kind !== 'cut') continue;
    narrow.push(verdict.isNarrow);
    gate.acknowledge(sequence, now);
  }
  t.deepEqual(narrow, [false, false, true, false]);
});

test('pictures that are not wanted are no loss, and none of them is late', (t) => {
  const gate = begun();
  gate.want(false);
  t.is(gate.admit(unit(2, true), 0, 100), 'drop');
  t.is(gate.poll(0, 5_000), null);
  gate.want(true);
  gate.want(true);
  t.deepEqual(gate.poll(0, 5_100), { kind: 'need-key', reason: 'join' });
  t.is(gate.admit(unit(3), 0, 5_110), 'drop');
  t.is(gate.admit(unit(4, true), 0, 5_120), 'send-after-gap');
});

test('what waits in this process is bounded at once', (t) => {
  const gate = begun();
  t.is(gate.admit(unit(2), GATE_LIMITS.maxQueued, 100), 'drop');
  t.deepEqual(gate.poll(0, 110), { kind: 'cut', isNarrow: false });
});

const event = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ what: fc.constant('unit' as const), size: fc.nat(400_000) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      what: fc.constant('ack' as const),
      distance: fc.integer({ min: -40, max: 4 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ what: fc.constant('poll' as const), queued: fc.nat(2_000_000) }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('want' as const), on: fc.boolean() }) },
);

test('whatever a viewer acknowledges, pictures follow each other and are bounded', (t) => {
  const property = fc.property(
    // Around the wrap of sequences as well.
    fc.constantFrom(0, 0xffff_fff0, 0x7fff_fff0),
    fc.array(fc.tuple(event, fc.nat(250), fc.boolean()), { maxLength: 400 }),
    (start, events) => {
      const gate = new PictureGate();
      let now = 0;
      let sequence = start;
      let lastSent: number | null = null;
      let sentBefore = false;
      for (const [{ ...one }, delay, isKey] of events) {
        now += delay;
        if (one.what === 'unit') {
          sequence = (sequence + 1) >>> 0;
          const admission = gate.admit(unit(sequence, isKey, one.size), 0, now);
          if (admission === 'drop') continue;
          const follows = lastSent !== null && ((sequence - lastSent) | 0) === 1;
          // Deltas follow what they were made from; what does not is a key frame and says so.
          if (!isKey) t.true(follows);
          if (!follows) t.true(isKey);
          t.is(admission === 'send-after-gap' || follows, sentBefore);
          lastSent = sequence;
          sentBefore = true;
        } else if (one.what === 'ack') {
          const acknowledged = (sequence + one.distance) >>> 0;
          const isPast = lastSent !== null && ((acknowledged - lastSent) | 0) <= 0;
          t.is(gate.acknowledge(acknowledged, now), isPast);
        } else if (one.what === 'poll') {
          gate.poll(one.queued, now);
        } else {
          gate.want(one.on);
        }
        t.true(gate.bytesUnderWay <= GATE_LIMITS.maxUnderWay + 400_000);
        t.true(gate.age(now) >= 0 && gate.latency >= 0);
      }
    },
  );
  fc.assert(property, { numRuns: 300 });
});
