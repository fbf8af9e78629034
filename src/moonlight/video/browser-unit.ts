/**
 * Access units as decoders of browsers accept them. Chromium examines the type of a key frame's
 * first unit and stumbles over delimiters and reserved types, and filler only costs.
 */
import type { VideoCodec } from '../types.js';
import {
  H264_NAL,
  H265_NAL,
  isSlice,
  nalEnd,
  nalUnits,
  type AnnexBCodec,
  type NalUnit,
} from './annex-b.js';
import { OBU, obus } from './obu.js';

const START_CODE = Buffer.from([0, 0, 0, 1]);

/** H.265 table 7-1: behind these slice types, and between the two groups of them, all is reserved. */
const H265_LAST_TRAILING = 9;
const H265_SEI = [39, 40];

/** Replaces a unit by others of the same meaning; a unit that it returns stays as it is. */
export type UnitRewriter = (unit: Buffer, type: number) => Buffer;

const SAME: UnitRewriter = (unit) => unit;

/**
 * Takes out delimiters, filler, padding and everything reserved.
 *
 * @param rewrite gets each unit that stays, without its start code; H.264 and H.265 only
 * @returns the data itself if nothing changes, null if no picture is in it
 */
export function browserUnit(
  codec: VideoCodec,
  data: Buffer,
  rewrite: UnitRewriter = SAME,
): Buffer | null {
  return codec === 'av1' ? ofTemporalUnit(data) : ofByteStream(codec, data, rewrite);
}

function ofByteStream(codec: AnnexBCodec, data: Buffer, rewrite: UnitRewriter): Buffer | null {
  const parts: Buffer[] = [];
  let hasPicture = false;
  let isSame = true;
  let end = 0;
  for (const unit of nalUnits(codec, data)) {
    // Something in between was left out already.
    isSame &&= isStartCode(data, end, unit.at);
    end = nalEnd(data, unit);
    if (!isWanted(codec, unit.type)) {
      isSame = false;
      continue;
    }
    hasPicture ||= isSlice(codec, unit.type);
    const old = data.subarray(unit.at, end);
    const replaced = rewrite(old, unit.type);
    isSame &&= replaced === old;
    parts.push(START_CODE, replaced);
  }
  if (!hasPicture) return null;
  return isSame && onlyZeros(data, end, data.length) ? data : Buffer.concat(parts);
}

/** Whether nothing but a start code, and the zeros in front of it, stands between two units. */
function isStartCode(data: Buffer, from: number, at: NalUnit['at']): boolean {
  return data[at - 1] === 1 && onlyZeros(data, from, at - 1);
}

function onlyZeros(data: Buffer, from: number, to: number): boolean {
  for (let index = from; index < to; index++) if (data[index] !== 0) return false;
  return true;
}

function isWanted(codec: AnnexBCodec, type: number): boolean {
  if (codec === 'h264') return type >= H264_NAL.SLICE && type <= H264_NAL.PPS;
  return (
    type <= H265_LAST_TRAILING ||
    (type >= H265_NAL.FIRST_IRAP && type <= H265_NAL.LAST_IRAP) ||
    (type >= H265_NAL.VPS && type <= H265_NAL.PPS) ||
    H265_SEI.includes(type)
  );
}

function ofTemporalUnit(data: Buffer): Buffer | null {
  const parts: Buffer[] = [];
  let hasPicture = false;
  let end = 0;
  for (const unit of obus(data)) {
    end = unit.end;
    if (!isWantedObu(unit.type)) continue;
    hasPicture ||= unit.type === OBU.FRAME || unit.type === OBU.FRAME_HEADER;
    parts.push(data.subarray(unit.at, unit.end));
  }
  if (!hasPicture || end !== data.length) return null;
  const size = parts.reduce((sum, { length }) => sum + length, 0);
  return size === data.length ? data : Buffer.concat(parts, size);
}

function isWantedObu(type: number): boolean {
  return (
    type === OBU.SEQUENCE_HEADER || (type >= OBU.FRAME_HEADER && type <= OBU.REDUNDANT_FRAME_HEADER)
  );
}
