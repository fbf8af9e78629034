/**
 * The server under attack, with credentials and one streamer. Arguments: the host's HTTP port, and
 * what it shows. It has no net: an uncaught error ends it.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeAtExit } from '../../bench/support/processes.js';
import { resolveConfig } from '../../src/config/load.js';
import { createLog } from '../../src/core/log.js';
import { MoonteeServer } from '../../src/server/server.js';
import { STREAMER_SETTINGS } from '../../test/support/stream-settings.js';
import { HOST_APP, HOST_PIN, PASSWORD_VARIABLE, STREAMER } from './terms.js';

const directory = mkdtempSync(join(tmpdir(), 'moontee-attack-'));
removeAtExit(directory);
const { config } = resolveConfig({
  flags: {
    bind_address: '127.0.0.1:0',
    data_path: join(directory, 'data.json'),
    pairing_pin: HOST_PIN,
    credentials: process.env[PASSWORD_VARIABLE] ?? '',
  },
});
const log = createLog('moontee', 'fatal');
const server = await MoonteeServer.start(config, { log, staticDirectory: null });
const host = await server.hosts.add('127.0.0.1', Number(process.argv[2]));
await server.hosts.pair(host, HOST_PIN);
const app = (await host.apps()).find(({ title }) => title === HOST_APP);
const streamer = await server.streamers.create({
  streamer_id: STREAMER,
  client_unique_id: STREAMER,
  host_id: host.id,
  app_id: app?.id ?? 0,
  settings: {
    ...STREAMER_SETTINGS,
    ...(process.argv[3] === 'clip' ? {} : { width: 640, height: 360, fps: 30, bitrate: 2_000 }),
  },
});
await streamer.connected();
process.on('message', () => {
  void server.close().finally(() => process.exit(0));
});
process.on('disconnect', () => process.exit(1));
process.send?.({ port: server.port });
