/** The short form of bench/isolation: three bad viewers at once, and what a healthy one gets. */
import test from 'ava';
import { createStreamPipeline } from '../../src/gst/pipeline.js';
import { encodeClip, Player } from '../support/clip.js';
import { ReceiverProcess } from '../support/receiver.js';
import { connect, STREAM, unfinished } from '../support/receiver-connect.js';
import { connectThrough } from './linked-receiver.js';
import { NARROW } from './lossy-link.js';

/** Frames that the healthy viewer is watched for, at 60 a second. */
const FRAMES = 600;
/** Milliseconds. */
const HOP = 500;
const COMPLAINT = 250;

test('a narrow viewer, a frozen one and one that comes and goes cost a healthy one nothing', async (t) => {
  t.timeout(180_000);
  const clip = await encodeClip({ frames: 120, gop: 120, bitrate: 4_000_000 });
  const [healthy, bad, frozen] = await Promise.all([
    ReceiverProcess.start(),
    ReceiverProcess.start(),
    ReceiverProcess.start(),
  ]);
  const pipeline = await createStreamPipeline(STREAM);
  const player = new Player(clip, pipeline);
  pipeline.on('keyframe-needed', () => player.keyframe());
  t.teardown(async () => {
    player.stop();
    await pipeline.close();
    await Promise.all([healthy.kill(), bad.kill(), frozen.kill()]);
  });
  const witness = healthy.open('witness');
  await connect(await pipeline.addPeer('witness'), witness);

  const narrow = bad.open('narrow', [], { bindAddress: '127.0.0.1' });
  const link = await connectThrough(t, await pipeline.addPeer('narrow'), narrow, NARROW);
  const complaints = setInterval(() => narrow.requestKeyframe(), COMPLAINT);
  t.teardown(() => clearInterval(complaints));
  const stuck = frozen.open('frozen');
  await connect(await pipeline.addPeer('frozen'), stuck);
  await stuck.until(({ video }) => video.markers > 3);
  frozen.freeze();

  const before = await witness.until(({ video }) => video.markers > 10);
  let over = false;
  let hops = 0;
  const hopping = (async () => {
    for (; !over; hops += 1) {
      const receiver = bad.open(`hopping-${hops}`);
      const peer = await pipeline.addPeer(`hopping-${hops}`);
      // Gone before, during or after it has connected: as it comes.
      connect(peer, receiver).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, HOP));
      await peer.close();
      receiver.close();
    }
  })();
  const goal = before.video.markers + FRAMES;
  const after = await witness.until(({ video }) => video.markers >= goal);
  over = true;
  await hopping;
  t.log(
    `${hops} hops; the link let ${link.counts.forwarded} packets through, lost ${link.counts.dropped}`,
  );
  t.true(hops > 3);
  t.true(link.counts.dropped > 100);
  t.true(after.video.lost - before.video.lost <= healthy.kernelDrops());
  t.true(unfinished(before.video, after.video) <= healthy.kernelDrops());
  t.is((await pipeline.stats()).peers.find(({ id }) => id === 'witness')?.packetsDropped, 0);
});
