/** Chromium on a link that gets bad and good again, and Chromium that is killed. */
import test, { type ExecutionContext } from 'ava';
import { createStreamPipeline } from '../../src/gst/pipeline.js';
import type { Peer, PeerQuality, StreamPipeline } from '../../src/media/types.js';
import { encodeClip, Player, type Clip } from '../support/clip.js';
import { ReceiverProcess, type ReceivingPeer } from '../support/receiver.js';
import { connect, STREAM } from '../support/receiver-connect.js';
import { severalAttempts } from '../support/several-attempts.js';
import { until } from '../support/until.js';
import { NARROW, WHOLE, type LinkCondition } from './lossy-link.js';
import { PageBrowser, type PageViewer } from './page-viewer.js';
import { failureOf, watchThroughLink } from './watched-peer.js';

/** Nothing gets lost before its buffer of half a minute is full. */
const FILLING: LinkCondition = { rate: 2_000_000, loss: 0, queue: 30_000 };

let clip: Clip;

test.before(async () => {
  clip = await encodeClip({ frames: 120, gop: 120, bitrate: 4_000_000 });
});

interface Scene {
  readonly pipeline: StreamPipeline;
  readonly browser: PageBrowser;
  readonly receivers: ReceiverProcess;
  readonly witness: ReceivingPeer;
}

async function scene(t: ExecutionContext): Promise<Scene> {
  const [browser, receivers, pipeline] = await Promise.all([
    PageBrowser.launch(),
    ReceiverProcess.start(),
    createStreamPipeline(STREAM),
  ]);
  const player = new Player(clip, pipeline);
  pipeline.on('keyframe-needed', () => player.keyframe());
  t.teardown(async () => {
    player.stop();
    await pipeline.close();
    await Promise.all([browser.close(), receivers.kill()]);
  });
  const witness = receivers.open('witness', [], { bindAddress: '127.0.0.1' });
  await connect(await pipeline.addPeer('witness'), witness);
  await witness.until(({ video }) => video.markers > 10);
  return { pipeline, browser, receivers, witness };
}

async function watch(
  t: ExecutionContext,
  page: PageViewer,
  peer: Peer,
): Promise<(condition: LinkCondition) => void> {
  const impose = await watchThroughLink(t, page, peer, WHOLE);
  await page.untilFrames(60);
  return impose;
}

test.serial('the quality of a link falls once, and rises once when it is good again', async (t) => {
  t.timeout(180_000);
  const { pipeline, browser } = await scene(t);
  const peer = await pipeline.addPeer('wavering');
  const qualities: PeerQuality[] = [];
  peer.on('quality', (quality) => qualities.push(quality));
  const page = await browser.open();
  const impose = await watch(t, page, peer);
  t.deepEqual(qualities, []);

  impose(NARROW);
  await until('it is judged', () => qualities.length > 0);
  // Reports of a link like that jump about; what is said of it does not.
  const { packetsLost } = await page.figures();
  await until('more is lost', async () => (await page.figures()).packetsLost > packetsLost + 500);
  const bad = [...qualities];
  t.true(bad.every((quality) => quality !== 'good'));
  // Down, and perhaps to the bottom and up a step: never to and fro.
  t.true(bad.length <= 3, bad.join(' '));

  impose(WHOLE);
  await until('it is good again', () => qualities.at(-1) === 'good');
  const since = (await page.figures()).framesDecoded;
  await page.untilFrames(since + 120);
  t.is(qualities.filter((quality) => quality === 'good').length, 1);
  t.is(qualities.at(-1), 'good');
});

test.serial('a link that is too narrow shows before it loses anything', async (t) => {
  t.timeout(400_000);
  // A browser that gets no time from a busy machine sees another link.
  await severalAttempts(t, narrowLink);
});

async function narrowLink(t: ExecutionContext): Promise<void> {
  const { pipeline, browser } = await scene(t);
  const peer = await pipeline.addPeer('filling');
  const qualities: PeerQuality[] = [];
  peer.on('quality', (quality) => qualities.push(quality));
  const page = await browser.open();
  const impose = await watch(t, page, peer);
  const bandwidth = async (): Promise<number> =>
    (await pipeline.stats()).peers.find(({ id }) => id === 'filling')?.bandwidth ?? 0;
  await until('the browser tells what its link carries', async () => (await bandwidth()) > 0);

  impose(FILLING);
  await until('it is judged', () => qualities.length > 0);
  t.deepEqual(qualities, ['constrained']);
  t.is((await page.figures()).packetsLost, 0);
  const estimate = await bandwidth();
  t.true(estimate > 0.5 * FILLING.rate && estimate < 1.5 * FILLING.rate, `${estimate} bit/s`);

  impose(WHOLE);
  await until('it is good again', () => qualities.at(-1) === 'good');
  t.deepEqual(qualities, ['constrained', 'good']);
}

test.serial('a browser that is killed is found out, and takes nobody with it', async (t) => {
  t.timeout(300_000);
  const { pipeline, browser, receivers, witness } = await scene(t);
  const peer = await pipeline.addPeer('victim');
  const failed = failureOf(t, peer);
  await watch(t, await browser.open(), peer);
  const before = await witness.stats();
  // Until then its session has forgotten it, and all that it reported.
  await browser.kill();
  const { code } = await failed;
  t.true(code === 'VIEWER_STALLED' || code === 'ICE_FAILED', code);
  await peer.close();
  const now = await witness.stats();
  const after = await witness.until(({ video }) => video.markers > now.video.markers + 60);
  t.true(after.video.lost - before.video.lost <= receivers.kernelDrops());
  t.deepEqual(
    (await pipeline.stats()).peers.map(({ id }) => id),
    ['witness'],
  );
});
