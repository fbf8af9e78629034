import test, { type ExecutionContext } from 'ava';
import { AllowedTargets } from '../../src/core/allowed-targets.js';
import { Deadline } from '../../src/core/deadline.js';
import { createStreamPipeline } from '../../src/gst/pipeline.js';
import { MediaBus } from '../../src/media/bus.js';
import type { StreamPipeline } from '../../src/media/types.js';
import type { OutputStatus } from '../../src/protocol/output-spec.js';
import { Output } from '../../src/worker/outputs/output.js';
import { census } from '../support/census.js';
import { encodeClip, Player, type Clip } from '../support/clip.js';
import { ReceiverProcess } from '../support/receiver.js';
import { connect, STREAM, unfinished } from '../support/receiver-connect.js';
import { until } from '../support/until.js';
import { WhipReceiver } from '../support/whip-receiver.js';

/** Threads and descriptors that may come and go for other reasons. */
const SLACK = 4;
let clip: Clip;

test.before(async () => {
  clip = await encodeClip();
});

interface Stage {
  readonly pipeline: StreamPipeline;
  readonly receiver: WhipReceiver;
  readonly statuses: OutputStatus[];
  /** @param path of the receiver */
  readonly publish: (path?: string, more?: { token?: string; allowed?: string[] }) => Output;
  readonly untilState: (state: string) => Promise<OutputStatus>;
}

async function stage(t: ExecutionContext): Promise<Stage> {
  const bus = new MediaBus(STREAM.log);
  const pipeline = await createStreamPipeline({ ...STREAM, bus, maxPeers: 1 });
  const player = new Player(clip, pipeline);
  bus.on('keyframe-needed', () => player.keyframe());
  const receiver = await WhipReceiver.start();
  const outputs: Output[] = [];
  t.teardown(async () => {
    for (const output of outputs) await output.close(Deadline.in(10_000));
    player.stop();
    await pipeline.close();
    bus.close();
    await receiver.close();
  });
  const statuses: OutputStatus[] = [];
  const publish: Stage['publish'] = (path = '/whip/endpoint', { token, allowed } = {}) => {
    const output = new Output({
      ...{ bus, pipeline, gatherTimeout: 1_000, log: STREAM.log },
      order: {
        name: 'sfu',
        spec: {
          type: 'whip',
          url: receiver.origin + path,
          token: token ?? null,
          keyframe_interval_ms: 3_600_000,
        },
      },
      targets: new AllowedTargets(allowed ?? [`${receiver.origin}/whip`]),
      onStatus: (status) => statuses.push(status),
    });
    outputs.push(output);
    return output;
  };
  const untilState = (state: string): Promise<OutputStatus> =>
    until(state, () => (statuses.at(-1)?.state === state ? statuses.at(-1) : null));
  return { pipeline, receiver, statuses, publish, untilState };
}

test.serial(
  'a receiver gets an offer with candidates, media from a key frame on, and a DELETE',
  async (t) => {
    const { pipeline, receiver, publish, untilState } = await stage(t);
    const output = publish('/whip/endpoint?key=x', { token: 'secret' });
    await untilState('active');
    const [post] = receiver.requests;
    t.is(post?.path, '/whip/endpoint?key=x');
    t.is(post?.headers.authorization, 'Bearer secret');
    t.is(post?.headers['content-type'], 'application/sdp');
    t.regex(post?.body ?? '', /^a=candidate:/m);
    t.regex(post?.body ?? '', /^a=sendonly/m);
    t.notRegex(post?.body ?? '', /^m=application/m);
    const stats = await receiver.peer?.until(
      ({ video, audio }) => video.markers > 60 && audio.packets > 60,
    );
    t.deepEqual(stats?.video.payloads, [102]);
    t.true((stats?.video.firstKeyframe ?? 0) >= 1);
    // It takes no place of a viewer, of which there may be one.
    await t.notThrowsAsync(pipeline.addPeer('viewer'));
    t.is((await pipeline.stats()).peers.length, 1);
    await until('bytes', () => output.figures().bytes > 10_000);
    await output.close(Deadline.in(10_000));
    t.is(receiver.count('DELETE'), 1);
    t.is(receiver.requests.at(-1)?.path, '/whip/resource/session-1');
    t.is(receiver.requests.at(-1)?.headers.authorization, 'Bearer secret');
    t.is(receiver.sessions.size, 0);
  },
);

test.serial('a receiver that asks for key frames all the time gets its budget', async (t) => {
  const { receiver, publish, untilState } = await stage(t);
  const output = publish();
  await untilState('active');
  await receiver.peer?.until(({ video }) => video.markers > 10);
  for (let round = 0; round < 8; round += 1) {
    receiver.peer?.requestKeyframe();
    const { video } = (await receiver.peer?.stats()) ?? { video: { markers: 0 } };
    await receiver.peer?.until((now) => now.video.markers > video.markers + 20);
  }
  t.is(output.figures().keyframeRequests, 2);
});

