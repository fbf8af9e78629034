import { addScaled, inverse, multiply } from './galois.js';

/** Shards of one block at most: the field has no more elements. */
export const MAX_SHARDS = 255;

/** Codes kept for reuse; real streams alternate between a few dozen shapes. */
const CACHE_LIMIT = 64;

/** Parity rows × data columns of gamestream.md §6.2. */
const AUDIO_MATRIX = Uint8Array.of(0x77, 0x40, 0x38, 0x0e, 0xc7, 0xa7, 0x0d, 0x6c);

const WORD = Uint32Array.BYTES_PER_ELEMENT;

/** Words to which the source of an operation is copied if it is not aligned or too short. */
let scratch = new Uint32Array(1024);

/**
 * A systematic Reed–Solomon code: data shards travel unchanged, parity shards are linear
 * combinations of them. As many lost data shards as parity shards arrived can be restored.
 */
export class ReedSolomon {
  static readonly #cache = new Map<number, ReedSolomon>();
  static #audio: ReedSolomon | null = null;

  readonly dataShards: number;
  readonly parityShards: number;
  readonly #matrix: Uint8Array;

  private constructor(dataShards: number, parityShards: number, matrix: Uint8Array) {
    this.dataShards = dataShards;
    this.parityShards = parityShards;
    this.#matrix = matrix;
  }

  /** The code of video blocks (gamestream.md §5.5). */
  static cauchy(dataShards: number, parityShards: number): ReedSolomon {
    const key = dataShards * 256 + parityShards;
    let code = this.#cache.get(key);
    if (code === undefined) {
      if (dataShards < 1 || parityShards < 0 || dataShards + parityShards > MAX_SHARDS) {
        throw new RangeError(`No code has ${dataShards} data and ${parityShards} parity shards`);
      }
      const matrix = new Uint8Array(dataShards * parityShards);
      for (let row = 0; row < parityShards; row++) {
        for (let column = 0; column < dataShards; column++) {
          matrix[row * dataShards + column] = inverse((parityShards + column) ^ row);
        }
      }
      code = new ReedSolomon(dataShards, parityShards, matrix);
    } else {
      this.#cache.delete(key);
    }
    this.#cache.set(key, code);
    if (this.#cache.size > CACHE_LIMIT) {
      for (const oldest of this.#cache.keys()) {
        this.#cache.delete(oldest);
        break;
      }
    }
    return code;
  }

