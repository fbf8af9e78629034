import test from 'ava';
import * as fc from 'fast-check';
import { withoutReordering } from '../../../src/moonlight/video/h265-sps.js';

/** As the syntax table has them (§7.3.2.2.1), as text of zeros and ones. */
interface Parts {
  readonly head: string;
  readonly orderings: readonly (readonly [number, number, number])[];
  readonly tail: string;
}

const HEADER = [0x42, 0x01];

function code(value: number): string {
  const digits = (value + 1).toString(2);
  return '0'.repeat(digits.length - 1) + digits;
}

function unitOf({ head, orderings, tail }: Parts): Buffer {
  const bits = `${head}${orderings.flat().map(code).join('')}${tail}1`;
  const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, '0');
  const out = [...HEADER];
  let zeros = 0;
  for (const [byte = ''] of padded.matchAll(/.{8}/g)) {
    const value = parseInt(byte, 2);
    if (zeros >= 2 && value <= 3) {
      out.push(3);
      zeros = 0;
    }
    out.push(value);
    zeros = value === 0 ? zeros + 1 : 0;
  }
  return Buffer.from(out);
}

const bits = (count: number): fc.Arbitrary<string> =>
  fc.oneof(
    fc.constant('0'.repeat(count)),
    fc
      .array(fc.constantFrom('0', '1'), { minLength: count, maxLength: count })
      .map((all) => all.join('')),
  );

/** From the number of the VPS to that of the set. */
const levels = (subLayers: number): fc.Arbitrary<string> =>
  fc
    .array(fc.tuple(fc.boolean(), fc.boolean()), { minLength: subLayers, maxLength: subLayers })
    .chain((present) => {
      const flags = present.map((pair) => pair.map((one) => (one ? '1' : '0')).join('')).join('');
      const rest = subLayers === 0 ? '' : '00'.repeat(8 - subLayers);
      const size = present.reduce(
        (sum, [profile, level]) => sum + (profile ? 88 : 0) + (level ? 8 : 0),
        0,
      );
      return fc
        .tuple(bits(4), bits(1), bits(96), bits(size))
        .map(([vps, nesting, general, own]) => {
          const layers = subLayers.toString(2).padStart(3, '0');
          return vps + layers + nesting + general + flags + rest + own;
        });
    });

const number = (max: number): fc.Arbitrary<number> => fc.integer({ min: 0, max });

const sets: fc.Arbitrary<Parts> = number(6).chain((subLayers) =>
  fc
    .record({
      levels: levels(subLayers),
      id: number(15),
      chroma: number(3),
      plane: bits(1),
      size: fc.tuple(number(8_192), number(8_192)),
      window: fc.option(fc.tuple(number(8), number(8), number(8), number(8))),
      depths: fc.tuple(number(8), number(8), number(12)),
      isPresent: fc.boolean(),
      orderings: fc.array(fc.tuple(number(15), number(15), number(0xffff)), {
        minLength: subLayers + 1,
        maxLength: subLayers + 1,
      }),
      tail: number(200).chain(bits),
    })
    .map((one) => ({
      head: [
        one.levels,
        code(one.id),
        code(one.chroma),
        one.chroma === 3 ? one.plane : '',
        ...one.size.map(code),
        ...(one.window === null ? ['0'] : ['1', ...one.window.map(code)]),
        ...one.depths.map(code),
        one.isPresent ? '1' : '0',
      ].join(''),
      orderings: one.isPresent ? one.orderings : one.orderings.slice(0, 1),
      tail: one.tail,
    })),
);

test('a set says that nothing is held back, and all else stays, bit by bit', (t) => {
  let changed = 0;
  const property = fc.property(sets, (parts) => {
    const unit = unitOf(parts);
    const orderings = parts.orderings.map(([size, , latency]) => [size, 0, latency] as const);
    const rewritten = withoutReordering(unit);
    const isSaid = parts.orderings.every(([, reorder]) => reorder === 0);
    t.is(rewritten === unit, isSaid);
    t.deepEqual(rewritten, unitOf({ ...parts, orderings }));
    t.is(withoutReordering(rewritten), rewritten);
    if (!isSaid) changed += 1;
  });
  fc.assert(property, { numRuns: 2_000, seed: 7 });
  t.true(changed > 500);
});

test('what x265 writes for a stream with B pictures', (t) => {
  const head = '420101040800000300980800000300003f90014101e2294b2';
  const unit = Buffer.from(`${head}b3492657ff80008000b5060606040000003004000000782`, 'hex');
  const rewritten = withoutReordering(unit);
  t.is(rewritten.toString('hex'), `${head}cd24995ffe00020002d418181810000030001000003001e08`);
});

test('no bytes make it throw, and what is cut short stays', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      t.true(withoutReordering(Buffer.from([...HEADER, ...bytes])).length > 0);
    }),
  );
  fc.assert(
    fc.property(sets, fc.nat(12), (parts, length) => {
      const cut = unitOf(parts).subarray(0, 2 + length);
      t.is(withoutReordering(cut), cut);
    }),
  );
});
