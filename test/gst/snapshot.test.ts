import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { snapshotValues } from '../../src/gst/media-format.js';
import { SnapshotDecoder, type DecodedPicture } from '../../src/gst/outlets/snapshot.js';
import { JpegReader, PngReader } from '../../src/gst/picture-pipe.js';
import { unixPair } from '../../src/http/unix-pair.js';
import { MediaBus } from '../../src/media/bus.js';
import { decodeSnapshot, type Snapshot, type SnapshotOrder } from '../../src/protocol/snapshot.js';
import { Snapshots } from '../../src/worker/snapshots.js';
import { census } from '../support/census.js';
import { encodeClip, Player, type Clip } from '../support/clip.js';
import { nothingStays } from '../support/nothing-stays.js';
import { colorAt, readPng } from '../support/png.js';
import { STREAM } from '../support/receiver-connect.js';
import { temporaryFolder } from '../support/server.js';
import { until } from '../support/until.js';

const run = promisify(execFile);
let clip: Clip;

test.before(async () => {
  clip = await encodeClip();
});

/** A clip that plays onto a bus, and still pictures of it. */
class Stage {
  readonly bus = new MediaBus(STREAM.log);
  readonly snapshots = new Snapshots(this.bus, STREAM.log);
  #player: Player | null = null;
  keyframes = 0;

  constructor(t: ExecutionContext) {
    this.bus.on('keyframe-needed', () => {
      this.keyframes += 1;
      this.#player?.keyframe();
    });
    t.teardown(() => {
      this.stop();
      this.snapshots.close();
      this.bus.close();
    });
  }

  play(): void {
    const start = performance.now();
    const { bus } = this;
    this.#player = new Player(clip, {
      get runningTime() {
        return (performance.now() - start) * 1e6;
      },
      pushVideo: ({ data, pts, idr }) => {
        bus.publish('video', { data, pts, duration: null, keyframe: idr });
      },
      pushAudio: (packet) => bus.publish('audio', { ...packet, keyframe: false }),
    });
  }

  stop(): void {
    this.#player?.stop();
    this.#player = null;
  }

  async take(wish: Partial<SnapshotOrder> = {}, video = STREAM.video): Promise<Snapshot> {
    const [near, far] = await unixPair();
    const chunks: Buffer[] = [];
    near.on('data', (chunk: Buffer) => chunks.push(chunk));
    const order = { socket_id: 1, format: 'png', width: null, max_age_ms: 250, within_ms: 20_000 };
    await Promise.all([
      once(near, 'end'),
      this.snapshots.serve({ ...order, ...wish } as SnapshotOrder, video, far),
    ]);
    near.destroy();
    return decodeSnapshot(Buffer.concat(chunks));
  }
}

/** Near to the color of one of the bars of videotestsrc. */
function isColor(given: readonly number[], wanted: readonly number[]): boolean {
  return given.every((value, index) => Math.abs(value - (wanted[index] ?? 0)) < 24);
}

test.serial('a picture is the one of the host, in its size and in a smaller one', async (t) => {
  const stage = new Stage(t);
  stage.play();
  const whole = await stage.take();
  t.deepEqual([whole.width, whole.height], [640, 360]);
  const pixels = readPng(whole.data);
  t.deepEqual([pixels.width, pixels.height], [640, 360]);
  const bars = [0, 1, 2, 3, 4, 5, 6].map((bar) =>
    colorAt(pixels, Math.floor((bar + 0.5) * 91.4), 90),
  );
  t.log(bars);
  const small = readPng((await stage.take({ width: 160 })).data);
  t.deepEqual([small.width, small.height], [160, 90]);
  for (const [bar, color] of bars.entries()) {
    t.true(isColor(colorAt(small, Math.floor((bar + 0.5) * 22.85), 22), color), `bar ${bar}`);
  }
  const [white = [], yellow = [], , , , red = [], blue = []] = bars;
  t.true(Math.min(...white) > 150, 'white');
  t.true((yellow[0] ?? 0) > 150 && (yellow[1] ?? 0) > 150 && (yellow[2] ?? 255) < 60, 'yellow');
  t.true((red[0] ?? 0) > 150 && (red[2] ?? 255) < 60, 'red');
  t.true((blue[2] ?? 0) > 150 && (blue[0] ?? 255) < 60, 'blue');
  // Never larger than the stream.
  t.is((await stage.take({ width: 4_000 })).width, 640);
});

