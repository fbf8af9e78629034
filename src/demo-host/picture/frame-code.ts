/**
 * Rows of dark and bright blocks: the frame number along the lower edge, and along the upper one the
 * time at which the picture was drawn. Tests and benchmarks read them back from decoded pixels: 24
 * bits, most significant first, and 8 bits of check.
 */

/** What a row tells. */
export type CodeRow = 'frame' | 'time';

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

/** @param number taken modulo 2²⁴: a frame's, or milliseconds of the wall clock */
export function frameCode(number: number): number {
  const short = number & 0xffffff;
  return ((short << 8) | check(short)) >>> 0;
}

/** Left edge of a block in pixels. */
export function frameCodeEdge(bit: number, width: number): number {
  return Math.round((bit * width) / FRAME_CODE_BITS);
}

/** Upper edge of a row in pixels. */
export function frameCodeTop(row: CodeRow, height: number): number {
  return row === 'time' ? 0 : height - frameCodeHeight(height);
}

/**
 * @public for checks of what is shown
 * @param luma one byte a pixel
 * @param which the row to read
 * @returns its number, or null if the check does not fit
 */
export function readFrameCode(
  luma: Uint8Array,
  width: number,
  height: number,
  which: CodeRow = 'frame',
): number | null {
  const row = frameCodeTop(which, height) + (frameCodeHeight(height) >> 1);
  let code = 0;
  for (let bit = 0; bit < FRAME_CODE_BITS; bit++) {
    const middle = (frameCodeEdge(bit, width) + frameCodeEdge(bit + 1, width)) >> 1;
    code = code * 2 + ((luma[row * width + middle] ?? 0) > 112 ? 1 : 0);
  }
  const number = Math.floor(code / 256);
  return check(number) === code % 256 ? number : null;
}
