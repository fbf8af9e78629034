import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { ConfigKey } from '../../src/config/schema.js';
import type { OutputInfo } from '../../src/protocol/rest-models.js';
import { addHost, createBody, serve, temporaryFolder, type TestServer } from '../support/server.js';
import { until } from '../support/until.js';

const LIST = '/api/streamers/one/outputs';
const TARGET = { type: 'rtp', host: '127.0.0.1', video_port: 5004, audio_port: 5006 };
const ALLOWED = 'rtp://127.0.0.1:5004-5007';

async function outputServer(
  t: ExecutionContext,
  flags: Partial<Record<ConfigKey, string | null>> = {},
): Promise<TestServer> {
  const server = await serve(t, { outputs_allowed: ALLOWED, ...flags });
  await addHost(t, server);
  t.is((await server.ask('POST', '/api/streamers', { body: createBody('one') })).status, 200);
  return server;
}

async function untilState(server: TestServer, name: string, state: string): Promise<OutputInfo> {
  return until(`${name} is ${state}`, async () => {
    const output = (await server.ask('GET', `${LIST}/${name}`)).json as OutputInfo;
    return output.state === state ? output : null;
  });
}

test.serial('an output is made, shown, replaced and removed', async (t) => {
  const server = await outputServer(t);
  t.deepEqual((await server.ask('GET', LIST)).json, { outputs: [] });
  const made = await server.ask('PUT', `${LIST}/sfu`, { body: TARGET });
  t.is(made.status, 201);
  t.like(made.json, { name: 'sfu', type: 'rtp', host: '127.0.0.1', keyframe_interval_ms: 10_000 });
  const active = await untilState(server, 'sfu', 'active');
  // The same once more changes nothing.
  t.is((await server.ask('PUT', `${LIST}/sfu`, { body: TARGET })).status, 200);
  t.is((await untilState(server, 'sfu', 'active')).changed_at, active.changed_at);
  const body = { ...TARGET, video_rtcp_port: 5007, keyframe_interval_ms: 2_000 };
  t.is((await server.ask('PUT', `${LIST}/sfu`, { body })).status, 200);
  t.like(await untilState(server, 'sfu', 'active'), { video_rtcp_port: 5007 });
  const { outputs } = (await server.ask('GET', '/api/streamers/one')).json as {
    outputs: OutputInfo[];
  };
  t.is(outputs[0]?.name, 'sfu');
  t.true((await server.ask('GET', '/metrics')).text.includes('state="active"} 1'));
  t.is((await server.ask('DELETE', `${LIST}/sfu`)).status, 204);
  t.is((await server.ask('DELETE', `${LIST}/sfu`)).status, 404);
  t.is((await server.ask('GET', `${LIST}/sfu`)).status, 404);
});

test.serial(
  'what a child says of an output is shown, and a new order begins it again',
  async (t) => {
    const server = await outputServer(t);
    await server.ask('PUT', `${LIST}/refused`, { body: TARGET });
    const failed = await untilState(server, 'refused', 'failed');
    t.deepEqual([failed.code, failed.reason], ['OUTPUT_REFUSED', 'The receiver answered 401']);
    await server.ask('PUT', `${LIST}/refused`, { body: TARGET });
    t.not((await untilState(server, 'refused', 'failed')).changed_at, failed.changed_at);
  },
);

test.serial('only what is listed is a target, and nothing is by default', async (t) => {
  const server = await outputServer(t);
  const put = async (body: unknown): Promise<string> => {
    const { status, json } = await server.ask('PUT', `${LIST}/x`, { body });
    return `${status} ${(json as { code?: string }).code ?? ''}`;
  };
  t.is(await put({ ...TARGET, video_port: 5003 }), '403 OUTPUT_FORBIDDEN');
  t.is(await put({ ...TARGET, audio_port: 5008 }), '403 OUTPUT_FORBIDDEN');
  t.is(await put({ ...TARGET, video_rtcp_port: 5008 }), '403 OUTPUT_FORBIDDEN');
  t.is(await put({ ...TARGET, host: '127.0.0.2' }), '403 OUTPUT_FORBIDDEN');
  t.is(await put({ ...TARGET, host: 'localhost' }), '403 OUTPUT_FORBIDDEN');
  for (const host of ['2130706433', '0x7f.1', '127.1', '', 'a b', '127.0.0.1:5004', '[::1]x']) {
    t.is(await put({ ...TARGET, host }), '400 BAD_REQUEST', host);
  }
  for (const wrong of [
    { ...TARGET, video_port: 0 },
    { ...TARGET, video_port: 65_536 },
    { ...TARGET, video_port: '5004' },
    { ...TARGET, keyframe_interval_ms: 10 },
    { type: 'rtp', host: '127.0.0.1' },
    { type: 'rtp', host: '127.0.0.1', audio_port: 5006, video_rtcp_port: 5007 },
    { type: 'file', host: '127.0.0.1', video_port: 5004 },
    [],
  ]) {
    t.is(await put(wrong), '400 BAD_REQUEST', JSON.stringify(wrong));
  }
  const bad = encodeURIComponent('a/b');
  t.is((await server.ask('PUT', `${LIST}/${bad}`, { body: TARGET })).status, 400);
  t.is((await server.ask('PUT', '/api/streamers/two/outputs/x', { body: TARGET })).status, 404);
  t.deepEqual((await server.ask('GET', LIST)).json, { outputs: [] });
});

