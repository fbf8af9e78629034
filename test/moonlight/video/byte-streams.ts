/** Legal arrangements of an access unit in annex B, made up for property tests. */
import * as fc from 'fast-check';
import type { AnnexBCodec } from '../../../src/moonlight/video/annex-b.js';

export interface MadeUnit {
  readonly type: number;
  /** Header and payload, emulation prevented. */
  readonly bytes: Buffer;
}

export interface Arrangement {
  readonly codec: AnnexBCodec;
  readonly data: Buffer;
  readonly units: readonly MadeUnit[];
  readonly key: boolean;
}

const H264 = { AUD: 9, SEI: 6, FILLER: 12, SETS: [7, 8, 13], SLICES: [1, 5], IDR: [5] };
const H265 = {
  AUD: 35,
  SEI: 39,
  FILLER: 38,
  SETS: [32, 33, 34],
  SLICES: [0, 1, 4, 5, 6, 7, 8, 9, 16, 17, 18, 19, 20, 21],
  IDR: [16, 17, 18, 19, 20, 21],
};

/** 00 00 00…03 within a unit gets a 03 between; the last byte is never 0. */
function escaped(payload: readonly number[]): number[] {
  const out: number[] = [];
  let zeros = 0;
  for (const byte of [...payload, 0x80]) {
    if (zeros >= 2 && byte <= 3) {
      out.push(3);
      zeros = 0;
    }
    out.push(byte);
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return out;
}

function unit(codec: AnnexBCodec, type: number, payload: readonly number[]): MadeUnit {
  const header = codec === 'h264' ? [0x60 | type] : [type << 1, 1];
  return { type, bytes: Buffer.from([...header, ...escaped(payload)]) };
}

/** Many zeros, so that start codes seem to be everywhere. */
const payload = fc.array(fc.oneof(fc.constantFrom(0, 0, 1, 3), fc.nat(255)), { maxLength: 40 });
const zeros = fc.nat(5);

export function arrangements(codec: AnnexBCodec): fc.Arbitrary<Arrangement> {
  const terms = codec === 'h264' ? H264 : H265;
  const of = (...types: number[]): fc.Arbitrary<MadeUnit> =>
    fc.tuple(fc.constantFrom(...types), payload).map(([type, bytes]) => unit(codec, type, bytes));
  return fc
    .record({
      aud: fc.option(of(terms.AUD), { nil: undefined }),
      head: fc.array(of(terms.SEI, terms.SEI, terms.FILLER, ...terms.SETS), { maxLength: 150 }),
      sets: fc.boolean(),
      slices: fc.tuple(
        fc.constantFrom(...terms.SLICES),
        fc.array(payload, { minLength: 1, maxLength: 4 }),
      ),
      tail: fc.array(of(terms.FILLER), { maxLength: 2 }),
      gaps: fc.array(fc.tuple(zeros, zeros), { minLength: 160, maxLength: 160 }),
    })
    .map(({ aud, head, sets, slices: [type, bodies], tail, gaps }) => {
      const before = sets ? head : head.filter((one) => !terms.SETS.includes(one.type));
      const units = [
        ...(aud === undefined ? [] : [aud]),
        ...before,
        ...bodies.map((body) => unit(codec, type, body)),
        ...tail,
      ];
      const data = Buffer.concat(
        units.flatMap(({ bytes }, index) => {
          const [leading = 0, trailing = 0] = gaps[index] ?? [];
          return [Buffer.alloc(leading), Buffer.from([0, 0, 1]), bytes, Buffer.alloc(trailing)];
        }),
      );
      // What a decoder needs the most; the other sets come with it.
      const needed = codec === 'h264' ? [7] : [32, 33];
      const key = terms.IDR.includes(type) && before.some((one) => needed.includes(one.type));
      return { codec, data, units, key };
    });
}
