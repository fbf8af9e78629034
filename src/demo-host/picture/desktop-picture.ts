import type { Desktop } from './desktop.js';
import { Canvas, type Color, type Rect } from './canvas.js';
import { frameCode, frameCodeEdge, frameCodeHeight, FRAME_CODE_BITS } from './frame-code.js';
import { KEYBOARD_ROWS, KEYBOARD_UNITS, KEYS, SHOWN_CODES, type Key } from './keyboard.js';
import { disc, polygon, ring, roundedBox, textWidth, type Mask } from './mask.js';
import { drawPad } from './pad-panel.js';
import { BEEP_LENGTH, DIAL_DOTS, LAYOUT, PAD_COUNT, THEME } from './theme.js';

/** A part of the picture that is redrawn only when its key changes. */
interface Widget {
  readonly rect: Rect;
  readonly key: () => string | number;
  readonly draw: (canvas: Canvas) => void;
  last: string | number | null;
}

const TAIL = 18;
const MONTHS =
  'January February March April May June July August September October November December';
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday';

const two = (value: number): string => String(value).padStart(2, '0');

/**
 * The interactive picture. Three layers: a background that is drawn once, the scene with the
 * widgets, and the output with pointer and fingers on top; between frames only boxes that
 * changed are copied from one to the next.
 */
export class DesktopPicture {
  readonly #desktop: Desktop;
  readonly #caption: string;
  readonly #scale: number;
  readonly #left: number;
  readonly #top: number;
  readonly #background: Canvas;
  readonly #scene: Canvas;
  readonly #output: Canvas;
  readonly #widgets: readonly Widget[];
  readonly #masks = new Map<string, Mask>();
  #overlays: Rect[] = [];
  #frame = 0;
  #now = new Date(0);

  /** @param caption the stream's figures, shown at the lower edge */
  constructor(desktop: Desktop, width: number, height: number, caption: string) {
    this.#desktop = desktop;
    this.#caption = caption;
    this.#background = new Canvas(width, height);
    this.#scene = new Canvas(width, height);
    this.#output = new Canvas(width, height);
    this.#scale = Math.min(width / LAYOUT.width, height / LAYOUT.height);
    this.#left = (width - LAYOUT.width * this.#scale) / 2;
    this.#top = (height - LAYOUT.height * this.#scale) / 2;
    this.#drawBackground();
    this.#background.data.copy(this.#scene.data);
    this.#background.data.copy(this.#output.data);
    this.#widgets = this.#makeWidgets();
  }

  get width(): number {
    return this.#output.width;
  }

  get height(): number {
    return this.#output.height;
  }

  /**
   * @param now milliseconds of the wall clock
   * @returns the I420 picture, valid until the next call
   */
  draw(frame: number, now: number): Buffer {
    this.#frame = frame;
    this.#now = new Date(now);
    for (const rect of this.#overlays) this.#output.copy(this.#scene, rect);
    this.#overlays = [];
    for (const widget of this.#widgets) {
      const key = widget.key();
      if (key === widget.last) continue;
      widget.last = key;
      this.#scene.copy(this.#background, widget.rect);
      widget.draw(this.#scene);
      this.#output.copy(this.#scene, widget.rect);
    }
    this.#drawFrameCode();
    this.#drawOverlays();
    return this.#output.data;
  }

  #px(length: number): number {
    return length * this.#scale;
  }

  #x(x: number): number {
    return this.#left + x * this.#scale;
  }

