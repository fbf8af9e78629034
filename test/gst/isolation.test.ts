import test from 'ava';
import { createStreamPipeline } from '../../src/gst/pipeline.js';
import type { StreamPipeline } from '../../src/media/types.js';
import { encodeClip, Player } from '../support/clip.js';
import { ReceiverProcess } from '../support/receiver.js';
import { beganAtOnce, connect, STREAM, unfinished } from '../support/receiver-connect.js';

let healthy: ReceiverProcess;
let sick: ReceiverProcess;
let pipeline: StreamPipeline;
let player: Player;
let asked = 0;

test.before(async () => {
  const clip = await encodeClip();
  [healthy, sick] = await Promise.all([ReceiverProcess.start(), ReceiverProcess.start()]);
  pipeline = await createStreamPipeline(STREAM);
  player = new Player(clip, pipeline);
  pipeline.on('keyframe-needed', () => {
    asked += 1;
    player.keyframe();
  });
});

test.after.always(async () => {
  player.stop();
  await pipeline.close();
  await Promise.all([healthy.kill(), sick.kill()]);
});

test.serial('a viewer that stops reading, and one that is killed, disturb nobody', async (t) => {
  const witness = healthy.open('witness');
  await connect(await pipeline.addPeer('witness'), witness);
  const frozen = sick.open('frozen', ['keyboard']);
  await connect(await pipeline.addPeer('frozen'), frozen);
  await frozen.until(({ video }) => video.markers > 10);
  const before = await witness.until(({ video }) => video.markers > 10);
  sick.freeze();
  const during = await witness.until(({ video }) => video.markers > before.video.markers + 120);
  t.true(during.video.lost <= healthy.kernelDrops());
  t.true(unfinished(before.video, during.video) <= healthy.kernelDrops());
  await sick.kill();
  const after = await witness.until(({ video }) => video.markers > during.video.markers + 60);
  t.true(after.video.lost <= healthy.kernelDrops());
  await pipeline.peer('frozen')?.close();
  await pipeline.peer('witness')?.close();
});

test.serial('ten that join at once share their key frames, and each begins with one', async (t) => {
  const before = asked;
  const joined = await Promise.all(
    Array.from({ length: 10 }, async (_, index) => {
      const receiver = healthy.open(`crowd-${index}`);
      await connect(await pipeline.addPeer(`crowd-${index}`), receiver);
      return receiver.until(({ video }) => video.markers > 3 && video.keyframes > 0);
    }),
  );
  t.true(joined.every(({ video }) => beganAtOnce(video)));
  t.true(asked - before < 10, `${asked - before} requests`);
  await Promise.all(
    joined.map((_, index) => pipeline.peer(`crowd-${index}`)?.close() ?? Promise.resolve()),
  );
});

test.serial(
  'a viewer that asks for key frames all the time is not heard all the time',
  async (t) => {
    const receiver = healthy.open('greedy');
    await connect(await pipeline.addPeer('greedy'), receiver);
    await receiver.until(({ video }) => video.markers > 3);
    const before = asked;
    const stop = setInterval(() => receiver.requestKeyframe(), 20);
    const { video } = await receiver.until((stats) => stats.video.markers > 200);
    clearInterval(stop);
    const elapsed = video.markers / STREAM.video.fps;
    // A burst of four, then one in two and a half seconds; the clip's own key frames come on top.
    t.true(asked - before <= 4 + Math.ceil(elapsed / 2.5) + 1, `${asked - before} requests`);
    t.true(asked > before);
    await pipeline.peer('greedy')?.close();
  },
);

test.serial('figures of every peer are in the statistics', async (t) => {
  const receiver = healthy.open('counted');
  await connect(await pipeline.addPeer('counted'), receiver);
  const deadline = Date.now() + 30_000;
  let stats = await pipeline.stats();
  while ((stats.peers[0]?.packetsSent ?? 0) < 50 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    stats = await pipeline.stats();
  }
  const [peer] = stats.peers;
  t.like(peer, { id: 'counted', state: 'connected', quality: 'good', packetsDropped: 0 });
  t.true((peer?.packetsSent ?? 0) >= 50 && (peer?.bytesSent ?? 0) > 5000);
  t.true(stats.videoUnits > 0 && stats.videoBytes > stats.videoUnits && stats.audioPackets > 0);
  t.is(stats.unitsDropped, 0);
  t.true(stats.keyframeRequests >= asked);
  await pipeline.peer('counted')?.close();
  const left = await pipeline.stats();
  t.false(left.peers.some(({ id }) => id === 'counted'));
  t.true(left.peerTotals.packetsSent >= stats.peerTotals.packetsSent);
  t.true(left.peerTotals.bytesSent >= stats.peerTotals.bytesSent);
});
