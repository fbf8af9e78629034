/** The short form of bench/recording: a recording beside viewers, cut off by SIGKILL, plays. */
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { gstRuntime } from '../../src/gst/runtime.js';
import { VIDEO_FORMAT } from '../../src/moonlight/types.js';
import { demoServer, demoStreamer } from '../support/demo-server.js';
import { readMatroska, VIDEO_TRACK } from '../support/matroska.js';
import { RawViewer } from '../support/raw-viewer.js';
import { ReceiverProcess } from '../support/receiver.js';
import { discover, playInPage } from '../support/recording-player.js';
import { RestRecording } from '../support/rest-recording.js';
import { temporaryFolder } from '../support/server.js';
import { until } from '../support/until.js';
import { TestBrowser } from '../web/browser.js';

const JOINS = 10;

async function openReceivers(t: ExecutionContext): Promise<ReceiverProcess> {
  const receivers = await ReceiverProcess.start();
  t.teardown(() => receivers.kill());
  return receivers;
}

test('a recording of ten joins costs no viewer a packet, and plays after SIGKILL', async (t) => {
  t.timeout(300_000);
  const folder = await temporaryFolder(t);
  const server = await demoServer(t, { flags: { recordings_path: folder } });
  await demoStreamer(server);
  const socketUrl = `${server.url}api/streamers/s/peer`.replace(/^http/, 'ws');
  const [watching, joining] = await Promise.all([openReceivers(t), openReceivers(t)]);
  const watcher = new RawViewer(socketUrl, watching, 'watcher');
  await watcher.peer.until(({ video }) => video.markers > 30);

  const short = await RestRecording.start(server);
  await short.begun();
  t.is((await fetch(short.url, { method: 'DELETE' })).status, 204);
  const recording = await RestRecording.start(server);
  await recording.begun();
  for (let i = 0; i < JOINS; i += 1) {
    const viewer = new RawViewer(socketUrl, joining, `viewer-${i}`);
    await viewer.peer.until(({ video }) => video.keyframes > 0);
    viewer.leave(i % 2 === 0 ? 'graceful' : 'abrupt');
  }
  const { video } = await watcher.peer.stats();
  t.true(video.markers > 100);
  t.true(video.lost <= watching.kernelDrops(), `${video.lost}`);

  const metrics = await (await fetch(`${server.url}metrics`)).text();
  t.regex(metrics, /^moontee_recording_bytes_total\{streamer_id="s"\} [1-9]/m);
  t.regex(metrics, /^moontee_recording_seconds_total\{streamer_id="s"\} [1-9]/m);
  t.regex(metrics, /^moontee_recording_ends_total\{code="STOPPED"\} 1$/m);

  process.kill(server.streamers.get('s')?.pid ?? 0, 'SIGKILL');
  t.is((await recording.ended()).code, 'STREAMER_FAILED');
  const path = join(folder, recording.id, '00001.mkv');
  const { duration, blocks } = readMatroska(path);
  const pictures = blocks.filter(({ track }) => track === VIDEO_TRACK);
  const last = pictures.at(-1)?.time ?? 0;
  t.true(pictures[0]?.keyframe);
  t.true(last > 1_000 && duration > last - 2_000, `${duration} of ${last}`);
  t.is(new Set(blocks.map(({ track }) => track)).size, 2);

  const found = await discover(path);
  if (found === null) t.log('not read by gst-discoverer-1.0, which is not installed');
  else t.regex(found, /Duration: 0:0\d:\d\d[^]*video codec: H\.?264[^]*audio codec: Opus/);

  const browser = await TestBrowser.launch();
  t.teardown(() => browser.close());
  const page = await browser.open(`${server.url}api/openapi.json`);
  const played = await playInPage(page, `${recording.url}/files/1`);
  t.like(played, { error: null, ended: true, width: 640, height: 360 });
  t.true(Math.abs(played.position * 1000 - last) <= 100, `${played.position} of ${last}`);
  t.true(played.decoded >= 0.95 * pictures.length, `${played.decoded} of ${pictures.length}`);
  t.true(played.soundBytes > 0);
});

/** Codecs that the demo host encodes, and what encodes and packetises them. */
const CODECS = [
  ['H.265', VIDEO_FORMAT.H265, /video codec: HEVC/, ['x265enc', 'rtph265pay']],
  ['AV1', VIDEO_FORMAT.AV1_MAIN8, /video codec: AOM AV1/, ['av1enc', 'rtpav1pay']],
] as const;

for (const [name, format, words, elements] of CODECS) {
  test(`a recording of ${name} from the demo host is read as such`, async (t) => {
    t.timeout(240_000);
    const missing = elements.find((element) => !gstRuntime().hasElement(element));
    if (missing !== undefined) {
      t.log(`skipped: ${missing} is not installed`);
      t.pass();
      return;
    }
    const folder = await temporaryFolder(t);
    const server = await demoServer(t, {
      host: ['--hevc', '--av1'],
      flags: { recordings_path: folder },
    });
    await demoStreamer(server, { video_supported_formats: format, fps: 30 });
    const recording = await RestRecording.start(server);
    await recording.begun();
    const path = join(folder, recording.id, '00001.mkv');
    await until('two seconds of it', () => (readMatroska(path).blocks.at(-1)?.time ?? 0) > 2_000);
    t.is((await fetch(recording.url, { method: 'DELETE' })).status, 204);
    const pictures = readMatroska(path).blocks.filter(({ track }) => track === VIDEO_TRACK);
    t.is(pictures[0]?.time, 0);
    t.true(pictures[0]?.keyframe);
    const found = await discover(path);
    if (found === null) {
      t.log('not read by gst-discoverer-1.0, which is not installed');
      return;
    }
    t.regex(found, words);
    t.regex(found, /Width: 640\s+Height: 360/);
  });
}
