import test, { type ExecutionContext } from 'ava';
import { Deadline } from '../../src/core/deadline.js';
import { gstRuntime, type Gst, type GObject } from '../../src/gst/runtime.js';
import { SignalGate } from '../../src/gst/webrtc/signal-gate.js';
import { until } from '../support/until.js';

const runtime = gstRuntime();

/** An element whose thread tells of every buffer and waits for our handler. */
function talker(t: ExecutionContext): { element: Gst.Element; underWay: () => boolean } {
  const { Gst, GObject } = runtime.namespaces;
  const release = runtime.hold();
  const pipeline = runtime.parse(
    'fakesrc is-live=true do-timestamp=true datarate=2000 sizetype=fixed sizemax=10 ! identity name=talker ! fakesink sync=false',
  );
  const element = pipeline.getByName('talker') as Gst.Element;
  const object = element as unknown as GObject.Object;
  const underWay = (): boolean => GObject.signalGetInvocationHint(object) !== null;
  t.teardown(async () => {
    // It would wait for a thread that waits for us.
    await until('the last handler', () => !underWay());
    pipeline.setState(Gst.State.NULL);
    release();
  });
  pipeline.setState(Gst.State.PLAYING);
  return { element, underWay };
}

/** Keeps Node's thread from serving handlers until one is waited for. */
function holdUntil(underWay: () => boolean): void {
  const started = performance.now();
  while (!underWay()) {
    if (performance.now() - started > 10_000) throw new Error('nothing was emitted');
  }
}

test.serial('silence waits for an emission that had begun', async (t) => {
  const { element, underWay } = talker(t);
  const gate = new SignalGate(runtime);
  gate.connect(element, 'handoff', () => undefined, true);
  holdUntil(underWay);
  await gate.disconnectAndDrain(Deadline.in(10_000));
  t.false(underWay());
});

test.serial('also for one of an object that was released meanwhile', async (t) => {
  const { element, underWay } = talker(t);
  const gate = new SignalGate(runtime);
  gate.connect(element, 'handoff', () => undefined, true);
  holdUntil(underWay);
  gate.release(element);
  await gate.disconnectAndDrain(Deadline.in(10_000));
  t.false(underWay());
});

test.serial('what must be alone runs while no emission is under way', async (t) => {
  const { element, underWay } = talker(t);
  const gate = new SignalGate(runtime);
  let heard = 0;
  gate.connect(element, 'handoff', () => (heard += 1), true);
  for (let i = 0; i < 20; i += 1) {
    holdUntil(underWay);
    t.false(await gate.withoutEmissions(underWay));
  }
  const before = heard;
  holdUntil(underWay);
  gate.release(element);
  t.false(await gate.withoutEmissions(underWay));
  t.true(before > 0);
});
