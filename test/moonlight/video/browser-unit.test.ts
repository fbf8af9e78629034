import test from 'ava';
import * as fc from 'fast-check';
import { isSlice, type AnnexBCodec } from '../../../src/moonlight/video/annex-b.js';
import { browserUnit } from '../../../src/moonlight/video/browser-unit.js';
import { codecString } from '../../../src/moonlight/video/codec-string.js';
import { arrangements } from './byte-streams.js';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

const WANTED: Readonly<Record<AnnexBCodec, readonly number[]>> = {
  h264: [1, 2, 3, 4, 5, 6, 7, 8],
  h265: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 17, 18, 19, 20, 21, 32, 33, 34, 39, 40],
};

for (const codec of ['h264', 'h265'] as const) {
  test(`${codec}: pictures and their sets stay, byte by byte, and nothing else`, (t) => {
    const property = fc.property(arrangements(codec), ({ data, units }) => {
      const kept = units.filter(({ type }) => WANTED[codec].includes(type));
      const clean = browserUnit(codec, data);
      if (!kept.some(({ type }) => isSlice(codec, type))) {
        t.is(clean, null);
        return;
      }
      const expected = kept.flatMap(({ bytes }) => [Buffer.from([0, 0, 0, 1]), bytes]);
      if (clean === data) t.is(kept.length, units.length);
      else t.deepEqual(clean, Buffer.concat(expected));
      // Clean already.
      if (clean !== null) t.is(browserUnit(codec, clean), clean);
    });
    fc.assert(property, { numRuns: 300, seed: 3 });
  });
}

test('a delimiter, filler and what is reserved go', (t) => {
  const picture = hex('000001 09f0 00000001 6764002a 000001 68ce 000001 0cffff80 000001 65884000');
  t.deepEqual(browserUnit('h264', picture), hex('00000001 6764002a 00000001 68ce 00000001 658840'));
  // Nothing but supplemental information is no picture.
  t.is(browserUnit('h264', hex('000001 0605ff80')), null);
  const hevc = hex('000001 460150 000001 4001aa 000001 4c01ff80 000001 2601af');
  t.deepEqual(browserUnit('h265', hevc), hex('00000001 4001aa 00000001 2601af'));
});

test('a unit that is rewritten takes the place of the old one', (t) => {
  const picture = hex('00000001 6742 00000001 6588');
  const rewritten = browserUnit('h264', picture, (unit, type) => (type === 7 ? hex('6799') : unit));
  t.deepEqual(rewritten, hex('00000001 6799 00000001 6588'));
});

test('AV1: delimiters and padding go', (t) => {
  const header = '0a04 00000040';
  const frame = '3203 aabbcc';
  t.deepEqual(browserUnit('av1', hex(`1200 ${header} ${frame} 7a02 ffff`)), hex(header + frame));
  const clean = hex(`${header} ${frame}`);
  t.is(browserUnit('av1', clean), clean);
  t.is(browserUnit('av1', hex(`1200 ${header}`)), null);
  t.is(browserUnit('av1', hex(`1200 ${frame} 3240 aa`)), null, 'cut short');
});

test('names of codecs are what the stream says', (t) => {
  t.is(codecString('h264', hex('000001 6764002aac 000001 6588'), 8), 'avc1.64002A');
  t.is(codecString('h264', hex('000001 6742c01f 000001 6588'), 8), 'avc1.42C01F');
  t.is(codecString('h264', hex('000001 6588 000001 6742c01f'), 8), null);
  // Main, level 3.1, and Main 10 in the high tier, level 5.1: emulation prevention is in the flags.
  const main = '000001 4201 01 01 60000003 0090 0000030000 03005d a0 000001 2601af';
  t.is(codecString('h265', hex(main), 8), 'hvc1.1.6.L93.90');
  const deep = '000001 4201 01 22 20000003 00b0 0000030000 030099 a0 000001 2601af';
  t.is(codecString('h265', hex(deep), 10), 'hvc1.2.4.H153.B0');
  t.is(codecString('av1', hex('1200 0a04 00000040 3200'), 10), 'av01.0.08M.10');
  t.is(codecString('av1', hex('1200 3203aabbcc'), 8), null);
});
