/** Viewers that send far too much of one thing: it costs them their seat, and nobody else a frame. */
import test, { type ExecutionContext } from 'ava';
import { createStreamPipeline } from '../../src/gst/pipeline.js';
import type { Peer, StreamPipeline } from '../../src/media/types.js';
import { census } from '../support/census.js';
import { encodeClip, Player } from '../support/clip.js';
import { ReceiverProcess, type ReceivingPeer } from '../support/receiver.js';
import type { ReceiverNetwork } from '../support/receiver-messages.js';
import { connect, exchangeCandidates, STREAM, unfinished } from '../support/receiver-connect.js';
import { SctpAttacker } from '../support/sctp-attacker.js';
import type { HostileSctp } from '../support/sctp-packets.js';
import { until } from '../support/until.js';
import { acceptAnswer, acceptOffer, createOffer } from '../support/peer-signaling.js';

/** Of what there was to see, how much a healthy viewer must have seen. */
const SHARE = 0.95;
/** Threads that one viewer may cost, whatever it does. */
const THREADS = 60;
/** Bytes by which a process may have grown when a flood is over. */
const GROWTH = 24 * 1024 * 1024;

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

/** A viewer that keeps to no rule: it sends what it likes, however large a message may be. */
async function watching(
  id: string,
  channels: readonly string[] = [],
  network: ReceiverNetwork = {},
): Promise<[Peer, ReceivingPeer]> {
  const receiver = hostile.open(id, channels, network);
  const peer = await pipeline.addPeer(id);
  exchangeCandidates(peer, receiver);
  const offer = await createOffer(peer);
  const unlimited = offer.replace(/a=max-message-size:\d+/g, 'a=max-message-size:262144');
  await acceptAnswer(peer, await receiver.offer(unlimited));
  await receiver.untilState('connected');
  await receiver.until(({ video }) => video.markers > 3);
  for (const label of channels) await receiver.untilChannel(label);
  return [peer, receiver];
}

/** The witness sees what there is to see during `trouble` and for a second after it, without gaps. */
async function undisturbed(t: ExecutionContext, trouble: () => Promise<void>): Promise<void> {
  const look = async () => {
    const { videoUnits } = await pipeline.stats();
    return { pushed: videoUnits, video: (await witness.stats()).video };
  };
  const before = await look();
  await trouble();
  const now = await look();
  await witness.until(({ video }) => video.markers > now.video.markers + 60);
  const after = await look();
  const seen = after.video.markers - before.video.markers;
  const pushed = after.pushed - before.pushed;
  t.true(seen >= SHARE * pushed - 2, `${seen} frames of ${pushed}`);
  t.true(after.video.lost - before.video.lost <= healthy.kernelDrops());
  t.true(unfinished(before.video, after.video) <= healthy.kernelDrops());
}

/** It loses its seat, by the code that is there for it. */
async function cutOff(t: ExecutionContext, peer: Peer, reason: RegExp): Promise<void> {
  await until('it is cut off', () => peer.state === 'failed');
  t.is(peer.failure?.code, 'VIEWER_FLOODS');
  t.regex(peer.diagnosis, reason);
}

test.serial('data channels: who sends more than any player can is cut off', async (t) => {
  const [peer, receiver] = await watching('talker', ['mouse']);
  let heard = 0;
  peer.on('message', () => (heard += 1));
  await undisturbed(t, async () => {
    receiver.flood({ channel: 'mouse' }, 40_000);
    await cutOff(t, peer, /data channels/);
  });
  t.true(heard > 0 && heard <= 16_000, `${heard} messages got through`);
  await peer.close();
});

for (const text of [false, true]) {
  test.serial(`data channels: bytes count, as ${text ? 'text' : 'binary'} too`, async (t) => {
    const kind = text ? 'text' : 'binary';
    const before = census().rss;
    // Within the limit of a message, a little above it, far above it.
    for (const bytes of [4_000, 16_000, 200_000]) {
      const [peer, receiver] = await watching(`${kind}-${bytes}`, ['mouse']);
      let heard = 0;
      peer.on('message', (_label, data) => (heard += data.length));
      await undisturbed(t, async () => {
        receiver.flood({ channel: 'mouse', bytes, text }, 100_000, 15_000_000 / bytes);
        await cutOff(t, peer, /data channels/);
      });
      t.true(heard <= 512 * 1024, `${heard} bytes got through`);
      await peer.close();
      receiver.close();
    }
    await until('the memory is given back', () => census().rss < before + GROWTH);
    t.pass();
  });
}

