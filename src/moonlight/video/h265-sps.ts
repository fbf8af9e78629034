/**
 * The sequence parameter set of H.265 (§7.3.2.2.1): how long a decoder holds pictures back. It is always
 * said there, and an encoder may say more than it makes use of.
 */
import { BitReader } from './bit-reader.js';
import { BitWriter } from './bit-writer.js';
import { readH265Levels } from './parameter-sets.js';

const HEADER_BYTES = 2;
/** Sub-layers of a stream, minus one (§7.4.3.2.1), and their bounds. */
const MAX_SUB_LAYERS = 6;
const MAX_BUFFERING = 15;
const MAX_LATENCY = 0xffff_fffe;

/** Of one sub-layer, in the order of the syntax. */
interface Ordering {
  readonly maxBuffering: number;
  readonly reorderPictures: number;
  readonly latencyIncrease: number;
}

interface Layout {
  /** Bits in front of the ordering of the first sub-layer, and behind that of the last. */
  readonly prefix: number;
  readonly suffix: number;
  readonly orderings: readonly Ordering[];
}

/**
 * Marks in a sequence parameter set that no picture is held back: a decoder then outputs each as soon as it
 * is decoded (§C.5.2.3). Pictures of a GameStream host come in the order in which they are shown, so that
 * this is true of them.
 *
 * @param unit a NAL unit of type 33, without start code
 * @returns the unit itself if it has that mark already, or cannot be read
 */
export function withoutReordering(unit: Buffer): Buffer {
  const layout = readLayout(unit);
  if (layout === null || layout.orderings.every((one) => one.reorderPictures === 0)) return unit;
  const source = BitReader.ofNalUnit(unit, HEADER_BYTES);
  const writer = new BitWriter();
  for (let index = 0; index < layout.prefix; index++) writer.bits(source.bits(1), 1);
  for (const { maxBuffering, latencyIncrease } of layout.orderings) {
    writer.codes(maxBuffering, 0, latencyIncrease);
  }
  source.skip(layout.suffix - layout.prefix);
  const end = source.stopBit;
  for (let index = layout.suffix; index < end; index++) writer.bits(source.bits(1), 1);
  return writer.nalUnit(unit.subarray(0, HEADER_BYTES));
}

function readLayout(unit: Buffer): Layout | null {
  const reader = BitReader.ofNalUnit(unit, HEADER_BYTES);
  const subLayers = readH265Levels(reader);
  if (subLayers > MAX_SUB_LAYERS) return null;
  reader.code();
  // chroma_format_idc, separate_colour_plane_flag
  if (reader.code() === 3) reader.skip(1);
  // The size, and the window in it.
  reader.code();
  reader.code();
  if (reader.flag()) for (let side = 0; side < 4; side++) reader.code();
  // Both bit depths, log2_max_pic_order_cnt_lsb_minus4
  for (let field = 0; field < 3; field++) reader.code();
  const count = reader.flag() ? subLayers + 1 : 1;
  const prefix = reader.position;
  const orderings: Ordering[] = [];
  for (let layer = 0; layer < count; layer++) {
    const maxBuffering = reader.code();
    const reorderPictures = reader.code();
    orderings.push({ maxBuffering, reorderPictures, latencyIncrease: reader.code() });
  }
  const suffix = reader.position;
  const isValid = orderings.every(
    (one) => one.maxBuffering <= MAX_BUFFERING && one.latencyIncrease <= MAX_LATENCY,
  );
  return isValid && suffix <= reader.stopBit ? { prefix, suffix, orderings } : null;
}
