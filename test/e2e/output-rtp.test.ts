import test, { type ExecutionContext } from 'ava';
import type { OutputInfo } from '../../src/protocol/rest-models.js';
import { demoServer, demoStreamer } from '../support/demo-server.js';
import { RtpReceiver } from '../support/rtp-receiver.js';
import { TestServer } from '../support/server.js';
import { until } from '../support/until.js';

const PATH = '/api/streamers/s/outputs/janus';

interface Scene {
  readonly server: TestServer;
  readonly receiver: RtpReceiver;
  readonly untilState: (state: string) => Promise<OutputInfo>;
}

interface Statistics {
  readonly outputs: readonly { state: string; bytes: number; keyframeRequests: number }[];
  readonly pipeline: { readonly videoUnits: number };
}

async function statistics(server: TestServer): Promise<Statistics> {
  const { json } = await server.ask('GET', '/api/streamers/s/stats');
  return (json as { stats: Statistics }).stats;
}

/** A streamer with an output, whose receiver has begun to get packets. */
async function scene(t: ExecutionContext, more: Readonly<Record<string, unknown>>): Promise<Scene> {
  t.timeout(240_000);
  const receiver = await RtpReceiver.start();
  t.teardown(() => receiver.kill());
  const { video, audio, rtcp } = receiver.ports;
  const server = new TestServer(
    await demoServer(t, {
      flags: {
        outputs_allowed: [video, audio, rtcp].map((port) => `rtp://127.0.0.1:${port}`).join(),
        restart_backoff_min_ms: '100',
        end_policy: 'keep',
      },
    }),
    '',
  );
  await demoStreamer(server.running);
  const ports = { video_port: video, audio_port: audio, video_rtcp_port: rtcp };
  const made = await server.ask('PUT', PATH, {
    body: { type: 'rtp', host: '127.0.0.1', ...ports, ...more },
  });
  t.is(made.status, 201, made.text);
  await receiver.until((now) => now.video.markers > 30 && now.audio.packets > 30);
  return {
    server,
    receiver,
    untilState: (state) =>
      until(`the output is ${state}`, async () => {
        const output = (await server.ask('GET', PATH)).json as OutputInfo;
        return output.state === state ? output : null;
      }),
  };
}

test.serial(
  'a receiver gets pictures, sound and reports, and key frames within its budget',
  async (t) => {
    const { server, receiver, untilState } = await scene(t, { keyframe_interval_ms: 3_600_000 });
    await untilState('active');
    const before = await receiver.until(({ reports }) => reports > 0);
    t.is(before.video.firstKeyframe, 1);
    receiver.requestKeyframe();
    await receiver.until(({ video }) => video.keyframes > before.video.keyframes);
    // The budget is used up: one at the beginning, and one on request.
    for (let count = 0; count < 5; count += 1) {
      receiver.requestKeyframe();
      const { reports } = await receiver.stats();
      await receiver.until((now) => now.reports > reports);
    }
    const stats = await statistics(server);
    t.like(stats.outputs[0], { state: 'active', keyframeRequests: 2 });
    t.true((stats.outputs[0]?.bytes ?? 0) > 10_000);
    t.is((await server.ask('DELETE', PATH)).status, 204);
    const after = await receiver.stats();
    const later = await receiver.stats();
    t.is(later.video.packets, after.video.packets);
  },
);

test.serial('a receiver that dies is tried again, and found when it is back', async (t) => {
  const { receiver, untilState } = await scene(t, {});
  const { ports } = receiver;
  await receiver.until(({ reports }) => reports > 0);
  await receiver.kill();
  const { code, reason } = await untilState('retrying');
  t.is(code, 'OUTPUT_FAILED');
  t.is(reason, 'Nothing listens at the RTCP port');
  const next = await RtpReceiver.start(ports);
  t.teardown(() => next.kill());
  await next.until(({ video, reports }) => video.markers > 10 && reports > 0);
  await untilState('active');
});

test.serial('the process of a streamer that dies takes no output with it', async (t) => {
  const { server, receiver, untilState } = await scene(t, {});
  const { sessions } = (await server.ask('GET', '/api/sessions')).json as {
    sessions: { streamer_pid: number }[];
  };
  process.kill(sessions[0]?.streamer_pid ?? 0, 'SIGKILL');
  await untilState('connecting');
  const { video } = await receiver.stats();
  await receiver.until((now) => now.video.markers > video.markers + 30);
  await untilState('active');
});
