/** A streamer process that hangs is told from one that the machine does not let run. */
import test, { type ExecutionContext } from 'ava';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Deadline } from '../../src/core/deadline.js';
import { silentLog } from '../../src/core/log.js';
import { MainThread } from '../../src/streamer/supervisor/main-thread.js';
import { StreamerProcess, type ProcessEnd } from '../../src/streamer/supervisor/process.js';
import { APP } from '../support/fake-apps.js';
import { addHost, createBody, serve } from '../support/server.js';
import { PIPELINES, STREAMER_SETTINGS } from '../support/stream-settings.js';
import { until } from '../support/until.js';

const MODULE = new URL('../support/fake-streamer.ts', import.meta.url);
const HEARTBEAT_TIMEOUT = 1_000;

/** A connected child of the lowest priority, so that little is needed to starve it. */
async function child(
  t: ExecutionContext,
): Promise<{ made: StreamerProcess; end: () => ProcessEnd | null }> {
  const made = new StreamerProcess({
    module: MODULE,
    readyTimeout: 60_000,
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
    memoryLimit: 2 ** 40,
    niceness: 19,
    handlers: { may_quit_app: () => false },
    log: silentLog(),
  });
  let ended: ProcessEnd | null = null;
  made.on('end', (end) => (ended = end));
  t.teardown(() => made.kill('CLOSED', 'the test is over'));
  await made.ready();
  made.send({
    Init: {
      streamer_id: 's',
      settings: STREAMER_SETTINGS,
      network: {
        ice_servers: [],
        port_range: null,
        nat_1to1: null,
        local_addresses: [],
        relay_only: false,
        tcp_candidates: false,
        ipv6: false,
      },
      host_address: '127.0.0.1',
      host_http_port: 1,
      host_unique_id: '0',
      client_private_key_pem: '',
      client_certificate_pem: '',
      server_certificate_pem: '',
      dtls_identity_pem: '',
      app_id: APP.GOOD,
      max_peers: 1,
      outputs: [],
      outputs_allowed: [],
      max_pads: 4,
      pipelines: PIPELINES,
      heartbeat_interval: 100,
    },
  });
  const connected = once(made, 'message');
  made.send('StartMoonlight');
  await connected;
  return { made, end: () => ended };
}

function order(made: StreamerProcess, sdp: string): void {
  const message = { Signaling: { Description: { ty: 'answer' as const, sdp } } };
  made.send({ FromPeer: { peer_id: 'p', message } });
}

/** Takes the first processor from everybody of lower priority; gives it back by its return value. */
async function takeProcessor(t: ExecutionContext, from: number): Promise<() => void> {
  await promisify(execFile)('taskset', ['-a', '-c', '-p', '0', String(from)]);
  const spinners = Array.from({ length: 4 }, () =>
    spawn('taskset', ['-c', '0', 'sh', '-c', 'while :; do :; done'], { stdio: 'ignore' }),
  );
  const stop = (): void => {
    for (const each of spinners) each.kill('SIGKILL');
  };
  t.teardown(stop);
  return stop;
}

test.serial('a process that is not let run is given longer, and lives', async (t) => {
  const { made, end } = await child(t);
  const giveBack = await takeProcessor(t, made.pid ?? 0);
  const { pid = 0 } = made;
  const looks = new MainThread(pid);
  let starved = 0;
  for (let i = 0; i < 20; i += 1) {
    await sleep(200);
    if (looks.measure() === 'starved') starved += 1;
  }
  t.is(end(), null);
  t.true(starved > 10, `${starved} of 20 looks`);
  t.true(looks.starvation > 0.5);
  giveBack();
  const answer = made.request('stats', null, { deadline: Deadline.in(60_000) });
  await t.notThrowsAsync(answer);
  t.is(end(), null);
});

test.serial('a stopped process, a lock and an endless loop are hangs', async (t) => {
  const stopped = await child(t);
  process.kill(stopped.made.pid ?? 0, 'SIGSTOP');
  const looks = new MainThread(stopped.made.pid ?? 0);
  await until('it is stopped', () => looks.measure() === 'stopped');
  const locked = await child(t);
  order(locked.made, 'deadlock');
  const spinning = await child(t);
  order(spinning.made, 'spin');
  for (const { end } of [stopped, locked, spinning]) {
    t.like(await until('it is ended', end), { code: 'STREAMER_HUNG' });
  }
});

test.serial('a lock is a hang on a busy machine as well', async (t) => {
  const { made, end } = await child(t);
  order(made, 'deadlock');
  await takeProcessor(t, made.pid ?? 0);
  t.like(await until('it is ended', end), { code: 'STREAMER_HUNG' });
});

test.serial('a first start that is starved gets longer, or another attempt', async (t) => {
  const server = await serve(t, { create_timeout_ms: '4000', streamer_niceness: '19' });
  await addHost(t, server);
  const making = server.ask('POST', '/api/streamers', {
    body: { ...createBody('s'), client_unique_id: null },
  });
  const pid = await until('a process', () => server.running.streamers.get('s')?.pid);
  const giveBack = await takeProcessor(t, pid);
  await sleep(6_000);
  giveBack();
  t.is((await making).status, 200);
  t.like((await server.ask('GET', '/api/streamers/s')).json, { status: 'active' });
});
