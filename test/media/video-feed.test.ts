import test from 'ava';
import fc from 'fast-check';
import {
  cutAtOf,
  INITIAL_VIDEO_FEED,
  isLinked,
  stepVideoFeed,
  type VideoFeedAction,
  type VideoFeedEvent,
} from '../../src/media/video-feed.js';

/** What a queue, a tee and a timer make of the actions; fails on an action out of place. */
class Outlet {
  state = INITIAL_VIDEO_FEED;
  linked = false;
  prerolling = false;
  timer: number | null = null;
  requested = false;
  linkedBy: VideoFeedEvent['kind'] | null = null;
  readonly actions: VideoFeedAction[] = [];

  handle(event: VideoFeedEvent): VideoFeedAction[] {
    if (event.kind === 'timeout') {
      if (this.timer === null) return [];
      this.timer = null;
    }
    const [state, ...actions] = stepVideoFeed(this.state, event);
    this.state = state;
    for (const action of actions) this.#apply(action, event);
    this.actions.push(...actions);
    return actions;
  }

  #apply(action: VideoFeedAction, event: VideoFeedEvent): void {
    if (action.kind === 'request-keyframe') this.requested = true;
    else if (action.kind === 'preroll') this.prerolling = true;
    else if (action.kind === 'flush') this.prerolling = false;
    else if (action.kind === 'unlink') this.linked = false;
    else if (action.kind === 'stop-timer') this.timer = null;
    else if (action.kind === 'start-timer') this.timer = action.milliseconds;
    else if (action.kind === 'link') {
      if (this.linked || !this.requested) throw new Error('linked twice, or unasked');
      this.linked = true;
      this.requested = false;
      this.linkedBy = event.kind;
    }
  }
}

const packets = fc.nat(100_000);
const event: fc.Arbitrary<VideoFeedEvent> = fc.oneof(
  fc.constantFrom<VideoFeedEvent>(
    { kind: 'wanted' },
    { kind: 'connected' },
    { kind: 'viewer-ready' },
    { kind: 'timeout' },
  ),
  fc.record({ kind: fc.constant('keyframe' as const), packets }),
  fc.record({
    kind: fc.constant('queue-polled' as const),
    backlogMs: fc.constantFrom(0, 29, 30, 400, 401, 5_000),
    packets,
  }),
  fc.record({ kind: fc.constant('silent' as const), unheard: fc.nat(70_000), packets }),
);
const events = fc.array(
  fc.oneof({ weight: 40, arbitrary: event }, fc.constant({ kind: 'close' as const })),
);

test('any events: video begins with a key frame, after the queue was prepared for it', (t) => {
  fc.assert(
    fc.property(events, (sequence) => {
      const outlet = new Outlet();
      let dropped = 0;
      for (const next of sequence) {
        const { phase } = outlet.state;
        const actions = outlet.handle(next);
        const { state } = outlet;
        t.is(outlet.linked, isLinked(state));
        if (outlet.linkedBy !== null) t.is(outlet.linkedBy, 'keyframe');
        if (actions.some(({ kind }) => kind === 'link') && state.path !== 'ready') {
          t.is(actions[0]?.kind, 'preroll');
        }
        t.is(outlet.linked && outlet.prerolling, state.phase.kind === 'preroll');
        if (state.path === 'ready') t.false(outlet.prerolling);
        if (phase.kind === 'closed') t.deepEqual(actions, []);
        t.true(state.dropped >= dropped);
        dropped = state.dropped;
      }
    }),
  );
});

test('any events: whatever is waited for was asked for, or has a timer', (t) => {
  fc.assert(
    fc.property(events, (sequence) => {
      const outlet = new Outlet();
      for (const next of sequence) {
        outlet.handle(next);
        const { phase, path } = outlet.state;
        if (phase.kind === 'awaiting-keyframe') t.true(outlet.requested);
        if (phase.kind === 'closed') t.is(outlet.timer, null);
        else if (path === 'half') t.is(outlet.timer, 250);
        else if (path === 'none') t.is(outlet.timer, phase.kind === 'preroll' ? 400 : null);
        else t.is(outlet.timer, null);
      }
    }),
  );
});

