import test from 'ava';
import fc from 'fast-check';
import { silentLog } from '../../src/core/log.js';
import {
  PREROLL_TIMEOUT_MS,
  READY_TIMEOUT_MS,
  VideoFeed,
  type VideoOutput,
} from '../../src/media/video-feed.js';

/** A queue, a tee and a timer in a test's hands; notes what was out of place. */
class Stage implements VideoOutput {
  readonly feed = new VideoFeed(
    this,
    (milliseconds, work) => {
      const timer = { milliseconds, work };
      if (this.timer) this.faults.push('two timers');
      this.timer = timer;
      return () => {
        if (this.timer === timer) this.timer = null;
      };
    },
    silentLog(),
  );
  sent = 0;
  linked = false;
  prerolling = false;
  requested = false;
  keyframe = false;
  timer: { readonly milliseconds: number; readonly work: () => void } | null = null;
  /** What the feed did. */
  readonly calls: string[] = [];
  readonly faults: string[] = [];

  packets(): number {
    return this.sent;
  }

  requestKeyframe(reason: string): void {
    this.calls.push(reason);
    this.requested = true;
  }

  preroll(): void {
    this.calls.push('preroll');
    if (this.linked) this.faults.push('prerolls too late');
    this.prerolling = true;
  }

  flush(): void {
    this.calls.push('flush');
    this.prerolling = false;
  }

  link(): void {
    this.calls.push('link');
    if (this.linked || !this.requested) this.faults.push('linked twice, or unasked');
    if (!this.keyframe) this.faults.push('linked within a picture');
    this.linked = true;
    this.requested = false;
  }

  unlink(unheard: number): void {
    this.calls.push(`unlink ${unheard}`);
    this.linked = false;
  }

  pushKeyframe(): void {
    this.keyframe = true;
    this.feed.keyframeComing();
    this.keyframe = false;
  }

  expire(): void {
    const { timer } = this;
    this.timer = null;
    timer?.work();
  }

  /** @returns what the feed did meanwhile */
  take(): string[] {
    return this.calls.splice(0);
  }
}

function flowing(): Stage {
  const stage = new Stage();
  stage.feed.want();
  stage.feed.connected();
  stage.feed.viewerReady();
  stage.pushKeyframe();
  stage.take();
  return stage;
}

const event: fc.Arbitrary<(stage: Stage) => void> = fc.oneof(
  fc.constantFrom<(stage: Stage) => void>(
    ({ feed }) => feed.want(),
    ({ feed }) => feed.connected(),
    ({ feed }) => feed.viewerReady(),
    (stage) => stage.pushKeyframe(),
    (stage) => stage.expire(),
  ),
  fc.constantFrom(0, 29, 30, 400, 401, 5_000).map((backlogMs) => ({ feed }: Stage) => {
    feed.pollQueue(backlogMs);
  }),
  fc.nat(70_000).map((unheard) => ({ feed }: Stage) => {
    feed.silent(unheard);
  }),
  fc.nat(1_000).map((packets) => (stage: Stage) => {
    stage.sent += packets;
  }),
);
const close = ({ feed }: Stage): void => feed.close();
const events = fc.array(fc.oneof({ weight: 40, arbitrary: event }, fc.constant(close)));

test('any events: video begins with a key frame, in a queue that was prepared for it', (t) => {
  fc.assert(
    fc.property(events, (sequence) => {
      const stage = new Stage();
      const { feed } = stage;
      let dropped = 0;
      for (const next of sequence) {
        const wasClosed = feed.phase === 'closed';
        next(stage);
        t.is(stage.linked, feed.linked);
        t.is(stage.linked && stage.prerolling, feed.phase === 'preroll');
        if (wasClosed)
          t.deepEqual(
            stage.take().filter((call) => call !== 'unlink 0'),
            [],
          );
        stage.take();
        t.true(feed.dropped >= dropped && feed.dropped <= stage.sent);
        dropped = feed.dropped;
      }
      t.deepEqual(stage.faults, []);
    }),
    { numRuns: 1_000 },
  );
});

test('any events: whatever is waited for was asked for, or has a timer', (t) => {
  fc.assert(
    fc.property(events, (sequence) => {
      const stage = new Stage();
      let [connected, ready] = [false, false];
      for (const next of sequence) {
        next(stage);
        if (stage.feed.phase === 'awaiting-keyframe') t.true(stage.requested);
        ready ||= stage.take().includes('flush');
        connected ||= stage.timer?.milliseconds === READY_TIMEOUT_MS;
        const waits = connected ? READY_TIMEOUT_MS : PREROLL_TIMEOUT_MS;
        const expected =
          stage.feed.phase === 'closed' || ready
            ? undefined
            : connected || stage.feed.phase === 'preroll'
              ? waits
              : undefined;
        t.is(stage.timer?.milliseconds, expected);
      }
    }),
    { numRuns: 1_000 },
  );
});

test('any events: a viewer that is heard and keeps up has video after the next key frame', (t) => {
  fc.assert(
    fc.property(fc.array(event), (sequence) => {
      const stage = new Stage();
      for (const next of sequence) next(stage);
      stage.feed.connected();
      stage.feed.viewerReady();
      stage.feed.want();
      stage.feed.pollQueue(0);
      stage.pushKeyframe();
      t.is(stage.feed.phase, 'flowing');
      t.true(stage.linked && !stage.prerolling && !stage.feed.cut);
    }),
    { numRuns: 1_000 },
  );
});

test('a key frame that waits too long for its path is given up, and asked for once more', (t) => {
  const stage = new Stage();
  stage.feed.want();
  stage.pushKeyframe();
  t.deepEqual(stage.take(), ['join', 'preroll', 'link']);
  stage.expire();
  stage.pushKeyframe();
  t.deepEqual(stage.take(), ['unlink 0']);
  stage.feed.connected();
  stage.feed.want();
  stage.pushKeyframe();
  t.deepEqual(stage.take(), ['join', 'preroll', 'link']);
  stage.expire();
  t.deepEqual(stage.take(), ['flush']);
  t.is(stage.feed.phase, 'flowing');
});

test('a slow viewer is cut at the second high reading, and counts what it misses', (t) => {
  const stage = flowing();
  for (const backlogMs of [401, 400, 500]) stage.feed.pollQueue(backlogMs);
  t.deepEqual(stage.take(), []);
  stage.sent = 500;
  stage.feed.pollQueue(600);
  t.deepEqual(stage.take(), ['unlink 0']);
  stage.feed.pollQueue(30);
  stage.pushKeyframe();
  t.deepEqual(stage.take(), []);
  stage.feed.pollQueue(29);
  stage.feed.pollQueue(0);
  t.deepEqual(stage.take(), ['drop']);
  t.true(stage.feed.cut);
  stage.sent = 900;
  stage.pushKeyframe();
  t.deepEqual(stage.take(), ['link']);
  t.is(stage.feed.dropped, 400);
});

test('a silent viewer gets nothing until it is heard, and then a key frame', (t) => {
  const stage = flowing();
  stage.sent = 20_000;
  stage.feed.silent(17_000);
  stage.feed.silent(18_000);
  t.deepEqual(stage.take(), ['unlink 17000']);
  stage.feed.pollQueue(0);
  stage.feed.silent(17_000);
  stage.pushKeyframe();
  t.deepEqual(stage.take(), ['drop']);
  stage.feed.pollQueue(0);
  stage.sent = 24_000;
  stage.pushKeyframe();
  t.deepEqual(stage.take(), ['drop', 'link']);
  t.is(stage.feed.dropped, 4_000);
});
