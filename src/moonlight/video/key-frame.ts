import type { VideoCodec } from '../types.js';
import { H264_NAL, H265_NAL, isSlice, isStart, nalUnits } from './annex-b.js';
import { FRAME_TYPE } from './packet.js';

/**
 * True if a decoder can start: an IDR picture with its parameter sets. AV1's headers are less
 * plain, so the host's flag counts (gamestream.md §5.7, §5.9).
 */
export function isKeyFrame(codec: VideoCodec, data: Buffer, frameType: number): boolean {
  if (codec === 'av1') return frameType === FRAME_TYPE.IDR;
  let parameterSets = false;
  for (const { type } of nalUnits(codec, data)) {
    if (isSlice(codec, type)) return parameterSets && isStart(codec, type);
    parameterSets ||=
      codec === 'h264' ? type === H264_NAL.SPS : type === H265_NAL.VPS || type === H265_NAL.SPS;
  }
  return false;
}
