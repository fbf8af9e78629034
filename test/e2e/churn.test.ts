import test from 'ava';
import { DemoProcess } from '../support/demo-process.js';
import { counters } from '../support/process-table.js';
import { RawViewer, type Stage } from '../support/raw-viewer.js';
import { ReceiverProcess } from '../support/receiver.js';
import { until } from '../support/until.js';

const WARM_UP = 6;
const CYCLES = 100;
/** Viewers at a time, so that one comes while another one goes. */
const LANES = 4;
/** Descriptors and threads that may come and go at any time. */
const SLACK = 8;
/** MiB of growth that a garbage collector explains. */
const MEMORY_SLACK = 60;

/** How viewers leave, in turn: half of them abruptly, in every phase. */
const WAYS: readonly (readonly [Stage, 'graceful' | 'abrupt'])[] = [
  ['all', 'graceful'],
  ['socket', 'abrupt'],
  ['all', 'abrupt'],
  ['offer', 'graceful'],
  ['answer', 'abrupt'],
  ['answer', 'graceful'],
  ['offer', 'abrupt'],
  ['all', 'graceful'],
];

test('a hundred joins and leaves, half of them abrupt, leave nothing behind', async (t) => {
  t.timeout(300_000);
  const demo = await DemoProcess.start();
  t.teardown(() => demo.stop('SIGKILL'));
  const receivers = await ReceiverProcess.start();
  t.teardown(() => receivers.kill());
  const pid = await demo.streamerPid();

  async function cycle(i: number): Promise<void> {
    const [stage, way] = WAYS[i % WAYS.length] ?? ['all', 'graceful'];
    const viewer = new RawViewer(demo.socketUrl, receivers, `viewer-${i}`, stage);
    if (stage === 'all') {
      await viewer.untilHeard('ConnectionComplete');
      await viewer.peer.until(({ video }) => video.keyframes > 0);
    } else if (stage === 'socket') {
      await new Promise((resolve) => viewer.socket.once('open', resolve));
    } else {
      await viewer.untilHeard('Signaling');
    }
    viewer.leave(way);
  }

  async function cycles(count: number): Promise<void> {
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < count) await cycle(next++);
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    await until('all viewers are gone', async () => (await demo.streamer()).connected_peers === 0);
  }

  await cycles(WARM_UP);
  // Removed elements go with the next garbage collections.
  let before = await counters(pid);
  await until('the counters stand still', async () => {
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    const last = before;
    before = await counters(pid);
    return before.threads === last.threads && before.descriptors === last.descriptors;
  });
  await cycles(CYCLES);
  let after = before;
  await until('all is as it was', async () => {
    after = await counters(pid);
    return (
      after.threads <= before.threads + SLACK &&
      after.descriptors <= before.descriptors + SLACK &&
      after.rss <= before.rss + MEMORY_SLACK
    );
  }).catch(() => undefined);
  t.log({ before, after });

  t.is(await demo.streamerPid(), pid, 'the process is the same');
  t.true(after.threads <= before.threads + SLACK);
  t.true(after.descriptors <= before.descriptors + SLACK);
  t.true(after.rss <= before.rss + MEMORY_SLACK);
});
