import test, { type ExecutionContext } from 'ava';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConfigKey } from '../../src/config/schema.js';
import type { RecordingInfo } from '../../src/protocol/rest-models.js';
import { addHost, createBody, serve, temporaryFolder, type TestServer } from '../support/server.js';
import { until } from '../support/until.js';

const LIST = '/api/streamers/one/recordings';

/** A server with the streamer `one`, whose child writes a text where a film would be. */
async function recordingServer(
  t: ExecutionContext,
  flags: Partial<Record<ConfigKey, string | null>> = {},
): Promise<{ server: TestServer; folder: string }> {
  const folder = join(await temporaryFolder(t), 'recordings');
  const server = await serve(t, { recordings_path: folder, ...flags });
  await addHost(t, server);
  t.is((await server.ask('POST', '/api/streamers', { body: createBody('one') })).status, 200);
  return { server, folder };
}

async function start(t: ExecutionContext, server: TestServer): Promise<RecordingInfo> {
  const answer = await server.ask('POST', LIST);
  t.is(answer.status, 201);
  return answer.json as RecordingInfo;
}

async function listed(server: TestServer): Promise<readonly RecordingInfo[]> {
  return ((await server.ask('GET', LIST)).json as { recordings: RecordingInfo[] }).recordings;
}

test.serial('a recording is started, listed, stopped and removed', async (t) => {
  const { server, folder } = await recordingServer(t);
  const { recording_id: id, status, files } = await start(t, server);
  t.is(status, 'recording');
  t.is(files[0]?.number, 1);
  t.deepEqual((await readdir(join(folder, id))).sort(), ['00001.mkv', 'recording.json']);
  t.is((await server.ask('DELETE', `${LIST}/${id}`)).status, 204);
  const one = (await server.ask('GET', `${LIST}/${id}`)).json as RecordingInfo;
  t.deepEqual([one.status, one.code, one.bytes], ['ended', 'STOPPED', 11]);
  // Stopping it once more changes nothing.
  t.is((await server.ask('DELETE', `${LIST}/${id}`)).status, 204);
  t.is((await listed(server)).length, 1);
  t.is((await server.ask('DELETE', `${LIST}/${id}?files=true`)).status, 204);
  t.deepEqual(await readdir(folder), []);
  t.is((await server.ask('GET', `${LIST}/${id}`)).status, 404);
});

test.serial('a file comes whole, in ranges, and never from another folder', async (t) => {
  const { server, folder } = await recordingServer(t);
  const { recording_id: id } = await start(t, server);
  const path = `${LIST}/${id}/files/1`;
  const whole = await server.ask('GET', path);
  t.deepEqual([whole.status, whole.text], [200, 'a recording']);
  t.is(whole.headers['content-type'], 'video/x-matroska');
  t.is(whole.headers['accept-ranges'], 'bytes');
  const ask = (Range: string, more = {}) =>
    server.ask('GET', path, { headers: { Range, ...more } });
  const part = await ask('bytes=2-4');
  t.deepEqual([part.status, part.text], [206, 'rec']);
  t.is(part.headers['content-range'], 'bytes 2-4/11');
  const tail = await ask('bytes=-9');
  t.deepEqual([tail.status, tail.text], [206, 'recording']);
  const beyond = await ask('bytes=11-');
  t.deepEqual([beyond.status, beyond.headers['content-range']], [416, 'bytes */11']);
  t.is((await ask('bytes=0-1,4-5')).status, 200);
  t.is((await ask('bytes=2-4', { 'If-Range': '"other"' })).status, 200);
  t.is((await ask('bytes=2-4', { 'If-Range': whole.headers.etag })).status, 206);
  const head = await server.ask('HEAD', path);
  t.deepEqual([head.status, head.headers['content-length'], head.text], [200, '11', '']);
  await writeFile(join(folder, 'secret'), 'secret');
  await symlink(join(folder, 'secret'), join(folder, id, '00002.mkv'));
  for (const number of ['0', '2', '9', '-1', '01', '1.mkv', 'recording.json']) {
    t.is((await server.ask('GET', `${LIST}/${id}/files/${number}`)).status, 404, number);
  }
  for (const number of ['..%2f..%2fsecret', '..', '%2e%2e/%2e%2e/secret']) {
    const { status, text } = await server.ask('GET', `${LIST}/${id}/files/${number}`);
    t.true(status === 400 || status === 404, number);
    t.false(text.includes('secret'));
  }
});

test.serial('without a folder recording is off', async (t) => {
  const { server } = await recordingServer(t, { recordings_path: null });
  for (const method of ['POST', 'GET']) {
    const { status, json } = await server.ask(method, LIST);
    t.is(status, 404);
    t.like(json, { code: 'NOT_FOUND' });
  }
});

test.serial('what is not there, and who has no right', async (t) => {
  const { server } = await recordingServer(t);
  const { recording_id: id } = await start(t, server);
  t.like((await server.ask('POST', '/api/streamers/two/recordings')).json, {
    code: 'STREAMER_NOT_FOUND',
  });
  t.like((await server.ask('GET', `/api/streamers/two/recordings/${id}`)).json, {
    code: 'RECORDING_NOT_FOUND',
  });
  for (const path of [LIST, `${LIST}/${id}`, `${LIST}/${id}/files/1`]) {
    t.is((await server.ask('GET', path, { headers: { Authorization: '' } })).status, 401, path);
  }
});