  /** The fixed 4 + 2 code of audio (gamestream.md §6.2). */
  static audio(): ReedSolomon {
    return (this.#audio ??= new ReedSolomon(4, 2, AUDIO_MATRIX));
  }

  coefficient(parityRow: number, dataColumn: number): number {
    return this.#matrix[parityRow * this.dataShards + dataColumn] ?? 0;
  }

  /**
   * @param data all data shards; shorter ones count as padded with zeros
   * @param length bytes of a parity shard
   */
  encode(data: readonly Uint8Array[], length: number): Buffer[] {
    if (data.length !== this.dataShards) {
      throw new RangeError(`${data.length} data shards instead of ${this.dataShards}`);
    }
    const parity = Array.from({ length: this.parityShards }, () => wordsFor(length));
    data.forEach((shard, column) => {
      const words = asWords(shard, 0, length);
      parity.forEach((target, row) => addScaled(target, words, this.coefficient(row, column)));
    });
    return parity.map((words) => asBuffer(words, length));
  }

  /**
   * Restores all missing data shards.
   *
   * @param shards data, then parity; `undefined` is missing. Restored data shards are put in.
   * @param length bytes of a full shard; shorter ones count as padded with zeros
   * @param from first byte that is worth restoring; what is before it is zero in the result
   * @returns false, and nothing changed, if there are too few shards
   */
  recover(shards: (Buffer | undefined)[], length: number, from = 0): boolean {
    const missing: number[] = [];
    for (let column = 0; column < this.dataShards; column++) {
      if (shards[column] === undefined) missing.push(column);
    }
    if (missing.length === 0) return true;
    const rows: number[] = [];
    for (let row = 0; row < this.parityShards && rows.length < missing.length; row++) {
      if (shards[this.dataShards + row] !== undefined) rows.push(row);
    }
    if (rows.length < missing.length) return false;

    const bytes = length - from;
    const rests = rows.map((row) => {
      const words = wordsFor(bytes);
      const parity = shards[this.dataShards + row];
      if (parity !== undefined) addScaled(words, asWords(parity, from, bytes), 1);
      return words;
    });
    for (let column = 0; column < this.dataShards; column++) {
      const shard = shards[column];
      if (shard === undefined) continue;
      const words = asWords(shard, from, bytes);
      rows.forEach((row, at) => {
        const rest = rests[at];
        if (rest !== undefined) addScaled(rest, words, this.coefficient(row, column));
      });
    }
    const solution = this.#solve(rows, missing);
    missing.forEach((column, at) => {
      const restored = new Uint32Array(Math.ceil(length / WORD) + 1);
      // The words begin at `from`, so that the restored bytes are word-aligned.
      const lead = Math.ceil(from / WORD);
      const offset = lead * WORD - from;
      const words = restored.subarray(lead, lead + Math.ceil(bytes / WORD));
      rests.forEach((rest, row) => {
        addScaled(words, rest, solution[at * rows.length + row] ?? 0);
      });
      shards[column] = Buffer.from(restored.buffer, offset, length);
    });
    return true;
  }

  /** Inverts the square matrix of the chosen parity rows and missing data columns. */
  #solve(rows: readonly number[], columns: readonly number[]): Uint8Array {
    const size = rows.length;
    const left = new Uint8Array(size * size);
    const right = new Uint8Array(size * size);
    rows.forEach((row, line) => {
      columns.forEach((column, place) => {
        left[line * size + place] = this.coefficient(row, column);
      });
      right[line * size + line] = 1;
    });
    // A pivot is never zero. Every square part of a Cauchy matrix is regular, and so are those of
    // the audio matrix and all leading parts that elimination meets.
    for (let pivot = 0; pivot < size; pivot++) {
      const scale = inverse(at(left, pivot * size + pivot));
      scaleRow(left, size, pivot, scale);
      scaleRow(right, size, pivot, scale);
      for (let row = 0; row < size; row++) {
        const factor = at(left, row * size + pivot);
        if (row === pivot || factor === 0) continue;
        addRow(left, size, row, pivot, factor);
        addRow(right, size, row, pivot, factor);
      }
    }
    return right;
  }
}

const at = (matrix: Uint8Array, index: number): number => matrix[index] ?? 0;

function scaleRow(matrix: Uint8Array, size: number, row: number, factor: number): void {
  for (let index = row * size; index < (row + 1) * size; index++) {
    matrix[index] = multiply(at(matrix, index), factor);
  }
}

function addRow(
  matrix: Uint8Array,
  size: number,
  row: number,
  source: number,
  factor: number,
): void {
  for (let column = 0; column < size; column++) {
    const index = row * size + column;
    matrix[index] = at(matrix, index) ^ multiply(at(matrix, source * size + column), factor);
  }
}

const wordsFor = (bytes: number): Uint32Array => new Uint32Array(Math.ceil(bytes / WORD));

const asBuffer = (words: Uint32Array, length: number): Buffer =>
  Buffer.from(words.buffer, words.byteOffset, length);

/** `length` bytes of a shard as words: a view if possible, else the scratch copy. */
function asWords(shard: Uint8Array, from: number, length: number): Uint32Array {
  const start = shard.byteOffset + from;
  if (start % WORD === 0 && length % WORD === 0 && shard.length >= from + length) {
    return new Uint32Array(shard.buffer, start, length / WORD);
  }
  const count = Math.ceil(length / WORD);
  if (scratch.length < count) scratch = new Uint32Array(count);
  const words = scratch.subarray(0, count);
  const bytes = new Uint8Array(words.buffer, 0, count * WORD);
  const used = Math.max(0, Math.min(length, shard.length - from));
  bytes.set(shard.subarray(from, from + used));
  bytes.fill(0, used);
  return words;
}
