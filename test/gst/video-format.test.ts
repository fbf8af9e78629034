import test from 'ava';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { installedFormats } from '../../src/demo-host/media/encoder.js';
import { VideoFormat } from '../../src/media/video-format.js';
import type { BitDepth, NegotiatedVideo, VideoCodec } from '../../src/moonlight/types.js';

const run = promisify(execFile);

function video(changes: Partial<NegotiatedVideo>): NegotiatedVideo {
  return {
    codec: 'h264',
    bitDepth: 8,
    chroma: '4:2:0',
    width: 1920,
    height: 1080,
    fps: 60,
    colorSpace: 'Rec709',
    colorRangeFull: false,
    ...changes,
  };
}

const h264 = (level: string): string =>
  `level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e0${level}`;
const h265 = (profile: number, level: number): string =>
  `level-id=${level};profile-id=${profile};tier-flag=0;tx-mode=SRST`;
const av1 = (profile: number, level: number): string =>
  `level-idx=${level};profile=${profile};tier=0`;

test('before the first key frame: what was agreed with the host', (t) => {
  for (const [changes, wanted] of [
    [{ width: 640, height: 360, fps: 30 }, h264('1f')],
    [{ width: 1280, height: 720 }, h264('20')],
    [{}, h264('2a')],
    [{ width: 3840, height: 2160 }, h264('34')],
    [{ codec: 'h265' }, h265(1, 123)],
    [{ codec: 'h265', bitDepth: 10, width: 2560, height: 1440 }, h265(2, 150)],
    [{ codec: 'h265', chroma: '4:4:4' }, h265(4, 123)],
    [{ codec: 'h265', width: 7680, height: 4320, fps: 240 }, h265(1, 186)],
    [{ codec: 'av1' }, av1(0, 9)],
    [{ codec: 'av1', bitDepth: 10, width: 3840, height: 2160 }, av1(0, 13)],
    [{ codec: 'av1', chroma: '4:4:4', width: 1280, height: 720, fps: 30 }, av1(1, 5)],
  ] as const) {
    t.is(new VideoFormat(video(changes)).parameters, wanted);
  }
});

test('from the first key frame on: what its sequence header says', (t) => {
  const sps = (profile: string, level: string): Buffer =>
    Buffer.from(
      `00000001 67${profile}00${level}ac 00000001 68ce 00000001 6588`.replaceAll(' ', ''),
      'hex',
    );
  const format = new VideoFormat(video({}));
  // High, which browsers decode under the name that all of them take.
  format.read(sps('64', '33'));
  t.is(format.parameters, h264('33'));
  format.read(sps('42', '1e'));
  t.is(format.parameters, h264('1f'));
  format.read(Buffer.from('000000016588', 'hex'));
  t.is(format.parameters, h264('1f'));
  const any = new VideoFormat(video({ codec: 'av1' }));
  // Level 31 promises nothing.
  any.read(Buffer.from('12000a040000' + '00f8', 'hex'));
  t.is(any.parameters, av1(0, 9));
});

const ENCODERS: readonly [VideoCodec, BitDepth, string, RegExp][] = [
  ['h264', 8, 'openh264enc ! video/x-h264,stream-format=byte-stream', /profile-level-id=42e01f$/],
  ['h265', 8, 'x265enc ! video/x-h265,stream-format=byte-stream', /;profile-id=1;tier-flag=0;/],
  [
    'h265',
    10,
    'x265enc ! video/x-h265,stream-format=byte-stream,profile=main-10',
    /;profile-id=2;/,
  ],
  [
    'av1',
    8,
    'av1enc cpu-used=8 ! av1parse ! video/x-av1,stream-format=obu-stream,alignment=tu',
    /^level-idx=\d+;profile=0;tier=0$/,
  ],
];

for (const [codec, bitDepth, encoder, wanted] of ENCODERS) {
  test(`what an encoder writes: ${codec} in ${bitDepth} bits`, async (t) => {
    if (!installedFormats([codec]).some((one) => one.bitDepth === bitDepth)) {
      t.log('not installed');
      t.pass();
      return;
    }
    const folder = await mkdtemp(join(tmpdir(), 'moontee-format-'));
    t.teardown(() => rm(folder, { recursive: true, force: true }));
    const file = join(folder, 'stream');
    const input = bitDepth === 10 ? 'I420_10LE' : 'I420';
    await run(
      'gst-launch-1.0',
      `-q videotestsrc num-buffers=1 ! video/x-raw,format=${input},width=320,height=240,framerate=30/1 ! ${encoder} ! filesink location=${file}`.split(
        ' ',
      ),
      { timeout: 60_000 },
    );
    const format = new VideoFormat(video({ codec, bitDepth }));
    const before = format.parameters;
    format.read(await readFile(file));
    t.regex(format.parameters, wanted);
    t.not(format.parameters, before);
  });
}
