import { once } from 'node:events';
import test from 'ava';
import { MoonteeError } from '../../src/core/errors.js';
import { createStreamPipeline } from '../../src/gst/pipeline.js';
import type { StreamPipeline } from '../../src/media/types.js';
import { encodeClip, Player } from '../support/clip.js';
import { ReceiverProcess } from '../support/receiver.js';
import { beganAtOnce, connect, exchangeCandidates, STREAM } from '../support/receiver-connect.js';
import { acceptAnswer, acceptOffer, createOffer } from '../support/peer-signaling.js';

let receivers: ReceiverProcess;
let pipeline: StreamPipeline;
let player: Player;

test.before(async () => {
  const clip = await encodeClip();
  receivers = await ReceiverProcess.start();
  pipeline = await createStreamPipeline({ ...STREAM, maxPeers: 4 });
  player = new Player(clip, pipeline);
  pipeline.on('keyframe-needed', () => player.keyframe());
});

test.after.always(async () => {
  player.stop();
  await pipeline.close();
  await receivers.kill();
});

async function code(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'nothing thrown',
    (error: unknown) => (error instanceof MoonteeError ? error.code : String(error)),
  );
}

test.serial(
  'a browser’s offer of data channels is answered, and media offered later',
  async (t) => {
    const receiver = receivers.open('eager', ['keyboard']);
    const peer = await pipeline.addPeer('eager');
    exchangeCandidates(peer, receiver);
    receiver.answer(await acceptOffer(peer, await receiver.negotiate()));
    await receiver.untilChannel('keyboard');
    await receiver.untilChannel('general');
    await receiver.untilState('connected');
    const offer = await createOffer(peer);
    t.deepEqual(
      [...offer.matchAll(/^m=(\w+)/gm)].map(([, kind]) => kind),
      ['application', 'video', 'audio'],
    );
    await acceptAnswer(peer, await receiver.offer(offer));
    const stats = await receiver.until(
      ({ video, audio }) => video.markers > 20 && audio.packets > 20,
    );
    t.true(beganAtOnce(stats.video));
    const heard = once(peer, 'message');
    receiver.send('keyboard', 'still here');
    t.deepEqual(await heard, ['keyboard', Buffer.from('still here')]);
    await peer.close();
  },
);

test.serial('an offer can be made before the first frame has ever come', async (t) => {
  const idle = await createStreamPipeline(STREAM);
  const peer = await idle.addPeer('early');
  const told = once(peer, 'candidate');
  const offer = await createOffer(peer);
  t.regex(offer, /^m=video [\s\S]*^m=audio [\s\S]*^m=application /m);
  t.regex(offer, /^a=fmtp:102 .*packetization-mode=1;profile-level-id=42e01f\r$/m);
  t.regex(offer, /^a=msid:moontee video\r$/m);
  t.regex(offer, /^a=sendonly\r$/m);
  t.notRegex(offer, /a=candidate/);
  const [{ candidate }] = (await told) as [{ candidate: string }];
  t.regex(candidate, /^candidate:\S+ 1 udp \d+ 127\.0\.0\.1 \d+ typ host$/);
  await idle.close();
  t.is(peer.state, 'closed');
});

test.serial('an offer says the level of the stream, agreed or read', async (t) => {
  const large = { ...STREAM.video, width: 1920, height: 1080 };
  const idle = await createStreamPipeline({ ...STREAM, video: large });
  const early = await idle.addPeer('early');
  t.regex(await createOffer(early), /profile-level-id=42e02a\r$/m);
  const sps = '0000000167640033acd940a02ff9610000030001000003003c8f183196';
  const key = `${sps}0000000168ebecb22c0000000165888400`;
  idle.pushVideo({ data: Buffer.from(key, 'hex'), pts: idle.runningTime, idr: true });
  const late = await idle.addPeer('late');
  t.regex(await createOffer(late), /profile-level-id=42e033\r$/m);
  await idle.close();
});

