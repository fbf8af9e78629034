import test from 'ava';
import {
  ConnectionQuality,
  QUALITY_WINDOW,
  type Quality,
} from '../../../src/moonlight/control/quality.js';

/** Status after each window, given the share of lost frames in it. */
function statuses(...losses: number[]): Quality[] {
  const quality = new ConnectionQuality();
  let now = 5;
  quality.update(now);
  return losses.map((lost) => {
    quality.frames(100 - lost, lost);
    quality.update(now + QUALITY_WINDOW - 1);
    now += QUALITY_WINDOW;
    quality.update(now);
    return quality.status;
  });
}

test('the first window does not count', (t) => {
  t.deepEqual(statuses(100, 0), ['ok', 'ok']);
});

test('poor at 30 % once or 15 % twice running, ok again at 5 %', (t) => {
  t.deepEqual(statuses(0, 29, 30, 6, 5), ['ok', 'ok', 'poor', 'poor', 'ok']);
  t.deepEqual(statuses(0, 15, 15, 14), ['ok', 'ok', 'poor', 'poor']);
  t.deepEqual(statuses(0, 15, 14, 15), ['ok', 'ok', 'ok', 'ok']);
  t.deepEqual(statuses(0, 30), ['ok', 'poor']);
});

test('update tells changes only, and says nothing while no frame is due', (t) => {
  const quality = new ConnectionQuality();
  const at = (window: number): number => window * QUALITY_WINDOW;
  t.is(quality.update(at(0)), undefined);
  t.is(quality.update(at(1)), undefined);
  quality.frames(1, 0);
  t.is(quality.update(at(2)), undefined);
  quality.frames(0, 1);
  t.is(quality.update(at(3)), 'poor');
  quality.frames(0, 1);
  t.is(quality.update(at(4)), undefined);
  quality.frames(1, 0);
  t.is(quality.update(at(5)), 'ok');
});
