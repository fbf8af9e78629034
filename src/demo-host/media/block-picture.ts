import { SeededRandom } from '../../moonlight/random.js';
import { BitWriter } from '../../moonlight/video/bit-writer.js';

/**
 * H.264 without an encoder: a grey key picture, and pictures that repeat the one before but for a
 * few macroblocks of plain samples (ITU-T H.264 §7.3). Every picture refers to exactly one other,
 * which the caller chooses. That makes losses and their repair exact.
 */

const NAL = { SLICE: 1, IDR: 5, SEI: 6, SPS: 7, PPS: 8 } as const;

/** Of NAL units that others refer to. */
const REFERENCE = 0x60;

/** Bits of frame_num. */
const FRAME_NUM_BITS = 8;

/** log2_max_frame_num_minus4, as in the sequence parameter set. */
const FRAME_NUM_CODE = FRAME_NUM_BITS - 4;

const MACROBLOCK = 16;

/** mb_type of plain samples in a P slice: five inter types come first. */
const I_PCM_IN_P = 5 + 25;

/** Samples of a macroblock, 4:2:0. */
const LUMA_SAMPLES = 256;
const CHROMA_SAMPLES = 128;

/** Of an intra macroblock that takes the mean of nothing, without any residue: mid-grey. */
const GREY_MACROBLOCK = 0b0010_0111;

/** Marks the note in each picture; user_data_unregistered wants a UUID in front. */
const NOTE_UUID = Buffer.from('6d6f6f6e746565207069637475726573', 'hex');
const SEI_USER_DATA = 5;

/** Levels by the macroblocks of a picture that they allow. */
const LEVELS: readonly (readonly [macroblocks: number, level: number])[] = [
  [1620, 30],
  [3600, 31],
  [8192, 40],
  [22_080, 50],
  [36_864, 51],
];

const START_CODE = Buffer.of(0, 0, 0, 1);

/** Ends a NAL unit, in Annex B. */
function unitOf(writer: BitWriter, header: number): Buffer {
  return Buffer.concat([START_CODE, writer.nalUnit(Buffer.of(header))]);
}

/** The note inside a picture, for tests that check what was shown. */
export interface PictureNote {
  readonly id: number;
  /** The picture that it repeats; its own id for a key picture. */
  readonly refersTo: number;
}

/**
 * Reads the note of an access unit of {@link BlockPicture}; null for any other.
 *
 * @public for checks of what arrived
 */
export function pictureNote(unit: Buffer): PictureNote | null {
  const at = unit.indexOf(NOTE_UUID);
  if (at < 0 || unit.length < at + NOTE_UUID.length + 16) return null;
  // In hexadecimal digits, which no emulation prevention can change.
  const digits = unit.toString('latin1', at + NOTE_UUID.length, at + NOTE_UUID.length + 16);
  if (!/^[0-9a-f]{16}$/.test(digits)) return null;
  return { id: parseInt(digits.slice(0, 8), 16), refersTo: parseInt(digits.slice(8), 16) };
}

export class BlockPicture {
  readonly #columns: number;
  readonly #rows: number;
  readonly #parameterSets: Buffer;

  /** @param width and height in pixels, even */
  constructor(width: number, height: number) {
    this.#columns = Math.ceil(width / MACROBLOCK);
    this.#rows = Math.ceil(height / MACROBLOCK);
    this.#parameterSets = Buffer.concat([this.#sequence(width, height), pictureParameters()]);
  }

  /** Macroblocks of a picture. */
  get macroblocks(): number {
    return this.#columns * this.#rows;
  }

  /** An IDR picture with its parameter sets. */
  key(id: number): Buffer {
    const slice = new BitWriter()
      // All of it is one I slice, frame_num and idr_pic_id are 0.
      .codes(0, 7, 0)
      .bits(0, FRAME_NUM_BITS)
      .codes(id & 1)
      // Nothing is kept of what was before.
      .bits(0, 2)
      // slice_qp_delta, and no deblocking.
      .codes(0, 1);
    for (let index = 0; index < this.macroblocks; index++) slice.bits(GREY_MACROBLOCK, 8);
    return Buffer.concat([
      this.#parameterSets,
      note({ id, refersTo: id }),
      unitOf(slice, REFERENCE | NAL.IDR),
    ]);
  }

  /**
   * A picture that repeats another but for `blocks` macroblocks.
   *
   * @param age pictures since the key picture, along the chain of references
   * @param blocks at least one
   */
  delta(of: PictureNote, age: number, blocks: number): Buffer {
    const slice = new BitWriter()
      .codes(0, 5, 0)
      .bits(age % (1 << FRAME_NUM_BITS), FRAME_NUM_BITS)
      // One reference, the latest; the oldest leaves.
      .bits(0, 3)
      .codes(0, 1);
    const random = new SeededRandom(of.id);
    const count = Math.min(Math.max(1, blocks), this.macroblocks);
    const first = random.below(this.macroblocks - count + 1);
    for (let index = 0; index < count; index++) {
      slice.codes(index === 0 ? first : 0, I_PCM_IN_P).align();
      // Within the limits of video, and far from zero.
      slice.fill(32 + random.below(192), LUMA_SAMPLES).fill(64 + random.below(128), CHROMA_SAMPLES);
    }
    const rest = this.macroblocks - first - count;
    if (rest > 0) slice.codes(rest);
    return Buffer.concat([note(of), unitOf(slice, REFERENCE | NAL.SLICE)]);
  }

  /** Constrained baseline, one reference, pictures shown as they come, BT.709 left unsaid. */
  #sequence(width: number, height: number): Buffer {
    const level = LEVELS.find(([macroblocks]) => this.macroblocks <= macroblocks)?.[1] ?? 52;
    const crop = [
      (this.#columns * MACROBLOCK - width) / 2,
      (this.#rows * MACROBLOCK - height) / 2,
    ] as const;
    const sps = new BitWriter()
      .bits(66, 8)
      .bits(0xc0, 8)
      .bits(level, 8)
      .codes(0, FRAME_NUM_CODE, 2, 1)
      .bits(0, 1)
      .codes(this.#columns - 1, this.#rows - 1)
      .bits(0b111, 3)
      .codes(0, crop[0], 0, crop[1])
      .bits(0, 1);
    return unitOf(sps, REFERENCE | NAL.SPS);
  }
}

/** CAVLC, one slice group, one reference, no weights; slices define their deblocking. */
function pictureParameters(): Buffer {
  const pps = new BitWriter()
    .codes(0, 0)
    .bits(0, 2)
    .codes(0, 0, 0)
    .bits(0, 3)
    .codes(0, 0, 0)
    .bits(0b100, 3);
  return unitOf(pps, REFERENCE | NAL.PPS);
}

function note({ id, refersTo }: PictureNote): Buffer {
  const digits = [id, refersTo].map((value) => (value >>> 0).toString(16).padStart(8, '0'));
  const payload = Buffer.concat([NOTE_UUID, Buffer.from(digits.join(''), 'latin1')]);
  const sei = new BitWriter().fill(SEI_USER_DATA, 1).fill(payload.length, 1);
  for (const byte of payload) sei.fill(byte, 1);
  return unitOf(sei, NAL.SEI);
}
