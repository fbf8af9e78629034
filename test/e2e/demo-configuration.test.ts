import test from 'ava';
import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DemoProcess } from '../support/demo-process.js';

test('demo obeys environment and configuration, and leaves data of others alone', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'moontee-demo-config-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, 'files'));
  await writeFile(join(folder, 'files/stream.html'), '<p>another client');
  const file = join(folder, 'config.json');
  const data = join(folder, 'data.json');
  await writeFile(
    file,
    JSON.stringify({
      credentials: 'not this one',
      web_path_prefix: '/moonlight',
      data_path: data,
      static_path: join(folder, 'files'),
    }),
  );
  const demo = await DemoProcess.start({
    MOONTEE_CONFIG: file,
    MOONTEE_CREDENTIALS: 'the environment wins',
  });
  t.teardown(() => demo.stop('SIGKILL'));
  const { pathname, origin } = new URL(demo.url);
  t.is(pathname, '/moonlight/');
  const ask = (path: string, password?: string): Promise<Response> =>
    fetch(`${origin}/moonlight${path}`, {
      headers: password === undefined ? {} : { Authorization: `Bearer ${password}` },
    });
  t.is((await ask('/api/streamers')).status, 401);
  t.is((await ask('/api/streamers', 'not this one')).status, 401);
  const answer = await ask('/api/streamers', 'the environment wins');
  t.is(answer.status, 200);
  t.like(await answer.json(), { streamers: [{ streamer_id: 'demo', status: 'active' }] });
  t.is(await (await ask('/stream.html')).text(), '<p>another client');
  await t.throwsAsync(access(data));
});
