import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { createStreamPipeline } from '../../src/gst/pipeline.js';
import type { PeerQuality, StreamPipeline } from '../../src/media/types.js';
import { encodeClip, Player, type Clip } from '../support/clip.js';
import { ReceiverProcess } from '../support/receiver.js';
import { beganAtOnce, connect, STREAM, withholdCandidates } from '../support/receiver-connect.js';
import { until } from '../support/until.js';
import { acceptAnswer, createOffer } from '../support/peer-signaling.js';

let clip: Clip;
let receivers: ReceiverProcess;
let pipeline: StreamPipeline;
let player: Player;

test.before(async () => {
  clip = await encodeClip({ frames: 300, gop: 300 });
  receivers = await ReceiverProcess.start();
  pipeline = await createStreamPipeline(STREAM);
  player = new Player(clip, pipeline);
  pipeline.on('keyframe-needed', () => player.keyframe());
});

test.after.always(async () => {
  player.stop();
  await pipeline.close();
  await receivers.kill();
});

test.serial('a viewer gets pictures that begin with a key frame, and sound', async (t) => {
  const receiver = receivers.open('first');
  const peer = await pipeline.addPeer('first');
  await connect(peer, receiver);
  const stats = await receiver.until((now) => now.video.markers >= 30 && now.audio.packets >= 30);
  t.true(beganAtOnce(stats.video));
  t.true(stats.video.lost + stats.audio.lost <= receivers.kernelDrops());
  t.is(peer.state, 'connected');
  await peer.close();
  t.is(pipeline.peer('first'), undefined);
});

test.serial('a key frame is asked for before there is a path, and waits for it', async (t) => {
  const receiver = receivers.open('eager');
  const peer = await pipeline.addPeer('eager');
  const release = withholdCandidates(peer, receiver);
  const offer = await createOffer(peer);
  const asked = once(pipeline, 'keyframe-needed');
  await acceptAnswer(peer, await receiver.offer(offer));
  // Without a candidate there can be no path.
  t.deepEqual(await asked, [{ reason: 'join', outletId: 'eager' }]);
  t.is(peer.state, 'connecting');
  release();
  const stats = await receiver.until((now) => now.video.markers >= 10 && now.video.keyframes > 0);
  t.true(beganAtOnce(stats.video));
  t.true(stats.video.lost <= receivers.kernelDrops());
  await peer.close();
});

test.serial('a path that comes late begins with a key frame of its own', async (t) => {
  const receiver = receivers.open('late');
  const peer = await pipeline.addPeer('late');
  const release = withholdCandidates(peer, receiver);
  const offer = await createOffer(peer);
  await acceptAnswer(peer, await receiver.offer(offer));
  // Longer than a key frame waits for its path.
  await delay(1000);
  const asked = once(pipeline, 'keyframe-needed');
  release();
  t.deepEqual(await asked, [{ reason: 'join', outletId: 'late' }]);
  const stats = await receiver.until((now) => now.video.keyframes >= 2);
  t.true(beganAtOnce(stats.video));
  await peer.close();
});

test.serial(
  'packets go past encoders that nobody has negotiated, and the graph keeps keys secret',
  async (t) => {
    const receiver = receivers.open('drawn');
    const peer = await pipeline.addPeer('drawn');
    await connect(peer, receiver);
    await receiver.until((now) => now.video.markers >= 3 && now.audio.packets >= 3);
    const graph = pipeline.dot();
    // From 1.26 on names begin with `node_`.
    const edge = /clocksync\d+_\w+_src_\w+ -> (?:node_)?rtpfunnel\d+_\w+_sink_\d/g;
    const direct = graph.match(edge) ?? [];
    t.is(direct.length, 2, 'video and sound');
    t.true(graph.includes('srtp-key: (secret)'));
    t.notRegex(graph, /srtp-key: [0-9a-f]/);
    await peer.close();
  },
);

