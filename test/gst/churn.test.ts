import test from 'ava';
import { createStreamPipeline } from '../../src/gst/pipeline.js';
import { gstRuntime } from '../../src/gst/runtime.js';
import type { Peer, StreamPipeline } from '../../src/media/types.js';
import { census, type Census } from '../support/census.js';
import { encodeClip, Player } from '../support/clip.js';
import { ReceiverProcess, type ReceivingPeer } from '../support/receiver.js';
import { connect, exchangeCandidates, STREAM } from '../support/receiver-connect.js';
import { acceptAnswer, acceptOffer, createOffer } from '../support/peer-signaling.js';

const WARM_UP = 3;
const CYCLES = 100;
const LANES = 5;
/** Threads and descriptors that may come and go for other reasons. */
const SLACK = 6;
const RSS_SLACK = 64 * 1024 * 1024;

type Phase = (peer: Peer, receiver: ReceivingPeer) => Promise<void>;

/** Whatever a negotiation says once its peer has been closed under it. */
async function ignore(work: Promise<unknown>): Promise<void> {
  await work.catch(() => undefined);
}

/** Where in its life a peer is cut off. */
const ABRUPT: readonly Phase[] = [
  // Never negotiated.
  () => Promise.resolve(),
  // While the offer is being made.
  async (peer) => {
    void ignore(createOffer(peer));
    await Promise.resolve();
  },
  // With the offer on its way; candidates are being gathered.
  async (peer) => {
    await createOffer(peer);
  },
  // While the answer is being taken.
  async (peer, receiver) => {
    const answer = await receiver.offer(await createOffer(peer));
    void ignore(acceptAnswer(peer, answer));
  },
  // While both ends look for each other.
  async (peer, receiver) => {
    exchangeCandidates(peer, receiver);
    const answer = await receiver.offer(await createOffer(peer));
    await acceptAnswer(peer, answer);
  },
  // The moment it is connected, during the DTLS handshake's tail and the channels' opening.
  async (peer, receiver) => {
    await connect(peer, receiver);
  },
  // The receiver goes first, without a word to us.
  async (peer, receiver) => {
    await connect(peer, receiver);
    receiver.close();
  },
  // While the browser's own offer is being answered.
  async (peer, receiver) => {
    const offer = await receiver.negotiate();
    void ignore(acceptOffer(peer, offer));
  },
];

async function graceful(peer: Peer, receiver: ReceivingPeer): Promise<void> {
  await connect(peer, receiver);
  await receiver.until((stats) => stats.video.markers > 2);
}

async function cycle(
  pipeline: StreamPipeline,
  receivers: ReceiverProcess,
  index: number,
): Promise<void> {
  const id = `viewer-${index}`;
  const receiver = receivers.open(id, ['keyboard', 'mouse']);
  const peer = await pipeline.addPeer(id);
  const phase = index % 2 === 0 ? graceful : ABRUPT[(index >> 1) % ABRUPT.length];
  await phase?.(peer, receiver);
  await peer.close();
  receiver.close();
}

/** Several at a time, so that one comes while another one goes. */
async function cycles(
  pipeline: StreamPipeline,
  receivers: ReceiverProcess,
  count: number,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      const index = next;
      next += 1;
      await cycle(pipeline, receivers, index);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

/** The census once collections find nothing more, or are where they were `before`. */
async function settled(before?: Census): Promise<Census> {
  const deadline = Date.now() + 30_000;
  let last = census();
  for (let same = 0; Date.now() < deadline;) {
    gstRuntime().collector.now();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const now = census();
    const back =
      before &&
      now.threads <= before.threads + SLACK &&
      now.descriptors <= before.descriptors + SLACK;
    same = now.threads === last.threads && now.descriptors === last.descriptors ? same + 1 : 0;
    last = now;
    // Finalizers come in waves: what one collection frees holds what the next one finds.
    if (back || (!before && same >= 8)) break;
  }
  return last;
}

test('a hundred viewers come and go, half of them in the middle of something', async (t) => {
  t.timeout(220_000);
  const clip = await encodeClip();
  const receivers = await ReceiverProcess.start();
  const pipeline = await createStreamPipeline(STREAM);
  const player = new Player(clip, pipeline);
  t.teardown(async () => {
    player.stop();
    await pipeline.close();
    await receivers.kill();
  });
  pipeline.on('keyframe-needed', () => player.keyframe());
  await cycles(pipeline, receivers, WARM_UP * ABRUPT.length);
  const before = await settled();
  await cycles(pipeline, receivers, CYCLES);
  const after = await settled(before);
  t.log({ before, after });
  t.true(after.threads <= before.threads + SLACK, `${after.threads} threads, ${before.threads}`);
  t.true(after.descriptors <= before.descriptors + SLACK);
  t.true(after.rss <= before.rss + RSS_SLACK, `${after.rss} bytes, ${before.rss} before`);
  t.is((await pipeline.stats()).peers.length, 0);
});
