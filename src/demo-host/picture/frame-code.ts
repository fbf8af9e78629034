/**
 * The frame number as a row of dark and bright blocks along the lower edge. Tests read it back from
 * decoded pixels: 24 bits, most significant first, and 8 bits of check.
 */

export const FRAME_CODE_BITS = 32;
/** Height of the row as a part of the picture's height. */
const ROW = 1 / 45;

/** The row's height in pixels: even, at least 8. */
export function frameCodeHeight(height: number): number {
  return Math.max(8, Math.round(height * ROW) & ~1);
}

function check(number: number): number {
  return ((number >>> 16) ^ (number >>> 8) ^ number ^ 0xa5) & 0xff;
}

/** @param number taken modulo 2²⁴ */
export function frameCode(number: number): number {
  const short = number & 0xffffff;
  return ((short << 8) | check(short)) >>> 0;
}

/** Left edge of a block in pixels. */
export function frameCodeEdge(bit: number, width: number): number {
  return Math.round((bit * width) / FRAME_CODE_BITS);
}

/**
 * @public for checks of what is shown
 * @param luma one byte a pixel
 * @param stride bytes from row to row
 * @returns the frame number, or null if the check does not fit
 */
export function readFrameCode(
  luma: Uint8Array,
  width: number,
  height: number,
  stride = width,
): number | null {
  const row = height - (frameCodeHeight(height) >> 1);
  let code = 0;
  for (let bit = 0; bit < FRAME_CODE_BITS; bit++) {
    const middle = (frameCodeEdge(bit, width) + frameCodeEdge(bit + 1, width)) >> 1;
    code = code * 2 + ((luma[row * stride + middle] ?? 0) > 112 ? 1 : 0);
  }
  const number = Math.floor(code / 256);
  return check(number) === code % 256 ? number : null;
}
