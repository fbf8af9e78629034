/**
 * Sequence parameter sets of H.264 as a list of named syntax elements, written and read back by nothing
 * but the syntax tables (§7.3.2.1.1, annex E), for comparison with our own reader and writer.
 */
import * as fc from 'fast-check';

/** Of the syntax tables: `u(n)` has a width, `ue` and `se` are Exp-Golomb codes. */
type Descriptor = number | 'ue' | 'se';
export type Elements = [name: string, descriptor: Descriptor, value: number][];

/** Gives the value of an element: a writer looks it up or makes it up, a reader reads it. */
type Source = (name: string, descriptor: Descriptor) => number;

const HIGH = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];

/** Walks the syntax; each value that is read decides about what follows. */
function walk(get: Source): void {
  const profile = get('profile_idc', 8);
  get('constraints', 8);
  get('level_idc', 8);
  get('seq_parameter_set_id', 'ue');
  if (HIGH.includes(profile)) walkHigh(get);
  get('log2_max_frame_num_minus4', 'ue');
  const order = get('pic_order_cnt_type', 'ue');
  if (order === 0) get('log2_max_pic_order_cnt_lsb_minus4', 'ue');
  if (order === 1) {
    get('delta_pic_order_always_zero_flag', 1);
    get('offset_for_non_ref_pic', 'se');
    get('offset_for_top_to_bottom_field', 'se');
    const count = get('num_ref_frames_in_pic_order_cnt_cycle', 'ue');
    for (let index = 0; index < count; index++) get(`offset_for_ref_frame ${index}`, 'se');
  }
  get('max_num_ref_frames', 'ue');
  get('gaps_in_frame_num_value_allowed_flag', 1);
  get('pic_width_in_mbs_minus1', 'ue');
  get('pic_height_in_map_units_minus1', 'ue');
  if (get('frame_mbs_only_flag', 1) === 0) get('mb_adaptive_frame_field_flag', 1);
  get('direct_8x8_inference_flag', 1);
  if (get('frame_cropping_flag', 1) === 1) {
    for (const side of ['left', 'right', 'top', 'bottom']) get(`frame_crop_${side}_offset`, 'ue');
  }
  if (get('vui_parameters_present_flag', 1) === 1) walkVui(get);
}

function walkHigh(get: Source): void {
  const chroma = get('chroma_format_idc', 'ue');
  if (chroma === 3) get('separate_colour_plane_flag', 1);
  get('bit_depth_luma_minus8', 'ue');
  get('bit_depth_chroma_minus8', 'ue');
  get('qpprime_y_zero_transform_bypass_flag', 1);
  if (get('seq_scaling_matrix_present_flag', 1) === 0) return;
  for (let list = 0; list < (chroma === 3 ? 12 : 8); list++) {
    if (get(`seq_scaling_list_present_flag ${list}`, 1) === 0) continue;
    let last = 8;
    let next = 8;
    for (let index = 0; index < (list < 6 ? 16 : 64); index++) {
      if (next !== 0) next = (last + get(`delta_scale ${list} ${index}`, 'se') + 256) % 256;
      last = next === 0 ? last : next;
    }
  }
}

function walkVui(get: Source): void {
  if (get('aspect_ratio_info_present_flag', 1) === 1 && get('aspect_ratio_idc', 8) === 255) {
    get('sar_width', 16);
    get('sar_height', 16);
  }
  if (get('overscan_info_present_flag', 1) === 1) get('overscan_appropriate_flag', 1);
  if (get('video_signal_type_present_flag', 1) === 1) {
    get('video_format', 3);
    get('video_full_range_flag', 1);
    if (get('colour_description_present_flag', 1) === 1) get('colours', 24);
  }
  if (get('chroma_loc_info_present_flag', 1) === 1) {
    get('chroma_sample_loc_type_top_field', 'ue');
    get('chroma_sample_loc_type_bottom_field', 'ue');
  }
  if (get('timing_info_present_flag', 1) === 1) {
    get('num_units_in_tick', 32);
    get('time_scale', 32);
    get('fixed_frame_rate_flag', 1);
  }
  const nal = get('nal_hrd_parameters_present_flag', 1);
  if (nal === 1) walkHrd(get, 'nal');
  const vcl = get('vcl_hrd_parameters_present_flag', 1);
  if (vcl === 1) walkHrd(get, 'vcl');
  if (nal === 1 || vcl === 1) get('low_delay_hrd_flag', 1);
  get('pic_struct_present_flag', 1);
  if (get('bitstream_restriction_flag', 1) === 0) return;
  get('motion_vectors_over_pic_boundaries_flag', 1);
  for (const name of ['max_bytes_per_pic_denom', 'max_bits_per_mb_denom']) get(name, 'ue');
  get('log2_max_mv_length_horizontal', 'ue');
  get('log2_max_mv_length_vertical', 'ue');
  get('max_num_reorder_frames', 'ue');
  get('max_dec_frame_buffering', 'ue');
}

