import test from 'ava';
import { ask, popFiltered } from '../../src/gst/binding.js';
import { PeerBranch } from '../../src/gst/webrtc/branch.js';
import { mediaFormat } from '../../src/gst/media-format.js';
import type { PayloaderElement } from '../../src/gst/renumbering.js';
import { gstRuntime, type Gst } from '../../src/gst/runtime.js';
import { STREAM } from '../support/receiver-connect.js';
import { until } from '../support/until.js';

/** A source that runs for ever, before a tee that nobody has to listen to. */
const SOURCE = 'fakesrc is-live=true do-timestamp=true datarate=1000 sizetype=fixed sizemax=10';

test('a branch is taken down once, and does not start anew on its way', async (t) => {
  const runtime = gstRuntime();
  const { Gst } = runtime.namespaces;
  const release = runtime.hold();
  const pipeline = runtime.parse(
    `${SOURCE} ! tee name=v allow-not-linked=true ${SOURCE} ! tee name=a allow-not-linked=true`,
  );
  t.teardown(() => {
    pipeline.setState(Gst.State.NULL);
    release();
  });
  const tee = (name: string): Gst.Element => pipeline.getByName(name) as Gst.Element;
  pipeline.setState(Gst.State.PLAYING);
  const branch = new PeerBranch(
    runtime,
    {
      pipeline,
      taps: {
        video: { tee: tee('v'), payloader: tee('v') as PayloaderElement, caps: null },
        audio: { tee: tee('a'), payloader: tee('a') as PayloaderElement, caps: null },
      },
    },
    mediaFormat(runtime, STREAM.video, STREAM.audio),
  );
  // Only with a transport of its own it is the live element that a bin would take up again.
  const { webrtc } = branch;
  await ask(runtime, webrtc, 'create-offer', [Gst.Structure.newEmpty('options')], 10_000);
  const bus = pipeline.getBus() as Gst.Bus;
  const steps = (): string[] => {
    const found: string[] = [];
    for (;;) {
      const message = popFiltered(bus, [Gst.MessageType.STATE_CHANGED]);
      if (!message) return found;
      if ((message.src as Gst.Object | null)?.name !== 'webrtc') continue;
      const [from, to] = message.parseStateChanged() as unknown as [number, number];
      found.push(`${from} → ${to}`);
    }
  };
  const up = `${Gst.State.PAUSED} → ${Gst.State.PLAYING}`;
  await until('it plays', () => steps().includes(up));
  await branch.dispose();
  const { PLAYING, PAUSED, READY, NULL } = Gst.State;
  t.deepEqual(steps(), [`${PLAYING} → ${PAUSED}`, `${PAUSED} → ${READY}`, `${READY} → ${NULL}`]);
});
