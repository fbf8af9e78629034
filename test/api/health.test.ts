import test from 'ava';
import { rm } from 'node:fs/promises';
import { defaultChildModule } from '../../src/streamer/supervisor/process.js';
import { serve, temporaryFolder } from '../support/server.js';

const STRANGER = { headers: { Authorization: '' } };

test.serial('alive and ready, for strangers too, and never from a cache', async (t) => {
  const server = await serve(t);
  const alive = await server.ask('GET', '/healthz', STRANGER);
  t.deepEqual([alive.status, alive.json], [200, { status: 'ok' }]);
  const ready = await server.ask('GET', '/readyz', STRANGER);
  t.deepEqual([ready.status, ready.json], [200, { status: 'ready', reasons: [] }]);
  for (const { headers } of [alive, ready]) t.is(headers['cache-control'], 'no-store');
  t.is((await server.ask('HEAD', '/readyz', STRANGER)).status, 200);
  t.is((await server.ask('POST', '/healthz', STRANGER)).status, 404);
});

test.serial('a real streamer process is started to find out', async (t) => {
  const server = await serve(t, {}, { childModule: defaultChildModule() });
  t.deepEqual((await server.ask('GET', '/readyz')).json, { status: 'ready', reasons: [] });
});

test.serial('not ready if streamer processes end at once', async (t) => {
  const broken = new URL('data:text/javascript,process.exit(3)');
  const server = await serve(t, {}, { childModule: broken });
  const answers = await Promise.all([1, 2, 3].map(() => server.ask('GET', '/readyz', STRANGER)));
  for (const { status, json } of answers) {
    t.is(status, 503);
    t.deepEqual(json, { status: 'not_ready', reasons: ['streamer_process'] });
  }
  t.is((await server.ask('GET', '/healthz', STRANGER)).status, 200);
});

test.serial('not ready without the data folder', async (t) => {
  const folder = await temporaryFolder(t);
  const server = await serve(t, {}, { folder });
  await rm(folder, { recursive: true });
  t.like(await server.ask('GET', '/readyz'), {
    status: 503,
    json: { status: 'not_ready', reasons: ['data_folder'] },
  });
});
