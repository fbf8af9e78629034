import test from 'ava';
import fc from 'fast-check';
import { Patience } from '../../../src/moonlight/video/patience.js';

test('patience is as long as the latest packet needed, and a bit', (t) => {
  const patience = new Patience();
  for (let frame = 0; frame < 600; frame++) {
    patience.observe(20);
    patience.fade();
  }
  t.true(patience.hold > 20 && patience.hold < 30, `${patience.hold}`);
});

test('one packet that was very late does not cost every later loss', (t) => {
  const patience = new Patience();
  patience.observe(100);
  const before = patience.hold;
  for (let loss = 0; loss < 5; loss++) {
    patience.observe(20);
    patience.disappoint();
  }
  patience.observe(20);
  t.true(before > 100 && patience.hold < 40, `${before}, ${patience.hold}`);
});

test('whatever happens, it is neither nothing nor for ever', (t) => {
  const step = fc.oneof(fc.constant('fade'), fc.constant('loss'), fc.double({ noNaN: true }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const patience = new Patience();
      for (const one of steps) {
        if (one === 'fade') patience.fade();
        else if (one === 'loss') patience.disappoint();
        else patience.observe(one);
        t.true(patience.hold >= 4 && patience.hold <= 120);
      }
    }),
    { seed: 3 },
  );
});
