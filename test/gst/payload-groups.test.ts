/** Viewers that make the offer, and the payloaders that their payload types need. */
import test from 'ava';
import { GROUPS_LIMIT } from '../../src/gst/payload-groups.js';
import { createStreamPipeline } from '../../src/gst/pipeline.js';
import type { Peer, StreamPipeline } from '../../src/media/types.js';
import { CLIP_SURROUND, encodeClip, Player, type Clip } from '../support/clip.js';
import { acceptOffer } from '../support/peer-signaling.js';
import { ReceiverProcess, type ReceivingPeer } from '../support/receiver.js';
import type { OfferedSection } from '../support/receiver-messages.js';
import { beganAtOnce, connect, exchangeCandidates, STREAM } from '../support/receiver-connect.js';
import { nothingStays } from '../support/nothing-stays.js';
import { until } from '../support/until.js';

const CYCLES = 24;
const LANES = 3;

let clip: Clip;
let receivers: ReceiverProcess;
let pipeline: StreamPipeline;
let player: Player;

test.before(async () => {
  [clip, receivers] = await Promise.all([encodeClip(), ReceiverProcess.start()]);
  pipeline = await createStreamPipeline(STREAM);
  player = new Player(clip, pipeline);
  pipeline.on('keyframe-needed', () => player.keyframe());
});

test.after.always(async () => {
  player.stop();
  await pipeline.close();
  await receivers.kill();
});

const video = (payload: number): OfferedSection => ({ kind: 'video', mid: 'v', payload });
const audio = (payload: number): OfferedSection => ({ kind: 'audio', mid: 'a', payload });

interface Joined {
  readonly peer: Peer;
  readonly receiver: ReceivingPeer;
  readonly answer: string;
}

let next = 0;

/** @param change of the offer on its way */
async function join(
  sections: readonly OfferedSection[],
  change: (offer: string) => string = (offer) => offer,
  into = pipeline,
): Promise<Joined> {
  next += 1;
  const receiver = receivers.open(`own-${next}`);
  const peer = await into.addPeer(`own-${next}`, undefined, 'viewer-offer');
  exchangeCandidates(peer, receiver);
  try {
    const answer = await acceptOffer(peer, change(await receiver.negotiate(sections)));
    receiver.answer(answer);
    return { peer, receiver, answer };
  } catch (error) {
    await leave({ peer, receiver });
    throw error;
  }
}

async function leave({ peer, receiver }: Omit<Joined, 'answer'>): Promise<void> {
  await peer.close();
  receiver.close();
}

const groups = (): number => new Set(pipeline.dot().match(/payload_group_\d+/g)).size;

test.serial('the payload types are the viewer’s, whatever the order of the sections', async (t) => {
  const joined = await join([audio(98), video(120)]);
  t.regex(joined.answer, /m=audio 9 UDP\/TLS\/RTP\/SAVPF 98\r\n[^]*m=video 9 \S+ 120\r\n/);
  t.regex(joined.answer, /^a=fmtp:120 .*packetization-mode=1;profile-level-id=42e01f\r$/m);
  t.regex(joined.answer, /^a=setup:active\r$/m);
  const stats = await joined.receiver.until(
    (now) => now.video.markers >= 30 && now.audio.packets >= 30,
  );
  t.deepEqual([stats.video.payloads, stats.audio.payloads], [[120], [98]]);
  t.true(beganAtOnce(stats.video));
  t.true(stats.video.lost + stats.audio.lost <= receivers.kernelDrops());
  t.is(groups(), 2);
  await leave(joined);
});

test.serial(
  'viewers of one payload type share a payloader, and the first one’s needs none',
  async (t) => {
    const all = [
      await join([video(120), audio(98)]),
      await join([audio(98), video(120)]),
      await join([video(102), audio(111)]),
    ];
    for (const { receiver } of all) {
      await receiver.until((now) => now.video.markers >= 10 && now.audio.packets >= 10);
    }
    t.is(groups(), 2);
    for (const joined of all) await leave(joined);
  },
);

test.serial('groups come and go, and nobody else loses a packet', async (t) => {
  t.timeout(180_000);
  const watching = receivers.open('watching');
  const watcher = await pipeline.addPeer('watching');
  await connect(watcher, watching);
  await watching.until((now) => now.audio.packets > 30 && now.video.markers > 10);
  const one = await join([video(121), audio(99)]);
  const other = await join([video(122), audio(99)]);
  for (const [{ receiver }, payload] of [
    [one, 121],
    [other, 122],
  ] as const) {
    const stats = await receiver.until((now) => now.video.markers > 30 && now.audio.packets > 30);
    t.deepEqual([stats.video.payloads, stats.audio.payloads], [[payload], [99]]);
    t.true(stats.video.lost + stats.audio.lost <= receivers.kernelDrops());
  }
  await leave(one);
  const before = await other.receiver.stats();
  const after = await other.receiver.until((now) => now.video.markers > before.video.markers + 30);
  t.true(after.video.lost + after.audio.lost <= receivers.kernelDrops());
  await leave(other);
  await until('all groups are taken down', () => groups() === 0);
  const { audio: sound, video: picture } = await watching.stats();
  t.true(sound.lost + picture.lost <= receivers.kernelDrops(), `${sound.lost} ${picture.lost}`);
  t.is(watcher.state, 'connected');
  await watcher.close();
});

