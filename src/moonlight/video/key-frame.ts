import type { VideoCodec } from '../types.js';
import { FRAME_TYPE } from './packet.js';

const START_CODE = Buffer.from([0, 0, 1]);

/** Where a start code may begin: three or four bytes. */
const FIRST_START_CODE_BEFORE = 2;

const H264 = { SLICE: 1, IDR: 5, SPS: 7 } as const;
const H265 = { LAST_VCL: 31, FIRST_IRAP: 16, LAST_IRAP: 21, VPS: 32, SPS: 33 } as const;

/** NAL units looked at in front of the first slice. */
const NAL_LIMIT = 64;

/** True for data that begins with a start code, as every H.264 and H.265 frame must. */
export function isAnnexB(data: Buffer): boolean {
  const at = data.indexOf(START_CODE);
  return at >= 0 && at < FIRST_START_CODE_BEFORE && (at === 0 || data[0] === 0);
}

/**
 * True where a decoder can start: an IDR picture with its parameter sets. For AV1, whose
 * headers say it less plainly, the host's word counts (gamestream.md §5.7, §5.9).
 */
export function isKeyFrame(codec: VideoCodec, data: Buffer, frameType: number): boolean {
  if (codec === 'av1') return frameType === FRAME_TYPE.IDR;
  let parameterSets = false;
  let at = data.indexOf(START_CODE);
  for (let count = 0; count < NAL_LIMIT && at >= 0; count++) {
    const header = data[at + START_CODE.length];
    if (header === undefined) return false;
    if (codec === 'h264') {
      const type = header & 0x1f;
      if (type === H264.SPS) parameterSets = true;
      else if (type >= H264.SLICE && type <= H264.IDR) return parameterSets && type === H264.IDR;
    } else {
      const type = (header >> 1) & 0x3f;
      if (type === H265.VPS || type === H265.SPS) parameterSets = true;
      else if (type <= H265.LAST_VCL) {
        return parameterSets && type >= H265.FIRST_IRAP && type <= H265.LAST_IRAP;
      }
    }
    at = data.indexOf(START_CODE, at + START_CODE.length);
  }
  return false;
}
