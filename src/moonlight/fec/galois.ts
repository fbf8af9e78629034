/**
 * Arithmetic in GF(2⁸) with the polynomial x⁸+x⁴+x³+x²+1 (gamestream.md §5.5).
 * Addition is XOR; products come from a full table, whose row of a coefficient is what the
 * inner loops index.
 */
const POLYNOMIAL = 0x11d;
const ORDER = 255;

const EXPONENTS = new Uint8Array(2 * ORDER);
const LOGARITHMS = new Uint8Array(256);
for (let power = 0, value = 1; power < ORDER; power++) {
  EXPONENTS[power] = value;
  EXPONENTS[power + ORDER] = value;
  LOGARITHMS[value] = power;
  value <<= 1;
  if (value > 0xff) value ^= POLYNOMIAL;
}

const logarithm = (value: number): number => LOGARITHMS[value] ?? 0;
const exponent = (power: number): number => EXPONENTS[power] ?? 0;

const ROWS: readonly Uint8Array[] = Array.from({ length: 256 }, (_, left) =>
  Uint8Array.from({ length: 256 }, (__, right) =>
    left === 0 || right === 0 ? 0 : exponent(logarithm(left) + logarithm(right)),
  ),
);

/** All products of a coefficient: `multiplicationRow(a)[b]` is a·b. */
function multiplicationRow(coefficient: number): Uint8Array {
  const row = ROWS[coefficient];
  if (row === undefined) throw new RangeError(`${coefficient} is not a byte`);
  return row;
}

export function multiply(left: number, right: number): number {
  return multiplicationRow(left)[right] ?? 0;
}

/** The multiplicative inverse; zero has none. */
export function inverse(value: number): number {
  if (value === 0) throw new RangeError('Zero has no inverse');
  return exponent(ORDER - logarithm(value));
}

/**
 * `target += coefficient · source`, four bytes a step; both have the same length.
 * Indices stay in range by construction, hence the assertions in the inner loops.
 */
export function addScaled(target: Uint32Array, source: Uint32Array, coefficient: number): void {
  if (coefficient === 0) return;
  const length = target.length;
  if (coefficient === 1) {
    for (let at = 0; at < length; at++) {
      target[at] = (target[at] as number) ^ (source[at] as number);
    }
    return;
  }
  const row = multiplicationRow(coefficient);
  for (let at = 0; at < length; at++) {
    const word = source[at] as number;
    target[at] =
      (target[at] as number) ^
      ((row[word & 0xff] as number) |
        ((row[(word >>> 8) & 0xff] as number) << 8) |
        ((row[(word >>> 16) & 0xff] as number) << 16) |
        ((row[word >>> 24] as number) << 24));
  }
}