test.serial('garbage ends its viewer alone, and candidates that are none end nobody', async (t) => {
  const witness = receivers.open('witness');
  const bystander = await pipeline.addPeer('witness');
  await connect(bystander, witness);
  const receiver = receivers.open('victim');
  const peer = await pipeline.addPeer('victim');
  exchangeCandidates(peer, receiver);
  const answer = await receiver.offer(await createOffer(peer));
  for (const [index, text] of [
    '',
    'x',
    'v=0',
    answer.replace('recvonly', 'x'.repeat(3000)),
    '\n'.repeat(9),
  ].entries()) {
    const hostile = await pipeline.addPeer(`hostile-${index}`);
    await createOffer(hostile);
    t.is(await code(acceptAnswer(hostile, text)), 'VIEWER_SDP_INVALID');
    t.is(hostile.state, 'failed');
    await hostile.close();
  }
  for (const candidate of [
    '',
    'candidate:',
    'x'.repeat(9000),
    'candidate:1 1 udp 1 ::1 1 typ host\r\n',
  ]) {
    peer.addCandidate({ candidate, sdpMLineIndex: -1, sdpMid: '\u0000' });
  }
  for (let i = 0; i < 8; i += 1) {
    const candidate = `candidate:${i} 1 udp 1 127.0.0.1 ${1 + i} typ host`;
    peer.addCandidate({ candidate, sdpMLineIndex: 9, sdpMid: null });
  }
  await acceptAnswer(peer, answer);
  // No offer is out any more: dropped.
  await acceptAnswer(peer, answer);
  await receiver.untilState('connected');
  await receiver.until(({ video }) => video.markers > 5);
  const { video } = await witness.until((stats) => stats.video.markers > 30);
  t.true(video.lost <= receivers.kernelDrops(), `${video.lost} lost`);
  await peer.close();
  await bystander.close();
});

test.serial('a closed peer refuses everything, closes once, and its name is free', async (t) => {
  const peer = await pipeline.addPeer('gone');
  const offer = createOffer(peer);
  const closing = peer.close();
  t.is(peer.close(), closing);
  t.is(await code(offer), 'CLOSED');
  await closing;
  t.is(peer.state, 'closed');
  t.is(await code(createOffer(peer)), 'CLOSED');
  t.is(await code(acceptAnswer(peer, '')), 'CLOSED');
  t.false(peer.send('general', 'x'));
  t.notThrows(() => peer.addCandidate({ candidate: 'x', sdpMLineIndex: 0, sdpMid: null }));
  const again = await pipeline.addPeer('gone');
  t.is(await code(pipeline.addPeer('gone')), 'INTERNAL');
  await again.close();
});

test.serial('there are no more peers than allowed', async (t) => {
  const peers = await Promise.all([1, 2, 3, 4].map((n) => pipeline.addPeer(`many-${n}`)));
  t.is(await code(pipeline.addPeer('one too many')), 'LIMIT_REACHED');
  await Promise.all(peers.map((peer) => peer.close()));
  await (await pipeline.addPeer('room again')).close();
});

test.serial('listeners that throw break nothing', async (t) => {
  const receiver = receivers.open('careless', ['keyboard']);
  const peer = await pipeline.addPeer('careless');
  for (const event of ['candidate', 'state', 'channel-open', 'message'] as const) {
    peer.prependListener(event, () => {
      throw new Error('mine');
    });
  }
  receiver.on('candidate', ({ candidate, mid }) =>
    peer.addCandidate({ candidate, sdpMLineIndex: 0, sdpMid: mid }),
  );
  const answer = await receiver.offer(await createOffer(peer));
  await acceptAnswer(peer, answer);
  await receiver.untilState('connected');
  await receiver.untilChannel('general');
  t.is(peer.state, 'connected');
  await peer.close();
});

test.serial('an AV1 stream names the element that is missing', async (t) => {
  const error = await t.throwsAsync(
    createStreamPipeline({ ...STREAM, video: { ...STREAM.video, codec: 'av1' } }),
    { instanceOf: MoonteeError },
  );
  t.is(error.code, 'CODEC_UNAVAILABLE');
  t.is(error.details['element'], 'rtpav1pay');
});

test.serial('surround sound is offered as multiopus', async (t) => {
  const surround = await createStreamPipeline({
    ...STREAM,
    audio: {
      channels: 6,
      streams: 4,
      coupledStreams: 2,
      mapping: [0, 4, 1, 2, 3, 5],
      packetDuration: 10,
    },
  });
  const peer = await surround.addPeer('home cinema');
  const offer = await createOffer(peer);
  t.regex(offer, /^a=rtpmap:111 multiopus\/48000\/6\r$/m);
  t.regex(offer, /^a=fmtp:111 channel_mapping=0,4,1,2,3,5;coupled_streams=2;.*num_streams=4\r$/m);
  await surround.close();
});

test.serial('the graph can be drawn while viewers watch', async (t) => {
  const peer = await pipeline.addPeer('drawn');
  t.regex(pipeline.dot(), /digraph pipeline[\s\S]*webrtc/);
  await peer.close();
});