test.serial('data channels carry text and bytes both ways', async (t) => {
  const receiver = receivers.open('talker', ['keyboard', 'mouse']);
  const peer = await pipeline.addPeer('talker');
  const opened = new Set<string>();
  peer.on('channel-open', (label) => opened.add(label));
  t.false(peer.send('general', 'too early'));
  await connect(peer, receiver);
  for (const label of ['general', 'keyboard', 'mouse']) await receiver.untilChannel(label);
  while (!['general', 'keyboard', 'mouse'].every((label) => opened.has(label))) {
    await once(peer, 'channel-open');
  }
  const heard: unknown[] = [];
  const all = new Promise<void>((resolve) => {
    peer.on('message', (label, data) => {
      heard.push([label, data]);
      if (heard.length === 102) resolve();
    });
  });
  receiver.send('keyboard', 'text');
  receiver.send('keyboard', Buffer.alloc(0));
  for (let i = 0; i < 100; i += 1) receiver.send('keyboard', Buffer.from([i, 255 - i]));
  await all;
  // On a browser's channel text is not told from bytes.
  t.deepEqual(heard[0], ['keyboard', Buffer.from('text')]);
  t.deepEqual(
    heard.slice(2),
    Array.from({ length: 100 }, (_, i) => ['keyboard', Buffer.from([i, 255 - i])]),
  );
  const answer = once(receiver, 'message');
  t.true(peer.send('general', '{"ConnectionStatusUpdate":{"status":"Ok"}}'));
  t.deepEqual(await answer, [
    { label: 'general', data: '{"ConnectionStatusUpdate":{"status":"Ok"}}' },
  ]);
  const bytes = once(receiver, 'message');
  t.true(peer.send('keyboard', Buffer.from([0, 128, 255])));
  t.deepEqual(await bytes, [{ label: 'keyboard', data: Buffer.from([0, 128, 255]) }]);
  t.false(peer.send('nosuch', 'x'));
  await peer.close();
});

test.serial('a PLI becomes a wish for a key frame', async (t) => {
  const receiver = receivers.open('picky');
  const peer = await pipeline.addPeer('picky');
  await connect(peer, receiver);
  const before = await receiver.until((stats) => stats.video.markers >= 10);
  const asked = once(pipeline, 'keyframe-needed');
  receiver.requestKeyframe();
  t.deepEqual(await asked, [{ reason: 'pli', outletId: 'picky' }]);
  const after = await receiver.until((stats) => stats.video.keyframes > before.video.keyframes);
  t.true(after.video.lost <= receivers.kernelDrops());
  await peer.close();
});

test.serial('an estimate that falls below what is sent makes the link constrained', async (t) => {
  const receiver = receivers.open('narrow');
  const peer = await pipeline.addPeer('narrow');
  await connect(peer, receiver);
  const qualities: PeerQuality[] = [];
  peer.on('quality', (quality) => qualities.push(quality));
  const estimate = async (): Promise<number | null | undefined> =>
    (await pipeline.stats()).peers.find(({ id }) => id === 'narrow')?.bandwidth;
  t.is(await estimate(), null);
  await until('the estimate is known', async () => {
    receiver.requestBitrate(20_000_000);
    const bitrate = await estimate();
    // 18 bits of it travel.
    return typeof bitrate === 'number' && Math.abs(bitrate - 20_000_000) < 200;
  });
  t.deepEqual(qualities, []);
  // The clip is sent at several times as much.
  receiver.requestBitrate(20_000);
  await until('it is constrained', () => qualities.length > 0);
  t.deepEqual(qualities, ['constrained']);
  receiver.requestBitrate(20_000_000);
  await until('it is good again', () => qualities.length > 1);
  t.deepEqual(qualities, ['constrained', 'good']);
  const { video } = await receiver.stats();
  t.true(video.lost <= receivers.kernelDrops());
  await peer.close();
});
