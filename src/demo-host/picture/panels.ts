import { drawDialDot } from './background.js';
import type { Canvas, Color } from './canvas.js';
import type { Desktop } from './desktop.js';
import { SHOWN_CODES } from './keyboard.js';
import { textWidth } from './mask.js';
import type { Painter } from './painter.js';
import { BEEP_LENGTH, DIAL_DOTS, LAYOUT, THEME } from './theme.js';

/** Dots behind the dial's head. */
const TAIL = 18;
const MONTHS =
  'January February March April May June July August September October November December'.split(
    ' ',
  );
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

const two = (value: number): string => String(value).padStart(2, '0');

/** The dot that the dial points at. */
export function dialPosition(now: Date): number {
  return Math.floor((now.getMilliseconds() * DIAL_DOTS) / 1000);
}

/** The flash that accompanies the tone. */
export function isBeeping(now: Date): boolean {
  return now.getMilliseconds() < BEEP_LENGTH;
}

export function drawClock(canvas: Canvas, painter: Painter, now: Date): void {
  const clock = `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`;
  const tenth = `.${Math.floor(now.getMilliseconds() / 100)}`;
  painter.text(canvas, clock, 1204, 32, 36, THEME.text, 'right');
  painter.text(canvas, tenth, 1212, 50, 18, THEME.dim);
}

export function drawDate(canvas: Canvas, painter: Painter, now: Date): void {
  const [day, month] = [DAYS[now.getDay()] ?? '', MONTHS[now.getMonth()] ?? ''];
  const date = `${day}, ${now.getDate()} ${month} ${now.getFullYear()}`;
  painter.text(canvas, date, 1240, 80, 13, THEME.dim, 'right');
}

export function drawDial(canvas: Canvas, painter: Painter, now: Date): void {
  const { x, y, width, height } = LAYOUT.dial;
  const head = dialPosition(now);
  for (let age = TAIL; age >= 0; age--) {
    const paint = age === 0 ? THEME.moon : THEME.accent;
    const dot = (head - age + DIAL_DOTS) % DIAL_DOTS;
    drawDialDot(canvas, painter, dot, paint, 1 - age / (TAIL + 1));
  }
  const [middleX, middleY] = [x + width / 2, y + height / 2];
  const beeping = isBeeping(now);
  painter.disc(canvas, middleX, middleY, 78, beeping ? THEME.warm : THEME.key);
  const ink = beeping ? THEME.dark : THEME.text;
  painter.text(canvas, two(now.getSeconds()), middleX, middleY - 24, 48, ink, 'center');
}

/** @param pointer in pixels of the picture */
export function drawMouse(
  canvas: Canvas,
  painter: Painter,
  desktop: Desktop,
  pointer: readonly [x: number, y: number],
): void {
  const pen = painter.at(LAYOUT.mouse.x, LAYOUT.mouse.y);
  const lit = (button: number, idle: Color = THEME.key): Color =>
    desktop.buttons.has(button) ? THEME.warm : idle;
  pen.box(canvas, { x: 28, y: 24, width: 104, height: 176 }, 48, THEME.key);
  for (const [button, x] of [
    [1, 34],
    [3, 86],
  ] as const) {
    const rect = { x, y: 30, width: 40, height: 66 };
    pen.box(canvas, rect, 18, lit(button));
    pen.box(canvas, rect, 18, THEME.dim, 1.5);
  }
  const wheel = { x: 74, y: 40, width: 12, height: 40 };
  pen.box(canvas, wheel, 6, lit(2, THEME.panel));
  pen.box(canvas, wheel, 6, THEME.dim, 1.5);
  pen.box(canvas, { x: 20, y: 112, width: 12, height: 28 }, 5, lit(4, THEME.panelEdge));
  pen.box(canvas, { x: 20, y: 146, width: 12, height: 28 }, 5, lit(5, THEME.panelEdge));
  const rows: readonly (readonly [string, number])[] = [
    ['X', pointer[0]],
    ['Y', pointer[1]],
    ['WHEEL', Math.round(desktop.scroll)],
    ['TILT', Math.round(desktop.horizontalScroll)],
  ];
  rows.forEach(([label, value], index) => {
    const top = 26 + index * 46;
    pen.text(canvas, label, 156, top, 8, THEME.dim);
    pen.text(canvas, String(value), 156, top + 14, 16, THEME.text);
  });
}

/** Held keys that the keyboard has no place for. */
export function otherKeys(desktop: Desktop): string {
  return [...desktop.keys]
    .filter((code) => !SHOWN_CODES.has(code))
    .slice(0, 8)
    .map((code) => `0x${code.toString(16)}`)
    .join(' ');
}

export function drawText(canvas: Canvas, painter: Painter, desktop: Desktop): void {
  const { x, y, width } = LAYOUT.text;
  const others = otherKeys(desktop);
  const size = painter.px(18);
  const room = painter.px(width - 140) - textWidth(others, painter.px(14));
  // The end of the text is what was typed last.
  let shown = Array.from(desktop.text).slice(-60);
  while (shown.length > 0 && textWidth(shown.join(''), size) > room) shown = shown.slice(1);
  const words = shown.join('');
  painter.text(canvas, words, x + 92, y + 21, 18, THEME.text);
  const caret = x + 96 + textWidth(words, size) / painter.scale;
  painter.box(canvas, { x: caret, y: y + 18, width: 3, height: 24 }, 1, THEME.accent);
  painter.text(canvas, others, x + width - 24, y + 23, 14, THEME.warm, 'right');
}
