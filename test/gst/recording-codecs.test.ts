/** Recordings of each codec: the bytes of real encoders, where this machine has them. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'ava';
import { Deadline } from '../../src/core/deadline.js';
import { CLIP, matrixClip, type MatrixFormat } from '../matrix/clips.js';
import { encodeClip } from '../support/clip.js';
import { readMatroska, VIDEO_TRACK } from '../support/matroska.js';
import { discover, playInPage } from '../support/recording-player.js';
import { RecordingStage } from '../support/recording-stage.js';
import { TestBrowser } from '../web/browser.js';

/** What gst-discoverer-1.0 says of each, and whether Debian's Chromium has a decoder for it. */
const FORMATS = [
  ['h264', /video\/x-h264[^]*video codec: H\.?264/, true],
  ['h265', /video\/x-h265[^]*profile=\(string\)main,[^]*video codec: HEVC/, false],
  ['h265 10 bit', /video\/x-h265[^]*profile=\(string\)main-10,[^]*video codec: HEVC/, false],
  ['av1', /video\/x-av1[^]*video codec: AOM AV1/, true],
] as const satisfies readonly (readonly [MatrixFormat, RegExp, boolean])[];

for (const [format, words, plays] of FORMATS) {
  test.serial(`a recording of ${format} begins with a key frame and is read as such`, async (t) => {
    const { codec, units, madeUp } = await matrixClip(format);
    if (madeUp !== null) {
      t.log(`skipped: ${madeUp}`);
      t.pass();
      return;
    }
    const { audio } = await encodeClip();
    const clip = {
      units: units.map((data, at) => ({ data, idr: at === 0 })),
      audio,
      fps: CLIP.fps,
    };
    const stage = new RecordingStage(t, clip, { codec, limits: { fileMs: 1_200 } });
    stage.play();
    stage.recording.start();
    await stage.recorded(2_000);
    await stage.recording.close(Deadline.in(5_000));
    t.deepEqual(stage.ends, []);
    t.true(stage.files().length >= 2);
    for (const path of stage.files()) {
      const { blocks } = readMatroska(path);
      const video = blocks.filter(({ track }) => track === VIDEO_TRACK);
      t.is(video[0]?.time, 0);
      t.true(video[0]?.keyframe);
      // The clip begins anew within the file, and nothing else in it is a key frame.
      const keyframes = video.filter(({ keyframe }) => keyframe).length;
      t.true(keyframes <= Math.ceil(video.length / units.length) + 1, `${keyframes}`);
      t.true(blocks.some(({ track }) => track !== VIDEO_TRACK));
      const found = await discover(path);
      if (found === null) {
        t.log('not read by gst-discoverer-1.0, which is not installed');
        continue;
      }
      t.regex(found, words);
      t.regex(found, /Width: 320\s+Height: 180/);
      t.regex(found, /audio codec: Opus/);
    }
    if (!plays) return;
    const browser = await TestBrowser.launch();
    t.teardown(() => browser.close());
    const [path = ''] = stage.files();
    const address = join(stage.folder, 'page.html');
    await writeFile(address, '');
    const page = await browser.open(pathToFileURL(address).href);
    const played = await playInPage(page, pathToFileURL(path).href);
    t.like(played, { error: null, ended: true, width: CLIP.width, height: CLIP.height });
    t.true(played.decoded > 60 && played.soundBytes > 0, JSON.stringify(played));
  });
}
