import type { VideoCodec } from '../types.js';
import { H264_NAL, H265_NAL, isSlice, nalUnits, type AnnexBCodec } from './annex-b.js';
import { BitReader } from './bit-reader.js';
import { OBU, obus } from './obu.js';
import { readerOf } from './parameter-sets.js';

/** What a decoder must be able to do, in the numbers of each codec's own sequence header. */
export interface StreamProfile {
  /** profile_idc (H.264), general_profile_idc (H.265), seq_profile (AV1). */
  readonly profile: number;
  /** 0 main, 1 high; H.264 has none. */
  readonly tier: 0 | 1;
  /** level_idc (H.264), general_level_idc (H.265), seq_level_idx (AV1). */
  readonly level: number;
}

/** From this level on AV1 has tiers. */
const FIRST_TIERED_LEVEL = 8;

/**
 * What a key frame says of its stream: H.264 §7.3.2.1.1, H.265 §7.3.3, AV1 §5.5.1.
 *
 * @returns null where it has no sequence header, or one that is cut short
 */
export function profileOf(codec: VideoCodec, data: Buffer): StreamProfile | null {
  return codec === 'av1' ? ofTemporalUnit(data) : ofByteStream(codec, data);
}

function ofByteStream(codec: AnnexBCodec, data: Buffer): StreamProfile | null {
  const wanted = codec === 'h264' ? H264_NAL.SPS : H265_NAL.SPS;
  for (const unit of nalUnits(codec, data)) {
    if (isSlice(codec, unit.type)) return null;
    if (unit.type !== wanted) continue;
    const reader = readerOf(codec, data, unit);
    const found = codec === 'h264' ? ofH264(reader) : ofH265(reader);
    return reader.exhausted ? null : found;
  }
  return null;
}

function ofH264(reader: BitReader): StreamProfile {
  const profile = reader.bits(8);
  // Constraint flags.
  reader.skip(8);
  return { profile, tier: 0, level: reader.bits(8) };
}

function ofH265(reader: BitReader): StreamProfile {
  // Number of the VPS, sub-layers, and the space of profiles.
  reader.skip(8 + 2);
  const tier = reader.bits(1) as 0 | 1;
  const profile = reader.bits(5);
  // Compatibility and constraint flags.
  reader.skip(32 + 48);
  return { profile, tier, level: reader.bits(8) };
}

function ofTemporalUnit(data: Buffer): StreamProfile | null {
  for (const { type, payload, end } of obus(data)) {
    if (type !== OBU.SEQUENCE_HEADER) continue;
    const reader = new BitReader(data.subarray(payload, end));
    const found = ofAv1(reader);
    return reader.exhausted ? null : found;
  }
  return null;
}

function ofAv1(reader: BitReader): StreamProfile {
  const profile = reader.bits(3);
  reader.skip(1);
  const isReduced = reader.flag();
  if (isReduced) return { profile, tier: 0, level: reader.bits(5) };
  if (reader.flag()) {
    // timing_info
    reader.skip(64);
    if (reader.flag()) reader.code();
    // decoder_model_info
    if (reader.flag()) reader.skip(5 + 32 + 5 + 5);
  }
  // initial_display_delay_present_flag, operating_points_cnt_minus_1, operating_point_idc
  reader.skip(1 + 5 + 12);
  const level = reader.bits(5);
  const tier = level >= FIRST_TIERED_LEVEL ? (reader.bits(1) as 0 | 1) : 0;
  return { profile, tier, level };
}
