/** What hosts do wrong, and what becomes of a real streamer then. */
import test, { type ExecutionContext } from 'ava';
import { setTimeout as sleep } from 'node:timers/promises';
import { MoonteeError } from '../../src/core/errors.js';
import { silentLog } from '../../src/core/log.js';
import { HostClient } from '../../src/moonlight/nvhttp/host-client.js';
import type { StreamerRegistry } from '../../src/streamer/registry.js';
import type { Streamer } from '../../src/streamer/streamer.js';
import { HostProcess } from '../support/host-process.js';
import { realStreamers, streamerSpec } from '../support/real-streamers.js';
import { until } from '../support/until.js';

interface Stats {
  readonly lateness: { readonly video: number; readonly audio: number };
  readonly pipeline: { readonly videoUnits: number };
}

async function scene(
  t: ExecutionContext,
  ...args: string[]
): Promise<{
  host: HostProcess;
  streamers: StreamerRegistry;
  create: (id: string) => Promise<Streamer>;
}> {
  const host = await HostProcess.start(t, ...args);
  const { paired, identity } = await host.pair();
  const [app] = await HostClient.forPaired(paired, identity, silentLog()).apps();
  const streamers = realStreamers(t, paired, identity);
  const create = (id: string): Promise<Streamer> =>
    streamers.create(streamerSpec(id, app?.id ?? 0));
  return { host, streamers, create };
}

const stats = async (streamer: Streamer): Promise<Stats> =>
  (await streamer.request('stats', null)) as unknown as Stats;

/** Pictures come. */
async function shows(streamer: Streamer): Promise<void> {
  const before = await until('the streamer is active', async () =>
    streamer.status === 'active' ? (await stats(streamer)).pipeline.videoUnits : null,
  );
  await until('pictures come', async () => {
    if (streamer.status !== 'active') return false;
    return (await stats(streamer)).pipeline.videoUnits > before + 20;
  });
}

for (const away of [1_500, 14_000]) {
  test.serial(`a host that crashes and is back after ${away} ms, without the app`, async (t) => {
    const { host, create } = await scene(t);
    const streamer = await create('s');
    await streamer.connected();
    await shows(streamer);
    const { pid } = streamer;
    await host.crash();
    await sleep(away);
    await host.comeBack();
    await until('the session is lost', () => streamer.failure !== null);
    await shows(streamer);
    t.is(streamer.pid, pid);
    t.is(streamer.restarts, 1);
    t.is(streamer.failure?.code, 'HOST_UNREACHABLE');
  });
}

test.serial('a hole in UDP alone: pictures are back when it is over', async (t) => {
  const { create } = await scene(t, '--fault', 'udp-hole=12s@4s');
  const streamer = await create('s');
  await streamer.connected();
  await shows(streamer);
  const { pid } = streamer;
  await until('the session is lost', () => streamer.failure !== null);
  t.is(streamer.failure?.code, 'HOST_UNREACHABLE');
  await shows(streamer);
  t.is(streamer.pid, pid);
  t.is(streamer.restarts, 1);
  t.is(streamer.status, 'active');
});

test.serial('pictures that cease are noticed, and the session is resumed', async (t) => {
  const { create } = await scene(t, '--fault', 'stall-video=100s@4s');
  const streamer = await create('s');
  await streamer.connected();
  await shows(streamer);
  await until('the streamer says so', () => streamer.status === 'reconnecting');
  await until('the session is lost', () => streamer.failure !== null);
  t.is(streamer.failure?.code, 'NO_VIDEO');
  t.regex(streamer.failure?.reason ?? '', /no pictures any more/);
  await shows(streamer);
  t.is(streamer.restarts, 1);
});

test.serial('no picture from the start: the attempts are used up, and it says why', async (t) => {
  const { create } = await scene(t, '--fault', 'no-video');
  const streamer = await create('s');
  await streamer.connected();
  await until('the streamer fails', () => streamer.status === 'failed');
  t.is(streamer.failure?.code, 'NO_VIDEO');
  t.regex(streamer.failure?.reason ?? '', /Usual causes: a firewall/);
  t.is(streamer.restarts, 2);
});

test.serial('an app that cannot start is the reason, and not what RTSP says of it', async (t) => {
  const { create } = await scene(t, '--style', 'wolf', '--fault', 'app-fails');
  const streamer = await create('s');
  const error = await t.throwsAsync(streamer.connected(), { instanceOf: MoonteeError });
  t.is(error.code, 'STREAM_TERMINATED');
  t.regex(error.message, /The app ended on the host before its stream began/);
});

test.serial('a host that tells clients apart by address: the second is refused', async (t) => {
  const { streamers, create } = await scene(t, '--style', 'wolf', '--fault', 'by-address');
  const first = await create('one');
  await first.connected();
  await shows(first);
  const second = await create('two');
  const error = await t.throwsAsync(second.connected(), { instanceOf: MoonteeError });
  t.is(error.code, 'HOST_BUSY');
  await streamers.delete('two', true);
  await shows(first);
  await streamers.delete('one', true);
  const third = await create('three');
  await third.connected();
  await shows(third);
});

test.serial('two at once on such a host: one stays, the other is refused', async (t) => {
  const host = await HostProcess.start(t, '--style', 'wolf', '--fault', 'by-address');
  const { paired, identity } = await host.pair();
  const [app] = await HostClient.forPaired(paired, identity, silentLog()).apps();
  const streamers = realStreamers(t, paired, identity, {}, 0);
  const both = await Promise.all(
    ['one', 'two'].map((id) => streamers.create(streamerSpec(id, app?.id ?? 0))),
  );
  const ends = await Promise.allSettled(both.map((streamer) => streamer.connected()));
  const refused = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : []));
  t.is(refused.length, 1);
  t.is(MoonteeError.from(refused[0]).code, 'HOST_BUSY');
  const winner = both[ends.findIndex(({ status }) => status === 'fulfilled')];
  if (winner === undefined) throw new Error('nobody is connected');
  // The other one's end froze its picture: it brings its session back by itself.
  await shows(winner);
  await sleep(6_000);
  await shows(winner);
  t.is(winner.status, 'active');
});

test.serial('a streamer that stood still: sound and picture are together again', async (t) => {
  const { create } = await scene(t);
  const streamer = await create('s');
  await streamer.connected();
  await shows(streamer);
  for (const held of [600, 1_000, 2_500, 8_000]) {
    process.kill(streamer.pid ?? 0, 'SIGSTOP');
    await sleep(held);
    process.kill(streamer.pid ?? 0, 'SIGCONT');
    await shows(streamer);
    await until(`sound and picture are together after ${held} ms`, async () => {
      const { lateness } = await stats(streamer);
      return Math.abs(lateness.video - lateness.audio) < 30;
    });
    // And stay so: they drift for good where they are not steered.
    await sleep(3_000);
    await until('they stay together', async () => {
      const { lateness } = await stats(streamer);
      return Math.abs(lateness.video - lateness.audio) < 30;
    });
  }
  // On a loaded machine the longest may have cost the session, which comes back by itself.
  await until('it is active', () => streamer.status === 'active');
  t.pass();
});
