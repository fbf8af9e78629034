import { FRAME_TYPE } from '../../../src/moonlight/video/packet.js';
import type { VideoCodec } from '../../../src/moonlight/types.js';
import { SeededRandom } from '../../../src/moonlight/random.js';

/** Bytes that no start code hides in. */
function noise(length: number, seed: number): Buffer {
  const random = new SeededRandom(seed);
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at++) bytes[at] = 3 + random.below(253);
  return bytes;
}

/** A made-up picture that the receive path takes for the real thing; every seed differs. */
export function picture(codec: VideoCodec, idr: boolean, length: number, seed: number): Buffer {
  const head =
    codec === 'h264'
      ? idr
        ? '00000001674200290000000168ce3c80000001658880'
        : '00000001419a'
      : codec === 'h265'
        ? idr
          ? '0000000140010c01000000014201010000000144010000012601af'
          : '000000010201d0'
        : idr
          ? '12000a0b000000'
          : '12003201';
  return Buffer.concat([Buffer.from(head, 'hex'), noise(length, seed)]);
}

export const frameTypeOf = (idr: boolean): number => (idr ? FRAME_TYPE.IDR : FRAME_TYPE.P);
