/**
 * A server in a process of its own, to be killed: prints its streamers once they run.
 *
 * Arguments: file of the hosts, whether streamers are restored, ids of streamers to make.
 */
import { resolveConfig } from '../../src/config/load.js';
import { silentLog } from '../../src/core/log.js';
import { MoonteeServer } from '../../src/server/server.js';
import { CHILD, createBody } from './server.js';

const [, , dataPath = '', restore = 'false', create = ''] = process.argv;
const { config } = resolveConfig({
  flags: {
    bind_address: '127.0.0.1:0',
    data_path: dataPath,
    restore_streamers: restore,
    pairing_pin: '1234',
    app_wait_ms: '0',
    create_timeout_ms: '60000',
    heartbeat_timeout_ms: '20000',
  },
});
const server = await MoonteeServer.start(config, {
  log: silentLog(),
  staticDirectory: null,
  childModule: CHILD,
});
for (const id of create.split(',').filter((each) => each !== '')) {
  const response = await fetch(`${server.url}api/streamers`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(createBody(id)),
  });
  if (response.status !== 200) throw new Error(await response.text());
}
const streamers = server.streamers.list();
await Promise.all(streamers.map((streamer) => streamer.connected()));
process.stdout.write(`${JSON.stringify(streamers.map(({ id, pid }) => ({ id, pid })))}\n`);
