import test from 'ava';
import fc from 'fast-check';
import { KEYFRAME_BUDGETS, KEYFRAME_LIMITS, KeyframeArbiter } from '../../src/media/keyframes.js';

const { interval, answer } = KEYFRAME_LIMITS;
const { burst, refill } = KEYFRAME_BUDGETS.webrtc;
const join = (outletId: string) => ({ reason: 'join', outletId }) as const;
const pli = (outletId: string) => ({ reason: 'pli', outletId }) as const;

function arbiterFor(...outletIds: readonly string[]): KeyframeArbiter {
  const arbiter = new KeyframeArbiter();
  for (const id of outletIds) arbiter.admit(id, 'webrtc');
  return arbiter;
}

test('ten that join while one request is in flight cost no more', (t) => {
  const names = Array.from({ length: 10 }, (_, i) => `b${i}`);
  const keyframes = arbiterFor('a', ...names);
  keyframes.want(join('a'), 0);
  t.deepEqual(keyframes.due(0), join('a'));
  for (const [i, name] of names.entries()) keyframes.want(join(name), 10 + i);
  t.is(keyframes.due(500), null);
  keyframes.served();
  t.is(keyframes.dueAt(), null);
});

test('who joins just after the key frame gets another one at the end of the interval', (t) => {
  const keyframes = arbiterFor('a', 'b', 'c');
  keyframes.want(join('a'), 0);
  keyframes.due(0);
  keyframes.served();
  keyframes.want(join('b'), 50);
  keyframes.want(join('c'), 60);
  t.is(keyframes.due(60), null);
  t.is(keyframes.dueAt(), interval);
  t.deepEqual(keyframes.due(interval), join('b'));
  t.is(keyframes.due(interval), null);
});

test('a host that does not answer is asked again, less and less often', (t) => {
  const keyframes = arbiterFor('a');
  keyframes.want(join('a'), 0);
  const asked: number[] = [];
  for (let now = 0; now < 40 * answer; now += 10) if (keyframes.due(now)) asked.push(now / answer);
  t.deepEqual(asked, [0, 1, 3, 7, 15, 23, 31, 39]);
});

test('one viewer that asks all the time gets its share and no more', (t) => {
  const keyframes = arbiterFor('greedy', 'other');
  let sent = 0;
  const seconds = 60;
  for (let now = 0; now < seconds * 1000; now += 20) {
    keyframes.want(pli('greedy'), now);
    if (keyframes.due(now)) {
      sent += 1;
      keyframes.served();
    }
  }
  t.true(sent <= burst + (seconds * 1000) / refill, `${sent}`);
  t.true(keyframes.want(join('other'), seconds * 1000));
});

test('each kind of outlet has a budget of its own, and strangers have none', (t) => {
  const arbiter = new KeyframeArbiter();
  arbiter.admit('file', 'recording');
  const asks = Array.from({ length: 10 }, () =>
    arbiter.want({ reason: 'rotate', outletId: 'file' }, 0),
  );
  t.is(asks.filter(Boolean).length, KEYFRAME_BUDGETS.recording.burst);
  t.false(arbiter.want(pli('stranger'), 0));
  t.true(arbiter.want({ reason: 'drop', outletId: null }, 0));
  const { refill: earned } = KEYFRAME_BUDGETS.recording;
  t.true(arbiter.want({ reason: 'rotate', outletId: 'file' }, earned));
  arbiter.forget('file');
  t.false(arbiter.want({ reason: 'rotate', outletId: 'file' }, 10 * earned));
});

type Step =
  | { readonly type: 'want'; readonly peer: number; readonly wait: number }
  | { readonly type: 'idr'; readonly wait: number };

test('rules that hold for any course of events', (t) => {
  const wait = fc.nat({ max: 700 });
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ type: fc.constant('want' as const), peer: fc.nat({ max: 4 }), wait }),
    fc.record({ type: fc.constant('idr' as const), wait }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const keyframes = arbiterFor('0', '1', '2', '3', '4');
      let now = 0;
      let sentAt = -Infinity;
      let inFlight = false;
      let waiting = false;
      const send = (): void => {
        const request = keyframes.due(now);
        if (!request) return;
        // Only for somebody, never sooner than the interval, and never two at once.
        if (!waiting) throw new Error('nobody asked');
        if (now - sentAt < interval) throw new Error('too soon');
        if (inFlight && now - sentAt < answer) throw new Error('two in flight');
        sentAt = now;
        inFlight = true;
      };
      for (const event of steps) {
        const until = now + event.wait;
        for (;;) {
          const at = keyframes.dueAt();
          if (at === null || at > until) break;
          now = Math.max(now, at);
          send();
        }
        now = until;
        if (event.type === 'idr') {
          keyframes.served();
          inFlight = false;
          waiting = false;
        } else if (keyframes.want(pli(String(event.peer)), now)) waiting = true;
        send();
        if ((keyframes.dueAt() !== null) !== waiting) throw new Error('a wish got lost');
      }
    }),
    { seed: 7, numRuns: 2000 },
  );
  t.pass();
});
