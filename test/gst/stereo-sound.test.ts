/** Stereo for viewers that take no surround sound, beside others that do. */
import test from 'ava';
import { createStreamPipeline } from '../../src/gst/pipeline.js';
import type { Peer, StreamPipeline } from '../../src/media/types.js';
import { CLIP_SURROUND, encodeClip, Player, type Clip } from '../support/clip.js';
import { ReceiverProcess, type ReceivingPeer } from '../support/receiver.js';
import { connect, exchangeCandidates, STREAM } from '../support/receiver-connect.js';
import { nothingStays } from '../support/nothing-stays.js';
import { until } from '../support/until.js';
import { acceptAnswer, createOffer } from '../support/peer-signaling.js';

const SURROUND = 111;
const STEREO = 112;
const CYCLES = 24;
const LANES = 3;

let clip: Clip;
let receivers: ReceiverProcess;
let pipeline: StreamPipeline;
let player: Player;

test.before(async () => {
  [clip, receivers] = await Promise.all([encodeClip({ channels: 6 }), ReceiverProcess.start()]);
  pipeline = await createStreamPipeline({ ...STREAM, audio: CLIP_SURROUND });
  player = new Player(clip, pipeline);
  pipeline.on('keyframe-needed', () => player.keyframe());
});

test.after.always(async () => {
  player.stop();
  await pipeline.close();
  await receivers.kill();
});

/** What a browser says that knows no `multiopus`. */
function inStereo(answer: string): string {
  return answer
    .replace(/^(m=audio \d+ \S+) .*?(\r?)$/m, `$1 ${STEREO}$2`)
    .replace(new RegExp(`^a=(rtpmap|fmtp|rtcp-fb):${SURROUND} .*\r\n`, 'gm'), '');
}

async function connectInStereo(peer: Peer, receiver: ReceivingPeer): Promise<void> {
  exchangeCandidates(peer, receiver);
  await acceptAnswer(peer, inStereo(await receiver.offer(await createOffer(peer))));
  await receiver.untilState('connected');
}

const hasStereo = (): boolean => pipeline.dot().includes('stereo_tee');

async function untilGone(): Promise<void> {
  await until('stereo sound is taken down', () => !hasStereo());
}

test.serial('both are offered, and who takes both gets surround alone', async (t) => {
  const receiver = receivers.open('both');
  const peer = await pipeline.addPeer('both');
  exchangeCandidates(peer, receiver);
  const offer = await createOffer(peer);
  t.regex(offer, /^m=audio \d+ UDP\/TLS\/RTP\/SAVPF 111 112\r$/m);
  t.regex(offer, /^a=rtpmap:111 multiopus\/48000\/6\r$/m);
  t.regex(offer, /^a=rtpmap:112 opus\/48000\/2\r\na=fmtp:112 .*stereo=1;sprop-stereo=1\r$/m);
  t.is(offer.match(/^a=ssrc:1836019553 cname:/gm)?.length, 1);
  const answer = await receiver.offer(offer);
  t.regex(answer, /^m=audio \d+ UDP\/TLS\/RTP\/SAVPF 111\b/m);
  await acceptAnswer(peer, answer);
  const { audio } = await receiver.until((now) => now.audio.packets > 30);
  t.deepEqual(audio.payloads, [SURROUND]);
  t.false(hasStereo());
  await peer.close();
});

test.serial('it comes and goes, and nobody else loses a packet', async (t) => {
  t.timeout(180_000);
  const watching = receivers.open('watching');
  const watcher = await pipeline.addPeer('watching');
  await connect(watcher, watching);
  await watching.until((now) => now.audio.packets > 30 && now.video.markers > 10);
  for (const round of [1, 2]) {
    const listening = [0, 1].map((n) => receivers.open(`listening-${round}-${n}`));
    const peers = await Promise.all(listening.map(({ id }) => pipeline.addPeer(id)));
    for (const [index, receiver] of listening.entries()) {
      const peer = peers[index];
      if (peer) await connectInStereo(peer, receiver);
      const { audio, video } = await receiver.until(
        (now) => now.audio.packets > 100 && now.video.markers > 10,
      );
      t.deepEqual(audio.payloads, [STEREO]);
      t.true(audio.lost + video.lost <= receivers.kernelDrops());
      t.true(hasStereo());
    }
    await peers[0]?.close();
    const before = await listening[1]?.stats();
    const more = (before?.audio.packets ?? 0) + 50;
    const after = await listening[1]?.until((now) => now.audio.packets > more);
    t.true((after?.audio.lost ?? 0) <= receivers.kernelDrops());
    await peers[1]?.close();
    // A page that is loaded anew comes back to what is there.
    t.true(hasStereo());
    await untilGone();
  }
  const { audio, video } = await watching.stats();
  t.deepEqual(audio.payloads, [SURROUND]);
  t.true(audio.lost + video.lost <= receivers.kernelDrops(), `${audio.lost} ${video.lost}`);
  t.is(watcher.state, 'connected');
  await watcher.close();
});

test.serial('a later description changes nothing', async (t) => {
  const receiver = receivers.open('restarting');
  const peer = await pipeline.addPeer('restarting');
  await connectInStereo(peer, receiver);
  const before = await receiver.until((now) => now.audio.packets > 30);
  const offer = await createOffer(peer);
  t.regex(offer, /^m=audio \d+ UDP\/TLS\/RTP\/SAVPF 112\r$/m);
  t.regex(offer, /^a=rtpmap:112 opus\/48000\/2\r\na=fmtp:112 .*stereo=1;sprop-stereo=1\r$/m);
  await acceptAnswer(peer, await receiver.offer(offer));
  const { audio } = await receiver.until((now) => now.audio.packets > before.audio.packets + 50);
  t.deepEqual(audio.payloads, [STEREO]);
  t.true(audio.lost <= receivers.kernelDrops());
  await peer.close();
});

test.serial('viewers in stereo come and go, and nothing stays', async (t) => {
  t.timeout(200_000);
  const cycle = async (index: number): Promise<void> => {
    const receiver = receivers.open(`cycle-${index}`);
    const peer = await pipeline.addPeer(`cycle-${index}`);
    // Every third one goes while its answer is being taken, before there is a path.
    if (index % 3 === 2) {
      const answer = inStereo(await receiver.offer(await createOffer(peer)));
      void acceptAnswer(peer, answer).catch(() => undefined);
    } else {
      await connectInStereo(peer, receiver);
      await receiver.until((now) => now.audio.packets > 5);
    }
    await peer.close();
    receiver.close();
  };
  const cycles = async (count: number): Promise<void> => {
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < count) await cycle(next++);
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    await untilGone();
  };
  await nothingStays(t, cycles, CYCLES);
  t.is((await pipeline.stats()).peers.length, 0);
});
