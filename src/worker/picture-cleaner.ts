import type { VideoCodec } from '../moonlight/types.js';
import { H264_NAL, H265_NAL } from '../moonlight/video/annex-b.js';
import { browserUnit } from '../moonlight/video/browser-unit.js';
import { withoutReordering as inOrderH264 } from '../moonlight/video/h264-sps.js';
import { withoutReordering as inOrderH265 } from '../moonlight/video/h265-sps.js';

/** Makes of a host's access units what decoders of browsers take, without holding pictures back. */
export class PictureCleaner {
  /** The sequence parameter set that was rewritten last, and what became of it. */
  #parameterSet: { readonly from: Buffer; readonly to: Buffer } | null = null;

  /** @returns null if no picture is in it */
  clean(codec: VideoCodec, data: Buffer): Buffer | null {
    return browserUnit(codec, data, (unit, type) => {
      if (codec === 'h264' && type === H264_NAL.SPS) return this.#rewrite(unit, inOrderH264);
      if (codec === 'h265' && type === H265_NAL.SPS) return this.#rewrite(unit, inOrderH265);
      return unit;
    });
  }

  #rewrite(unit: Buffer, inOrder: (unit: Buffer) => Buffer): Buffer {
    if (this.#parameterSet?.from.equals(unit) !== true) {
      // Copies: the unit is a part of a picture that is about to go.
      const from = Buffer.from(unit);
      this.#parameterSet = { from, to: inOrder(from) };
    }
    const { to } = this.#parameterSet;
    return to.equals(unit) ? unit : to;
  }
}
