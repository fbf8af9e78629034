/**
 * Moontee's whole server with a streamer for each demo host, which shows its clip. Arguments: the
 * hosts' HTTP ports, behind `tls` if the server shall use it. Prints its URL once all stream;
 * answers `stats` with those of the first streamer, until `stop`.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveConfig } from '../../src/config/load.js';
import { createLog } from '../../src/core/log.js';
import { createIdentity } from '../../src/moonlight/identity.js';
import { MoonteeServer } from '../../src/server/server.js';
import type { Streamer } from '../../src/streamer/streamer.js';
import { STREAMER_SETTINGS } from '../../test/support/stream-settings.js';
import { clipApp, PIN } from './demo-host.js';
import { logLevel, removeAtExit } from './processes.js';
import type { ServerReady } from './server.js';

const STREAMER = 'bench';
const MAX_VIEWERS = 250;

const [first, ...rest] = process.argv.slice(2);
const isSecure = first === 'tls';
const ports = isSecure ? rest : [first, ...rest];

const directory = mkdtempSync(join(tmpdir(), 'moontee-bench-server-'));
removeAtExit(directory);

async function tlsFlags(): Promise<{ certificate?: string }> {
  if (!isSecure) return {};
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
const server = await MoonteeServer.start(config, { log, staticDirectory: null });

async function stream(port: string | undefined, index: number): Promise<Streamer> {
  const host = await server.hosts.add('127.0.0.1', Number(port));
  await server.hosts.pair(host, PIN);
  const id = index === 0 ? STREAMER : `${STREAMER}-${index}`;
  const streamer = await server.streamers.create({
    streamer_id: id,
    client_unique_id: id,
    host_id: host.id,
    app_id: clipApp(await host.apps()),
    settings: STREAMER_SETTINGS,
  });
  await streamer.connected();
  return streamer;
}

const streamers: Streamer[] = [];
for (const [index, port] of ports.entries()) streamers.push(await stream(port, index));

async function answer(message: unknown): Promise<void> {
  if (message === 'stats') process.send?.({ stats: await streamers[0]?.request('stats', null) });
  if (message !== 'stop') return;
  await server.close();
  process.exit(0);
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
