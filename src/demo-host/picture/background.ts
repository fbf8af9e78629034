import type { Canvas, Color, Rect } from './canvas.js';
import { KEYBOARD_ROWS, KEYBOARD_UNITS, KEYS, type Key } from './keyboard.js';
import type { Painter } from './painter.js';
import { DIAL_DOTS, LAYOUT, PAD_COUNT, THEME } from './theme.js';

/** Everything that never changes. */
export function drawBackground(canvas: Canvas, painter: Painter, caption: string): void {
  const { skyTop: from, skyBottom: to } = THEME;
  for (let row = 0; row < canvas.height; row += 2) {
    const t = row / canvas.height;
    const mix = (a: number, b: number): number => Math.round(a + (b - a) * t);
    const paint = { y: mix(from.y, to.y), u: mix(from.u, to.u), v: mix(from.v, to.v) };
    canvas.fill({ x: 0, y: row, width: canvas.width, height: 2 }, paint);
  }
  // The logo: a moon with a bite.
  painter.disc(canvas, 66, 58, 26, THEME.moon);
  painter.disc(canvas, 78, 51, 21, THEME.dark);
  painter.text(canvas, 'Moontee', 112, 34, 30, THEME.text);
  painter.text(canvas, 'demo host', 113, 76, 13, THEME.dim);

  const { dial, keyboard, mouse, text, track, status } = LAYOUT;
  const pads = Array.from({ length: PAD_COUNT }, (_, index) => padRect(index));
  for (const panel of [dial, keyboard, mouse, text, ...pads]) {
    painter.box(canvas, panel, 16, THEME.panel);
    painter.box(canvas, panel, 16, THEME.panelEdge, 1);
  }
  for (let index = 0; index < DIAL_DOTS; index++) {
    drawDialDot(canvas, painter, index, THEME.panelEdge, 1);
  }
  for (const key of KEYS) drawKey(canvas, painter, key, THEME.key, THEME.dim);
  painter.text(canvas, 'TEXT', text.x + 20, text.y + 24, 11, THEME.dim);
  painter.box(canvas, track, 10, THEME.panel);
  painter.text(canvas, caption, status.x, status.y, 11, THEME.dim);
}

export function drawDialDot(
  canvas: Canvas,
  painter: Painter,
  index: number,
  paint: Color,
  opacity: number,
): void {
  const { x, y, width, height } = LAYOUT.dial;
  const angle = (index / DIAL_DOTS) * 2 * Math.PI;
  const radius = index % 5 === 0 ? 5 : 3.5;
  const [dx, dy] = [Math.sin(angle) * 112, -Math.cos(angle) * 112];
  painter.disc(canvas, x + width / 2 + dx, y + height / 2 + dy, radius, paint, opacity);
}

export function drawKey(
  canvas: Canvas,
  painter: Painter,
  key: Key,
  paint: Color,
  label: Color,
): void {
  const rect = keyRect(key);
  painter.box(canvas, rect, 6, paint);
  const size = key.label.length > 1 ? 9 : 12;
  const [x, y] = [rect.x + rect.width / 2, rect.y + (rect.height - size) / 2];
  painter.text(canvas, key.label, x, y, size, label, 'center');
}

/** A key's place in the layout. */
export function keyRect(key: Key): Rect {
  const { x, y, width, height } = LAYOUT.keyboard;
  const padding = 18;
  const unit = (width - 2 * padding) / KEYBOARD_UNITS;
  const pitch = (height - 2 * padding) / KEYBOARD_ROWS;
  return {
    x: x + padding + key.left * unit + 2,
    y: y + padding + key.row * pitch + 2,
    width: key.width * unit - 4,
    height: pitch - 4,
  };
}

/** A pad panel's place in the layout. */
export function padRect(index: number): Rect {
  const { x, y, width, height, gap } = LAYOUT.pads;
  const each = (width - gap * (PAD_COUNT - 1)) / PAD_COUNT;
  return { x: x + index * (each + gap), y, width: each, height };
}
