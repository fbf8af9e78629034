import test from 'ava';
import { QualityMeter } from '../../src/media/quality.js';

const fine = { fractionLost: 0, dropped: 0, silence: 500, narrow: false };
const lossy = { ...fine, fractionLost: 0.1 };
const between = { ...fine, fractionLost: 0.03 };
const silent = { ...fine, silence: 10_000 };

test('one bad sample changes nothing, two do', (t) => {
  const meter = new QualityMeter();
  t.is(meter.add(lossy), null);
  t.is(meter.add(fine), null);
  t.is(meter.add(lossy), null);
  t.is(meter.add(lossy), 'constrained');
});

test('it gets better only after a while, and not at all in between the thresholds', (t) => {
  const meter = new QualityMeter();
  meter.add(lossy);
  meter.add(lossy);
  for (let i = 0; i < 20; i += 1) t.is(meter.add(between), null);
  const changes = Array.from({ length: 6 }, () => meter.add(fine));
  t.deepEqual(changes, [null, null, null, null, 'good', null]);
  for (let i = 0; i < 20; i += 1) t.is(meter.add(between), null);
});

test('silence and very high loss are a stall, dropped packets a constraint', (t) => {
  const meter = new QualityMeter();
  meter.add(silent);
  t.is(meter.add(silent), 'stalled');
  const other = new QualityMeter();
  const dead = { ...fine, fractionLost: 0.6 };
  other.add(dead);
  t.is(other.add(dead), 'stalled');
  const third = new QualityMeter();
  const dropping = { ...fine, dropped: 1 };
  third.add(dropping);
  t.is(third.add(dropping), 'constrained');
});

test('a link that is too narrow by the receiver’s estimate is constrained before it loses', (t) => {
  const meter = new QualityMeter();
  const narrow = { ...fine, narrow: true };
  t.is(meter.add(narrow), null);
  t.is(meter.add(narrow), 'constrained');
  const changes = Array.from({ length: 5 }, () => meter.add(fine));
  t.is(changes.at(-1), 'good');
});