test.serial('JPEG shows the same colors', async (t) => {
  const stage = new Stage(t);
  stage.play();
  const png = readPng((await stage.take()).data);
  const jpeg = await stage.take({ format: 'jpeg' });
  t.deepEqual([jpeg.width, jpeg.height], [640, 360]);
  const folder = await temporaryFolder(t);
  const [from, to] = [join(folder, 'in.jpg'), join(folder, 'out.png')];
  await writeFile(from, jpeg.data);
  const text = `filesrc location=${from} ! jpegdec ! videoconvert ! pngenc ! filesink location=${to}`;
  await run('gst-launch-1.0', ['-q', ...text.split(' ')], { timeout: 60_000 });
  const decoded = readPng(await readFile(to));
  for (let bar = 0; bar < 7; bar += 1) {
    const x = Math.floor((bar + 0.5) * 91.4);
    const [a, b] = [colorAt(decoded, x, 90), colorAt(png, x, 90)];
    t.true(isColor(a, b), `bar ${bar}: ${String(a)} ${String(b)}`);
  }
});

test.serial(
  'two who ask at once share decoder and picture; a kept one serves those after',
  async (t) => {
    const stage = new Stage(t);
    stage.play();
    const [one, other] = await Promise.all([stage.take(), stage.take()]);
    t.is(one.id, other.id);
    t.deepEqual(one.data, other.data);
    t.is(stage.bus.keyframeRequests.join, 1);
    // Another one may have been under way.
    await sleep(200);
    const kept = await stage.take({ max_age_ms: 60_000 });
    t.is((await stage.take({ max_age_ms: 60_000 })).id, kept.id);
    const later = await stage.take({ max_age_ms: 0 });
    t.not(later.id, kept.id);
    t.is(stage.bus.keyframeRequests.join, 1);
  },
);

test.serial(
  'a picture that stands still is the latest, and another size is asked for',
  async (t) => {
    const stage = new Stage(t);
    stage.play();
    await stage.take();
    stage.stop();
    await sleep(100);
    // Its host sends one picture for each key frame that it is asked for.
    let time = 1e12;
    stage.bus.on('keyframe-needed', () => {
      const [unit] = clip.units;
      time += 1e9;
      if (unit) stage.bus.publish('video', { ...unit, pts: time, duration: null, keyframe: true });
    });
    const still = await stage.take({ max_age_ms: 0 });
    t.is((await stage.take({ max_age_ms: 0 })).id, still.id);
    t.true(stage.keyframes > 0);
    t.is((await stage.take({ max_age_ms: 0, width: 320 })).width, 320);
  },
);

test.serial('without a host it ends in time, and so does too much at once', async (t) => {
  const stage = new Stage(t);
  await t.throwsAsync(stage.take({ within_ms: 300 }), { code: 'TIMEOUT' });
  await t.throwsAsync(stage.take({}, null as never), { code: 'CLOSED' });
  const many = Array.from({ length: 17 }, () => stage.take({ within_ms: 1_000 }));
  const ends = await Promise.allSettled(many);
  const codes = ends.map((end) =>
    end.status === 'rejected' ? (end.reason as { code: string }).code : '',
  );
  t.is(codes.filter((code) => code === 'LIMIT_REACHED').length, 1);
  t.is(codes.filter((code) => code === 'TIMEOUT').length, 16);
  const waiting = stage.take();
  await sleep(100);
  stage.snapshots.close();
  await t.throwsAsync(waiting, { code: 'STREAMER_STOPPING' });
});

test.serial(
  'a stream that cannot be decoded ends in an error, and the next try may succeed',
  async (t) => {
    const stage = new Stage(t);
    stage.play();
    const video = { ...STREAM.video, codec: 'h265' } as const;
    await t.throwsAsync(stage.take({ within_ms: 3_000 }, video));
    await sleep(1_100);
    stage.snapshots.restart();
    t.is((await stage.take()).width, 640);
  },
);

test.serial('threads are there while it runs, and gone when nobody asks', async (t) => {
  const stage = new Stage(t);
  stage.play();
  const before = census();
  await stage.take();
  t.true(census().threads > before.threads);
  await until('it is idle', () => census().threads <= before.threads, 30_000);
  t.true(census().descriptors <= before.descriptors + 2);
  t.is((await stage.take()).width, 640);
});

test.serial('nothing stays of decoders that come and go', async (t) => {
  const start = performance.now();
  await nothingStays(
    t,
    async (count) => {
      for (let round = 0; round < count; round += 1) {
        let pictures = 0;
        const decoder = await SnapshotDecoder.create({
          id: `snapshot-${round}`,
          codec: 'h264',
          requestKeyframe: () => undefined,
          onPicture: () => (pictures += 1),
          failed: (error) => t.fail(error.message),
          log: STREAM.log,
        });
        decoder.want('png', { width: 64, height: 36 });
        decoder.want('jpeg', { width: 64, height: 36 });
        for (const unit of clip.units.slice(0, 8)) {
          const pts = Math.round((performance.now() - start) * 1e6);
          decoder.accept('video', { ...unit, keyframe: unit.idr, pts, duration: null });
        }
        await until('pictures', () => pictures > 2);
        await decoder.close();
      }
    },
    30,
  );
  t.pass();
});