test.serial('without a list nothing is allowed, and the number is bounded', async (t) => {
  const closed = await outputServer(t, { outputs_allowed: '' });
  t.is((await closed.ask('PUT', `${LIST}/x`, { body: TARGET })).status, 403);
  const server = await outputServer(t, { max_outputs: '2' });
  const put = async (name: string): Promise<number> =>
    (await server.ask('PUT', `${LIST}/${name}`, { body: TARGET })).status;
  t.deepEqual([await put('a'), await put('b'), await put('c')], [201, 201, 503]);
  t.is((await server.ask('DELETE', `${LIST}/a`)).status, 204);
  t.is(await put('c'), 201);
});

test.serial('a token is kept and never shown, nor is the query of a URL', async (t) => {
  const folder = await temporaryFolder(t);
  const flags = { restore_streamers: 'true', data_path: join(folder, 'data.json') };
  const server = await outputServer(t, {
    ...flags,
    outputs_allowed: 'http://127.0.0.1:8889/live,https://sfu.invalid',
  });
  const url = 'http://127.0.0.1:8889/live/whip?key=hidden#part';
  const body = { type: 'whip', url, token: 'secret-token' };
  const made = await server.ask('PUT', `${LIST}/sfu`, { body });
  t.is(made.status, 201, made.text);
  t.like(made.json, { url: 'http://127.0.0.1:8889/live/whip', has_token: true, host: null });
  for (const path of [LIST, `${LIST}/sfu`, '/api/streamers/one', '/api/streamers', '/metrics']) {
    t.notRegex((await server.ask('GET', path)).text, /secret-token|hidden/, path);
  }
  t.regex(await readFile(join(folder, 'streamers.json'), 'utf8'), /secret-token/);
  const put = async (more: Readonly<Record<string, unknown>>): Promise<number> =>
    (await server.ask('PUT', `${LIST}/x`, { body: { ...body, ...more } })).status;
  t.is(await put({ url: 'http://127.0.0.1:8889/other' }), 403);
  t.is(await put({ url: 'http://127.0.0.1:8889/live/../other' }), 403);
  t.is(await put({ url: 'https://127.0.0.1:8889/live' }), 403);
  t.is(await put({ url: 'https://sfu.invalid/whip' }), 502);
  for (const wrong of [
    'http://u:p@127.0.0.1:8889/live',
    'ftp://127.0.0.1:8889/live',
    'live',
    `http://127.0.0.1:8889/live/${'x'.repeat(2_048)}`,
  ]) {
    t.is(await put({ url: wrong }), 400, wrong);
  }
  for (const token of ['', 'a b', 'a\r\nX: y', 'ü', 'x'.repeat(4_097)]) {
    t.is(await put({ token }), 400);
  }
});

test.serial('outputs are kept with their streamer, and restored with it', async (t) => {
  const folder = await temporaryFolder(t);
  const flags = { restore_streamers: 'true', data_path: join(folder, 'data.json') };
  const first = await outputServer(t, flags);
  await first.ask('PUT', `${LIST}/sfu`, { body: { ...TARGET, keyframe_interval_ms: 4_000 } });
  await first.ask('PUT', `${LIST}/gone`, { body: TARGET });
  await first.ask('DELETE', `${LIST}/gone`);
  await first.running.close();
  const kept = JSON.parse(await readFile(join(folder, 'streamers.json'), 'utf8')) as {
    streamers: { outputs: { name: string }[] }[];
  };
  t.deepEqual(
    kept.streamers.map(({ outputs }) => outputs.map(({ name }) => name)),
    [['sfu']],
  );
  const second = await serve(t, { outputs_allowed: ALLOWED, ...flags });
  t.like(await untilState(second, 'sfu', 'active'), { keyframe_interval_ms: 4_000 });
});

test.serial('a process that ends leaves the order, and the next one begins it', async (t) => {
  const server = await outputServer(t);
  await server.ask('PUT', `${LIST}/sfu`, { body: TARGET });
  const { changed_at } = await untilState(server, 'sfu', 'active');
  const { sessions } = (await server.ask('GET', '/api/sessions')).json as {
    sessions: { streamer_pid: number }[];
  };
  process.kill(sessions[0]?.streamer_pid ?? 0, 'SIGKILL');
  await until('begun again', async () => {
    const output = (await server.ask('GET', `${LIST}/sfu`)).json as OutputInfo;
    return output.state === 'active' && output.changed_at !== changed_at;
  });
  t.pass();
});
