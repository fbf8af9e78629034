import test from 'ava';
import fc from 'fast-check';
import { FrameGate, FRAME_LIMITS } from '../../src/worker/desktop-socket/frame-gate.js';

const EMPTY = { frames: 0, bytes: 0 };
const FULL = { frames: FRAME_LIMITS.maxFrames, bytes: 1 };
const KEY = { keyframe: true, size: 1_000 };
const DELTA = { keyframe: false, size: 100 };

test('a joiner begins with a key frame, which is asked for until it comes', (t) => {
  const gate = new FrameGate();
  t.is(gate.poll(EMPTY, 0), 'join');
  t.is(gate.poll(EMPTY, 500), null);
  t.is(gate.admit(DELTA, EMPTY), 'drop');
  t.is(gate.dropped, 0);
  t.is(gate.poll(EMPTY, FRAME_LIMITS.keyframeRetry), 'join');
  t.is(gate.admit(KEY, EMPTY), 'send');
  t.is(gate.admit(DELTA, EMPTY), 'send');
  t.is(gate.poll(EMPTY, 10_000), null);
});

test('thirty frames in a row may find the queue full', (t) => {
  const gate = new FrameGate();
  gate.admit(KEY, EMPTY);
  for (let n = 0; n < FRAME_LIMITS.patience; n++) t.is(gate.admit(DELTA, FULL), 'drop');
  t.is(gate.admit(DELTA, FULL), 'give-up');
});

test('a queue that empties in time goes on with a key frame, asked for once it is empty', (t) => {
  const gate = new FrameGate();
  gate.admit(KEY, EMPTY);
  t.is(gate.admit(DELTA, FULL), 'drop');
  t.true(gate.isFull);
  t.is(gate.poll(FULL, 0), null);
  t.is(gate.admit(DELTA, { frames: 119, bytes: 1 }), 'drop');
  t.false(gate.isFull);
  t.is(gate.poll(EMPTY, 0), 'drop');
  t.is(gate.admit(KEY, EMPTY), 'send');
  t.is(gate.dropped, 2);
});

test('bytes are bounded as well, and one frame always fits an empty queue', (t) => {
  const gate = new FrameGate();
  t.is(gate.admit({ keyframe: true, size: 2 * FRAME_LIMITS.maxBytes }, EMPTY), 'send');
  t.is(gate.admit(DELTA, { frames: 1, bytes: FRAME_LIMITS.maxBytes }), 'drop');
});

test('who wants no pictures gets none, and begins with a key frame again', (t) => {
  const gate = new FrameGate();
  gate.admit(KEY, EMPTY);
  gate.want(false);
  for (let n = 0; n < 100; n++) t.is(gate.admit(KEY, FULL), 'drop');
  t.is(gate.poll(EMPTY, 0), null);
  gate.want(true);
  t.is(gate.poll(EMPTY, 0), 'join');
  t.is(gate.admit(DELTA, EMPTY), 'drop');
  t.is(gate.admit(KEY, EMPTY), 'send');
  t.is(gate.dropped, 1);
});

test('whatever happens, no frame follows one that is missing but a key frame', (t) => {
  const event = fc.record({
    keyframe: fc.boolean(),
    size: fc.integer({ min: 1, max: 2 * FRAME_LIMITS.maxBytes }),
    frames: fc.integer({ min: 0, max: 140 }),
    want: fc.option(fc.boolean(), { freq: 10 }),
    restart: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 200 }), (events) => {
      const gate = new FrameGate();
      let isWhole = false;
      let fullInRow = 0;
      for (const [index, { keyframe, size, frames, want, restart }] of events.entries()) {
        if (want !== null) gate.want(want);
        if (restart && index % 17 === 0) {
          gate.restart();
          isWhole = false;
        }
        const queue = { frames, bytes: frames * 10_000 };
        gate.poll(queue, index * 16);
        const verdict = gate.admit({ keyframe, size }, queue);
        if (verdict === 'send' && !keyframe && !isWhole) return false;
        if (verdict === 'send' && frames >= FRAME_LIMITS.maxFrames) return false;
        fullInRow = gate.isFull ? fullInRow + 1 : 0;
        if ((verdict === 'give-up') !== (gate.phase !== 'off' && fullInRow > 30)) return false;
        isWhole = verdict === 'send';
      }
      return true;
    }),
  );
  t.pass();
});
