/** What becomes of a recording whose session is lost, and comes back or does not. */
import { readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { gstRuntime } from '../../src/gst/runtime.js';
import { VIDEO_FORMAT } from '../../src/moonlight/types.js';
import type { MoonteeServer } from '../../src/server/server.js';
import { encodeClip } from '../support/clip.js';
import { demoServer, demoStreamer } from '../support/demo-server.js';
import { HostProcess, PIN } from '../support/host-process.js';
import { readMatroska, VIDEO_TRACK } from '../support/matroska.js';
import { decode, discover, playInPage } from '../support/recording-player.js';
import { RestRecording } from '../support/rest-recording.js';
import { temporaryFolder } from '../support/server.js';
import { until } from '../support/until.js';
import { TestBrowser } from '../web/browser.js';

/** Milliseconds that the host is away. */
const AWAY = 4_000;

interface Scene {
  readonly host: HostProcess;
  readonly server: MoonteeServer;
  readonly recording: RestRecording;
  /** Path of the nth file. */
  readonly file: (number: number) => string;
  readonly files: () => string[];
}

/** A recording that has begun. @param args of the host */
async function record(t: ExecutionContext, formats: number, ...args: string[]): Promise<Scene> {
  t.timeout(240_000);
  const folder = await temporaryFolder(t);
  const host = await HostProcess.start(t, ...args);
  const server = await demoServer(t, {
    host: { httpPort: host.httpPort, pin: PIN },
    flags: { recordings_path: folder, restart_backoff_min_ms: '100', app_wait_ms: '0' },
  });
  const apps = (await server.hosts.list()[0]?.apps()) ?? [];
  const film = apps.find(({ title }) => title === 'Film') ?? apps[0];
  await demoStreamer(server, { app_id: film?.id, video_supported_formats: formats });
  const recording = await RestRecording.start(server);
  const own = join(folder, recording.id);
  const file = (number: number): string => join(own, `0000${number}.mkv`);
  await recording.begun();
  await until('a second of it', () => lastTime(file(1)) > 1_000);
  const files = (): string[] => readdirSync(own).filter((name) => name.endsWith('.mkv'));
  return { host, server, recording, file, files };
}

/** As the demo host reads a clip: each unit behind its length. */
async function writeClip(
  path: string,
  { units }: { readonly units: readonly { readonly data: Buffer }[] },
): Promise<void> {
  const parts = units.flatMap(({ data }) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    return [length, data];
  });
  await writeFile(path, Buffer.concat(parts));
}

const lastTime = (path: string): number => readMatroska(path).blocks.at(-1)?.time ?? 0;

const pictures = (path: string) =>
  readMatroska(path).blocks.filter(({ track }) => track === VIDEO_TRACK);

test.serial('a session that is resumed: the file goes on, with a gap', async (t) => {
  const { host, server, recording, file, files } = await record(t, VIDEO_FORMAT.H264);
  const pid = server.streamers.get('s')?.pid;
  await host.crash();
  const before = await until('nothing comes any more', async () => {
    const time = lastTime(file(1));
    await sleep(1_000);
    return lastTime(file(1)) === time && time;
  });
  await sleep(AWAY);
  await host.comeBack();
  await until('two seconds more', () => {
    const times = pictures(file(1)).filter(({ time }) => time > before + AWAY);
    return (times.at(-1)?.time ?? 0) - (times[0]?.time ?? 0) > 2_000;
  });
  t.is(server.streamers.get('s')?.pid, pid);
  t.is((await recording.info()).status, 'recording');
  t.is((await fetch(recording.url, { method: 'DELETE' })).status, 204);
  t.is((await recording.info()).code, 'STOPPED');
  t.deepEqual(files(), ['00001.mkv']);
  const video = pictures(file(1));
  const first = video.find(({ time }) => time > before + AWAY);
  t.true(first?.keyframe);
  t.true(video.every(({ time }, at) => at === 0 || time >= (video[at - 1]?.time ?? 0)));
  await t.notThrowsAsync(decode(file(1)));
  const browser = await TestBrowser.launch();
  t.teardown(() => browser.close());
  const page = await browser.open(`${server.url}api/openapi.json`);
  const played = await playInPage(page, `${recording.url}/files/1`);
  t.like(played, { error: null, ended: true });
  t.true(played.position * 1000 > before + AWAY + 1_500, JSON.stringify(played));
  t.true(played.decoded >= 0.95 * video.length, `${played.decoded} of ${video.length}`);
});

test.serial('a session that is resumed with another picture: another file begins', async (t) => {
  const film = join(await temporaryFolder(t), 'film.h264');
  await writeClip(film, await encodeClip());
  const app = ['--app', `Film=clip:${film}`];
  const { host, server, recording, file, files } = await record(t, VIDEO_FORMAT.H264, ...app);
  const pid = server.streamers.get('s')?.pid;
  await host.crash();
  await writeClip(film, await encodeClip({ width: 320, height: 180 }));
  await host.comeBack();
  await until('another file', () => files().length === 2);
  await until('a second of it', () => lastTime(file(2)) > 1_000);
  t.is(server.streamers.get('s')?.pid, pid);
  t.is((await fetch(recording.url, { method: 'DELETE' })).status, 204);
  t.deepEqual(files(), ['00001.mkv', '00002.mkv']);
  for (const [number, size] of [
    [1, /Width: 640\s+Height: 360/],
    [2, /Width: 320\s+Height: 180/],
  ] as const) {
    t.is(pictures(file(number))[0]?.time, 0);
    t.true(pictures(file(number))[0]?.keyframe);
    await t.notThrowsAsync(decode(file(number)));
    const found = await discover(file(number));
    if (found === null) t.log('not read by gst-discoverer-1.0, which is not installed');
    else t.regex(found, size);
  }
});

test.serial(
  'a host that comes back without the codec: the recording ends, and plays',
  async (t) => {
    if (!gstRuntime().hasElement('x265enc')) {
      t.log('skipped: x265enc is not installed');
      t.pass();
      return;
    }
    const formats = VIDEO_FORMAT.H264 | VIDEO_FORMAT.H265;
    const { host, server, recording, file, files } = await record(t, formats, '--hevc');
    const pid = server.streamers.get('s')?.pid;
    await host.crash();
    await host.comeBack('--fec', '20');
    const { code, reason } = await recording.ended();
    t.is(code, 'STREAM_TERMINATED');
    t.regex(reason ?? '', /does not offer the video codec of before/);
    t.deepEqual(files(), ['00001.mkv']);
    const video = pictures(file(1));
    t.true(video[0]?.keyframe);
    t.true(video.length > 1);
    const found = await discover(file(1));
    if (found === null) t.log('not read by gst-discoverer-1.0, which is not installed');
    else t.regex(found, /video codec: HEVC/);
    // The next process takes what the host has now.
    await until('the streamer is back', () => {
      const streamer = server.streamers.get('s');
      return streamer?.status === 'active' && streamer.pid !== pid;
    });
    const next = await RestRecording.start(server);
    await next.begun();
    t.is((await fetch(next.url, { method: 'DELETE' })).status, 204);
  },
);
