import { H264_NAL, H265_NAL, nalEnd, type AnnexBCodec, type NalUnit } from './annex-b.js';
import { BitReader } from './bit-reader.js';

const HEADER_BYTES: Readonly<Record<AnnexBCodec, number>> = { h264: 1, h265: 2 };

/** Bits of a profile in H.265's profile_tier_level, without the level. */
const H265_PROFILE_BITS = 88;

/** Reads a unit's payload. */
export function readerOf(codec: AnnexBCodec, data: Buffer, unit: NalUnit): BitReader {
  return BitReader.ofNalUnit(data.subarray(unit.at, nalEnd(data, unit)), HEADER_BYTES[codec]);
}

/** The number of a parameter set among those of its type: one with the same number replaces it. */
export function setNumber(codec: AnnexBCodec, data: Buffer, unit: NalUnit): number {
  const reader = readerOf(codec, data, unit);
  if (codec === 'h264') {
    if (unit.type === H264_NAL.SPS) reader.skip(24);
    return reader.code();
  }
  if (unit.type === H265_NAL.VPS) return reader.bits(4);
  if (unit.type === H265_NAL.SPS) readH265Levels(reader);
  return reader.code();
}

/**
 * From the start of an SPS to its number (H.265 §7.3.2.2.1, §7.3.3).
 *
 * @returns sps_max_sub_layers_minus1
 */
export function readH265Levels(reader: BitReader): number {
  reader.skip(4);
  const subLayers = reader.bits(3);
  reader.skip(1 + H265_PROFILE_BITS + 8);
  if (subLayers === 0) return 0;
  const present = Array.from({ length: 8 }, () => [reader.flag(), reader.flag()] as const);
  for (const [profile, level] of present.slice(0, subLayers)) {
    reader.skip((profile ? H265_PROFILE_BITS : 0) + (level ? 8 : 0));
  }
  return subLayers;
}
