/**
 * Viewers whose path is dead for a while, at a bit rate at which SRTP would lose count of what is sent
 * meanwhile: they have the picture again, and the others never miss any of it.
 */
import { readFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { createStreamPipeline } from '../../src/gst/pipeline.js';
import type { Peer, StreamPipeline } from '../../src/media/types.js';
import { encodeClip, Player, type Clip } from '../support/clip.js';
import { ReceiverProcess, type ReceivingPeer } from '../support/receiver.js';
import { connect, STREAM } from '../support/receiver-connect.js';
import { until } from '../support/until.js';
import { connectThrough } from './linked-receiver.js';
import { CUT, WHOLE, type LossyLink } from './lossy-link.js';
import { PageBrowser } from './page-viewer.js';
import { watchThroughLink } from './watched-peer.js';

/** Packets a second, as of a stream of 70 Mbit/s, and milliseconds between two bursts of them. */
const RATE = 7_000;
const BURST = 5;
/** Bytes of a packet: no room for two of them in one, and many in a receiver's buffer. */
const PAYLOAD = 700;
/** What SRTP can lose without losing count. */
const COUNTABLE = 32_768;

let clip: Clip;
let receivers: ReceiverProcess;
let others: ReceiverProcess;

test.before(async () => {
  [clip, receivers, others] = await Promise.all([
    encodeClip(),
    ReceiverProcess.start(),
    ReceiverProcess.start(),
  ]);
});

test.after.always(() => Promise.all([receivers.kill(), others.kill()]));

class Scene {
  readonly pipeline: StreamPipeline;
  readonly #packets: () => Promise<number>;

  constructor(t: ExecutionContext, pipeline: StreamPipeline, packets: () => Promise<number>) {
    this.pipeline = pipeline;
    this.#packets = packets;
    const player = new Player(clip, pipeline);
    pipeline.on('keyframe-needed', () => player.keyframe());
    t.teardown(async () => {
      player.stop();
      await pipeline.close();
    });
  }

  async dropped(id: string): Promise<number> {
    const { peers } = await this.pipeline.stats();
    return peers.find((peer) => peer.id === id)?.packetsDropped ?? -1;
  }

  /** Adds filler to the stream until so many packets more have gone to who is not cut. */
  async rush(packets: number): Promise<void> {
    const start = performance.now();
    const filler = Buffer.alloc(PAYLOAD, 0xff);
    filler.set(Buffer.from('000000010c', 'hex'));
    let pushed = 0;
    const pump = setInterval(() => {
      const due = Math.min(packets, ((performance.now() - start) * RATE) / 1000);
      const count = Math.min(due - pushed, RATE / 10);
      if (count < 1) return;
      pushed += Math.floor(count);
      const data = Buffer.concat(Array.from({ length: count }, () => filler));
      this.pipeline.pushVideo({ data, pts: this.pipeline.runningTime, idr: false });
    }, BURST);
    const goal = (await this.#packets()) + packets;
    try {
      await until('the packets', async () => (await this.#packets()) >= goal);
    } finally {
      clearInterval(pump);
    }
  }
}

async function scene(t: ExecutionContext): Promise<{ scene: Scene; witness: ReceivingPeer }> {
  const pipeline = await createStreamPipeline(STREAM);
  const witness = others.open(`${t.title}, witness`, [], { bindAddress: '127.0.0.1' });
  const made = new Scene(t, pipeline, async () => {
    const { packets, lost } = (await witness.stats()).video;
    return packets + lost;
  });
  await connect(await pipeline.addPeer('witness'), witness);
  await witness.until(({ video }) => video.markers > 10);
  return { scene: made, witness };
}

async function viewer(
  t: ExecutionContext,
  made: Scene,
  onAnswer?: (sdp: string) => string,
): Promise<{ peer: Peer; receiver: ReceivingPeer; link: LossyLink }> {
  const peer = await made.pipeline.addPeer('viewer');
  const receiver = receivers.open(t.title, [], { bindAddress: '127.0.0.1' });
  const link = await connectThrough(t, peer, receiver, WHOLE, onAnswer);
  await receiver.until(({ video }) => video.markers > 180);
  return { peer, receiver, link };
}

test.serial(
  'a viewer comes back from holes of any length, and another one misses nothing',
  async (t) => {
    t.timeout(300_000);
    const { scene: made, witness } = await scene(t);
    const { peer, receiver, link } = await viewer(t, made);
    const [before, drops] = [await witness.stats(), kernelDrops()];
    for (const packets of [3_000, 45_000, 12_000, 50_000, 25_000]) {
      const { forwarded, dropped } = link.counts;
      link.impose(CUT);
      await made.rush(packets);
      t.true(link.counts.forwarded - forwarded < 100);
      const lost = link.counts.dropped - dropped;
      t.true(lost < COUNTABLE, `${lost} of ${packets}`);
      link.impose(WHOLE);
      const { video } = await receiver.stats();
      await receiver.until((stats) => stats.video.markers > video.markers + 60);
      t.is(peer.state, 'connected');
    }
    const after = await witness.stats();
    t.true(after.video.lost - before.video.lost <= kernelDrops() - drops);
    t.is(await made.dropped('witness'), 0);
  },
);

test.serial('a viewer that says little is never taken for one that is gone', async (t) => {
  t.timeout(300_000);
  const { scene: made, witness } = await scene(t);
  const [{ video }, drops] = [await witness.stats(), kernelDrops()];
  await made.rush(110_000);
  t.is(await made.dropped('witness'), 0);
  const after = await witness.stats();
  t.true(after.video.lost - video.lost <= kernelDrops() - drops);
});

test.serial('a viewer without sound comes back', async (t) => {
  t.timeout(300_000);
  const { scene: made } = await scene(t);
  const { receiver, link } = await viewer(t, made, withoutSound);
  link.impose(CUT);
  await made.rush(80_000);
  link.impose(WHOLE);
  const { video, audio } = await receiver.stats();
  t.is(audio.packets, 0);
  await receiver.until((stats) => stats.video.markers > video.markers + 60);
});

test.serial('a browser comes back', async (t) => {
  t.timeout(300_000);
  const { scene: made } = await scene(t);
  const browser = await PageBrowser.launch();
  t.teardown(() => browser.close());
  const page = await browser.open();
  const peer = await made.pipeline.addPeer('viewer');
  const impose = await watchThroughLink(t, page, peer, WHOLE);
  await page.untilFrames(60);
  for (const packets of [45_000, 70_000]) {
    impose(CUT);
    await made.rush(packets);
    impose(WHOLE);
    const { framesDecoded } = await page.figures();
    await page.untilFrames(framesDecoded + 60);
    t.is(peer.state, 'connected');
  }
});

/** UDP packets that this machine's kernel had no room for, on either end: no sender's fault, at this rate. */
function kernelDrops(): number {
  const [names = '', values = ''] =
    readFileSync('/proc/net/snmp', 'utf8').match(/^Udp:.*$/gm) ?? [];
  const value = (name: string): number => Number(values.split(' ')[names.split(' ').indexOf(name)]);
  return value('RcvbufErrors') + value('SndbufErrors');
}

/** What a viewer answers that takes the picture alone. */
function withoutSound(answer: string): string {
  return answer
    .replace(/m=audio \d+/, 'm=audio 0')
    .replace(/(a=group:BUNDLE[^\r\n]*) audio1/, '$1');
}