test.serial(
  'no more run at a time than may, and all together stay within their size',
  async (t) => {
    const { server, folder } = await recordingServer(t, {
      max_recordings: '2',
      recordings_mib: '1',
    });
    const first = await start(t, server);
    await start(t, server);
    t.like((await server.ask('POST', LIST)).json, { code: 'LIMIT_REACHED' });
    await server.ask('DELETE', `${LIST}/${first.recording_id}`);
    await writeFile(join(folder, first.recording_id, '00002.mkv'), Buffer.alloc(1_048_576));
    t.like((await server.ask('POST', LIST)).json, { code: 'LIMIT_REACHED' });
    await server.ask('DELETE', `${LIST}/${first.recording_id}?files=true`);
    await start(t, server);
  },
);

test.serial('recordings end with their streamer and outlive it', async (t) => {
  const { server } = await recordingServer(t);
  const { recording_id: id } = await start(t, server);
  await server.ask('DELETE', '/api/streamers/one');
  const [recording] = await listed(server);
  t.like(recording, { recording_id: id, status: 'ended' });
  t.is((await server.ask('GET', `${LIST}/${id}/files/1`)).text, 'a recording');
});

test.serial('a streamer process that is killed ends its recordings', async (t) => {
  const { server } = await recordingServer(t);
  const { recording_id: id } = await start(t, server);
  const pid = server.running.streamers.get('one')?.pid;
  t.truthy(pid);
  process.kill(pid ?? 0, 'SIGKILL');
  await until('ended', async () => (await listed(server))[0]?.status === 'ended');
  t.like((await listed(server))[0], { recording_id: id, code: 'STREAMER_FAILED' });
});

test.serial('after a restart all of them are there, and none runs', async (t) => {
  const { server, folder } = await recordingServer(t);
  const stopped = await start(t, server);
  await server.ask('DELETE', `${LIST}/${stopped.recording_id}`);
  const cut = await start(t, server);
  const sidecar = join(folder, cut.recording_id, 'recording.json');
  const running = await readFile(sidecar);
  await server.running.close();
  // As if the server had been killed: the end of the recording was not written.
  await writeFile(sidecar, running);
  await mkdir(join(folder, '.20260101T000000Z-00000000'));
  await mkdir(join(folder, '20260101T000000Z-00000000'));
  await mkdir(join(folder, 'somebody-else'));
  const again = await serve(t, { recordings_path: folder });
  const recordings = await listed(again);
  t.deepEqual(
    recordings.map(({ recording_id, status, code }) => ({ recording_id, status, code })).sort(byId),
    [
      { recording_id: stopped.recording_id, status: 'ended' as const, code: 'STOPPED' },
      { recording_id: cut.recording_id, status: 'ended' as const, code: 'STREAMER_FAILED' },
    ].sort(byId),
  );
  t.deepEqual(
    (await readdir(folder)).filter((name) => name.startsWith('.')),
    [],
  );
});

test.serial('what ended too long ago is removed at the start', async (t) => {
  const { server, folder } = await recordingServer(t);
  const { recording_id: id } = await start(t, server);
  await server.ask('DELETE', `${LIST}/${id}`);
  await server.running.close();
  const path = join(folder, id, 'recording.json');
  const record = JSON.parse(await readFile(path, 'utf8')) as object;
  await writeFile(path, JSON.stringify({ ...record, ended_at: '2020-01-01T00:00:00.000Z' }));
  await serve(t, { recordings_path: folder, recordings_retention_ms: '60000' });
  t.deepEqual(await readdir(folder), []);
});

test.serial('metrics count recordings, and lose a streamer with its series', async (t) => {
  const { server } = await recordingServer(t);
  const figures = async (): Promise<string[]> => {
    const { text } = await server.ask('GET', '/metrics');
    return text.split('\n').filter((line) => /^moontee_recording/.test(line));
  };
  const has = async (...lines: string[]): Promise<void> => {
    const found = await figures();
    for (const line of lines) t.true(found.includes(line), `${line} in ${found.join('\n')}`);
  };
  const { recording_id: id } = await start(t, server);
  const cut = await start(t, server);
  await has(
    'moontee_recordings{streamer_id="one",state="recording"} 2',
    'moontee_recordings{streamer_id="one",state="ended"} 0',
    'moontee_recording_bytes_total{streamer_id="one"} 5000000',
    'moontee_recording_seconds_total{streamer_id="one"} 90',
    'moontee_recording_units_dropped_total{streamer_id="one"} 7',
    // An increase is seen only of what was there before.
    'moontee_recording_ends_total{code="RECORDING_DISK_FULL"} 0',
  );
  t.true((await figures()).some((line) => /^moontee_recordings_free_bytes \d/.test(line)));
  await server.ask('DELETE', `${LIST}/${id}`);
  process.kill(server.running.streamers.get('one')?.pid ?? 0, 'SIGKILL');
  // An end counts once it is on disk, and is listed before that.
  const failed = 'moontee_recording_ends_total{code="STREAMER_FAILED"} 1';
  await until('counted', async () => (await figures()).includes(failed));
  await has(
    'moontee_recordings{streamer_id="one",state="recording"} 0',
    'moontee_recordings{streamer_id="one",state="ended"} 2',
    'moontee_recording_ends_total{code="STOPPED"} 1',
  );
  await server.ask('DELETE', '/api/streamers/one');
  const { text } = await server.ask('GET', '/metrics');
  t.false(text.includes('"one"'));
  t.false(text.includes(cut.recording_id));
});

test.serial('without a folder no figure of recordings is exposed', async (t) => {
  const { server } = await recordingServer(t, { recordings_path: null });
  const { text } = await server.ask('GET', '/metrics');
  t.notRegex(text, /^moontee_recording(s|s_free_bytes|_ends_total)[ {]/m);
});

function byId(a: { recording_id: string }, b: { recording_id: string }): number {
  return a.recording_id < b.recording_id ? -1 : 1;
}