function walkHrd(get: Source, kind: string): void {
  const count = get(`${kind} cpb_cnt_minus1`, 'ue') + 1;
  get(`${kind} scales`, 8);
  for (let index = 0; index < count; index++) {
    get(`${kind} bit_rate_value_minus1 ${index}`, 'ue');
    get(`${kind} cpb_size_value_minus1 ${index}`, 'ue');
    get(`${kind} cbr_flag ${index}`, 1);
  }
  get(`${kind} lengths`, 20);
}

/** The elements of a NAL unit, and whether nothing but the stop bit is behind them. */
export function readSps(unit: Buffer): { readonly elements: Elements; readonly isWhole: boolean } {
  const plain = unit.subarray(1).toString('hex').replaceAll(/(..)/g, '$1 ').trim();
  let bits = '';
  let zeros = 0;
  for (const byte of plain.split(' ')) {
    const isPrevention = zeros >= 2 && byte === '03';
    zeros = byte === '00' ? zeros + 1 : 0;
    if (!isPrevention) bits += parseInt(byte, 16).toString(2).padStart(8, '0');
  }
  const elements: Elements = [];
  let at = 0;
  const take = (count: number): number => {
    const value = count === 0 ? 0 : parseInt(bits.slice(at, at + count), 2);
    at += count;
    return value;
  };
  walk((name, descriptor) => {
    let value: number;
    if (typeof descriptor === 'number') {
      value = take(descriptor);
    } else {
      const zerosAhead = bits.indexOf('1', at) - at;
      at += zerosAhead + 1;
      const code = 2 ** zerosAhead - 1 + take(zerosAhead);
      value = descriptor === 'ue' ? code : (code % 2 === 1 ? code + 1 : -code) / 2;
    }
    elements.push([name, descriptor, value]);
    return value;
  });
  return { elements, isWhole: /^10*$/.test(bits.slice(at)) && bits.length - at <= 8 };
}

function writeSps(elements: Elements): Buffer {
  let bits = '';
  for (const [, descriptor, value] of elements) {
    if (typeof descriptor === 'number') {
      bits += value.toString(2).padStart(descriptor, '0');
      continue;
    }
    const code = descriptor === 'ue' ? value : value > 0 ? 2 * value - 1 : -2 * value;
    const text = (code + 1).toString(2);
    bits += '0'.repeat(text.length - 1) + text;
  }
  bits += '1';
  bits += '0'.repeat((8 - (bits.length % 8)) % 8);
  const bytes = (bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2));
  const out = [0x67];
  let zeros = 0;
  for (const byte of bytes) {
    if (zeros >= 2 && byte <= 3) {
      out.push(3);
      zeros = 0;
    }
    out.push(byte);
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return Buffer.from(out);
}

/** Of elements that may not have any value that fits. */
const CHOICES: readonly (readonly [RegExp, readonly number[]])[] = [
  [/^profile_idc$/, [66, 77, 88, ...HIGH]],
  [/^seq_parameter_set_id$/, [0, 1, 31]],
  [/^chroma_format_idc$/, [0, 1, 2, 3]],
  [/^pic_order_cnt_type$/, [0, 0, 1, 2]],
  [/^num_ref_frames_in_pic_order_cnt_cycle$/, [0, 1, 3, 255]],
  [/^aspect_ratio_idc$/, [0, 1, 255]],
  [/cpb_cnt_minus1$/, [0, 1, 31]],
  [/^max_num_ref_frames$/, [0, 1, 2, 4, 16]],
  [/^max_num_reorder_frames$/, [0, 0, 1, 2, 16]],
  [/^delta_scale/, [-3, 0, 0, 1, 5, -8]],
];
const CODES = [0, 0, 1, 2, 7, 16, 1_000, 2 ** 31 - 1, 2 ** 32 - 2];
const SIGNED_CODES = [0, -1, 1, 300, -70_000];

/** Every legal set of values, zeros and large numbers often. */
export const sequenceParameterSets: fc.Arbitrary<Buffer> = fc
  .infiniteStream(fc.nat(0xffff_ffff))
  .map((numbers) => {
    const elements: Elements = [];
    walk((name, descriptor) => {
      const next = numbers.next();
      const number = next.done === true ? 0 : next.value;
      const choices = CHOICES.find(([pattern]) => pattern.test(name))?.[1];
      const fallback = descriptor === 'se' ? SIGNED_CODES : CODES;
      const value =
        choices === undefined && typeof descriptor === 'number'
          ? number % 5 === 0
            ? 0
            : Math.floor(number / 7) % 2 ** descriptor
          : ((choices ?? fallback)[number % (choices ?? fallback).length] ?? 0);
      elements.push([name, descriptor, value]);
      return value;
    });
    return writeSps(elements);
  });
