import { drawBackground, drawKey, keyRect, padRect } from './background.js';
import { Canvas, type Color, type Rect } from './canvas.js';
import type { Desktop } from './desktop.js';
import {
  frameCode,
  frameCodeEdge,
  frameCodeHeight,
  frameCodeTop,
  FRAME_CODE_BITS,
  type CodeRow,
} from './frame-code.js';
import { KEYS, type Key } from './keyboard.js';
import { polygon, ring, type Mask } from './mask.js';
import { drawPad } from './pad-panel.js';
import { Painter } from './painter.js';
import {
  dialPosition,
  drawClock,
  drawDate,
  drawDial,
  drawMouse,
  drawText,
  isBeeping,
  otherKeys,
} from './panels.js';
import { LAYOUT, PAD_COUNT, THEME } from './theme.js';

/** A part of the picture that is redrawn only when its key changes. */
interface Widget {
  readonly rect: Rect;
  readonly key: () => string | number;
  readonly draw: (canvas: Canvas) => void;
  last: string | number | null;
}

/** Milliseconds in which the moon crosses the picture and comes back. */
const TRACK_PERIOD = 8000;

/**
 * The interactive picture, in three layers: a background that is drawn once, the scene with the
 * widgets, and the output with pointer and fingers on top. Between frames only boxes that changed
 * are copied from one to the next.
 */
export class DesktopPicture {
  readonly #desktop: Desktop;
  readonly #painter: Painter;
  readonly #background: Canvas;
  readonly #scene: Canvas;
  readonly #output: Canvas;
  readonly #widgets: readonly Widget[];
  #overlays: Rect[] = [];
  #frame = 0;
  #now = new Date(0);

  /** @param caption the stream's figures, shown at the lower edge */
  constructor(desktop: Desktop, width: number, height: number, caption: string) {
    this.#desktop = desktop;
    this.#painter = Painter.of(width, height);
    this.#background = new Canvas(width, height);
    this.#scene = new Canvas(width, height);
    this.#output = new Canvas(width, height);
    drawBackground(this.#background, this.#painter, caption);
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
    this.#drawCode('frame', frame);
    this.#drawCode('time', Math.floor(now));
    this.#drawOverlays();
    return this.#output.data;
  }

  #makeWidgets(): readonly Widget[] {
    const { dial, mouse, text, track, status } = LAYOUT;
    const desktop = this.#desktop;
    const painter = this.#painter;
    const widget = (rect: Rect, key: Widget['key'], draw: Widget['draw']): Widget => ({
      rect: painter.rect(rect),
      key,
      draw,
      last: null,
    });
    const keys = KEYS.map((key) =>
      widget(
        keyRect(key),
        () => (this.#isHeld(key) ? 1 : 0),
        (canvas) => {
          if (this.#isHeld(key)) drawKey(canvas, painter, key, THEME.accent, THEME.dark);
        },
      ),
    );
    const pads = Array.from({ length: PAD_COUNT }, (_, index) => {
      const rect = padRect(index);
      return widget(
        rect,
        () => Object.values(desktop.pads.get(index) ?? {}).join(),
        (canvas) => drawPad(canvas, painter.at(rect.x, rect.y), index, desktop.pads.get(index)),
      );
    });
    return [
      widget(
        { x: 900, y: 24, width: 344, height: 52 },
        () => Math.floor(this.#now.getTime() / 100),
        (canvas) => drawClock(canvas, painter, this.#now),
      ),
      widget(
        { x: 760, y: 76, width: 484, height: 24 },
        () => this.#now.toDateString(),
        (canvas) => drawDate(canvas, painter, this.#now),
      ),
      widget(
        dial,
        () => `${dialPosition(this.#now)} ${isBeeping(this.#now)} ${this.#now.getSeconds()}`,
        (canvas) => drawDial(canvas, painter, this.#now),
      ),
      ...keys,
      widget(
        mouse,
        () => {
          const { buttons, scroll, horizontalScroll } = desktop;
          return [...buttons, 'at', ...this.#pointer(), scroll, horizontalScroll].join();
        },
        (canvas) => drawMouse(canvas, painter, desktop, this.#pointer()),
      ),
      widget(
        { ...text, x: text.x + 80, width: text.width - 90 },
        () => `${desktop.text}\n${otherKeys(desktop)}`,
        (canvas) => drawText(canvas, painter, desktop),
      ),
      ...pads,
      widget(
        track,
        () => this.#now.getTime(),
        (canvas) => {
          const phase = (this.#now.getTime() % TRACK_PERIOD) / TRACK_PERIOD;
          const x = track.x + 10 + (track.width - 20) * Math.abs(1 - 2 * phase);
          painter.disc(canvas, x, track.y + 10, 8, THEME.moon);
        },
      ),
      widget(
        { x: 1060, y: status.y - 5, width: 190, height: status.height + 8 },
        () => this.#frame,
        (canvas) => {
          const number = String(this.#frame).padStart(6, '0');
          painter.text(canvas, number, 1240, status.y, 11, THEME.text, 'right');
          painter.text(canvas, 'FRAME', 1166, status.y, 11, THEME.dim, 'right');
        },
      ),
    ];
  }

  #isHeld(key: Key): boolean {
    return key.codes.some((code) => this.#desktop.keys.has(code));
  }

  /** The position of the pointer, in pixels. */
  #pointer(): [x: number, y: number] {
    return [
      Math.round(this.#desktop.pointerX * this.width),
      Math.round(this.#desktop.pointerY * this.height),
    ];
  }

  #drawCode(row: CodeRow, number: number): void {
    const { width, height } = this.#output;
    const code = frameCode(number);
    const y = frameCodeTop(row, height);
    for (let bit = 0; bit < FRAME_CODE_BITS; bit++) {
      const x = frameCodeEdge(bit, width);
      const on = (code >>> (FRAME_CODE_BITS - 1 - bit)) & 1;
      const edge = frameCodeEdge(bit + 1, width);
      const rect = { x, y, width: edge - x, height: frameCodeHeight(height) };
      this.#output.fill(rect, on ? THEME.bit1 : THEME.bit0);
    }
  }

  #drawOverlays(): void {
    const painter = this.#painter;
    for (const [id, touch] of this.#desktop.touches) {
      const mask = painter.mask('touch', () => ring(painter.px(30), Math.max(2, painter.px(5))));
      const paint = id === -1 ? THEME.green : touch.hover ? THEME.dim : THEME.warm;
      const [x, y] = [touch.x * this.width, touch.y * this.height];
      this.#overlay(mask, x - mask.width / 2, y - mask.height / 2, paint);
    }
    const [x, y] = this.#pointer();
    const size = Math.max(16, painter.px(30));
    const edge = painter.mask('pointer edge', () => arrow(size, 0));
    const inner = painter.mask('pointer', () => arrow(size, size * 0.075));
    const pressed = this.#desktop.buttons.size > 0;
    this.#overlay(edge, x, y, THEME.dark);
    this.#overlay(inner, x, y, pressed ? THEME.warm : THEME.text);
  }

  #overlay(mask: Mask, x: number, y: number, paint: Color): void {
    this.#output.blit(mask, x, y, paint);
    this.#overlays.push({ x: x - 1, y: y - 1, width: mask.width + 2, height: mask.height + 2 });
  }
}

/** The pointer's arrow, its tip in the corner, shrunk by `inset` pixels on every side. */
function arrow(size: number, inset: number): Mask {
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