test.serial('redirects are followed to targets that are listed', async (t) => {
  const { receiver, publish, untilState } = await stage(t);
  receiver.fault = ({ path }, response) => {
    if (path !== '/whip/first') return false;
    response.writeHead(307, { Location: '/whip/second' }).end();
    return true;
  };
  const output = publish('/whip/first', { token: 'secret' });
  await untilState('active');
  t.deepEqual(
    receiver.requests.map(({ path }) => path),
    ['/whip/first', '/whip/second'],
  );
  t.is(receiver.requests[0]?.body, receiver.requests[1]?.body);
  t.is(receiver.requests[1]?.headers.authorization, 'Bearer secret');
  await output.close(Deadline.in(10_000));
});

test.serial('a redirect or a resource that is not listed is not asked', async (t) => {
  const { receiver, publish, untilState } = await stage(t);
  receiver.fault = (_, response) => {
    response.writeHead(307, { Location: '/admin' }).end();
    return true;
  };
  const redirected = publish();
  t.is((await untilState('failed')).code, 'OUTPUT_FORBIDDEN');
  t.is(receiver.requests.length, 1);
  await redirected.close(Deadline.in(10_000));
  receiver.fault = () => false;
  const output = publish('/whip/endpoint', { allowed: [`${receiver.origin}/whip/endpoint`] });
  await untilState('active');
  await output.close(Deadline.in(10_000));
  t.is(receiver.count('DELETE'), 0);
});

for (const [name, status, state, code] of [
  ['wrong credentials', 401, 'failed', 'OUTPUT_REFUSED'],
  ['an unknown codec', 415, 'failed', 'OUTPUT_REFUSED'],
  ['a redirect of another kind', 302, 'failed', 'OUTPUT_REFUSED'],
  ['an answer without a session', 200, 'failed', 'OUTPUT_REFUSED'],
  ['a busy receiver', 503, 'retrying', 'OUTPUT_FAILED'],
  ['a path that is not there yet', 404, 'retrying', 'OUTPUT_FAILED'],
] as const) {
  test.serial(`${name} (${status}): ${state}`, async (t) => {
    const { receiver, publish, untilState, statuses } = await stage(t);
    receiver.fault = (_, response) => {
      response.writeHead(status, { Location: '/whip/other' }).end('no');
      return true;
    };
    publish('/whip/endpoint?key=hidden', { token: 'secret' });
    const { code: actual, reason } = await untilState(state);
    t.is(actual, code);
    t.is(reason, `The receiver answered ${status}`);
    if (state === 'retrying') {
      receiver.fault = () => false;
      await untilState('active');
    }
    t.notRegex(JSON.stringify(statuses), /secret|hidden/);
  });
}

test.serial('an answer that is nonsense, endless or none is tried again or given up', async (t) => {
  const { receiver, publish, untilState } = await stage(t);
  const answers: ((response: Parameters<typeof receiver.fault>[1]) => void)[] = [
    (response) => response.destroy(),
    (response) => response.writeHead(201, { 'Content-Type': 'text/html' }).end('<p>'),
    (response) => {
      response.writeHead(201, { 'Content-Type': 'application/sdp' }).end('v'.repeat(100_000));
    },
  ];
  receiver.fault = (_, response) => {
    const answer = answers.shift();
    answer?.(response);
    return answer !== undefined;
  };
  publish();
  await untilState('active');
  t.is(receiver.count('POST'), 4);
  const { receiver: other, publish: publishOther, untilState: untilOther } = await stage(t);
  other.fault = (_, response) => {
    response.writeHead(201, { 'Content-Type': 'application/sdp' }).end('v=0\r\n');
    return true;
  };
  publishOther();
  t.is((await untilOther('failed')).code, 'VIEWER_SDP_INVALID');
});

test.serial('a receiver that ends the connection is tried again', async (t) => {
  const { receiver, publish, untilState } = await stage(t);
  publish();
  await untilState('active');
  await receiver.peer?.until(({ video }) => video.markers > 10);
  receiver.peer?.close();
  await untilState('retrying');
  await untilState('active');
  t.is(receiver.count('POST'), 2);
  await receiver.peer?.until(({ video }) => video.markers > 10);
});

test.serial('outputs come and go, and no viewer misses a packet', async (t) => {
  const { pipeline, receiver, publish, untilState } = await stage(t);
  const receivers = await ReceiverProcess.start();
  t.teardown(() => receivers.kill());
  const viewer = receivers.open('viewer');
  await connect(await pipeline.addPeer('viewer'), viewer);
  const before = await viewer.until(({ video }) => video.markers > 10);
  for (let round = 0; round < 5; round += 1) {
    const output = publish();
    await untilState('active');
    await receiver.peer?.until(({ video }) => video.markers > 10);
    await output.close(Deadline.in(10_000));
  }
  const { video } = await viewer.until((now) => now.video.markers > before.video.markers + 120);
  t.true(video.lost <= receivers.kernelDrops(), `${video.lost}`);
  t.true(unfinished(before.video, video) <= receivers.kernelDrops());
});

test.serial('twenty come and go, and no thread or descriptor stays', async (t) => {
  t.timeout(240_000);
  const { publish, untilState } = await stage(t);
  const round = async (): Promise<void> => {
    const output = publish();
    await untilState('active');
    await output.close(Deadline.in(10_000));
  };
  await round();
  await round();
  const before = census();
  for (let count = 0; count < 20; count += 1) await round();
  await until('as before', () => {
    const now = census();
    return now.threads <= before.threads + SLACK && now.descriptors <= before.descriptors + SLACK;
  });
  t.pass();
});
