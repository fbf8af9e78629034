/**
 * Moontee's whole server with a streamer for each demo host. Its argument is a
 * {@link ServerOrder} as JSON. Sends its URL once all stream; answers questions about the first
 * streamer, until `stop`.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { resolveConfig } from '../../src/config/load.js';
import { createLog } from '../../src/core/log.js';
import { createIdentity } from '../../src/moonlight/identity.js';
import { MoonteeServer } from '../../src/server/server.js';
import type { Streamer } from '../../src/streamer/streamer.js';
import { STREAMER_SETTINGS } from '../../test/support/stream-settings.js';
import { appOf, PIN } from './demo-host.js';
import { logLevel, removeAtExit } from './processes.js';
import { DESKTOP_PATH, type ServerOrder, type ServerReady } from './server.js';

const STREAMER = 'bench';
const MAX_VIEWERS = 250;

const { tls, ports, app, settings, page } = JSON.parse(process.argv[2] ?? '') as ServerOrder;

const directory = mkdtempSync(join(tmpdir(), 'moontee-bench-server-'));
removeAtExit(directory);

async function tlsFlags(): Promise<{ certificate?: string }> {
  if (!tls) return {};
  const { privateKeyPem, certificatePem } = await createIdentity();
  const paths = {
    private_key_pem: join(directory, 'key.pem'),
    certificate_pem: join(directory, 'cert.pem'),
  };
  writeFileSync(paths.private_key_pem, privateKeyPem);
  writeFileSync(paths.certificate_pem, certificatePem);
  return { certificate: JSON.stringify(paths) };
}

const { config } = resolveConfig({
  flags: {
    ...(await tlsFlags()),
    max_viewers: String(MAX_VIEWERS),
    creations_per_minute: '10000',
    desktop_socket: JSON.stringify({ path: DESKTOP_PATH, open_to: ['127.0.0.1'] }),
    max_connections: String(4 * MAX_VIEWERS),
    max_connections_per_address: String(4 * MAX_VIEWERS),
    max_pending_sockets_per_address: String(MAX_VIEWERS),
    bind_address: '127.0.0.1:0',
    data_path: join(directory, 'data.json'),
    pairing_pin: PIN,
    recordings_path: join(directory, 'recordings'),
  },
});
const log = createLog('moontee', logLevel());
const server = await MoonteeServer.start(config, { log, staticDirectory: page });

async function stream(port: number, index: number): Promise<Streamer> {
  const host = await server.hosts.add('127.0.0.1', port);
  await server.hosts.pair(host, PIN);
  const id = index === 0 ? STREAMER : `${STREAMER}-${index}`;
  const streamer = await server.streamers.create({
    streamer_id: id,
    client_unique_id: id,
    host_id: host.id,
    app_id: appOf(await host.apps(), app),
    settings: { ...STREAMER_SETTINGS, ...settings },
  });
  await streamer.connected();
  return streamer;
}

const streamers: Streamer[] = [];
for (const [index, port] of ports.entries()) streamers.push(await stream(port, index));

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

async function answer(message: unknown): Promise<void> {
  const [streamer] = streamers;
  switch (message) {
    case 'stats':
      process.send?.({ result: await streamer?.request('stats', null) });
      break;
    case 'collect':
      collect();
      process.send?.({ result: await streamer?.request('collect_garbage', null) });
      break;
    case 'viewers':
      process.send?.({ result: streamer?.viewers });
      break;
    case 'stop':
      await server.close();
      process.exit(0);
  }
}

process.on('message', (message) => {
  answer(message).catch((error: unknown) => {
    log.error({ err: error }, 'the bench server failed');
    process.exit(1);
  });
});
process.on('disconnect', () => process.exit(1));
process.send?.({
  page: server.url,
  peers: streamers.map(({ id }) => `api/streamers/${id}/peer`),
  streamerPid: streamers[0]?.pid ?? 0,
} satisfies ServerReady);
