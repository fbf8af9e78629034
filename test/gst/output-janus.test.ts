import { readFile } from 'node:fs/promises';
import test from 'ava';
import { AllowedTargets } from '../../src/core/allowed-targets.js';
import { Deadline } from '../../src/core/deadline.js';
import { createStreamPipeline } from '../../src/gst/pipeline.js';
import { MediaBus } from '../../src/media/bus.js';
import { Output } from '../../src/worker/outputs/output.js';
import { encodeClip, Player } from '../support/clip.js';
import { Janus, janusInstalled } from '../support/janus.js';
import { ReceiverProcess } from '../support/receiver.js';
import { STREAM } from '../support/receiver-connect.js';
import { temporaryFolder } from '../support/server.js';
import { until } from '../support/until.js';

const DOCUMENT = new URL('../../docs/outputs.md', import.meta.url);

/** The mountpoint that the document shows, without its ports and its number. */
async function documented(): Promise<string[]> {
  const [, text = ''] = /desk: \{\n(.*?)\n\s*\}/s.exec(await readFile(DOCUMENT, 'utf8')) ?? [];
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter((line) => !/^(id|\w+port) =/.test(line));
}

test.serial('viewers of Janus get the stream, and it asks for key frames by RTCP', async (t) => {
  t.timeout(240_000);
  if (!janusInstalled()) {
    t.log('skipped: janus is not installed (Debian package janus)');
    t.pass();
    return;
  }
  const bus = new MediaBus(STREAM.log);
  const pipeline = await createStreamPipeline({ ...STREAM, bus });
  // A key frame once in ten seconds, unless one is asked for.
  const player = new Player(await encodeClip({ frames: 600 }), pipeline);
  bus.on('keyframe-needed', () => player.keyframe());
  const janus = await Janus.start(await temporaryFolder(t), await documented());
  const { audio, video, rtcp } = janus.ports;
  const receivers = await ReceiverProcess.start();
  const output = new Output({
    ...{ bus, pipeline, gatherTimeout: 1_000, log: STREAM.log, onStatus: () => undefined },
    order: {
      name: 'janus',
      spec: {
        ...{ type: 'rtp', host: '127.0.0.1', keyframe_interval_ms: 1_000 },
        ...{ audio_port: audio, video_port: video, video_rtcp_port: rtcp },
      },
    },
    targets: new AllowedTargets([audio, video, rtcp].map((port) => `rtp://127.0.0.1:${port}`)),
  });
  t.teardown(async () => {
    await output.close(Deadline.in(10_000));
    player.stop();
    await pipeline.close();
    bus.close();
    await janus.stop();
    await receivers.kill();
  });
  await until('packets', () => output.figures().bytes > 100_000);
  const viewer = await janus.watch(receivers);
  // Janus asks when somebody comes too, and its answer may be over before that viewer is connected.
  await until('a key frame that the viewer asked for', async () => {
    viewer.requestKeyframe();
    return (await viewer.stats()).video.keyframes > 0;
  });
  t.true(output.figures().keyframeRequests >= 2);
  await viewer.until(({ video, audio }) => video.markers > 60 && audio.packets > 60);
  t.is(output.figures().state, 'active');
});
