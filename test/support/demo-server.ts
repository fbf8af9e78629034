/** A whole server with a demo host in a process of its own. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { resolveConfig } from '../../src/config/load.js';
import { silentLog } from '../../src/core/log.js';
import { MoonteeServer } from '../../src/server/server.js';
import { createBody, temporaryFolder, TestServer } from './server.js';
import { TYPESCRIPT } from './typescript.js';

export interface DemoServerOptions {
  /** Arguments of the demo host; or one that runs, which the server is paired with by this PIN. */
  readonly host?: readonly string[] | { readonly httpPort: number; readonly pin: string };
  readonly flags?: Readonly<Record<string, string>>;
  readonly staticDirectory?: string | null;
}

/** The base port of a demo host that accepts the PIN 1234. */
async function demoHost(t: ExecutionContext, args: readonly string[]): Promise<number> {
  const host = fork(
    new URL('../../src/demo-host/main.ts', import.meta.url),
    ['--http-port', '0', '--pin', '1234', ...args],
    {
      execArgv: [...TYPESCRIPT],
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

/** A server on loopback that is paired with such a host. */
export async function demoServer(
  t: ExecutionContext,
  { host: args = [], flags = {}, staticDirectory = null }: DemoServerOptions = {},
): Promise<MoonteeServer> {
  const folder = await temporaryFolder(t);
  const pin = 'pin' in args ? args.pin : '1234';
  const { config } = resolveConfig({
    flags: {
      bind_address: '127.0.0.1:0',
      data_path: join(folder, 'data.json'),
      pairing_pin: pin,
      webrtc_local_addresses: '127.0.0.1',
      create_timeout_ms: '60000',
      heartbeat_timeout_ms: '20000',
      ...flags,
    },
  });
  const server = await MoonteeServer.start(config, { log: silentLog(), staticDirectory });
  t.teardown(() => server.close());
  const port = 'pin' in args ? args.httpPort : await demoHost(t, args);
  const host = await server.hosts.add('127.0.0.1', port);
  await server.hosts.pair(host, pin);
  return server;
}

/** Makes the streamer `s` of the host's first app. @param settings of the request */
export async function demoStreamer(
  server: MoonteeServer,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const apps = await server.hosts.list()[0]?.apps();
  const answer = await new TestServer(server, '').ask('POST', '/api/streamers', {
    body: {
      ...createBody('s', apps?.[0]?.id),
      client_unique_id: null,
      width: 640,
      height: 360,
      bitrate: 2_000,
      ...settings,
    },
  });
  if (answer.status !== 200) throw new Error(answer.text);
}
