/**
 * The sequence parameter set of H.264 (§7.3.2.1.1, annex E): how long a decoder holds pictures back.
 * Without a word in it a decoder may wait for as many pictures as it can store, and hardware does.
 */
import { BitReader } from './bit-reader.js';
import { BitWriter } from './bit-writer.js';

const HEADER_BYTES = 1;

/** Profiles that define their chroma format and scaling lists. */
const HIGH_PROFILES = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);
/**
 * Profiles whose constraint_set3_flag means that every picture is intra coded (A.2.8 to A.2.11).
 */
const INTRA_CAPABLE = new Set([44, 86, 100, 110, 122, 244]);
const CONSTRAINT_SET3 = 0x10;
const EXTENDED_ASPECT = 255;
/** As many as there can be (E.2.2, §7.4.2.1.1). */
const MAX_CPBS = 32;
const MAX_OFFSETS = 255;

/** A decoder infers this if the stream does not define it (E.2.1). */
const SILENT: Restriction = {
  motionOverBoundaries: 1,
  maxBytesDenominator: 2,
  maxBitsDenominator: 1,
  maxVectorHorizontal: 15,
  maxVectorVertical: 15,
  reorderFrames: 0,
  frameBuffering: 0,
};

/** `bitstream_restriction` in the order of the syntax. */
interface Restriction {
  readonly motionOverBoundaries: number;
  readonly maxBytesDenominator: number;
  readonly maxBitsDenominator: number;
  readonly maxVectorHorizontal: number;
  readonly maxVectorVertical: number;
  readonly reorderFrames: number;
  readonly frameBuffering: number;
}

interface Layout {
  readonly maxReferenceFrames: number;
  /** Pictures are shown in the order of decoding, whatever the VUI states. */
  readonly isInOrder: boolean;
  /** Bits in front of `vui_parameters_present_flag`, or of `bitstream_restriction_flag` if there is a VUI. */
  readonly prefix: number;
  readonly hasVui: boolean;
  readonly restriction: Restriction | null;
}

/**
 * Marks in a sequence parameter set that no picture is held back. Pictures of a GameStream host
 * come in the order in which they are shown, so that this is true of them.
 *
 * @param unit a NAL unit of type 7, without start code
 * @returns the unit itself if it has that mark already, or cannot be read
 */
export function withoutReordering(unit: Buffer): Buffer {
  const layout = readLayout(unit);
  if (layout === null || layout.isInOrder || layout.restriction?.reorderFrames === 0) return unit;
  const source = BitReader.ofNalUnit(unit, HEADER_BYTES);
  const writer = new BitWriter();
  for (let index = 0; index < layout.prefix; index++) writer.bits(source.bits(1), 1);
  // A VUI with nothing in it.
  if (!layout.hasVui) writer.bits(0b1_0000_0000, 9);
  writeRestriction(writer, {
    ...(layout.restriction ?? SILENT),
    reorderFrames: 0,
    frameBuffering: Math.max(1, layout.maxReferenceFrames),
  });
  return writer.nalUnit(unit.subarray(0, HEADER_BYTES));
}

function writeRestriction(writer: BitWriter, restriction: Restriction): void {
  writer.bits(1, 1);
  writer.bits(restriction.motionOverBoundaries, 1);
  writer.codes(
    restriction.maxBytesDenominator,
    restriction.maxBitsDenominator,
    restriction.maxVectorHorizontal,
    restriction.maxVectorVertical,
    restriction.reorderFrames,
    restriction.frameBuffering,
  );
}

function readLayout(unit: Buffer): Layout | null {
  const reader = BitReader.ofNalUnit(unit, HEADER_BYTES);
  const profile = reader.bits(8);
  const constraints = reader.bits(8);
  reader.skip(8);
  reader.code();
  if (HIGH_PROFILES.has(profile)) skipChroma(reader);
  reader.code();
  const order = readOrder(reader);
  const maxReferenceFrames = reader.code();
  reader.skip(1);
  skipSize(reader);
  const isIntra = INTRA_CAPABLE.has(profile) && (constraints & CONSTRAINT_SET3) !== 0;
  const common = { maxReferenceFrames, isInOrder: order === 2 || isIntra };
  const place = reader.position;
  const hasVui = reader.flag();
  if (!hasVui) {
    const layout = { ...common, prefix: place, hasVui, restriction: null };
    return reader.exhausted ? null : layout;
  }
  skipVui(reader);
  const prefix = reader.position;
  const restriction = reader.flag() ? readRestriction(reader) : null;
  return reader.exhausted ? null : { ...common, prefix, hasVui, restriction };
}

/** @returns pic_order_cnt_type */
function readOrder(reader: BitReader): number {
  const type = reader.code();
  if (type === 0) reader.code();
  if (type !== 1) return type;
  reader.skip(1);
  reader.code();
  reader.code();
  const offsets = Math.min(reader.code(), MAX_OFFSETS);
  for (let index = 0; index < offsets; index++) reader.code();
  return type;
}

function skipChroma(reader: BitReader): void {
  const format = reader.code();
  if (format === 3) reader.skip(1);
  reader.code();
  reader.code();
  reader.skip(1);
  if (!reader.flag()) return;
  const lists = format === 3 ? 12 : 8;
  for (let index = 0; index < lists; index++) {
    if (reader.flag()) skipScalingList(reader, index < 6 ? 16 : 64);
  }
}

/** §7.3.2.1.1.1 */
function skipScalingList(reader: BitReader, size: number): void {
  let last = 8;
  let next = 8;
  for (let index = 0; index < size; index++) {
    if (next !== 0) next = (((last + reader.signedCode()) % 256) + 256) % 256;
    if (next !== 0) last = next;
  }
}

function skipSize(reader: BitReader): void {
  reader.code();
  reader.code();
  if (!reader.flag()) reader.skip(1);
  reader.skip(1);
  if (!reader.flag()) return;
  for (let index = 0; index < 4; index++) reader.code();
}

/** Up to `bitstream_restriction_flag`. */
function skipVui(reader: BitReader): void {
  if (reader.flag() && reader.bits(8) === EXTENDED_ASPECT) reader.skip(32);
  if (reader.flag()) reader.skip(1);
  if (reader.flag()) {
    reader.skip(4);
    if (reader.flag()) reader.skip(24);
  }
  if (reader.flag()) {
    reader.code();
    reader.code();
  }
  if (reader.flag()) reader.skip(65);
  const hasNal = reader.flag();
  if (hasNal) skipHrd(reader);
  const hasVcl = reader.flag();
  if (hasVcl) skipHrd(reader);
  if (hasNal || hasVcl) reader.skip(1);
  reader.skip(1);
}

/** E.1.2 */
function skipHrd(reader: BitReader): void {
  const count = Math.min(reader.code() + 1, MAX_CPBS);
  reader.skip(8);
  for (let index = 0; index < count; index++) {
    reader.code();
    reader.code();
    reader.skip(1);
  }
  reader.skip(20);
}

function readRestriction(reader: BitReader): Restriction {
  return {
    motionOverBoundaries: reader.bits(1),
    maxBytesDenominator: reader.code(),
    maxBitsDenominator: reader.code(),
    maxVectorHorizontal: reader.code(),
    maxVectorVertical: reader.code(),
    reorderFrames: reader.code(),
    frameBuffering: reader.code(),
  };
}
