import test from 'ava';
import fc from 'fast-check';
import { inverse, multiply } from '../../../src/moonlight/fec/galois.js';
import { ReedSolomon } from '../../../src/moonlight/fec/reed-solomon.js';

/** The test data of gamestream.md §5.5. */
function sample(shards: number, length: number): Buffer[] {
  return Array.from({ length: shards }, (_, i) =>
    Buffer.from(Array.from({ length }, (__, k) => (31 * i + 7 * k + i * k + 1) & 0xff)),
  );
}

function fnv1a(buffers: readonly Buffer[]): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.concat(buffers)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, '0');
}

function rows(code: ReedSolomon): string[] {
  return Array.from({ length: code.parityShards }, (_, row) =>
    Buffer.from(
      Array.from({ length: code.dataShards }, (__, column) => code.coefficient(row, column)),
    ).toString('hex'),
  );
}

test('every element but zero has an inverse', (t) => {
  for (let value = 1; value < 256; value++) t.is(multiply(value, inverse(value)), 1);
  t.throws(() => inverse(0), { instanceOf: RangeError });
});

for (const [data, parity, expected] of [
  [1, 2, ['8e', 'f4']],
  [2, 2, ['8ef4', 'f48e']],
  [3, 1, ['018ef4']],
  [4, 2, ['8ef447a7', 'f48ea747']],
  [10, 2, ['8ef447a77abaad9ddd98', 'f48ea747ba7a9dad98dd']],
  [5, 5, ['a77abaad9d', '47ba7a9dad', 'ba47a7dd98', '7aa74798dd', '018ef43daa']],
] as const) {
  test(`the matrix of D${data} P${parity}`, (t) => {
    t.deepEqual(rows(ReedSolomon.cauchy(data, parity)), [...expected]);
  });
}

test('parity of D4 P2', (t) => {
  const parity = ReedSolomon.cauchy(4, 2).encode(sample(4, 8), 8);
  t.deepEqual(
    parity.map((shard) => shard.toString('hex')),
    ['17b4d0ce16ea28cd', '851e38e89b00d10d'],
  );
});

for (const [data, parity, length, hash] of [
  [10, 2, 16, 'b19e5f7e'],
  [3, 1, 8, 'c77630ed'],
  [100, 20, 1024, '693f2325'],
  [212, 43, 1408, '85e9d5b7'],
] as const) {
  test(`parity of D${data} P${parity} with ${length} bytes`, (t) => {
    t.is(fnv1a(ReedSolomon.cauchy(data, parity).encode(sample(data, length), length)), hash);
  });
}

test('the audio matrix and its parity', (t) => {
  const code = ReedSolomon.audio();
  t.deepEqual(rows(code), ['7740380e', 'c7a70d6c']);
  t.deepEqual(
    code.encode(sample(4, 8), 8).map((shard) => shard.toString('hex')),
    ['0d3ce4d40d0baca1', '06350d4c6811d11f'],
  );
});

test('any two lost audio packets come back', (t) => {
  const code = ReedSolomon.audio();
  const data = sample(4, 61);
  const all: Buffer[] = [...data, ...code.encode(data, 61)];
  for (let one = 0; one < 6; one++) {
    for (let other = 0; other < 6; other++) {
      const shards = all.map((shard, at) => (at === one || at === other ? undefined : shard));
      t.true(code.recover(shards, 61));
      t.deepEqual(shards.slice(0, 4), data);
    }
  }
});

test('shapes beyond the field are refused', (t) => {
  t.throws(() => ReedSolomon.cauchy(200, 56), { instanceOf: RangeError });
  t.throws(() => ReedSolomon.cauchy(0, 2), { instanceOf: RangeError });
  t.throws(() => ReedSolomon.cauchy(4, 2).encode(sample(3, 8), 8), { instanceOf: RangeError });
});

test('whatever is lost comes back as long as enough shards are left', (t) => {
  const shape = fc
    .record({ data: fc.integer({ min: 1, max: 60 }), parity: fc.integer({ min: 0, max: 20 }) })
    .chain(({ data, parity }) =>
      fc.record({
        data: fc.constant(data),
        parity: fc.constant(parity),
        bytes: fc.uint8Array({ minLength: data, maxLength: data * 40 }),
        lost: fc.uniqueArray(fc.integer({ min: 0, max: data + parity - 1 })),
        from: fc.constantFrom(0, 3, 16),
        /** The last data shard may be shorter than the others. */
        short: fc.integer({ min: 0, max: 10 }),
      }),
    );
  fc.assert(
    fc.property(shape, ({ data, parity, bytes, lost, from, short }) => {
      const length = Math.max(17, Math.ceil(bytes.length / data));
      const shards = Array.from({ length: data }, (_, at) => {
        const shard = Buffer.alloc(at === data - 1 ? length - short : length);
        shard.set(bytes.subarray(at * length, at * length + shard.length));
        return shard;
      });
      const code = ReedSolomon.cauchy(data, parity);
      const received: (Buffer | undefined)[] = [...shards, ...code.encode(shards, length)];
      for (const at of lost) received[at] = undefined;
      const lostData = lost.filter((at) => at < data).length;
      const left = data + parity - lost.length;
      const before = [...received];

      const recovered = code.recover(received, length, from);
      t.is(recovered, lostData === 0 || left >= data);
      if (!recovered) t.deepEqual(received, before);
      else {
        shards.forEach((shard, at) => {
          const padded = Buffer.alloc(length);
          shard.copy(padded);
          const restored = Buffer.alloc(length);
          received[at]?.copy(restored);
          t.true(restored.subarray(from).equals(padded.subarray(from)));
        });
      }
    }),
    { seed: 7, numRuns: 300 },
  );
});