test('any events: a viewer that is heard and keeps up has video after the next key frame', (t) => {
  fc.assert(
    fc.property(fc.array(event), (sequence) => {
      const outlet = new Outlet();
      for (const next of sequence) outlet.handle(next);
      for (const kind of ['connected', 'viewer-ready', 'wanted'] as const) outlet.handle({ kind });
      outlet.handle({ kind: 'queue-polled', backlogMs: 0, packets: 100_000 });
      outlet.handle({ kind: 'keyframe', packets: 100_000 });
      t.is(outlet.state.phase.kind, 'flowing');
      t.true(outlet.linked);
      t.is(cutAtOf(outlet.state), null);
    }),
  );
});

test('a key frame that waits too long for its path is given up, and asked for once more', (t) => {
  const outlet = new Outlet();
  outlet.handle({ kind: 'wanted' });
  outlet.handle({ kind: 'keyframe', packets: 0 });
  t.deepEqual(outlet.handle({ kind: 'timeout' }), [{ kind: 'unlink', unheard: 0 }]);
  t.deepEqual(outlet.handle({ kind: 'keyframe', packets: 9 }), []);
  outlet.handle({ kind: 'connected' });
  t.deepEqual(outlet.handle({ kind: 'wanted' }), [{ kind: 'request-keyframe', reason: 'join' }]);
  outlet.handle({ kind: 'keyframe', packets: 20 });
  t.deepEqual(outlet.handle({ kind: 'timeout' }), [{ kind: 'stop-timer' }, { kind: 'flush' }]);
  t.deepEqual(outlet.state, {
    phase: { kind: 'flowing', overdue: false },
    path: 'ready',
    dropped: 0,
  });
});

test('a slow viewer is cut at the second high reading, and counts what it misses', (t) => {
  const outlet = new Outlet();
  for (const kind of ['wanted', 'connected', 'viewer-ready'] as const) outlet.handle({ kind });
  outlet.handle({ kind: 'keyframe', packets: 100 });
  const poll = (backlogMs: number, sent: number): VideoFeedAction[] =>
    outlet.handle({ kind: 'queue-polled', backlogMs, packets: sent });
  t.deepEqual(poll(401, 200), []);
  t.deepEqual(poll(400, 300), []);
  t.deepEqual(poll(500, 400), []);
  t.deepEqual(poll(600, 500), [
    { kind: 'unlink', unheard: 0 },
    { kind: 'report-slow', backlogMs: 600 },
  ]);
  t.deepEqual(poll(30, 600), []);
  t.deepEqual(poll(29, 700), [{ kind: 'request-keyframe', reason: 'drop' }]);
  t.deepEqual(poll(0, 800), []);
  t.deepEqual(outlet.handle({ kind: 'keyframe', packets: 900 }), [{ kind: 'link' }]);
  t.is(outlet.state.dropped, 400);
});

test('a silent viewer gets nothing until it is heard, and then a key frame', (t) => {
  const outlet = new Outlet();
  for (const kind of ['wanted', 'connected', 'viewer-ready'] as const) outlet.handle({ kind });
  outlet.handle({ kind: 'keyframe', packets: 0 });
  const silent = { kind: 'silent', unheard: 17_000, packets: 20_000 } as const;
  t.deepEqual(outlet.handle(silent), [
    { kind: 'unlink', unheard: 17_000 },
    { kind: 'report-silent', unheard: 17_000 },
  ]);
  t.deepEqual(outlet.handle(silent), []);
  outlet.handle({ kind: 'queue-polled', backlogMs: 0, packets: 21_000 });
  t.deepEqual(outlet.handle(silent), []);
  t.deepEqual(outlet.handle({ kind: 'keyframe', packets: 22_000 }), []);
  outlet.handle({ kind: 'queue-polled', backlogMs: 0, packets: 23_000 });
  outlet.handle({ kind: 'keyframe', packets: 24_000 });
  t.is(outlet.state.dropped, 4_000);
  t.true(outlet.linked);
});
