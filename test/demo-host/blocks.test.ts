/** Pictures without an encoder: a real decoder agrees with what they say of themselves. */
import test from 'ava';
import fc from 'fast-check';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BlockPicture, pictureNote } from '../../src/demo-host/media/block-picture.js';
import { BlockSource } from '../../src/demo-host/media/block-source.js';
import { isKeyFrame } from '../../src/moonlight/video/key-frame.js';

const run = promisify(execFile);

/** The luma planes that GStreamer's decoder makes of the access units. */
async function decode(
  units: readonly Buffer[],
  width: number,
  height: number,
): Promise<readonly Buffer[]> {
  const folder = await mkdtemp(join(tmpdir(), 'moontee-blocks-'));
  try {
    await writeFile(join(folder, 'coded'), Buffer.concat(units));
    const text =
      `filesrc location=${folder}/coded ! h264parse ! openh264dec ! ` +
      `video/x-raw,format=I420 ! filesink location=${folder}/raw`;
    await run('gst-launch-1.0', ['-q', ...text.split(' ')], { timeout: 60_000 });
    const raw = await readFile(join(folder, 'raw'));
    // GStreamer rounds strides up to four bytes.
    const stride = (width + 3) & ~3;
    const chroma = 2 * ((width / 2 + 3) & ~3) * (height / 2);
    const size = stride * height + chroma;
    return Array.from({ length: raw.length / size }, (_, index) =>
      raw.subarray(index * size, index * size + stride * height),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Samples in which two planes differ. */
function difference(a: Buffer, b: Buffer): number {
  return a.reduce((sum, value, index) => sum + (value === b[index] ? 0 : 1), 0);
}

for (const [width, height] of [
  [320, 180],
  [640, 480],
  [1280, 720],
] as const) {
  test(`${width}x${height}: a decoder shows each picture as its reference with a few blocks`, async (t) => {
    const picture = new BlockPicture(width, height);
    const blocks = 5;
    const units = [picture.key(1)];
    for (let id = 2; id <= 8; id++) {
      units.push(picture.delta({ id, refersTo: id - 1 }, id - 1, blocks));
    }
    // Pictures 5 to 8 are lost; what follows refers to 4.
    const repaired = [
      ...units.slice(0, 4),
      picture.delta({ id: 9, refersTo: 4 }, 4, blocks),
      picture.delta({ id: 10, refersTo: 9 }, 5, blocks),
      picture.key(11),
      picture.delta({ id: 12, refersTo: 11 }, 1, blocks),
    ];
    const [whole, after] = await Promise.all(
      [units, repaired].map((sequence) => decode(sequence, width, height)),
    );
    t.is(whole?.length, 8);
    t.is(after?.length, 8);
    t.true(whole?.[0]?.every((value) => value === 128));
    for (const planes of [whole ?? [], after ?? []]) {
      for (let index = 1; index < planes.length; index++) {
        if (planes === after && index === 6) continue;
        const [before, now] = [planes[index - 1], planes[index]];
        const changed = difference(before ?? Buffer.alloc(0), now ?? Buffer.alloc(0));
        t.true(changed > 0 && changed <= blocks * 256, `picture ${index + 1}: ${changed}`);
      }
    }
    t.deepEqual(after?.[3], whole?.[3]);
    t.deepEqual(after?.[6], whole?.[0]);
  });
}

test('every picture has its note, and only key pictures are key frames', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 32, max: 1200 }),
      fc.integer({ min: 32, max: 800 }),
      fc.nat(0xffff_ffff),
      fc.nat(0xffff_ffff),
      fc.nat(1000),
      fc.nat(400),
      (width, height, id, refersTo, age, blocks) => {
        const picture = new BlockPicture(width * 2, height * 2);
        const key = picture.key(id);
        t.deepEqual(pictureNote(key), { id, refersTo: id });
        t.true(isKeyFrame('h264', key, 0));
        const delta = picture.delta({ id, refersTo }, age, blocks);
        t.deepEqual(pictureNote(delta), { id, refersTo });
        t.false(isKeyFrame('h264', delta, 0));
        t.is(pictureNote(delta.subarray(0, 20)), null);
      },
    ),
    { seed: 7, numRuns: 30 },
  );
});

function source(): { frames: (count: number) => Buffer[]; source: BlockSource } {
  const made = new BlockSource({
    codec: 'h264',
    bitDepth: 8,
    width: 320,
    height: 180,
    fps: 60,
    bitrate: 1000,
    packetSize: 1024,
    minRequiredFecPackets: 2,
    channels: 2,
    packetDuration: 5,
    controlVersion: 2,
    encryptVideo: false,
    encryptAudio: false,
  });
  let now = performance.now() + 1000;
  const frames = (count: number): Buffer[] =>
    Array.from({ length: count }, () => {
      now += 17;
      return made.poll(now)[0]?.data ?? Buffer.alloc(0);
    });
  return { frames, source: made };
}

const notes = (units: readonly Buffer[]): string[] =>
  units.map((unit) => {
    const { id, refersTo } = pictureNote(unit) ?? { id: -1, refersTo: -1 };
    return `${id}<${refersTo}`;
  });

test('a source goes on from the last picture that the client has', (t) => {
  const { frames, source: blocks } = source();
  t.deepEqual(notes(frames(4)), ['1<1', '2<1', '3<2', '4<3']);
  t.true(blocks.rewind(2));
  t.deepEqual(notes(frames(2)), ['5<2', '6<5']);
  // 3, 4, 5, 6 are lost now: a repeated request reaches back over the first answer.
  t.true(blocks.rewind(4));
  t.deepEqual(notes(frames(2)), ['7<2', '8<7']);
  // 4 was invalidated before: nothing may refer to it.
  t.false(blocks.rewind(4));
  t.true(blocks.rewind(1));
  t.deepEqual(notes(frames(1)), ['9<7']);
});

test('what a source cannot reach back to ends in a key picture', (t) => {
  const { frames, source: blocks } = source();
  t.false(blocks.rewind(1));
  frames(3);
  t.false(blocks.rewind(3));
  t.false(blocks.rewind(1000));
  blocks.requestKeyframe();
  // The key picture that is due makes all before it useless.
  t.false(blocks.rewind(1));
  t.deepEqual(notes(frames(2)), ['4<4', '5<4']);
  t.false(blocks.rewind(3));
  frames(500);
  t.true(blocks.rewind(200));
  t.false(blocks.rewind(300));
});
