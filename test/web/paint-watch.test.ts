import test from 'ava';
import { PaintWatch } from '../../web/paint-watch.js';

test('pictures that nobody sees are answered by more each time', (t) => {
  const watch = new PaintWatch();
  const found: unknown[] = [];
  for (let now = 0; now < 24_000; now += 1_000) {
    watch.arrived(now);
    const repair = watch.look(now);
    if (repair !== undefined) found.push(repair);
  }
  t.deepEqual(found, ['sink', 'decoder', 'socket', 'socket']);
});

test('a painted one makes it begin with the sink again', (t) => {
  const watch = new PaintWatch();
  watch.arrived(0);
  t.is(watch.look(5_000), 'sink');
  watch.painted();
  watch.arrived(6_000);
  t.is(watch.look(10_999), undefined);
  t.is(watch.look(11_000), 'sink');
});

test('a host that sends nothing and a hidden page are no fault', (t) => {
  const watch = new PaintWatch();
  t.is(watch.look(60_000), undefined);
  watch.arrived(60_000);
  watch.pause();
  t.is(watch.look(90_000), undefined);
});
