/** Chromium that does not take all that it is offered. */
import test, { type ExecutionContext } from 'ava';
import { createStreamPipeline } from '../../src/gst/pipeline.js';
import type { VideoCodec } from '../../src/moonlight/types.js';
import type { Peer, StreamPipeline } from '../../src/media/types.js';
import { CLIP_SURROUND, encodeClip, Player, type Clip } from '../support/clip.js';
import { STREAM } from '../support/receiver-connect.js';
import { until } from '../support/until.js';
import { PageBrowser, type PageViewer } from './page-viewer.js';
import { acceptAnswer, createOffer } from '../support/peer-signaling.js';

let clip: Clip;
let browser: PageBrowser;

test.before(async () => {
  [clip, browser] = await Promise.all([encodeClip({ channels: 6 }), PageBrowser.launch()]);
});

test.after.always(() => browser.close());

async function scene(
  t: ExecutionContext,
  codec: VideoCodec = 'h264',
): Promise<{ pipeline: StreamPipeline; peer: Peer; page: PageViewer }> {
  const pipeline = await createStreamPipeline({
    ...STREAM,
    video: { ...STREAM.video, codec },
    audio: CLIP_SURROUND,
  });
  t.teardown(() => pipeline.close());
  if (codec === 'h264') {
    const player = new Player(clip, pipeline);
    pipeline.on('keyframe-needed', () => player.keyframe());
    t.teardown(() => player.stop());
  }
  return { pipeline, peer: await pipeline.addPeer('viewer'), page: await browser.open() };
}

test.serial('refused sound: a picture, input, and ICE that can be restarted', async (t) => {
  t.timeout(120_000);
  const { pipeline, peer, page } = await scene(t);
  const heard: string[] = [];
  peer.on('message', (label, data) => heard.push(`${label} ${data.toString()}`));
  peer.on('candidate', ({ candidate }) => void page.addCandidate(candidate));
  const answer = await page.answer(await createOffer(peer), 'audio');
  const refused = answer
    .replace(/^m=audio \d+/m, 'm=audio 0')
    .replace(/^(a=group:BUNDLE .*) audio1\b/m, '$1');
  t.not(refused, answer);
  await acceptAnswer(peer, refused);
  t.notRegex(pipeline.dot(), /stereo_tee/);
  await page.untilFrames(30);
  await page.say('a key');
  await until('the key', () => heard.includes('keyboard a key'));
  t.is(peer.state, 'connected');
  const { framesDecoded } = await page.figures();
  await page.restart(peer);
  await page.untilFrames(framesDecoded + 60);
  t.is(peer.state, 'connected');
  await page.close();
});

test.serial('refused surround: stereo, also after ICE was restarted by either side', async (t) => {
  t.timeout(120_000);
  const { pipeline, peer, page } = await scene(t);
  let answer = '';
  await page.watch(peer, undefined, (sdp) => (answer = sdp));
  t.regex(answer, /^m=audio 9 UDP\/TLS\/RTP\/SAVPF 112\r$/m);
  const untilSound = async (): Promise<void> => {
    const before = await page.figures();
    const { soundPayload } = await until('sound', async () => {
      const now = await page.figures();
      const more = now.soundPackets > before.soundPackets + 50;
      return more && now.framesDecoded > before.framesDecoded + 10 && now;
    });
    t.is(soundPayload, 112);
  };
  await untilSound();
  await page.restart(peer);
  await untilSound();
  t.regex(await page.offer(peer, true), /^m=audio 9 UDP\/TLS\/RTP\/SAVPF 112\r$/m);
  await untilSound();
  t.is(peer.state, 'connected');
  await page.close();
  t.is((await pipeline.stats()).peers.length, 1);
});

test.serial('refused video: told by the name of the codec', async (t) => {
  // Debian's Chromium has no decoder for it.
  const { peer, page } = await scene(t, 'h265');
  const answer = await page.answer(await createOffer(peer));
  t.regex(answer, /^m=video 0 /m);
  await t.throwsAsync(acceptAnswer(peer, answer), {
    code: 'VIEWER_CODEC_UNSUPPORTED',
    message: 'This browser cannot play H.265 (HEVC) video',
  });
  await page.close();
});

test.serial('refused data: a picture that nobody steers', async (t) => {
  t.timeout(120_000);
  const { peer, page } = await scene(t);
  peer.on('candidate', ({ candidate }) => void page.addCandidate(candidate));
  const answer = await page.answer(await createOffer(peer));
  const refused = answer
    .replace(/^m=application \d+/m, 'm=application 0')
    .replace(/^(a=group:BUNDLE .*) application2\r$/m, '$1\r');
  t.not(refused, answer);
  await acceptAnswer(peer, refused);
  await page.untilFrames(30);
  await page.close();
});
