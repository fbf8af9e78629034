import type { VideoCodec } from '../moonlight/types.js';
import { H264_NAL } from '../moonlight/video/annex-b.js';
import { browserUnit } from '../moonlight/video/browser-unit.js';
import { withoutReordering } from '../moonlight/video/h264-sps.js';

/** Makes of a host's access units what decoders of browsers take, without holding pictures back. */
export class PictureCleaner {
  /** The sequence parameter set that was rewritten last, and what became of it. */
  #parameterSet: { readonly from: Buffer; readonly to: Buffer } | null = null;

  /** @returns null if no picture is in it */
  clean(codec: VideoCodec, data: Buffer): Buffer | null {
    return browserUnit(codec, data, (unit, type) => {
      return codec === 'h264' && type === H264_NAL.SPS ? this.#rewrite(unit) : unit;
    });
  }

  #rewrite(unit: Buffer): Buffer {
    if (this.#parameterSet?.from.equals(unit) !== true) {
      // Copies: the unit is a part of a picture that is about to go.
      const from = Buffer.from(unit);
      this.#parameterSet = { from, to: withoutReordering(from) };
    }
    const { to } = this.#parameterSet;
    return to.equals(unit) ? unit : to;
  }
}
