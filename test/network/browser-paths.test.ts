/** What a Chromium with default settings does on paths that are not straight. */
import test, { type ExecutionContext } from 'ava';
import { createStreamPipeline } from '../../src/gst/pipeline.js';
import type { NetworkOptions } from '../../src/ice/types.js';
import type { PeerQuality, StreamPipeline } from '../../src/media/types.js';
import { encodeClip, Player, type Clip } from '../support/clip.js';
import { ReceiverProcess } from '../support/receiver.js';
import { connect, STREAM } from '../support/receiver-connect.js';
import { until } from '../support/until.js';
import { CUT, NARROW, WHOLE } from './lossy-link.js';
import { PageBrowser } from './page-viewer.js';
import { failureOf, watchThroughLink } from './watched-peer.js';

let clip: Clip;
let browser: PageBrowser;

test.before(async () => {
  // Several times of what the narrow link carries.
  clip = await encodeClip({ frames: 120, gop: 120, bitrate: 4_000_000 });
  browser = await PageBrowser.launch();
});

test.after.always(() => browser.close());

async function streaming(
  t: ExecutionContext,
  network: Partial<NetworkOptions> = {},
): Promise<StreamPipeline> {
  const pipeline = await createStreamPipeline({
    ...STREAM,
    // Chromium leaves loopback alone: the addresses of the machine.
    network: { ...STREAM.network, localAddresses: [], ...network },
  });
  const player = new Player(clip, pipeline);
  pipeline.on('keyframe-needed', () => player.keyframe());
  t.teardown(async () => {
    player.stop();
    await pipeline.close();
  });
  return pipeline;
}

test.serial('a browser that hides its addresses is found all the same', async (t) => {
  const pipeline = await streaming(t);
  const peer = await pipeline.addPeer('hidden');
  const viewer = await browser.open();
  await viewer.watch(peer);
  // As a browser’s page does, whatever comes: names, or nothing at all.
  for (const candidate of viewer.candidates) {
    peer.addCandidate({ candidate, sdpMLineIndex: 0, sdpMid: null });
  }
  await viewer.untilFrames(20);
  t.is(peer.state, 'connected');
  for (const line of viewer.candidates) t.regex(line, / [\da-f-]+\.local \d+ typ host/);
  t.log(`${viewer.candidates.length} candidates, all of them hidden`);
  await viewer.close();
});

test.serial('a browser comes by TCP where there is no UDP', async (t) => {
  const pipeline = await streaming(t, { tcpCandidates: true, udpCandidates: false });
  const peer = await pipeline.addPeer('tcp');
  const viewer = await browser.open();
  await viewer.watch(peer);
  const { protocol } = await viewer.untilFrames(20);
  t.is(protocol, 'tcp');
  await viewer.close();
});

test.serial('1 Mbit/s and 5 % loss constrain one viewer and touch no other', async (t) => {
  const pipeline = await streaming(t, { localAddresses: ['127.0.0.1'] });
  const receivers = await ReceiverProcess.start();
  t.teardown(() => receivers.kill());
  const healthy = receivers.open('healthy', [], { bindAddress: '127.0.0.1' });
  await connect(await pipeline.addPeer('healthy'), healthy);
  const before = await healthy.until((stats) => stats.video.markers >= 60);

  const peer = await pipeline.addPeer('narrow');
  const qualities: PeerQuality[] = [];
  peer.on('quality', (quality) => qualities.push(quality));
  const viewer = await browser.open();
  await watchThroughLink(t, viewer, peer, NARROW);
  await until('the narrow viewer is judged', () => qualities.some((each) => each !== 'good'));
  t.true((await viewer.figures()).packetsLost > 0);

  const goal = before.video.markers + 300;
  const after = await healthy.until((stats) => stats.video.markers >= goal);
  t.is(after.video.lost, 0);
  t.is(after.audio.lost, 0);
  const { peers } = await pipeline.stats();
  t.like(
    peers.find(({ id }) => id === 'healthy'),
    { quality: 'good', packetsDropped: 0 },
  );
  await viewer.close();
});

test.serial('a viewer whose network goes away is closed with a reason', async (t) => {
  t.timeout(180_000);
  const pipeline = await streaming(t, { localAddresses: ['127.0.0.1'] });
  const peer = await pipeline.addPeer('victim');
  const failed = failureOf(t, peer);
  const page = await browser.open();
  const impose = await watchThroughLink(t, page, peer, WHOLE);
  await page.untilFrames(120);
  impose(CUT);
  const { code } = await failed;
  t.true(code === 'VIEWER_STALLED' || code === 'ICE_FAILED', code);
  await page.close();
});
