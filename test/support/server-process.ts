/** A server in a process of its own, to be killed: prints its port, then the child's id. */
import { resolveConfig } from '../../src/config/load.js';
import { silentLog } from '../../src/log.js';
import { startServer } from '../../src/server.js';
import { CHILD, createBody } from './server.js';

const [, , dataPath = ''] = process.argv;
const { config } = resolveConfig({
  flags: { bind_address: '127.0.0.1:0', data_path: dataPath, app_wait_ms: '0' },
});
const server = await startServer(config, {
  log: silentLog(),
  staticDirectory: null,
  childModule: CHILD,
});
const response = await fetch(`${server.url}api/streamers`, {
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ ...createBody('s'), client_unique_id: null }),
});
if (response.status !== 200) throw new Error(await response.text());
process.stdout.write(`${server.streamers.require('s').pid ?? 0}\n`);