test.serial('what a browser is told keeps its messages small', async (t) => {
  const peer = await pipeline.addPeer('reader');
  t.deepEqual((await createOffer(peer)).match(/^a=max-message-size:.*$/gm), [
    'a=max-message-size:4096',
  ]);
  await peer.close();
  const receiver = hostile.open('offers', ['mouse']);
  const other = await pipeline.addPeer('offers');
  const answer = await acceptOffer(other, await receiver.negotiate());
  t.deepEqual(answer.match(/^a=max-message-size:.*$/gm), ['a=max-message-size:4096']);
  await other.close();
  receiver.close();
});

for (const close of [false, true]) {
  const name = close ? 'opened and closed without end' : 'hundreds at once';
  test.serial(`data channels: ${name} cost a bounded number of threads`, async (t) => {
    const before = census().threads;
    const [peer, receiver] = await watching(close ? 'flapper' : 'opener', ['mouse']);
    let most = 0;
    const timer = setInterval(() => (most = Math.max(most, census().threads)), 2);
    t.teardown(() => clearInterval(timer));
    await undisturbed(t, async () => {
      receiver.flood({ kind: 'channels', close }, 500, close ? 400 : undefined);
      await cutOff(t, peer, /too many data channels/);
    });
    t.true(most - before < THREADS, `${most - before} threads`);
    await peer.close();
    receiver.close();
    await until('the threads are gone', () => census().threads <= before + 4);
  });
}

const packets: readonly (readonly [string, HostileSctp, RegExp | null])[] = [
  ['that one packet begins', { kind: 'streams', count: 40 }, /too many data channels/],
  ['that one large packet begins', { kind: 'streams', count: 500 }, /too many data channels/],
  ['that one chunk releases', { kind: 'release', count: 250 }, /too many data channels/],
  // The decoder ends the process for a stream that begins without an association.
  ['released at a shutdown', { kind: 'shutdown', count: 60, apart: false }, null],
  ['released after a shutdown', { kind: 'shutdown', count: 60, apart: true }, null],
];
for (const [name, attack, reason] of packets) {
  test.serial(`data channels: streams ${name} cost a bounded number of threads`, async (t) => {
    const attacker = await SctpAttacker.start();
    t.teardown(() => attacker.kill());
    const before = census().threads;
    const peer = await pipeline.addPeer(name);
    await attacker.join(peer);
    let most = 0;
    const timer = setInterval(() => (most = Math.max(most, census().threads)), 2);
    t.teardown(() => clearInterval(timer));
    await undisturbed(t, async () => {
      await attacker.attack(attack);
      if (reason) await cutOff(t, peer, reason);
    });
    t.true(most - before < THREADS, `${most - before} threads`);
    await peer.close();
    await until('the threads are gone', () => census().threads <= before + 4);
  });
}

test.serial('data channels: as many as all clients have work', async (t) => {
  const labels = ['keyboard', 'mouseClicks', 'mouseAbsolute', 'mouseRelative', 'touch'];
  const pads = Array.from({ length: 12 }, (_, index) => `controller${index}`);
  const opened = new Set<string>();
  const receiver = healthy.open('player', [...labels, 'controllers', ...pads]);
  const peer = await pipeline.addPeer('player');
  peer.on('channel-open', (label) => opened.add(label));
  await connect(peer, receiver);
  await until('all are open', () => opened.size === labels.length + pads.length + 2);
  t.is(peer.state, 'connected');
  await peer.close();
  receiver.close();
});

