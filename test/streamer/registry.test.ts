import test, { type ExecutionContext } from 'ava';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import os from 'node:os';
import { Deadline } from '../../src/core/deadline.js';
import { MoonteeError } from '../../src/core/errors.js';
import { ALL_RIGHTS } from '../../src/core/rights.js';
import { silentLog } from '../../src/core/log.js';
import type { StreamServerMessage } from '../../src/protocol/viewer-messages.js';
import type { AppOwner } from '../../src/streamer/app-owner.js';
import { Doors } from '../../src/streamer/doors.js';
import { StreamerRegistry, type RegistryOptions } from '../../src/streamer/registry.js';
import type { StreamerSpec } from '../../src/protocol/streamer-spec.js';
import type { Streamer, StreamerOptions } from '../../src/streamer/streamer.js';
import { MediaTickets } from '../../src/streamer/media-tickets.js';
import type { Viewer } from '../../src/streamer/viewers.js';
import { APP } from '../support/fake-apps.js';
import { isAlive } from '../support/server.js';
import { PIPELINES, STREAMER_SETTINGS } from '../support/stream-settings.js';

const MODULE = new URL('../support/fake-streamer.ts', import.meta.url);

function spec(id: string, app: number = APP.GOOD): StreamerSpec {
  return {
    streamer_id: id,
    client_unique_id: null,
    host_id: 0,
    app_id: app,
    settings: STREAMER_SETTINGS,
  };
}

/** Hosts that say nothing and keep nothing. */
const NO_APPS: AppOwner = {
  sessionEnded: () => undefined,
  failed: () => undefined,
  ourDoing: () => null,
  mayQuit: () => Promise.resolve(true),
  leaving: () => undefined,
  leave: () => Promise.resolve(),
};

const TARGET = {
  host_address: '127.0.0.1',
  host_http_port: 47_989,
  host_unique_id: '0123456789ABCDEF',
  client_private_key_pem: 'key',
  client_certificate_pem: 'certificate',
  server_certificate_pem: 'certificate',
};

function registry(
  t: ExecutionContext,
  streamer: Partial<StreamerOptions> = {},
  options: Partial<RegistryOptions> = {},
): StreamerRegistry {
  const made = new StreamerRegistry({
    maxStreamers: 10,
    retention: Infinity,
    log: silentLog(),
    ...options,
    streamer: {
      module: MODULE,
      network: {
        ice_servers: [{ urls: ['stun:127.0.0.1:1'] }, { urls: [] }, { urls: ['turn:127.0.0.1:1'] }],
        port_range: null,
        nat_1to1: null,
        local_addresses: [],
        relay_only: false,
        tcp_candidates: false,
        ipv6: false,
      },
      maxViewers: 5,
      maxPads: 4,
      outputs: { max: 4, allowed: [] },
      pipelines: PIPELINES,
      startTimeout: 60_000,
      heartbeatInterval: 100,
      heartbeatTimeout: 20_000,
      memoryLimit: 4 * 1024 ** 3,
      niceness: 0,
      stopTimeout: 20_000,
      offerTimeout: 30_000,
      connectTimeout: 30_000,
      media: { transports: ['webrtc'], tickets: new MediaTickets(), pathPrefix: '' },
      restart: {
        policy: 'restart',
        backoffMin: 10,
        backoffMax: 50,
        maxAttempts: 2,
        stableAfter: 60_000,
      },
      prepare: () => Promise.resolve(TARGET),
      apps: NO_APPS,
      doors: new Doors(),
      log: silentLog(),
      ...streamer,
    },
  });
  t.teardown(() => made.close(false, Deadline.in(60_000)));
  return made;
}

/** A viewer that keeps what it was told. */
class Recorder implements Viewer {
  readonly peerId: string;
  readonly rights = ALL_RIGHTS;
  readonly name = null;
  readonly isPeerless = false;
  readonly messages: StreamServerMessage[] = [];
  readonly ended: Promise<{ code: string; reason: string }>;
  #end: (end: { code: string; reason: string }) => void = () => undefined;
  #wake: (() => void)[] = [];

