/**
 * The byte stream of H.264 and H.265 (annex B of either). Each NAL unit follows a start code of
 * three bytes, with any number of zeros in front of that and behind the unit.
 */

export type AnnexBCodec = 'h264' | 'h265';

const START_CODE = Buffer.from([0, 0, 1]);

/** Set in no unit that is undamaged. */
const FORBIDDEN_BIT = 0x80;

/** `nal_unit_type` of the units that are distinguished (H.264 table 7-1, H.265 table 7-1). */
export const H264_NAL = { SLICE: 1, IDR: 5, SPS: 7, PPS: 8 } as const;
export const H265_NAL = {
  LAST_SLICE: 31,
  FIRST_IRAP: 16,
  LAST_IRAP: 21,
  VPS: 32,
  SPS: 33,
  PPS: 34,
} as const;

export interface NalUnit {
  readonly type: number;
  /** The offset of its header, right behind the start code. */
  readonly at: number;
}

/** True for data that begins with a start code, as every H.264 and H.265 frame must. */
export function isAnnexB(data: Buffer): boolean {
  const at = data.indexOf(START_CODE);
  if (at < 0 || at + START_CODE.length >= data.length) return false;
  for (let index = 0; index < at; index++) if (data[index] !== 0) return false;
  return true;
}

/**
 * The NAL units of the picture's own layer, in order. What is cut short or forbidden, and what
 * belongs to another layer or view, is left out.
 */
export function* nalUnits(codec: AnnexBCodec, data: Buffer): Generator<NalUnit> {
  for (let at = data.indexOf(START_CODE); at >= 0; at = data.indexOf(START_CODE, at)) {
    at += START_CODE.length;
    const type = typeOf(codec, data, at);
    if (type !== null) yield { type, at };
  }
}

/** The end of a unit: in front of the next start code, and of the zeros that are not its own. */
export function nalEnd(data: Buffer, { at }: NalUnit): number {
  const next = data.indexOf(START_CODE, at);
  let end = next < 0 ? data.length : next;
  while (end > at && data[end - 1] === 0) end -= 1;
  return end;
}

/** Whether a unit carries a part of the picture. */
export function isSlice(codec: AnnexBCodec, type: number): boolean {
  if (codec === 'h264') return type >= H264_NAL.SLICE && type <= H264_NAL.IDR;
  return type <= H265_NAL.LAST_SLICE;
}

/** Whether a decoder can start at a slice of this type. */
export function isStart(codec: AnnexBCodec, type: number): boolean {
  if (codec === 'h264') return type === H264_NAL.IDR;
  return type >= H265_NAL.FIRST_IRAP && type <= H265_NAL.LAST_IRAP;
}

/** Whether a unit defines how pictures are coded. */
export function isParameterSet(codec: AnnexBCodec, type: number): boolean {
  if (codec === 'h264') return type === H264_NAL.SPS || type === H264_NAL.PPS;
  return type >= H265_NAL.VPS && type <= H265_NAL.PPS;
}

function typeOf(codec: AnnexBCodec, data: Buffer, at: number): number | null {
  const header = data[at];
  if (header === undefined || (header & FORBIDDEN_BIT) !== 0) return null;
  if (codec === 'h264') return header & 0x1f;
  const more = data[at + 1];
  // The layer has its last bits there; the temporal id is counted from one.
  if (more === undefined || (header & 1) !== 0 || more >> 3 !== 0 || (more & 7) === 0) return null;
  return header >> 1;
}
