import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import type { RecordingInfo } from '../../src/protocol/rest-models.js';
import { demoServer, demoStreamer } from '../support/demo-server.js';
import { readMatroska } from '../support/matroska.js';
import { temporaryFolder } from '../support/server.js';
import { until } from '../support/until.js';

const run = promisify(execFile);

/** What a player reads in a file; null on a machine that has no such program. */
async function discover(path: string): Promise<string | null> {
  try {
    return (await run('gst-discoverer-1.0', [path], { timeout: 60_000 })).stdout;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

test('a recording of the demo host plays, also when its process was killed', async (t) => {
  t.timeout(240_000);
  const folder = await temporaryFolder(t);
  const server = await demoServer(t, { flags: { recordings_path: folder } });
  await demoStreamer(server);
  const list = `${server.url}api/streamers/s/recordings`;
  const started = await fetch(list, { method: 'POST' });
  t.is(started.status, 201);
  const { recording_id: id } = (await started.json()) as RecordingInfo;
  const describe = async () => (await (await fetch(`${list}/${id}`)).json()) as RecordingInfo;
  const path = join(folder, id, '00001.mkv');
  await until('three seconds of it', async () => {
    if ((await describe()).bytes < 1_000) return false;
    return (readMatroska(path).blocks.at(-1)?.time ?? 0) > 3_000;
  });
  process.kill(server.streamers.get('s')?.pid ?? 0, 'SIGKILL');
  await until('its end', async () => (await describe()).status === 'ended');
  t.is((await describe()).code, 'STREAMER_FAILED');
  const { duration, blocks } = readMatroska(path);
  t.true(duration >= 2_000, `${duration}`);
  t.true(blocks[0]?.keyframe);
  t.is(new Set(blocks.map(({ track }) => track)).size, 2);
  const found = await discover(path);
  if (found === null) {
    t.log('not read by gst-discoverer-1.0, which is not installed');
    return;
  }
  t.regex(found, /Duration: 0:00:0[2-9]/);
  t.regex(found, /video #\d+: H\.264/);
  t.regex(found, /audio #\d+: Opus/);
});
