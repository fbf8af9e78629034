/** A whole server, from a shared secret in its configuration to a picture through a relay. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { resolveConfig } from '../../src/config/load.js';
import { silentLog } from '../../src/log.js';
import { startServer, type RunningServer } from '../../src/server.js';
import { RawViewer } from '../support/raw-viewer.js';
import { ReceiverProcess } from '../support/receiver.js';
import { createBody, temporaryFolder } from '../support/server.js';
import { Coturn, HAS_COTURN } from './coturn.js';

// What the children say is of no interest here.
process.env['MOONTEE_LOG'] ??= 'error';

const turn = HAS_COTURN ? test.serial : test.serial.skip;
if (!HAS_COTURN) process.stderr.write('coturn is not installed: its tests are skipped\n');

async function demoHost(t: ExecutionContext): Promise<number> {
  const host = fork(
    new URL('../../src/demo-host/main.ts', import.meta.url),
    ['--http-port', '0', '--pin', '1234'],
    {
      execArgv: ['--import', import.meta.resolve('tsx')],
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    },
  );
  t.teardown(async () => {
    const exit = once(host, 'exit');
    host.kill('SIGKILL');
    await exit;
  });
  if (!host.stdout) throw new Error('no output');
  const [chunk] = (await once(host.stdout, 'data')) as [Buffer];
  host.stdout.resume();
  return (JSON.parse(chunk.toString()) as { http_port: number }).http_port;
}

async function serving(t: ExecutionContext, flags: Record<string, string>): Promise<RunningServer> {
  const folder = await temporaryFolder(t);
  const { config } = resolveConfig({
    flags: {
      bind_address: '127.0.0.1:0',
      data_path: join(folder, 'data.json'),
      pairing_pin: '1234',
      webrtc_local_addresses: '127.0.0.1',
      webrtc_relay_only: 'true',
      create_timeout_ms: '60000',
      heartbeat_timeout_ms: '20000',
      ...flags,
    },
  });
  const server = await startServer(config, { log: silentLog(), staticDirectory: null });
  t.teardown(() => server.close());
  const host = await server.hosts.add('127.0.0.1', await demoHost(t));
  await server.hosts.pair(host, '1234');
  const [app] = await host.apps();
  const response = await fetch(`${server.url}api/streamers`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      ...createBody('s', app?.id),
      client_unique_id: null,
      width: 640,
      height: 360,
      bitrate: 2_000,
    }),
  });
  t.is(response.status, 200, await response.text());
  return server;
}

turn('the secret reaches browser and streamer, a wrong one is told', async (t) => {
  const relay = await Coturn.start({ secret: 'north' });
  t.teardown(() => relay.stop());
  const receivers = await ReceiverProcess.start();
  t.teardown(() => receivers.kill());
  const view = (server: RunningServer, id: string): RawViewer => {
    const url = `${server.url}api/streamers/s/peer`.replace(/^http/, 'ws');
    return new RawViewer(url, receivers, id, 'all', { bindAddress: '127.0.0.1' });
  };
  const rest = (secret: string): Record<string, string> => ({
    webrtc_turn_rest: JSON.stringify({ urls: [relay.url], secret, ttl: 600 }),
  });

  const right = view(await serving(t, rest('north')), 'right');
  await right.peer.until((stats) => stats.video.markers >= 20);
  t.true(right.heard('ConnectionComplete'));
  right.leave('graceful');

  const wrong = view(await serving(t, rest('south')), 'wrong');
  await wrong.untilClosed();
  const last = wrong.messages.find((each) => typeof each === 'object' && 'PeerClosed' in each);
  const { code, reason } = (last as { PeerClosed: { code: string; reason: string } }).PeerClosed;
  t.is(code, 'ICE_FAILED');
  t.regex(reason, /no TURN server gave us one/);
});