  constructor(peerId: string) {
    this.peerId = peerId;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  deliver(message: StreamServerMessage): void {
    this.messages.push(message);
    const wake = this.#wake;
    this.#wake = [];
    for (const each of wake) each();
  }

  deliverChannel(channel: number): void {
    throw new Error(`Nothing is sent on channel ${channel}`);
  }

  end(code: string, reason: string): void {
    this.#end({ code, reason });
  }

  async until(key: string): Promise<void> {
    while (!this.keys().includes(key)) {
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  keys(): string[] {
    return this.messages.map((message) =>
      typeof message === 'string' ? message : (Object.keys(message)[0] ?? ''),
    );
  }
}

async function status(streamer: Streamer, wanted: string): Promise<void> {
  while (streamer.status !== wanted) await once(streamer, 'status');
}

function answer(sdp: string): { Signaling: { Description: { ty: 'answer'; sdp: string } } } {
  return { Signaling: { Description: { ty: 'answer', sdp } } };
}

test.serial(
  'a streamer connects, shows itself to a viewer offer first, and goes without trace',
  async (t) => {
    const streamers = registry(t);
    const streamer = await streamers.create(spec('a'));
    t.is(streamer.status, 'starting');
    await streamer.connected();
    t.is(streamer.status, 'active');
    t.like(streamer.picture, { width: 1280, height: 720, fps: 60, codec: 'h264' });
    const { pid } = streamer;
    t.true(isAlive(pid));

    const viewer = new Recorder('p1');
    streamer.addViewer(viewer);
    await viewer.until('WebRtcConfig');
    const order = viewer.messages.filter(
      (message) =>
        typeof message === 'object' && ('Signaling' in message || 'WebRtcConfig' in message),
    );
    t.deepEqual(order.slice(1), [
      { Signaling: { Description: { ty: 'offer', sdp: 'v=0\r\no=p1\r\n' } } },
      // An entry without URLs or a TURN entry without a user would break Chromium.
      {
        WebRtcConfig: {
          ice_servers: [{ urls: ['stun:127.0.0.1:1'], username: '', credential: '' }],
        },
      },
    ]);
    t.false(viewer.keys().includes('ConnectionComplete'));
    streamer.fromViewer('p1', answer('v=0'));
    await viewer.until('ConnectionComplete');
    t.deepEqual(viewer.messages.at(-1), {
      ConnectionComplete: {
        capabilities: { touch: true },
        width: 1280,
        height: 720,
        client_id: 'p1',
      },
    });
    t.is(streamer.viewers.length, 1);

    await streamers.delete('a', true);
    t.deepEqual(await viewer.ended, {
      code: 'STREAMER_STOPPING',
      reason: 'The streamer was deleted',
    });
    t.deepEqual(viewer.messages.slice(-2), [
      { PeerClosed: { code: 'STREAMER_STOPPING', reason: 'The streamer was deleted' } },
      'PeerDisconnect',
    ]);
    t.is(streamers.get('a'), undefined);
    t.false(isAlive(pid));
  },
);

test.serial('of 50 parallel creates of one id one wins', async (t) => {
  const streamers = registry(t);
  const results = await Promise.allSettled(
    Array.from({ length: 50 }, () => streamers.create(spec('same'))),
  );
  t.is(results.filter((result) => result.status === 'fulfilled').length, 1);
  for (const result of results) {
    if (result.status === 'rejected') {
      t.is((result.reason as MoonteeError).code, 'STREAMER_EXISTS');
    }
  }
  t.is(streamers.list().length, 1);
});

test.serial('of several creates during a deletion one wins and waits for the end', async (t) => {
  const streamers = registry(t);
  const first = await streamers.create(spec('x'));
  await first.connected();
  const { pid } = first;
  const deletion = streamers.delete('x', true);
  t.is(first.status, 'stopping');
  const results = await Promise.allSettled([
    streamers.create(spec('x')),
    streamers.create(spec('x')),
    streamers.delete('x', true),
  ]);
  await deletion;
  t.deepEqual(
    results.map((result) => result.status),
    ['fulfilled', 'rejected', 'rejected'],
  );
  t.false(isAlive(pid));
  await streamers.require('x').connected();
  t.is(streamers.list().length, 1);
});

test.serial('a deletion during the start ends the wait with a reason', async (t) => {
  const streamers = registry(t);
  const streamer = await streamers.create(spec('s', APP.NEVER_CONNECTS));
  const connected = t.throwsAsync(streamer.connected(), { instanceOf: MoonteeError });
  await streamers.delete('s', true);
  t.is((await connected).message, 'The streamer was deleted');
  t.deepEqual(streamers.list(), []);
});

test.serial('a first start that fails is told and kept for asking', async (t) => {
  const streamers = registry(t);
  const streamer = await streamers.create(spec('b', APP.HOST_BUSY));
  await t.throwsAsync(streamer.connected(), { message: 'The host is running another app' });
  await status(streamer, 'failed');
  t.is(streamers.require('b').failure?.code, 'HOST_BUSY');
  // Its id is free for another attempt.
  await (await streamers.create(spec('b'))).connected();
  t.is(streamers.list().length, 1);
});

test.serial(
  'a failed start is told before its child has cleaned up, and its id is free',
  async (t) => {
    const streamers = registry(t, { stopTimeout: 2_000 });
    const streamer = await streamers.create(spec('b', APP.BUSY_AND_STUBBORN));
    await t.throwsAsync(streamer.connected(), { message: 'The host is running another app' });
    t.is(streamer.status, 'failed');
    const { pid } = streamer;
    t.true(isAlive(pid));
    const next = await streamers.create(spec('b'));
    t.false(isAlive(pid));
    await next.connected();
    t.deepEqual(streamers.list(), [next]);
  },
);

test.serial('a failed streamer is forgotten after its retention', async (t) => {
  const streamers = registry(t, {}, { retention: 50 });
  const removed = once(streamers, 'removed');
  const streamer = await streamers.create(spec('c', APP.CRASHES_AT_START));
  await t.throwsAsync(streamer.connected(), { message: /ended with status: 3/ });
  await removed;
  t.is(streamers.get('c'), undefined);
});

test.serial('a start that takes too long fails in time', async (t) => {
  const streamers = registry(t, { startTimeout: 3_000 });
  const streamer = await streamers.create(spec('d', APP.NEVER_CONNECTS));
  const error = await t.throwsAsync(streamer.connected(), { instanceOf: MoonteeError });
  t.is(error.code, 'TIMEOUT');
  const { pid } = streamer;
  await streamers.delete('d', false);
  t.false(isAlive(pid));
  const preparing = registry(t, { startTimeout: 50, prepare: () => new Promise(() => undefined) });
  const stuck = await preparing.create(spec('e'));
  t.is((await t.throwsAsync(stuck.connected(), { instanceOf: MoonteeError })).code, 'TIMEOUT');
});

test.serial('a killed child: viewers are told, the streamer comes back', async (t) => {
  const streamers = registry(t);
  const streamer = await streamers.create(spec('k'));
  await streamer.connected();
  const viewer = new Recorder('p');
  streamer.addViewer(viewer);
  await viewer.until('WebRtcConfig');
  const before = streamer.pid ?? 0;
  process.kill(before, 'SIGKILL');
  const { code, reason } = await viewer.ended;
  t.is(code, 'STREAMER_FAILED');
  t.regex(reason, /SIGKILL/);
  t.true(viewer.keys().includes('ConnectionTerminated'));
  // Whoever comes now waits for the next session instead of failing.
  const patient = new Recorder('q');
  streamer.addViewer(patient);
  await patient.until('WebRtcConfig');
  t.is(streamer.status, 'active');
  t.is(streamer.restarts, 1);
  t.not(streamer.pid, before);
});

test.serial('a link that breaks and is mended leaves viewers where they are', async (t) => {
  const streamer = await registry(t).create(spec('l'));
  await streamer.connected();
  const viewer = new Recorder('p');
  streamer.addViewer(viewer);
  await viewer.until('WebRtcConfig');
  const statuses: string[] = [];
  streamer.on('status', (status) => statuses.push(status));
  const pid = streamer.pid;
  for (const sdp of ['link breaks', 'link mended']) {
    const change = once(streamer, 'status', { signal: AbortSignal.timeout(60_000) });
    streamer.fromViewer('p', { Signaling: { Description: { ty: 'answer', sdp } } });
    await change;
  }
  t.deepEqual(statuses, ['reconnecting', 'active']);
  t.is(streamer.pid, pid);
  t.is(streamer.restarts, 0);
  t.deepEqual(
    streamer.viewers.map(({ peerId }) => peerId),
    ['p'],
  );
});

test.serial('a hung child is killed and named so', async (t) => {
  const streamers = registry(t, { heartbeatTimeout: 1_500 });
  const streamer = await streamers.create(spec('h'));
  await streamer.connected();
  const viewer = new Recorder('p');
  streamer.addViewer(viewer);
  await viewer.until('WebRtcConfig');
  const pid = streamer.pid ?? 0;
  process.kill(pid, 'SIGSTOP');
  t.is((await viewer.ended).code, 'STREAMER_HUNG');
  t.false(isAlive(pid));
  t.is(streamer.failure?.code, 'STREAMER_HUNG');
});

test.serial(
  'a child that takes too much memory is ended and named so, and comes back',
  async (t) => {
    const streamers = registry(t);
    const streamer = await streamers.create(spec('m', APP.TAKES_MEMORY));
    await streamer.connected();
    const pid = streamer.pid ?? 0;
    const viewer = new Recorder('p');
    streamer.addViewer(viewer);
    const { code, reason } = await viewer.ended;
    t.is(code, 'STREAMER_MEMORY');
    t.regex(reason, /took 1048576 MiB of memory and may have 4096/);
    t.false(isAlive(pid));
    await status(streamer, 'active');
    t.is(streamer.failure?.code, 'STREAMER_MEMORY');
    t.not(streamer.pid, pid);
  },
);

test.serial('a child gets the priority that it is to have, where that is permitted', async (t) => {
  const streamers = registry(t, { niceness: os.getPriority() + 3 });
  const streamer = await streamers.create(spec('n'));
  await streamer.connected();
  const pid = streamer.pid ?? 0;
  // All of its threads: they inherit it.
  for (const thread of await readdir(`/proc/${pid}/task`)) {
    const stat = await readFile(`/proc/${pid}/task/${thread}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    t.is(Number(fields[16]), Math.min(19, os.getPriority() + 3));
  }
});

test.serial('a priority that is not permitted is no reason to fail', async (t) => {
  const streamers = registry(t, { niceness: -21 });
  const streamer = await streamers.create(spec('n'));
  await streamer.connected();
  t.is(streamer.status, 'active');
});

test.serial('the breaker latches after the last attempt', async (t) => {
  let starts = 0;
  const streamers = registry(t, {
    prepare: () => {
      starts += 1;
      return starts === 1
        ? Promise.resolve(TARGET)
        : Promise.reject(new MoonteeError('HOST_REFUSED'));
    },
  });
  const streamer = await streamers.create(spec('f'));
  await streamer.connected();
  process.kill(streamer.pid ?? 0, 'SIGKILL');
  await status(streamer, 'failed');
  t.is(starts, 3);
  t.is(streamer.failure?.code, 'HOST_REFUSED');
  t.throws(() => streamer.addViewer(new Recorder('late')), { instanceOf: MoonteeError });
});

test.serial('a host that cannot be reached is waited for, beyond all attempts', async (t) => {
  let starts = 0;
  const streamers = registry(t, {
    prepare: () => {
      starts += 1;
      return starts === 1 || starts > 10
        ? Promise.resolve(TARGET)
        : Promise.reject(new MoonteeError('HOST_UNREACHABLE'));
    },
  });
  const streamer = await streamers.create(spec('f'));
  await streamer.connected();
  process.kill(streamer.pid ?? 0, 'SIGKILL');
  await status(streamer, 'reconnecting');
  await status(streamer, 'active');
  t.is(starts, 11);
  t.is(streamer.failure?.code, 'HOST_UNREACHABLE');
});

test.serial('a session that is lost comes back in its child, and viewers stay', async (t) => {
  const streamers = registry(t);
  const streamer = await streamers.create(spec('w', APP.STAYS_AWAY));
  await streamer.connected();
  const viewer = new Recorder('p');
  streamer.addViewer(viewer);
  await viewer.until('WebRtcConfig');
  const { pid } = streamer;
  const statuses: string[] = [];
  streamer.on('status', (status) => statuses.push(status));
  streamer.fromViewer('p', answer('session lost'));
  await status(streamer, 'reconnecting');
  // Ten attempts, two of which may be counted.
  await status(streamer, 'active');
  t.deepEqual(statuses, ['reconnecting', 'active']);
  t.is(streamer.pid, pid);
  t.is(streamer.restarts, 1);
  t.like(streamer.failure, { code: 'HOST_UNREACHABLE', reason: 'No pictures' });
  t.deepEqual(
    streamer.viewers.map(({ peerId }) => peerId),
    ['p'],
  );
  t.like(await streamer.request('stats', null), { losses: 10, gaveUp: false });
});

test.serial(
  'a host that tells clients apart by address serves one streamer at a time',
  async (t) => {
    const streamers = registry(t);
    // Both at once: the one that comes second waits for what the other one finds out.
    const both = await Promise.all([
      streamers.create(spec('one', APP.BY_ADDRESS)),
      streamers.create(spec('two', APP.BY_ADDRESS)),
    ]);
    const ends = await Promise.allSettled(both.map((streamer) => streamer.connected()));
    const isFirst = ends[0]?.status === 'fulfilled';
    const [first, second] = isFirst ? both : [both[1], both[0]];
    await first.connected();
    const error = await t.throwsAsync(second.connected(), { instanceOf: MoonteeError });
    t.is(error.code, 'HOST_BUSY');
    t.true(error.message.includes(`streamer ${first.id} has it`), error.message);
    t.is(first.status, 'active');
    // Its seat is kept while its child is made anew.
    process.kill(first.pid ?? 0, 'SIGKILL');
    await status(first, 'reconnecting');
    const third = await streamers.create(spec('three', APP.BY_ADDRESS));
    t.is((await t.throwsAsync(third.connected(), { instanceOf: MoonteeError })).code, 'HOST_BUSY');
    await status(first, 'active');
    await streamers.delete(first.id, false);
    const fourth = await streamers.create(spec(second.id, APP.BY_ADDRESS));
    await fourth.connected();
  },
);

test.serial('a session that never shows a picture uses up the attempts', async (t) => {
  const streamers = registry(t);
  const streamer = await streamers.create(spec('v', APP.SHOWS_NOTHING));
  await streamer.connected();
  const viewer = new Recorder('p');
  streamer.addViewer(viewer);
  t.is((await viewer.ended).code, 'NO_VIDEO');
  await status(streamer, 'failed');
  t.is(streamer.failure?.code, 'NO_VIDEO');
  t.is(streamer.restarts, 2);
});

test.serial('the policy end holds for lost sessions as well', async (t) => {
  const streamers = registry(t, {
    restart: { policy: 'end', backoffMin: 1, backoffMax: 1, maxAttempts: 9, stableAfter: 1 },
  });
  const streamer = await streamers.create(spec('x', APP.SHOWS_NOTHING));
  await streamer.connected();
  await status(streamer, 'failed');
  t.like(streamer.failure, { code: 'NO_VIDEO' });
  t.is(streamer.restarts, 0);
});

test.serial('the host’s own end is the end; a lost host is tried again', async (t) => {
  const streamers = registry(t);
  const streamer = await streamers.create(spec('g'));
  await streamer.connected();
  const viewer = new Recorder('p');
  streamer.addViewer(viewer);
  await viewer.until('WebRtcConfig');
  streamer.fromViewer('p', answer('host lost'));
  t.is((await viewer.ended).reason, 'No video traffic');
  await status(streamer, 'active');
  const second = new Recorder('q');
  streamer.addViewer(second);
  await second.until('WebRtcConfig');
  streamer.fromViewer('q', answer('host ends'));
  t.is((await second.ended).reason, 'The app has ended');
  t.is(second.keys().filter((key) => key === 'ConnectionTerminated').length, 1);
  await status(streamer, 'failed');
  t.is(streamer.failure?.code, 'STREAM_TERMINATED');
  t.is(streamer.restarts, 1);
});

test.serial('a child that ignores Stop is killed', async (t) => {
  const streamers = registry(t, { stopTimeout: 200 });
  const streamer = await streamers.create(spec('i', APP.IGNORES_STOP));
  await streamer.connected();
  const { pid } = streamer;
  await streamers.delete('i', true);
  t.false(isAlive(pid));
});

test.serial('the end of all leaves time for apps behind a child that ignores Stop', async (t) => {
  const left: [alive: boolean, quit: string][] = [];
  let pid: number | null = null;
  const apps: AppOwner = {
    ...NO_APPS,
    leave: (_, { quit }) => {
      left.push([isAlive(pid), quit]);
      return Promise.resolve();
    },
  };
  // Longer than this test may take.
  const streamers = registry(t, { stopTimeout: 600_000, apps });
  const streamer = await streamers.create(spec('i', APP.IGNORES_STOP));
  await streamer.connected();
  ({ pid } = streamer);
  await streamers.close(true, Deadline.in(2_000));
  t.deepEqual(left, [[false, 'by-last']]);
});

test.serial('the end of all hurries a deletion that has begun', async (t) => {
  const streamers = registry(t, { stopTimeout: 600_000 });
  const streamer = await streamers.create(spec('i', APP.IGNORES_STOP));
  await streamer.connected();
  const { pid } = streamer;
  const deleted = streamers.delete('i', false);
  await streamers.close(false, Deadline.in(200));
  await deleted;
  t.false(isAlive(pid));
});

test.serial('nonsense from a child is dropped and ends nothing', async (t) => {
  const streamers = registry(t);
  const streamer = await streamers.create(spec('n', APP.TALKS_NONSENSE));
  await streamer.connected();
  t.like(await streamer.request('stats', null), { method: 'stats', peers: [] });
  t.is(streamer.status, 'active');
});

test.serial('a peer that fails ends with its reason, the others stay', async (t) => {
  const streamers = registry(t);
  const streamer = await streamers.create(spec('m'));
  await streamer.connected();
  const [bad, good] = [new Recorder('bad'), new Recorder('good')];
  streamer.addViewer(bad);
  streamer.addViewer(good);
  await Promise.all([bad.until('WebRtcConfig'), good.until('WebRtcConfig')]);
  streamer.fromViewer('bad', answer('no path'));
  streamer.fromViewer('good', answer('v=0'));
  t.is((await bad.ended).code, 'ICE_FAILED');
  t.true(bad.keys().includes('StageFailed'));
  await good.until('ConnectionComplete');
  t.deepEqual(
    streamer.viewers.map(({ peerId, state }) => [peerId, state]),
    [['good', 'connected']],
  );
});

test.serial('no offer in time ends the viewer', async (t) => {
  const streamers = registry(t, { offerTimeout: 50 });
  const streamer = await streamers.create(spec('o', APP.NEVER_OFFERS));
  await streamer.connected();
  const viewer = new Recorder('p');
  streamer.addViewer(viewer);
  t.is((await viewer.ended).code, 'TIMEOUT');
  t.deepEqual(streamer.viewers, []);
});

test.serial('limits of streamers and viewers', async (t) => {
  const streamers = registry(t, { maxViewers: 1 }, { maxStreamers: 1 });
  const streamer = await streamers.create(spec('l'));
  await t.throwsAsync(streamers.create(spec('l2')), { instanceOf: MoonteeError });
  streamer.addViewer(new Recorder('p'));
  t.throws(() => streamer.addViewer(new Recorder('q')), { instanceOf: MoonteeError });
});

test.serial('closing the registry ends everything and refuses more', async (t) => {
  const streamers = registry(t);
  const made = await Promise.all(['1', '2', '3'].map((id) => streamers.create(spec(id))));
  await made[0]?.connected();
  const pids = made.map(({ pid }) => pid);
  await streamers.close(false, Deadline.in(60_000));
  t.false(pids.some(isAlive));
  await t.throwsAsync(streamers.create(spec('4')), { instanceOf: MoonteeError });
});
