/**
 * Moontee's whole server with a streamer that shows the demo host's clip. Arguments: the host's
 * HTTP port. Tells its URL once it streams; answers `stats` with the streamer's, until `stop`.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveConfig } from '../../src/config/load.js';
import { createLog } from '../../src/core/log.js';
import { MoonteeServer } from '../../src/server/server.js';
import { STREAMER_SETTINGS } from '../../test/support/stream-settings.js';
import { clipApp, PIN } from './demo-host.js';
import { logLevel, removeAtExit } from './processes.js';
import type { ServerReady } from './server.js';

const STREAMER = 'bench';

const directory = mkdtempSync(join(tmpdir(), 'moontee-bench-server-'));
removeAtExit(directory);
const { config } = resolveConfig({
  flags: {
    bind_address: '127.0.0.1:0',
    data_path: join(directory, 'data.json'),
    pairing_pin: PIN,
    recordings_path: join(directory, 'recordings'),
  },
});
const log = createLog('moontee', logLevel());
const server = await MoonteeServer.start(config, { log, staticDirectory: null });
const host = await server.hosts.add('127.0.0.1', Number(process.argv[2]));
await server.hosts.pair(host, PIN);
const streamer = await server.streamers.create({
  streamer_id: STREAMER,
  client_unique_id: STREAMER,
  host_id: host.id,
  app_id: clipApp(await host.apps()),
  settings: STREAMER_SETTINGS,
});
await streamer.connected();

async function answer(message: unknown): Promise<void> {
  if (message === 'stats') process.send?.({ stats: await streamer.request('stats', null) });
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
  peer: `api/streamers/${STREAMER}/peer`,
  streamerPid: streamer.pid ?? 0,
} satisfies ServerReady);