  #y(y: number): number {
    return this.#top + y * this.#scale;
  }

  /** A box of the layout in pixels, widened to whole ones. */
  #rect({ x, y, width, height }: Rect): Rect {
    return { x: this.#x(x), y: this.#y(y), width: this.#px(width), height: this.#px(height) };
  }

  #mask(name: string, make: () => Mask): Mask {
    let mask = this.#masks.get(name);
    if (mask === undefined) {
      mask = make();
      this.#masks.set(name, mask);
    }
    return mask;
  }

  #box(canvas: Canvas, rect: Rect, radius: number, paint: Color, outline?: number): void {
    const width = Math.round(this.#px(rect.width));
    const height = Math.round(this.#px(rect.height));
    const name = `box ${width} ${height} ${radius} ${outline ?? ''}`;
    const thickness = outline === undefined ? undefined : Math.max(1, this.#px(outline));
    const mask = this.#mask(name, () => roundedBox(width, height, this.#px(radius), thickness));
    canvas.blit(mask, this.#x(rect.x), this.#y(rect.y), paint);
  }

  #disc(canvas: Canvas, x: number, y: number, radius: number, paint: Color, opacity = 1): void {
    const mask = this.#mask(`disc ${radius}`, () => disc(this.#px(radius)));
    canvas.center(mask, this.#x(x), this.#y(y), paint, opacity);
  }

  #text(
    canvas: Canvas,
    text: string,
    x: number,
    y: number,
    size: number,
    paint: Color,
    align: 'left' | 'center' | 'right' = 'left',
  ): void {
    canvas.text(text, this.#x(x), this.#y(y), this.#px(size), paint, align);
  }

  #drawBackground(): void {
    const canvas = this.#background;
    const { skyTop: from, skyBottom: to } = THEME;
    for (let row = 0; row < canvas.height; row += 2) {
      const t = row / canvas.height;
      const mix = (a: number, b: number): number => Math.round(a + (b - a) * t);
      const paint = { y: mix(from.y, to.y), u: mix(from.u, to.u), v: mix(from.v, to.v) };
      canvas.fill({ x: 0, y: row, width: canvas.width, height: 2 }, paint);
    }
    // The logo: a moon with a bite.
    this.#disc(canvas, 66, 58, 26, THEME.moon);
    this.#disc(canvas, 78, 51, 21, THEME.dark);
    this.#text(canvas, 'Moontee', 112, 34, 30, THEME.text);
    this.#text(canvas, 'demo host', 113, 76, 13, THEME.dim);

    const { dial, keyboard, mouse, text, track } = LAYOUT;
    for (const panel of [dial, keyboard, mouse, text]) {
      this.#box(canvas, panel, 16, THEME.panel);
      this.#box(canvas, panel, 16, THEME.panelEdge, 1);
    }
    for (let index = 0; index < DIAL_DOTS; index++)
      this.#dialDot(canvas, index, THEME.panelEdge, 1);
    for (const key of KEYS) this.#key(canvas, key, THEME.key, THEME.dim);
    this.#text(canvas, 'TEXT', text.x + 20, text.y + 24, 11, THEME.dim);
    for (let index = 0; index < PAD_COUNT; index++) {
      const panel = padRect(index);
      this.#box(canvas, panel, 16, THEME.panel);
      this.#box(canvas, panel, 16, THEME.panelEdge, 1);
    }
    this.#box(canvas, track, 10, THEME.panel);
    this.#text(canvas, this.#caption, LAYOUT.status.x, LAYOUT.status.y, 11, THEME.dim);
  }

  #dialDot(canvas: Canvas, index: number, paint: Color, opacity: number): void {
    const { x, y, width, height } = LAYOUT.dial;
    const angle = (index / DIAL_DOTS) * 2 * Math.PI;
    const radius = index % 5 === 0 ? 5 : 3.5;
    const [dx, dy] = [Math.sin(angle) * 112, -Math.cos(angle) * 112];
    this.#disc(canvas, x + width / 2 + dx, y + height / 2 + dy, radius, paint, opacity);
  }

  #key(canvas: Canvas, key: Key, paint: Color, label: Color): void {
    const rect = keyRect(key);
    this.#box(canvas, rect, 6, paint);
    const size = key.label.length > 1 ? 9 : 12;
    const [x, y] = [rect.x + rect.width / 2, rect.y + (rect.height - size) / 2];
    this.#text(canvas, key.label, x, y, size, label, 'center');
  }

  #makeWidgets(): readonly Widget[] {
    const { dial, mouse, text, track, status } = LAYOUT;
    const desktop = this.#desktop;
    const widget = (rect: Rect, key: Widget['key'], draw: Widget['draw']): Widget => ({
      rect: this.#rect(rect),
      key,
      draw,
      last: null,
    });
    const keys = KEYS.map((key) =>
      widget(
        keyRect(key),
        () => (this.#held(key) ? 1 : 0),
        (canvas) => {
          if (this.#held(key)) this.#key(canvas, key, THEME.accent, THEME.dark);
        },
      ),
    );
    const pads = Array.from({ length: PAD_COUNT }, (_, index) => {
      const rect = padRect(index);
      return widget(
        rect,
        () => {
          const pad = desktop.pads.get(index);
          return pad === undefined ? '' : Object.values(pad).join();
        },
        (canvas) => drawPad(canvas, this.#pen(rect.x, rect.y), index, desktop.pads.get(index)),
      );
    });
    return [
      widget(
        { x: 900, y: 24, width: 344, height: 52 },
        () => Math.floor(this.#now.getTime() / 100),
        (canvas) => this.#drawClock(canvas),
      ),
      widget(
        { x: 760, y: 76, width: 484, height: 24 },
        () => this.#now.toDateString(),
        (canvas) => {
          const day = DAYS.split(' ')[this.#now.getDay()] ?? '';
          const month = MONTHS.split(' ')[this.#now.getMonth()] ?? '';
          const date = `${day}, ${this.#now.getDate()} ${month} ${this.#now.getFullYear()}`;
          this.#text(canvas, date, 1240, 80, 13, THEME.dim, 'right');
        },
      ),
      widget(
        dial,
        () => this.#dialPosition() * 2 + (this.#beeping() ? 1 : 0),
        (canvas) => this.#drawDial(canvas),
      ),
      ...keys,
      widget(
        mouse,
        () =>
          [
            ...[...desktop.buttons].sort(),
            'at',
            ...this.#pointer(),
            Math.round(desktop.scroll),
            Math.round(desktop.horizontalScroll),
          ].join(),
        (canvas) => this.#drawMouse(canvas),
      ),
      widget(
        { ...text, x: text.x + 80, width: text.width - 90 },
        () => `${desktop.text}\n${this.#otherKeys()}`,
        (canvas) => this.#drawText(canvas),
      ),
      ...pads,
      widget(
        track,
        () => this.#frame,
        (canvas) => {
          const phase = (this.#now.getTime() % 8000) / 8000;
          const x = track.x + 10 + (track.width - 20) * Math.abs(1 - 2 * phase);
          this.#disc(canvas, x, track.y + 10, 8, THEME.moon);
        },
      ),
      widget(
        { x: 1060, y: status.y - 5, width: 190, height: status.height + 8 },
        () => this.#frame,
        (canvas) => {
          const number = String(this.#frame).padStart(6, '0');
          this.#text(canvas, number, 1240, status.y, 11, THEME.text, 'right');
          this.#text(canvas, 'FRAME', 1166, status.y, 11, THEME.dim, 'right');
        },
      ),
    ];
  }

  /** What draws at an offset of the layout. */
  #pen(x: number, y: number): PadPen {
    return {
      box: (canvas, rect, radius, paint, outline) =>
        this.#box(canvas, { ...rect, x: x + rect.x, y: y + rect.y }, radius, paint, outline),
      disc: (canvas, dx, dy, radius, paint) => this.#disc(canvas, x + dx, y + dy, radius, paint),
      ring: (canvas, dx, dy, radius, paint) => {
        const mask = this.#mask(`ring ${radius}`, () =>
          ring(this.#px(radius), Math.max(1.5, this.#px(2))),
        );
        canvas.center(mask, this.#x(x + dx), this.#y(y + dy), paint);
      },
      text: (canvas, words, dx, dy, size, paint) =>
        this.#text(canvas, words, x + dx, y + dy, size, paint, 'center'),
    };
  }

  #held(key: Key): boolean {
    return key.codes.some((code) => this.#desktop.keys.has(code));
  }

  /** Held keys that the keyboard has no place for. */
  #otherKeys(): string {
    return [...this.#desktop.keys]
      .filter((code) => !SHOWN_CODES.has(code))
      .slice(0, 8)
      .map((code) => `0x${code.toString(16)}`)
      .join(' ');
  }

  #pointer(): [x: number, y: number] {
    return [
      Math.round(this.#desktop.pointerX * this.width),
      Math.round(this.#desktop.pointerY * this.height),
    ];
  }

  #dialPosition(): number {
    return Math.floor((this.#now.getMilliseconds() * DIAL_DOTS) / 1000);
  }

  #beeping(): boolean {
    return this.#now.getMilliseconds() < BEEP_LENGTH;
  }

  #drawClock(canvas: Canvas): void {
    const now = this.#now;
    const clock = `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`;
    const tenth = `.${Math.floor(now.getMilliseconds() / 100)}`;
    this.#text(canvas, clock, 1204, 32, 36, THEME.text, 'right');
    this.#text(canvas, tenth, 1212, 50, 18, THEME.dim);
  }

  #drawDial(canvas: Canvas): void {
    const { x, y, width, height } = LAYOUT.dial;
    const head = this.#dialPosition();
    for (let age = TAIL; age >= 0; age--) {
      const paint = age === 0 ? THEME.moon : THEME.accent;
      this.#dialDot(canvas, (head - age + DIAL_DOTS) % DIAL_DOTS, paint, 1 - age / (TAIL + 1));
    }
    const [middleX, middleY] = [x + width / 2, y + height / 2];
    const beeping = this.#beeping();
    this.#disc(canvas, middleX, middleY, 78, beeping ? THEME.warm : THEME.key);
    const seconds = two(this.#now.getSeconds());
    const ink = beeping ? THEME.dark : THEME.text;
    this.#text(canvas, seconds, middleX, middleY - 24, 48, ink, 'center');
  }

  #drawMouse(canvas: Canvas): void {
    const { x, y } = LAYOUT.mouse;
    const { buttons, scroll, horizontalScroll } = this.#desktop;
    const lit = (button: number): Color => (buttons.has(button) ? THEME.warm : THEME.key);
    this.#box(canvas, { x: x + 28, y: y + 24, width: 104, height: 176 }, 48, THEME.key);
    this.#box(canvas, { x: x + 34, y: y + 30, width: 40, height: 66 }, 18, lit(1));
    this.#box(canvas, { x: x + 86, y: y + 30, width: 40, height: 66 }, 18, lit(3));
    this.#box(canvas, { x: x + 34, y: y + 30, width: 40, height: 66 }, 18, THEME.dim, 1.5);
    this.#box(canvas, { x: x + 86, y: y + 30, width: 40, height: 66 }, 18, THEME.dim, 1.5);
    const wheel = buttons.has(2) ? THEME.warm : THEME.panel;
    this.#box(canvas, { x: x + 74, y: y + 40, width: 12, height: 40 }, 6, wheel);
    this.#box(canvas, { x: x + 74, y: y + 40, width: 12, height: 40 }, 6, THEME.dim, 1.5);
    this.#box(canvas, { x: x + 20, y: y + 112, width: 12, height: 28 }, 5, lit(4));
    this.#box(canvas, { x: x + 20, y: y + 146, width: 12, height: 28 }, 5, lit(5));
    const [px, py] = this.#pointer();
    const rows: readonly (readonly [string, string])[] = [
      ['X', String(px)],
      ['Y', String(py)],
      ['WHEEL', String(Math.round(scroll))],
      ['TILT', String(Math.round(horizontalScroll))],
    ];
    rows.forEach(([label, value], index) => {
      const top = y + 30 + index * 46;
      this.#text(canvas, label, x + 156, top, 9, THEME.dim);
      this.#text(canvas, value, x + 156, top + 15, 16, THEME.text);
    });
  }

  #drawText(canvas: Canvas): void {
    const { x, y, width } = LAYOUT.text;
    const others = this.#otherKeys();
    const size = this.#px(18);
    const right = x + width - 24;
    const room = this.#px(width - 140) - textWidth(others, this.#px(14));
    // The end of the text is what was typed last.
    let shown = Array.from(this.#desktop.text).slice(-60);
    while (shown.length > 0 && textWidth(shown.join(''), size) > room) shown = shown.slice(1);
    const words = shown.join('');
    this.#text(canvas, words, x + 92, y + 21, 18, THEME.text);
    const caret = x + 96 + textWidth(words, size) / this.#scale;
    this.#box(canvas, { x: caret, y: y + 18, width: 3, height: 24 }, 1, THEME.accent);
    this.#text(canvas, others, right, y + 23, 14, THEME.warm, 'right');
  }

  #drawFrameCode(): void {
    const { width, height } = this.#output;
    const code = frameCode(this.#frame);
    const row = frameCodeHeight(height);
    for (let bit = 0; bit < FRAME_CODE_BITS; bit++) {
      const x = frameCodeEdge(bit, width);
      const on = (code >>> (FRAME_CODE_BITS - 1 - bit)) & 1;
      const rect = { x, y: height - row, width: frameCodeEdge(bit + 1, width) - x, height: row };
      this.#output.fill(rect, on ? THEME.bit1 : THEME.bit0);
    }
  }

  #drawOverlays(): void {
    for (const [id, touch] of this.#desktop.touches) {
      const mask = this.#mask('touch', () => ring(this.#px(30), Math.max(2, this.#px(5))));
      const paint = id === -1 ? THEME.green : touch.hover ? THEME.dim : THEME.warm;
      this.#overlay(mask, touch.x * this.width, touch.y * this.height, paint, true);
    }
    const [x, y] = this.#pointer();
    const size = Math.max(16, this.#px(30));
    const edge = this.#mask('pointer edge', () => pointer(size, 0));
    const inner = this.#mask('pointer', () => pointer(size, size * 0.075));
    this.#overlay(edge, x, y, THEME.dark, false);
    const pressed = this.#desktop.buttons.size > 0;
    this.#overlay(inner, x, y, pressed ? THEME.warm : THEME.text, false);
  }

  #overlay(mask: Mask, x: number, y: number, paint: Color, centered: boolean): void {
    const left = centered ? x - mask.width / 2 : x;
    const top = centered ? y - mask.height / 2 : y;
    this.#output.blit(mask, left, top, paint);
    this.#overlays.push({
      x: left - 1,
      y: top - 1,
      width: mask.width + 2,
      height: mask.height + 2,
    });
  }
}

/** Draws in a panel's own coordinates. */
export interface PadPen {
  box(canvas: Canvas, rect: Rect, radius: number, paint: Color, outline?: number): void;
  disc(canvas: Canvas, x: number, y: number, radius: number, paint: Color): void;
  ring(canvas: Canvas, x: number, y: number, radius: number, paint: Color): void;
  text(canvas: Canvas, text: string, x: number, y: number, size: number, paint: Color): void;
}

/** The arrow, its tip in the corner, shrunk by `inset` pixels on every side. */
function pointer(size: number, inset: number): Mask {
  const corners = [
    [0, 0],
    [0, 0.84],
    [0.22, 0.65],
    [0.37, 0.98],
    [0.5, 0.92],
    [0.36, 0.6],
    [0.62, 0.58],
  ] as const;
  const [cx, cy] = [0.19, 0.5];
  const shrink = 1 - (inset * 3.2) / size;
  const placed = corners.map(
    ([x, y]) => [(cx + (x - cx) * shrink) * size + 1, (cy + (y - cy) * shrink) * size + 1] as const,
  );
  return polygon(placed, Math.ceil(size * 0.7), Math.ceil(size) + 2);
}

function keyRect(key: Key): Rect {
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

function padRect(index: number): Rect {
  const { x, y, width, height, gap } = LAYOUT.pads;
  const each = (width - gap * (PAD_COUNT - 1)) / PAD_COUNT;
  return { x: x + index * (each + gap), y, width: each, height };
}
