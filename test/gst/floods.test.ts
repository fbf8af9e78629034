/** Viewers that send far too much of one thing: they harm themselves at most. */
import test, { type ExecutionContext } from 'ava';
import { createStreamPipeline } from '../../src/gst/pipeline.js';
import type { Peer, StreamPipeline } from '../../src/gst/types.js';
import { MoonteeError } from '../../src/errors.js';
import { encodeClip, Player } from '../support/clip.js';
import { ReceiverProcess, type ReceivingPeer } from '../support/receiver.js';
import { connect, STREAM, unfinished } from '../support/receiver-connect.js';
import { until } from '../support/until.js';

let healthy: ReceiverProcess;
let hostile: ReceiverProcess;
let pipeline: StreamPipeline;
let player: Player;
let witness: ReceivingPeer;
let asked = 0;

test.before(async () => {
  const clip = await encodeClip();
  [healthy, hostile] = await Promise.all([ReceiverProcess.start(), ReceiverProcess.start()]);
  pipeline = await createStreamPipeline(STREAM);
  player = new Player(clip, pipeline);
  pipeline.on('keyframe-needed', () => {
    asked += 1;
    player.keyframe();
  });
  witness = healthy.open('witness');
  await connect(await pipeline.addPeer('witness'), witness);
  await witness.until(({ video }) => video.markers > 10);
});

test.after.always(async () => {
  player.stop();
  await pipeline.close();
  await Promise.all([healthy.kill(), hostile.kill()]);
});

async function watching(
  id: string,
  channels: readonly string[] = [],
): Promise<[Peer, ReceivingPeer]> {
  const receiver = hostile.open(id, channels);
  const peer = await pipeline.addPeer(id);
  await connect(peer, receiver);
  await receiver.until(({ video }) => video.markers > 3);
  return [peer, receiver];
}

/** Nothing is missing of what the witness got during `trouble` and for a second after it. */
async function undisturbed(t: ExecutionContext, trouble: () => Promise<void>): Promise<void> {
  const before = await witness.stats();
  await trouble();
  const now = await witness.stats();
  const after = await witness.until(({ video }) => video.markers > now.video.markers + 60);
  t.true(after.video.lost - before.video.lost <= healthy.kernelDrops());
  t.true(unfinished(before.video, after.video) <= healthy.kernelDrops());
}

test.serial('data channels: who sends more than any player can is cut off', async (t) => {
  const [peer, receiver] = await watching('talker', ['mouse']);
  await receiver.untilChannel('mouse');
  let heard = 0;
  peer.on('message', () => (heard += 1));
  await undisturbed(t, async () => {
    receiver.flood({ channel: 'mouse' }, 40_000);
    await until('it is cut off', () => peer.state === 'failed');
  });
  t.is(peer.diagnosis, 'it floods its data channels');
  t.true(heard > 0 && heard <= 16_000, `${heard} messages got through`);
  await peer.close();
});

test.serial('RTCP: thousands of PLIs and REMBs in one go cost a few key frames', async (t) => {
  const [peer, receiver] = await watching('complainer');
  const before = asked;
  const since = performance.now();
  await undisturbed(t, async () => {
    receiver.flood('rtcp', 5_000);
    await receiver.until(({ video }) => video.markers > 60);
  });
  const seconds = (performance.now() - since) / 1000;
  t.true(asked - before <= 4 + Math.ceil(seconds / 2.5), `${asked - before} in ${seconds} s`);
  t.is(peer.state, 'connected');
  // Its estimates are still heard once it has calmed down.
  await until('the estimate is heard', async () => {
    receiver.requestBitrate(7_000_000);
    const { peers } = await pipeline.stats();
    return (peers.find(({ id }) => id === 'complainer')?.bandwidth ?? 0) > 6_900_000;
  });
  await peer.close();
});

test.serial(
  'descriptions: a hundred at once are refused, and the peer can be closed',
  async (t) => {
    const [peer] = await watching('negotiator');
    const refused = new Set<string>();
    await undisturbed(t, async () => {
      const answers = Array.from({ length: 100 }, () => peer.acceptAnswer('v=0\r\n'));
      const offers = Array.from({ length: 100 }, () => peer.acceptOffer('v=0\r\n'));
      for (const result of await Promise.allSettled([...answers, ...offers])) {
        if (result.status === 'rejected') refused.add(MoonteeError.from(result.reason).code);
      }
    });
    t.deepEqual([...refused].sort(), ['RATE_LIMITED', 'VIEWER_SDP_INVALID']);
    await peer.close();
    t.is(peer.state, 'closed');
  },
);
