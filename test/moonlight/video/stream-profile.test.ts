import test from 'ava';
import * as fc from 'fast-check';
import { readFile } from 'node:fs/promises';
import { BlockPicture } from '../../../src/demo-host/media/block-picture.js';
import { splitClip } from '../../../src/demo-host/media/frame-source.js';
import { profileOf } from '../../../src/moonlight/video/stream-profile.js';

const STREAMS = new URL('../../fixtures/streams/', import.meta.url);
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

test('H.264: profile and level of the sequence parameter set, wherever it stands', async (t) => {
  const [key, delta] = splitClip(await readFile(new URL('five-byte-start-code.h264', STREAMS)));
  t.deepEqual(profileOf('h264', key ?? Buffer.alloc(0)), { profile: 66, tier: 0, level: 32 });
  t.is(profileOf('h264', delta ?? Buffer.alloc(0)), null);
  t.is(profileOf('h264', new BlockPicture(1920, 1080).key(1))?.level, 40);
  const high = hex('000001 09f0 000001 0605ff80 000001 6764002aac 000001 68ce 000001 6588');
  t.deepEqual(profileOf('h264', high), { profile: 100, tier: 0, level: 42 });
});

test('H.265: Main, Main 10 and the high tier', async (t) => {
  const text = await readFile(new URL('h265-key-frame.hex', STREAMS), 'utf8');
  // general_profile_space 0, tier 0, profile 1; level 3.1. Emulation prevention is in the flags.
  const main = '000001 4201 01 01 60000003 0090 0000030000 03005d a0 000001 2601af';
  t.deepEqual(profileOf('h265', hex(main)), { profile: 1, tier: 0, level: 93 });
  const deep = '000001 4201 01 22 20000003 0090 0000030000 030099 a0 000001 2601af';
  t.deepEqual(profileOf('h265', hex(deep)), { profile: 2, tier: 1, level: 153 });
  t.deepEqual(profileOf('h265', hex(text.trim())), { profile: 1, tier: 0, level: 1 });
  t.is(profileOf('h265', hex('000001 4201 01 01 6000')), null);
});

test('AV1: the sequence header of a temporal unit', (t) => {
  // Delimiter; header: profile 0, no timing, one operating point, level 4.0, main tier.
  t.deepEqual(profileOf('av1', hex('1200 0a04 00000040 3200')), { profile: 0, tier: 0, level: 8 });
  // Reduced, as in a still picture: profile 1, level 5.
  t.deepEqual(profileOf('av1', hex('1200 0a02 2940')), { profile: 1, tier: 0, level: 5 });
  t.is(profileOf('av1', hex('1200 3203aabbcc')), null);
  t.is(profileOf('av1', hex('1200 0a7f00')), null);
});

test('no bytes make it throw, and nothing is read from behind the end', (t) => {
  fc.assert(
    fc.property(
      fc.constantFrom('h264' as const, 'h265' as const, 'av1' as const),
      fc.array(
        fc.oneof(
          fc.constant([0, 0, 1]),
          fc.constantFrom([0x67], [0x42, 1], [0x0a]),
          fc.array(fc.nat(255)),
        ),
      ),
      (codec, parts) => {
        const found = profileOf(codec, Buffer.from(parts.flat()));
        t.true(found === null || (found.level >= 0 && found.level <= 255));
      },
    ),
    { seed: 61, numRuns: 500 },
  );
});
