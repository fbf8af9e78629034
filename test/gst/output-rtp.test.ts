import test, { type ExecutionContext } from 'ava';
import { createStreamPipeline } from '../../src/gst/pipeline.js';
import { MediaBus } from '../../src/media/bus.js';
import { KeyframePacer } from '../../src/media/keyframe-pacer.js';
import type { RtpOutput, StreamPipeline } from '../../src/media/types.js';
import { census } from '../support/census.js';
import { encodeClip, Player, type Clip } from '../support/clip.js';
import { ReceiverProcess } from '../support/receiver.js';
import { connect, STREAM, unfinished } from '../support/receiver-connect.js';
import { RtpReceiver } from '../support/rtp-receiver.js';
import { until } from '../support/until.js';

/** Threads and descriptors that may come and go for other reasons. */
const SLACK = 4;
let clip: Clip;

test.before(async () => {
  clip = await encodeClip();
});

interface Stage {
  readonly bus: MediaBus;
  readonly pipeline: StreamPipeline;
  readonly failures: string[];
  readonly pacer: KeyframePacer;
  readonly open: (ports: { video: number | null; audio: number | null }) => RtpOutput;
}

async function stage(t: ExecutionContext): Promise<Stage> {
  const bus = new MediaBus(STREAM.log);
  const pipeline = await createStreamPipeline({ ...STREAM, bus });
  const player = new Player(clip, pipeline);
  bus.on('keyframe-needed', () => player.keyframe());
  t.teardown(async () => {
    player.stop();
    await pipeline.close();
    bus.close();
  });
  const failures: string[] = [];
  const pacer = new KeyframePacer({
    interval: 10,
    ask: (reason) => bus.requestKeyframe(reason, 'output/one'),
  });
  const open: Stage['open'] = (ports) =>
    pipeline.addRtpOutput({
      ...{ id: 'output/one', address: '127.0.0.1', ports, keyframes: pacer },
      failed: ({ code }) => failures.push(code),
    });
  return { bus, pipeline, failures, pacer, open };
}

test.serial('packets of both media come, from a key frame on, and are reported', async (t) => {
  const { open, failures } = await stage(t);
  const receiver = await RtpReceiver.start();
  t.teardown(() => receiver.kill());
  const output = open(receiver.ports);
  const { video, audio } = await receiver.until(
    (now) => now.video.markers > 90 && now.audio.packets > 90,
  );
  t.is(video.firstKeyframe, 1);
  t.true(video.lost <= receiver.kernelDrops());
  t.deepEqual([video.payloads, audio.payloads], [[102], [111]]);
  t.true(output.bytes > video.bytes / 2);
  const report = output.report('video');
  t.true(report !== null && report.packets >= video.packets && report.octets > 0);
  t.not(output.report('audio'), null);
  await output.close();
  await output.close();
  t.is(output.report('video'), null);
  t.deepEqual(failures, []);
});

test.serial('outputs come and go, and no viewer misses a packet', async (t) => {
  const { open, pipeline } = await stage(t);
  const receivers = await ReceiverProcess.start();
  const receiver = await RtpReceiver.start();
  t.teardown(() => receivers.kill());
  t.teardown(() => receiver.kill());
  const viewer = receivers.open('viewer');
  await connect(await pipeline.addPeer('viewer'), viewer);
  const before = await viewer.until(({ video }) => video.markers > 10);
  let heard = 0;
  for (let round = 0; round < 5; round += 1) {
    const output = open(receiver.ports);
    const { video } = await receiver.until((now) => now.video.markers > heard + 30);
    heard = video.markers;
    await output.close();
  }
  const { video } = await viewer.until((now) => now.video.markers > before.video.markers + 120);
  t.true(video.lost <= receivers.kernelDrops(), `${video.lost}`);
  t.true(unfinished(before.video, video) <= receivers.kernelDrops());
});

test.serial('twenty come and go, and no thread or descriptor stays', async (t) => {
  const { open } = await stage(t);
  const receiver = await RtpReceiver.start();
  t.teardown(() => receiver.kill());
  const round = async (): Promise<void> => {
    const output = open(receiver.ports);
    await until('sent', () => output.bytes > 0);
    await output.close();
  };
  await round();
  const before = census();
  for (let count = 0; count < 20; count += 1) await round();
  await until('as before', () => {
    const now = census();
    return now.threads <= before.threads + SLACK && now.descriptors <= before.descriptors + SLACK;
  });
  t.pass();
});

test.serial('one medium alone is sent, and an id is used once', async (t) => {
  const { open } = await stage(t);
  const receiver = await RtpReceiver.start();
  t.teardown(() => receiver.kill());
  const output = open({ video: receiver.ports.video, audio: null });
  t.throws(() => open({ video: receiver.ports.video, audio: null }));
  const { audio } = await receiver.until((now) => now.video.markers > 30);
  t.is(audio.packets, 0);
  t.is(output.report('audio'), null);
  await output.close();
});

test.serial('a port to which nothing can be sent fails the output, and nobody else', async (t) => {
  const { open, failures, pipeline } = await stage(t);
  pipeline.on('failed', (error) => t.fail(error.message));
  // The kernel refuses to send there.
  const output = open({ video: 0, audio: 0 });
  await until('failed', () => failures.length > 0);
  t.deepEqual(failures, ['OUTPUT_FAILED']);
  await output.close();
  const receiver = await RtpReceiver.start();
  t.teardown(() => receiver.kill());
  open(receiver.ports);
  await receiver.until((now) => now.video.markers > 30);
  t.is(failures.length, 1);
});
