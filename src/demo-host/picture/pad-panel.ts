import type { Canvas, Color } from './canvas.js';
import type { PadView } from './desktop.js';
import type { Painter } from './painter.js';
import { THEME } from './theme.js';

/** Button bits of gamestream.md §8.4 and the place of each in the panel. */
const DPAD = [
  [0x1, 0, -16],
  [0x2, 0, 16],
  [0x4, -16, 0],
  [0x8, 16, 0],
] as const;
const FACE = [
  [0x1000, 'A', 0, 16],
  [0x2000, 'B', 16, 0],
  [0x4000, 'X', -16, 0],
  [0x8000, 'Y', 0, -16],
] as const;
const MIDDLE = [
  [0x20, 88],
  [0x400, 106],
  [0x10, 124],
] as const;

/** Draws a pad, or an empty place. */
export function drawPad(
  canvas: Canvas,
  pen: Painter,
  index: number,
  pad: PadView | undefined,
): void {
  const lit = (bit: number): Color =>
    pad !== undefined && (pad.buttons & bit) !== 0 ? THEME.warm : THEME.key;
  const ink = pad === undefined ? THEME.panelEdge : THEME.dim;
  pen.text(canvas, `PAD ${index + 1}`, 106, 14, 9, pad === undefined ? ink : THEME.green, 'center');

  for (const [x, value, bit] of [
    [14, pad?.leftTrigger ?? 0, 0x100],
    [140, pad?.rightTrigger ?? 0, 0x200],
  ] as const) {
    pen.box(canvas, { x, y: 12, width: 58, height: 8 }, 4, THEME.key);
    if (value > 0) {
      const width = Math.max(8, (58 * value) / 255);
      pen.box(canvas, { x, y: 12, width, height: 8 }, 4, THEME.warm);
    }
    pen.box(canvas, { x, y: 25, width: 58, height: 8 }, 4, lit(bit));
  }
  for (const [bit, dx, dy] of DPAD) {
    pen.box(canvas, { x: 37 + dx, y: 63 + dy, width: 15, height: 15 }, 4, lit(bit));
  }
  for (const [bit, label, dx, dy] of FACE) {
    pen.disc(canvas, 168 + dx, 70 + dy, 9, lit(bit));
    pen.text(canvas, label, 168 + dx, 66.5 + dy, 7, ink, 'center');
  }
  for (const [bit, x] of MIDDLE) pen.disc(canvas, x, 60, 5.5, lit(bit));
  for (const [x, dx, dy, bit] of [
    [80, pad?.leftX ?? 0, pad?.leftY ?? 0, 0x40],
    [133, pad?.rightX ?? 0, pad?.rightY ?? 0, 0x80],
  ] as const) {
    pen.ring(canvas, x, 112, 23, ink);
    const paint =
      pad === undefined ? THEME.key : lit(bit) === THEME.warm ? THEME.warm : THEME.accent;
    pen.disc(canvas, x + (dx / 32768) * 14, 112 - (dy / 32768) * 14, 9, paint);
  }
}
