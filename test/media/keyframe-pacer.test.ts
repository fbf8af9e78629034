import test from 'ava';
import { KeyframePacer } from '../../src/media/keyframe-pacer.js';

/** A pacer by a clock that the test moves on. */
function stage(interval: number): {
  pacer: KeyframePacer;
  asked: number[];
  refuse: (refuses: boolean) => void;
  pass: (milliseconds: number) => void;
} {
  let now = 0;
  let refuses = false;
  const timers = new Set<{ at: number; work: () => void }>();
  const asked: number[] = [];
  const pacer = new KeyframePacer({
    interval,
    now: () => now,
    ask: () => {
      if (!refuses) asked.push(now);
      return !refuses;
    },
    schedule: (milliseconds, work) => {
      const timer = { at: now + milliseconds, work };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  });
  const pass = (milliseconds: number): void => {
    const end = now + milliseconds;
    while (now < end) {
      now += 1;
      for (const timer of timers) {
        if (timer.at > now) continue;
        timers.delete(timer);
        timer.work();
      }
    }
  };
  return { pacer, asked, pass, refuse: (value) => (refuses = value) };
}

test('a receiver that asks every two seconds gets two at once and one in ten seconds', (t) => {
  const { pacer, asked, pass } = stage(10_000);
  pacer.want('join');
  pacer.served();
  for (let second = 0; second < 60; second += 2) {
    pacer.want('pli');
    pass(10);
    if (asked.length > 0) pacer.served();
    pass(1_990);
  }
  t.deepEqual(asked.slice(0, 2), [0, 0]);
  t.true(asked.length >= 6 && asked.length <= 8, asked.join());
  for (const [index, time] of asked.slice(3).entries()) {
    t.true(time - (asked[index + 2] ?? 0) >= 9_000, asked.join());
  }
});

test('a single request that comes too early is put off, and met by any key frame', (t) => {
  const { pacer, asked, pass } = stage(10_000);
  for (let time = 0; time < 2; time += 1) {
    pacer.want('pli');
    pacer.served();
  }
  pacer.want('pli');
  pass(9_999);
  t.is(asked.length, 2);
  pass(1);
  t.deepEqual(asked, [0, 0, 10_000]);
  pacer.served();
  pacer.want('pli');
  pass(5_000);
  pacer.served();
  pass(20_000);
  t.is(asked.length, 3);
  t.is(pacer.asked, 3);
});

test('while a key frame is awaited there is no other request, and a refusal costs nothing', (t) => {
  const { pacer, asked, refuse, pass } = stage(1_000);
  refuse(true);
  pacer.want('pli');
  pass(2_000);
  t.deepEqual(asked, []);
  refuse(false);
  pass(1_000);
  t.is(asked.length, 1);
  for (let count = 0; count < 50; count += 1) {
    pacer.want('pli');
    pass(100);
  }
  t.is(asked.length, 1);
});
