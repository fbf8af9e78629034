import test from 'ava';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProcessMeter } from '../../src/worker/process-meter.js';
import { until } from '../support/until.js';

/** Milliseconds. */
const BLOCKED = 300;

test('an event loop that was held up shows in the delay, and its work in the time', async (t) => {
  const meter = new ProcessMeter();
  t.teardown(() => meter.close());
  // The first sample needs something to be measured from.
  await sleep(100);
  const before = meter.stats();
  const end = performance.now() + BLOCKED;
  while (performance.now() < end);
  await until('the delay is seen', () => meter.stats().eventLoopDelay.max >= BLOCKED / 2);
  t.true(meter.stats().cpuTime > before.cpuTime);
  t.true(meter.stats().heapUsed > 0);
  meter.close();
  t.notThrows(() => meter.close());
});
