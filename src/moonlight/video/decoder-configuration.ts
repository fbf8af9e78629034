import type { VideoCodec } from '../types.js';
import { isParameterSet, nalEnd, nalUnits } from './annex-b.js';

/**
 * The parameter sets of a key frame, as bytes to compare: a decoder is set up again if they change.
 * Empty for AV1, whose sequence header is in the stream itself.
 */
export function decoderConfiguration(codec: VideoCodec, keyFrame: Buffer): Buffer {
  if (codec === 'av1') return Buffer.alloc(0);
  const sets: Buffer[] = [];
  for (const unit of nalUnits(codec, keyFrame)) {
    if (isParameterSet(codec, unit.type)) {
      sets.push(keyFrame.subarray(unit.at, nalEnd(keyFrame, unit)));
    }
  }
  return Buffer.concat(sets);
}
