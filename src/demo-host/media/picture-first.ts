import type { VideoCodec } from '../../moonlight/types.js';
import {
  isParameterSet,
  isSlice,
  isStart,
  nalEnd,
  nalUnits,
} from '../../moonlight/video/annex-b.js';
import { setNumber } from '../../moonlight/video/parameter-sets.js';

const START_CODE = Buffer.from([0, 0, 0, 1]);

interface ParameterSet {
  readonly type: number;
  readonly number: number;
  readonly bytes: Buffer;
}

/**
 * An access unit without what encoders put before the picture: clients look for its slice in the
 * first packet of a frame (gamestream.md §5.7). Delimiters, SEI and filler are left out. In a key
 * frame each parameter set stays once, as it is when the picture begins, in the order of types and
 * numbers. AV1, and data that is not a byte stream, stays as it is.
 */
export function pictureFirst(codec: VideoCodec, data: Buffer): Buffer {
  if (codec === 'av1') return data;
  let sets: ParameterSet[] = [];
  for (const unit of nalUnits(codec, data)) {
    const { type, at } = unit;
    if (isSlice(codec, type)) {
      sets.sort((a, b) => a.type - b.type || a.number - b.number);
      const before = isStart(codec, type) ? sets.map(({ bytes }) => bytes) : [];
      return Buffer.concat([...before, data.subarray(at)].flatMap((part) => [START_CODE, part]));
    }
    if (!isParameterSet(codec, type)) continue;
    const number = setNumber(codec, data, unit);
    sets = sets.filter((known) => known.type !== type || known.number !== number);
    sets.push({ type, number, bytes: data.subarray(at, nalEnd(data, unit)) });
  }
  return data;
}