test.serial('NACKs: what is sent again has a budget', async (t) => {
  const [peer, receiver] = await watching('nagging', [], { raw: true });
  const { bytes: before } = await receiver.stats();
  await undisturbed(t, async () => {
    receiver.flood({ kind: 'nack', bytes: 1_000 }, 2_000, 300);
    await cutOff(t, peer, /once more|RTCP/);
  });
  // All of what it asked for would have been hundreds of megabytes.
  const { bytes } = await receiver.stats();
  t.log(`${bytes - before} bytes fetched`);
  t.true(bytes - before < 20_000_000);
  await peer.close();
  receiver.close();
});

test.serial('NACKs: a few too many end retransmission for a while, and nothing else', async (t) => {
  const [peer, receiver] = await watching('complaining', [], { raw: true });
  const sent = async (): Promise<number> =>
    (await pipeline.stats()).peers.find(({ id }) => id === 'complaining')?.packetsSent ?? 0;
  const media = async (): Promise<number> => {
    const { video, audio } = await receiver.stats();
    return video.packets + audio.packets;
  };
  await undisturbed(t, async () => {
    // The last 272 packets, ten times a second: 16 320 in all.
    receiver.flood({ kind: 'nack', bytes: 12 + 16 * 4 }, 60, 10);
    const { video } = await receiver.stats();
    await receiver.until((now) => now.video.markers > video.markers + 360);
  });
  t.is(peer.state, 'connected');
  const repeated = (await sent()) - (await media());
  t.true(repeated < 16_320 / 2, `${repeated} sent again`);
  await peer.close();
  receiver.close();
});

for (const bytes of [100, 1_200]) {
  test.serial(`junk RTCP of ${bytes} bytes costs its sender the seat`, async (t) => {
    const [peer, receiver] = await watching(`junk-${bytes}`, [], { raw: true });
    await undisturbed(t, async () => {
      receiver.flood({ kind: 'junk', bytes }, 100_000, 10_000);
      await cutOff(t, peer, /RTCP|RTP sources|packets/);
    });
    await peer.close();
    receiver.close();
  });
}

test.serial('RTP from thousands of sources builds nothing', async (t) => {
  const receiver = hostile.open('sender', [], { raw: true });
  const peer = await pipeline.addPeer('sender');
  exchangeCandidates(peer, receiver);
  // Who would only receive could send none.
  const offer = (await createOffer(peer)).replace(/a=sendonly/g, 'a=sendrecv');
  await acceptAnswer(peer, await receiver.offer(offer));
  await receiver.until(({ video }) => video.markers > 3);
  const before = census();
  await undisturbed(t, async () => {
    receiver.flood({ kind: 'rtp', bytes: 200 }, 10_000, 5_000);
    const { video } = await witness.stats();
    await witness.until((now) => now.video.markers > video.markers + 120);
  });
  const after = census();
  t.true(after.threads <= before.threads + 4);
  t.true(after.rss < before.rss + GROWTH);
  await peer.close();
  receiver.close();
});

test.serial('RTCP: a burst of PLIs and REMBs costs a few key frames', async (t) => {
  const [peer, receiver] = await watching('complainer');
  const before = asked;
  const since = performance.now();
  await undisturbed(t, async () => {
    receiver.flood('rtcp', 200);
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

test.serial('RTCP: thousands of PLIs and REMBs cost the seat', async (t) => {
  const [peer, receiver] = await watching('screamer');
  const before = asked;
  const since = performance.now();
  await undisturbed(t, async () => {
    receiver.flood('rtcp', 5_000);
    await cutOff(t, peer, /RTCP/);
  });
  const seconds = (performance.now() - since) / 1000;
  t.true(asked - before <= 4 + Math.ceil(seconds / 2.5), `${asked - before} in ${seconds} s`);
  await peer.close();
});

test.serial(
  'descriptions: hundreds at once end the viewer, and the peer can be closed',
  async (t) => {
    const [peer] = await watching('negotiator');
    await undisturbed(t, async () => {
      await Promise.all(
        Array.from({ length: 300 }, () => peer.receive({ type: 'answer', sdp: 'v=0\r\n' })),
      );
    });
    t.is(peer.failure?.code, 'VIEWER_MESSAGE_INVALID');
    await peer.close();
    t.is(peer.state, 'closed');
  },
);
