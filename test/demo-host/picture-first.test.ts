import test from 'ava';
import * as fc from 'fast-check';
import { readFile } from 'node:fs/promises';
import { pictureFirst } from '../../src/demo-host/media/picture-first.js';
import { isSlice, isStart, nalEnd, nalUnits } from '../../src/moonlight/video/annex-b.js';
import { arrangements } from '../moonlight/video/byte-streams.js';

for (const codec of ['h264', 'h265'] as const) {
  test(`${codec}: parameter sets once, then the picture, whatever was before it`, (t) => {
    const sets = codec === 'h264' ? [7, 8] : [32, 33, 34];
    fc.assert(
      fc.property(arrangements(codec), ({ data, units }) => {
        const tidy = pictureFirst(codec, data);
        const content = (bytes: Buffer): string[] =>
          [...nalUnits(codec, bytes)].map((unit) =>
            bytes.toString('hex', unit.at, nalEnd(bytes, unit)),
          );
        const hex = units.map(({ bytes }) => bytes.toString('hex'));
        const first = units.findIndex(({ type }) => isSlice(codec, type));
        const key = isStart(codec, units[first]?.type ?? 0);
        const before = new Set(hex.slice(0, first));
        const kept = content(tidy);
        const head = kept.slice(0, kept.length - (hex.length - first));
        t.deepEqual(kept.slice(head.length), hex.slice(first));
        const typesOf = (bytes: readonly string[]): number[] =>
          bytes.map((one) => units.find((unit) => unit.bytes.toString('hex') === one)?.type ?? -1);
        if (!key) t.deepEqual(head, []);
        t.true(head.every((one) => before.has(one)));
        t.deepEqual(
          [...new Set(typesOf(head))],
          sets.filter((type) => key && units.slice(0, first).some((unit) => unit.type === type)),
        );
        t.is(tidy.toString('hex', 0, 4), '00000001');
        t.true(pictureFirst(codec, tidy).equals(tidy));
      }),
      { numRuns: 200, seed: 21 },
    );
  });
}

test('of sets with one number the last counts, others stay', (t) => {
  const tidy = (text: string): string =>
    pictureFirst('h264', Buffer.from(text, 'hex')).toString('hex');
  const [sps, other] = ['6742c01f8d', '6742c01f48'];
  const [pps, changed, second] = ['68ce3c80', '68ce3880', '68499e'];
  const slice = '658880';
  const join = (...units: string[]): string => units.map((unit) => `00000001${unit}`).join('');
  t.is(
    tidy(join(sps, pps, '0601ff80', second, sps, other, changed, slice)),
    join(sps, other, changed, second, slice),
  );
});

test('a key frame behind kilobytes of SEI: its slice is within the first hundred bytes', async (t) => {
  const file = new URL('../fixtures/streams/h265-key-frame.hex', import.meta.url);
  const data = Buffer.from((await readFile(file, 'utf8')).trim(), 'hex');
  const tidy = pictureFirst('h265', data);
  t.is([...nalUnits('h265', tidy)].map(({ type }) => type).join(), '32,33,34,20');
  t.true(([...nalUnits('h265', tidy)].at(-1)?.at ?? Infinity) < 100);
});

test('AV1, and what is no byte stream, stay as they are', (t) => {
  for (const [codec, text] of [
    ['av1', '12000a0b000000'],
    ['h264', ''],
    ['h264', '0000000109f0'],
    ['h265', 'ffffff'],
  ] as const) {
    t.is(pictureFirst(codec, Buffer.from(text, 'hex')).toString('hex'), text);
  }
});
