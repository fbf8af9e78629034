import type { SeededRandom } from '../src/moonlight/random.js';

/** Bytes of an input at most. */
export const MAX_INPUT = 4096;

const BYTES = [0, 1, 2, 4, 0x0a, 0x0d, 0x10, 0x20, 0x7f, 0x80, 0x90, 0xfe, 0xff];
const NUMBERS = [0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x3ff, 0x7fff, 0x8000, 0xffff, 0x10000];
const DECIMALS = ['0', '1', '-1', '8', '255', '65535', '65536', '4294967295', '99999999999', 'NaN'];
const DIGITS = /-?\d+/g;

type Mutation = (input: Buffer, random: SeededRandom, other: Buffer, word: Buffer) => Buffer;

const piece = (input: Buffer, random: SeededRandom, longest = 64): [number, number] => {
  const from = random.below(input.length + 1);
  return [from, Math.min(input.length, from + 1 + random.below(longest))];
};

function replace(input: Buffer, from: number, to: number, by: Buffer): Buffer {
  return Buffer.concat([input.subarray(0, from), by, input.subarray(to)]);
}

function overwrite(input: Buffer, random: SeededRandom, bytes: Buffer): Buffer {
  const copy = Buffer.from(input);
  if (copy.length >= bytes.length) bytes.copy(copy, random.below(copy.length - bytes.length + 1));
  return copy;
}

const MUTATIONS: readonly Mutation[] = [
  (input, random) => {
    const copy = Buffer.from(input);
    const at = random.below(Math.max(1, copy.length));
    if (copy.length > 0) copy.writeUInt8(copy.readUInt8(at) ^ (1 << random.below(8)), at);
    return copy;
  },
  (input, random) => overwrite(input, random, Buffer.from([random.below(256)])),
  (input, random) =>
    overwrite(input, random, Buffer.from([BYTES[random.below(BYTES.length)] ?? 0])),
  (input, random) => {
    const number = Buffer.alloc(random.chance(0.5) ? 2 : 4);
    const value = NUMBERS[random.below(NUMBERS.length)] ?? 0;
    if (number.length === 4) number.writeUInt32BE(value);
    else number.writeUInt16BE(value & 0xffff);
    return overwrite(input, random, random.chance(0.5) ? number : number.reverse());
  },
  (input, random) => {
    const [from, to] = piece(input, random);
    return replace(input, from, to, Buffer.alloc(0));
  },
  (input, random) => {
    const [from, to] = piece(input, random);
    return replace(input, from, from, input.subarray(from, to));
  },
  (input, random) => {
    const [from, to] = piece(input, random);
    return overwrite(input, random, input.subarray(from, to));
  },
  (input, random, other) => {
    const [from, to] = piece(other, random, 256);
    const at = random.below(input.length + 1);
    return replace(input, at, at, other.subarray(from, to));
  },
  (input, random, other) =>
    Buffer.concat([
      input.subarray(0, random.below(input.length + 1)),
      other.subarray(random.below(other.length + 1)),
    ]),
  (input, random, _other, word) => {
    const at = random.below(input.length + 1);
    return replace(input, at, at, word);
  },
  (input, random, _other, word) => overwrite(input, random, word),
  (input, random) => {
    const at = random.below(input.length + 1);
    const noise = Buffer.from(Array.from({ length: 1 + random.below(8) }, () => random.below(256)));
    return replace(input, at, at, noise);
  },
  (input, random) => input.subarray(0, random.below(input.length + 1)),
  (input, random) => {
    const found = [...input.toString('latin1').matchAll(DIGITS)];
    const number = found[random.below(Math.max(1, found.length))];
    if (number === undefined) return input;
    const text = DECIMALS[random.below(DECIMALS.length)] ?? '';
    return replace(input, number.index, number.index + number[0].length, Buffer.from(text));
  },
];

/** A relative of `input`, with parts of `other` and of the target's words. */
export function mutate(
  input: Buffer,
  other: Buffer,
  words: readonly Buffer[],
  random: SeededRandom,
): Buffer {
  let mutant = input;
  // Mostly few steps; now and then a leap.
  const steps = 1 + random.below(random.chance(0.1) ? 24 : 4);
  for (let step = 0; step < steps; step++) {
    const mutation = MUTATIONS[random.below(MUTATIONS.length)];
    const word = words[random.below(Math.max(1, words.length))] ?? Buffer.from('0');
    mutant = (mutation?.(mutant, random, other, word) ?? mutant).subarray(0, MAX_INPUT);
  }
  return mutant;
}