test.serial('there is a limit to payload types, and an idle group makes room', async (t) => {
  const all: Joined[] = [];
  for (let payload = 112; payload < 112 + GROUPS_LIMIT; payload += 1) {
    all.push(await join([video(payload), audio(111)]));
  }
  t.is(groups(), GROUPS_LIMIT);
  const error = await t.throwsAsync(join([video(127), audio(111)]));
  t.like(error, { code: 'LIMIT_REACHED' });
  const known = await join([video(112), audio(111)]);
  const [first, ...others] = all;
  if (first) await leave(first);
  await leave(known);
  const late = await join([video(127), audio(111)]);
  const { video: picture } = await late.receiver.until((now) => now.video.markers > 10);
  t.deepEqual(picture.payloads, [127]);
  for (const joined of [late, ...others]) await leave(joined);
});

test.serial('a viewer without video of the codec is refused with a reason', async (t) => {
  const toVp8 = (offer: string): string =>
    offer.replaceAll('H264/90000', 'VP8/90000').replace(/^a=fmtp:120.*\r\n/gm, '');
  const error = await t.throwsAsync(join([video(120)], toVp8));
  t.like(error, {
    code: 'VIEWER_CODEC_UNSUPPORTED',
    message: 'The stream is H.264, and the player offers VP8',
  });
});

test.serial('a viewer that falls silent is ended, though it has no socket', async (t) => {
  t.timeout(120_000);
  const own = await ReceiverProcess.start();
  t.teardown(() => own.kill());
  const receiver = own.open('dying');
  const peer = await pipeline.addPeer('dying', undefined, 'viewer-offer');
  exchangeCandidates(peer, receiver);
  receiver.answer(await acceptOffer(peer, await receiver.negotiate([video(120)])));
  await receiver.until((now) => now.video.markers > 10);
  own.freeze();
  await until('the viewer is given up', () => peer.failure);
  // From 1.24 on ICE notices first (RFC 7675).
  t.regex(peer.failure?.code ?? '', /^(?:VIEWER_STALLED|ICE_FAILED)$/);
  await peer.close();
});

test.serial('of surround sound each gets what it offers', async (t) => {
  const loud = await encodeClip({ channels: 6 });
  const surround = await createStreamPipeline({ ...STREAM, audio: CLIP_SURROUND });
  const playing = new Player(loud, surround);
  surround.on('keyframe-needed', () => playing.keyframe());
  t.teardown(async () => {
    playing.stop();
    await surround.close();
  });
  const inStereo = await join([video(120), audio(98)], undefined, surround);
  t.regex(
    inStereo.answer,
    /^a=rtpmap:98 opus\/48000\/2\r\na=fmtp:98 .*;stereo=1;sprop-stereo=1\r$/m,
  );
  const both = (offer: string): string =>
    offer
      .replace(/^(m=audio .* )99\r$/m, '$199 100\r')
      .replace(/^(a=rtpmap:99 .*\r\n)/m, '$1a=rtpmap:100 multiopus/48000/6\r\n');
  const all = await join([video(120), audio(99)], both, surround);
  t.regex(
    all.answer,
    /^a=rtpmap:100 multiopus\/48000\/6\r\na=fmtp:100 channel_mapping=0,1,4,5,2,3;coupled_streams=2;.*num_streams=4\r$/m,
  );
  for (const [{ receiver }, payload] of [
    [inStereo, 98],
    [all, 100],
  ] as const) {
    const { audio: sound } = await receiver.until((now) => now.audio.packets > 30);
    t.deepEqual(sound.payloads, [payload]);
  }
  for (const joined of [inStereo, all]) await leave(joined);
});

test.serial('viewers with payload types of their own come and go, and nothing stays', async (t) => {
  t.timeout(200_000);
  const cycle = async (index: number): Promise<void> => {
    const joined = await join([audio(96 + (index % 2)), video(120 + (index % 3))]);
    // Every third one goes before there is a path.
    if (index % 3 !== 2) await joined.receiver.until((now) => now.video.markers > 3);
    await leave(joined);
  };
  const cycles = async (count: number): Promise<void> => {
    let index = 0;
    const lane = async (): Promise<void> => {
      while (index < count) await cycle(index++);
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    await until('all groups are taken down', () => groups() === 0);
  };
  await nothingStays(t, cycles, CYCLES);
  t.is((await pipeline.stats()).peers.length, 0);
});
