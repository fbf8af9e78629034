/** What tells a browser which sound belongs to which picture. */
import test from 'ava';
import { createStreamPipeline } from '../../src/gst/pipeline.js';
import { encodeClip, Player } from '../support/clip.js';
import { STREAM } from '../support/receiver-connect.js';
import { until } from '../support/until.js';
import { PageBrowser } from './page-viewer.js';

test.serial('sender reports of both media come, and mean one clock', async (t) => {
  const clip = await encodeClip();
  const browser = await PageBrowser.launch();
  const pipeline = await createStreamPipeline({
    ...STREAM,
    // Chromium leaves loopback alone: the addresses of the machine.
    network: { ...STREAM.network, localAddresses: [] },
  });
  const player = new Player(clip, pipeline);
  pipeline.on('keyframe-needed', () => player.keyframe());
  t.teardown(async () => {
    player.stop();
    await browser.close();
    await pipeline.close();
  });
  const peer = await pipeline.addPeer('viewer');
  const viewer = await browser.open();
  await viewer.watch(peer);
  await until('three reports of each', async () => {
    const { video = 0, audio = 0 } = await viewer.reports();
    return video >= 3 && audio >= 3;
  });
  // Sound and picture wait for one another at most that long.
  await until('one clock', async () => {
    const { video, audio } = await viewer.playout();
    return video !== undefined && audio !== undefined && Math.abs(video - audio) < 200;
  });
  await until('a round trip', async () => {
    const { peers } = await pipeline.stats();
    return (peers[0]?.roundTrip ?? 0) > 0;
  });
  t.is(peer.state, 'connected');
});
