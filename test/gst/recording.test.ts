import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { Deadline } from '../../src/core/deadline.js';
import { Recording } from '../../src/gst/outlets/recording.js';
import { createStreamPipeline } from '../../src/gst/pipeline.js';
import { MediaBus } from '../../src/media/bus.js';
import { CLIP_SURROUND, encodeClip, Player, type Clip } from '../support/clip.js';
import { readMatroska, VIDEO_TRACK } from '../support/matroska.js';
import { ReceiverProcess } from '../support/receiver.js';
import { connect, STREAM, unfinished } from '../support/receiver-connect.js';
import { decode } from '../support/recording-player.js';
import { RecordingStage, UNLIMITED } from '../support/recording-stage.js';
import { until } from '../support/until.js';

const run = promisify(execFile);
let clip: Clip;

test.before(async () => {
  clip = await encodeClip();
});

test.serial('recordings come and go, and no viewer misses a packet', async (t) => {
  const receivers = await ReceiverProcess.start();
  const bus = new MediaBus(STREAM.log);
  const folder = mkdtempSync(join(tmpdir(), 'moontee-recording-'));
  const pipeline = await createStreamPipeline({ ...STREAM, bus });
  const player = new Player(clip, pipeline);
  bus.on('keyframe-needed', () => player.keyframe());
  t.teardown(async () => {
    player.stop();
    await pipeline.close();
    bus.close();
    await receivers.kill();
    rmSync(folder, { recursive: true });
  });
  const viewer = receivers.open('viewer');
  await connect(await pipeline.addPeer('viewer'), viewer);
  const before = await viewer.until(({ video }) => video.markers > 10);
  for (let round = 1; round <= 5; round += 1) {
    const recording = new Recording({
      id: `recording-${round}`,
      path: (number) => join(folder, `${round}-${number}.mkv`),
      codec: 'h264',
      audio: STREAM.audio,
      limits: { ...UNLIMITED, fileMs: 300 },
      requestKeyframe: (reason) => bus.requestKeyframe(reason, `recording-${round}`),
      ended: (code) => t.fail(code),
      log: STREAM.log,
    });
    const detach = bus.attach(recording);
    recording.start();
    await until('recorded', () => recording.stats().durationMs > 500);
    detach();
    await recording.close(Deadline.in(60_000));
  }
  const { video } = await viewer.until((now) => now.video.markers > before.video.markers + 120);
  t.true(video.lost <= receivers.kernelDrops(), `${video.lost}`);
  t.true(unfinished(before.video, video) <= receivers.kernelDrops());
  t.true(readdirSync(folder).length >= 5);
});

test.serial('a recording begins with a key frame and holds picture and sound', async (t) => {
  const stage = new RecordingStage(t, clip);
  stage.play();
  stage.recording.start();
  await stage.recorded(2_000);
  await stage.recording.close(Deadline.in(60_000));
  const [path = ''] = stage.files();
  const { blocks, duration, clusters } = readMatroska(path);
  const video = blocks.filter(({ track }) => track === VIDEO_TRACK);
  const sound = blocks.filter(({ track }) => track !== VIDEO_TRACK);
  t.is(video[0]?.time, 0);
  t.true(video[0]?.keyframe);
  t.true(video.length >= 100 && sound.length >= 150, `${video.length} ${sound.length}`);
  t.true(duration >= 1_900, `${duration}`);
  t.true(clusters >= 2);
  await t.notThrowsAsync(decode(path));
  t.deepEqual(stage.ends, []);
});

test.serial('attached before there is a picture, it waits for the first key frame', async (t) => {
  const stage = new RecordingStage(t, clip);
  stage.recording.start();
  await once(stage.bus, 'keyframe-needed');
  stage.play();
  await stage.recorded(500);
  await stage.recording.close(Deadline.in(60_000));
  t.is(stage.files().length, 1);
});

test.serial('without a single picture it leaves no file', async (t) => {
  const stage = new RecordingStage(t, clip);
  stage.recording.start();
  await once(stage.bus, 'keyframe-needed');
  await stage.recording.close(Deadline.in(60_000));
  t.deepEqual(stage.files(), []);
});

