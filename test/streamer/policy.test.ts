import test from 'ava';
import fc from 'fast-check';
import { RestartPolicy, type RestartOptions, type SessionEnd } from '../../src/streamer/policy.js';

const OPTIONS: RestartOptions = {
  policy: 'restart',
  backoffMin: 100,
  backoffMax: 1_000,
  maxAttempts: 3,
  stableAfter: 60_000,
};

function end(change: Partial<SessionEnd> = {}): SessionEnd {
  return {
    code: 'STREAM_TERMINATED',
    reason: 'lost',
    errorCode: -1,
    byHost: false,
    silent: false,
    connectedFor: 10,
    ...change,
  };
}

test('restart: the wait doubles up to its bound, the breaker latches', (t) => {
  const policy = new RestartPolicy({ ...OPTIONS, maxAttempts: 6 });
  const waits = Array.from({ length: 8 }, () => policy.next(end()));
  t.deepEqual(waits, [100, 200, 400, 800, 1_000, 1_000, null, null]);
});

test('a session that lived long enough closes the breaker again', (t) => {
  const policy = new RestartPolicy(OPTIONS);
  policy.next(end());
  policy.next(end());
  t.is(policy.next(end({ connectedFor: 60_000 })), 100);
});

test('the host’s own end is the end, but not a host that is only unreachable', (t) => {
  t.is(new RestartPolicy(OPTIONS).next(end({ byHost: true })), null);
  t.is(new RestartPolicy(OPTIONS).next(end({ byHost: true, connectedFor: 0 })), 100);
  t.is(new RestartPolicy({ ...OPTIONS, policy: 'keep' }).next(end({ byHost: true })), 100);
});

test('end gives up at once, keep never by count, and nothing mends what is final', (t) => {
  t.is(new RestartPolicy({ ...OPTIONS, policy: 'end' }).next(end()), null);
  const keep = new RestartPolicy({ ...OPTIONS, policy: 'keep' });
  for (let i = 0; i < 100; i += 1) t.not(keep.next(end()), null);
  t.is(keep.next(end({ code: 'HOST_NOT_PAIRED' })), null);
});

test('a host that is away is waited for, and the wait is not counted', (t) => {
  const policy = new RestartPolicy(OPTIONS);
  const away = [
    end({ code: 'HOST_UNREACHABLE', connectedFor: 0 }),
    end({ code: 'CONTROL_FAILED', silent: true, connectedFor: 0 }),
  ];
  for (let i = 0; i < 100; i += 1) t.not(policy.next(away[i % 2] ?? end()), null);
  t.is(policy.next(away[0] ?? end()), 1_000);
  t.is(policy.attempts, 0);
  // It is back: what comes now counts, and waits are short again.
  t.is(policy.next(end({ silent: true })), 100);
  t.is(policy.attempts, 1);
  t.is(policy.next(end({ code: 'HOST_REFUSED', connectedFor: 0 })), 200);
  policy.next(end({ code: 'HOST_REFUSED', connectedFor: 0 }));
  t.is(policy.next(end({ code: 'HOST_REFUSED', connectedFor: 0 })), null);
});

test('a host whose UDP alone is gone is asked at the same pace, however long', (t) => {
  const policy = new RestartPolicy(OPTIONS);
  const deaf = end({ code: 'CONTROL_FAILED', silent: true, connectedFor: 0 });
  const waits = Array.from({ length: 20 }, () => policy.next(deaf));
  t.deepEqual(new Set(waits), new Set([OPTIONS.backoffMin]));
  // One that refuses has said something: it counts.
  for (let i = 0; i < OPTIONS.maxAttempts; i += 1) policy.next({ ...deaf, silent: false });
  t.is(policy.next({ ...deaf, silent: false }), null);
});

test('sessions without a picture are not stable, however often they connect', (t) => {
  const policy = new RestartPolicy(OPTIONS);
  const dark = end({ code: 'NO_VIDEO', connectedFor: 0 });
  t.deepEqual(
    [0, 1, 2, 3, 4].map(() => policy.next(dark)),
    [100, 200, 400, null, null],
  );
});

test('waits stay within their bounds whatever happens', (t) => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({ connectedFor: fc.nat(120_000), byHost: fc.boolean(), silent: fc.boolean() }),
      ),
      fc.constantFrom('keep' as const, 'restart' as const, 'end' as const),
      (ends, kind) => {
        const policy = new RestartPolicy({ ...OPTIONS, policy: kind });
        return ends.every((each) => {
          const wait = policy.next(end(each));
          return wait === null || (wait >= OPTIONS.backoffMin && wait <= OPTIONS.backoffMax);
        });
      },
    ),
    { seed: 2 },
  );
  t.pass();
});