const ENCODERS = {
  h265: 'x265enc key-int-max=10 tune=zerolatency ! h265parse ! video/x-h265,stream-format=byte-stream,alignment=au',
  av1: 'av1enc cpu-used=8 usage-profile=realtime lag-in-frames=0 ! av1parse ! video/x-av1,stream-format=obu-stream,alignment=tu',
} as const;

for (const codec of ['h265', 'av1'] as const) {
  test.serial(`${codec} is decoded too`, async (t) => {
    const folder = await temporaryFolder(t);
    const text =
      'videotestsrc pattern=smpte num-buffers=10 ! video/x-raw,format=I420,width=640,height=360,framerate=30/1 ! ' +
      `${ENCODERS[codec]} ! multifilesink location=${folder}/v%05d`;
    await run('gst-launch-1.0', ['-q', ...text.split(' ')], { timeout: 60_000 });
    const names = (await readdir(folder)).sort();
    const units = await Promise.all(names.map((name) => readFile(join(folder, name))));
    const found: DecodedPicture[] = [];
    const decoder = await SnapshotDecoder.create({
      ...{ id: codec, codec, requestKeyframe: () => undefined, log: STREAM.log },
      onPicture: (picture) => found.push(picture),
      failed: (error) => t.fail(error.message),
    });
    t.teardown(() => decoder.close());
    decoder.want('png', { width: 640, height: 360 });
    let pts = 0;
    for (const [index, data] of units.entries()) {
      pts += 33_000_000;
      decoder.accept('video', { data, keyframe: index === 0, pts, duration: null });
    }
    const [picture] = await until('a picture', () => (found.length > 0 ? found : null));
    const pixels = readPng(picture?.data ?? Buffer.alloc(0));
    const [white = [], , , , , , blue = []] = [0, 1, 2, 3, 4, 5, 6].map((bar) =>
      colorAt(pixels, Math.floor((bar + 0.5) * 91.4), 90),
    );
    t.log({ white, blue });
    t.true(Math.min(...white) > 235, String(white));
    t.true((blue[2] ?? 0) > 150 && (blue[0] ?? 255) < 60, String(blue));
  });
}

test('a decoder for every codec, or the element that is missing', (t) => {
  const having = (...names: string[]): { hasElement: (name: string) => boolean } => ({
    hasElement: (name) => names.includes(name),
  });
  t.like(snapshotValues(having('openh264dec'), 'h264'), {
    decoder: 'openh264dec',
    format: 'byte-stream',
  });
  t.like(snapshotValues(having('openh264dec', 'avdec_h264'), 'h264'), { decoder: 'avdec_h264' });
  t.like(snapshotValues(having('av1dec'), 'av1'), { decoder: 'av1dec', alignment: 'tu' });
  t.throws(() => snapshotValues(having(), 'h265'), {
    code: 'ELEMENT_MISSING',
    message: /avdec_h265, libde265dec.*gstreamer1\.0-libav/,
  });
});

test('pictures are found however their bytes come', (t) => {
  const chunk = (type: string, data: Buffer): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    return Buffer.concat([length, Buffer.from(type), data, Buffer.alloc(4)]);
  };
  const png = (width: number, content: string): Buffer => {
    const size = Buffer.alloc(13);
    size.writeUInt32BE(width, 0);
    size.writeUInt32BE(7, 4);
    const parts = [
      chunk('IHDR', size),
      chunk('IDAT', Buffer.from(content)),
      chunk('IEND', Buffer.alloc(0)),
    ];
    return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...parts]);
  };
  const jpeg = (width: number): Buffer =>
    Buffer.concat([
      Buffer.from('ffd8ffe0000400ffffc0000b080007', 'hex'),
      Buffer.from([width >> 8, width & 255]),
      Buffer.from('01011100ffda000200ff00112233ffd9', 'hex'),
    ]);
  for (const size of [1, 2, 3, 7, 64, 100_000]) {
    for (const [reader, pictures] of [
      [new PngReader(), [png(3, 'IEND inside'), png(4, 'x'.repeat(70_000))]],
      [new JpegReader(), [jpeg(3), jpeg(600)]],
    ] as const) {
      const stream = Buffer.concat([...pictures]);
      const found = [];
      for (let at = 0; at < stream.length; at += size) {
        found.push(...reader.push(stream.subarray(at, at + size)));
      }
      t.deepEqual(
        found.map(({ data }) => data.toString('hex')),
        pictures.map((picture) => picture.toString('hex')),
      );
      t.deepEqual(
        found.map(({ width, height }) => [width, height]),
        reader instanceof PngReader
          ? [
              [3, 7],
              [4, 7],
            ]
          : [
              [3, 7],
              [600, 7],
            ],
      );
    }
  }
});