test.serial('one picture without a sound is a file that can be read', async (t) => {
  const stage = new RecordingStage(t, clip);
  stage.recording.start();
  await once(stage.bus, 'keyframe-needed');
  const [first] = clip.units;
  if (!first) throw new Error('no picture');
  stage.bus.publish('video', { data: first.data, pts: 0, duration: null, keyframe: true });
  await stage.recording.close(Deadline.in(60_000));
  const [path = ''] = stage.files();
  const { blocks, duration } = readMatroska(path);
  t.deepEqual(
    blocks.map(({ track, time, keyframe }) => [track, time, keyframe]),
    [
      [VIDEO_TRACK, 0, true],
      [VIDEO_TRACK + 1, 0, false],
    ],
  );
  t.is(duration, STREAM.audio.packetDuration);
  await t.notThrowsAsync(decode(path));
});

test.serial('files follow each other by time, each from a key frame on', async (t) => {
  const stage = new RecordingStage(t, clip, { limits: { fileMs: 700 } });
  stage.play(await encodeClip({ frames: 600 }));
  stage.recording.start();
  await until('three files', () => stage.recording.stats().files >= 3);
  await stage.recorded(2_500);
  await stage.recording.close(Deadline.in(60_000));
  const files = stage.files();
  t.true(files.length >= 3);
  for (const path of files.slice(0, 3)) {
    const { blocks } = readMatroska(path);
    const video = blocks.filter(({ track }) => track === VIDEO_TRACK);
    t.true(video[0]?.keyframe);
    t.is(video[0]?.time, 0);
    await t.notThrowsAsync(decode(path));
  }
});

test.serial('it ends at its limit, and by size it goes on in another file', async (t) => {
  const stage = new RecordingStage(t, clip, {
    limits: { fileBytes: 150_000, totalBytes: 600_000 },
  });
  stage.play();
  stage.recording.start();
  await stage.ended;
  await stage.recording.close(Deadline.in(60_000));
  t.deepEqual(stage.ends, ['LIMIT_REACHED']);
  t.true(stage.recording.stats().files >= 2);
  for (const path of stage.files()) await t.notThrowsAsync(decode(path));
});

test.serial('a disk that is full ends the recording, and what is on it plays', async (t) => {
  const stage = new RecordingStage(t, clip);
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', stage.folder]);
  } catch {
    t.log('skipped: this machine mounts nothing');
    t.pass();
    return;
  }
  try {
    stage.play();
    stage.recording.start();
    await stage.ended;
    await stage.recording.close(Deadline.in(60_000));
    t.deepEqual(stage.ends, ['RECORDING_DISK_FULL']);
    const [path = ''] = stage.files();
    const { blocks } = readMatroska(path);
    t.true(blocks.length >= 100, `${blocks.length}`);
    t.true(blocks[0]?.keyframe);
  } finally {
    await stage.recording.close(Deadline.in(60_000));
    await run('umount', ['-l', stage.folder]);
  }
});

test.serial('without sound from the host the file has silence', async (t) => {
  const stage = new RecordingStage(t, clip);
  stage.play(clip, false);
  stage.recording.start();
  await stage.recorded(2_000);
  await stage.recording.close(Deadline.in(60_000));
  const [path = ''] = stage.files();
  t.true(readMatroska(path).blocks.some(({ track }) => track !== VIDEO_TRACK));
  await t.notThrowsAsync(decode(path));
});

test.serial('surround sound is recorded as it is', async (t) => {
  const stage = new RecordingStage(t, await encodeClip({ channels: 6 }), { audio: CLIP_SURROUND });
  stage.play();
  stage.recording.start();
  await stage.recorded(1_000);
  await stage.recording.close(Deadline.in(60_000));
  const [path = ''] = stage.files();
  await t.notThrowsAsync(decode(path));
});

test.serial('a picture of another size begins another file', async (t) => {
  const stage = new RecordingStage(t, clip);
  stage.play();
  stage.recording.start();
  await stage.recorded(500);
  stage.play(await encodeClip({ width: 320, height: 240 }));
  await until('two files', () => stage.recording.stats().files === 2);
  await stage.recorded(1_500);
  await stage.recording.close(Deadline.in(60_000));
  t.is(stage.files().length, 2);
  for (const path of stage.files()) await t.notThrowsAsync(decode(path));
});
