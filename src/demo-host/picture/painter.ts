import type { Align, Canvas, Color, Rect } from './canvas.js';
import { disc, ring, roundedBox, type Mask } from './mask.js';
import { LAYOUT } from './theme.js';

/**
 * Draws in the layout's coordinates on canvases of one size: scaled to fit and centred. Masks
 * are kept, so that a shape is computed once.
 */
export class Painter {
  /** Pixels of a unit of the layout. */
  readonly scale: number;
  readonly #left: number;
  readonly #top: number;
  readonly #masks: Map<string, Mask>;

  private constructor(scale: number, left: number, top: number, masks: Map<string, Mask>) {
    this.scale = scale;
    this.#left = left;
    this.#top = top;
    this.#masks = masks;
  }

  static of(width: number, height: number): Painter {
    const scale = Math.min(width / LAYOUT.width, height / LAYOUT.height);
    const left = (width - LAYOUT.width * scale) / 2;
    const top = (height - LAYOUT.height * scale) / 2;
    return new Painter(scale, left, top, new Map());
  }

  /** The same with its origin at (x, y). */
  at(x: number, y: number): Painter {
    return new Painter(this.scale, this.x(x), this.y(y), this.#masks);
  }

  px(length: number): number {
    return length * this.scale;
  }

  x(x: number): number {
    return this.#left + x * this.scale;
  }

  y(y: number): number {
    return this.#top + y * this.scale;
  }

  /** A box of the layout in pixels. */
  rect({ x, y, width, height }: Rect): Rect {
    return { x: this.x(x), y: this.y(y), width: this.px(width), height: this.px(height) };
  }

  /** The mask of that name, made on first use. */
  mask(name: string, make: () => Mask): Mask {
    let mask = this.#masks.get(name);
    if (mask === undefined) {
      mask = make();
      this.#masks.set(name, mask);
    }
    return mask;
  }

  /** @param outline thickness of the line; filled without it */
  box(canvas: Canvas, rect: Rect, radius: number, paint: Color, outline?: number): void {
    const width = Math.round(this.px(rect.width));
    const height = Math.round(this.px(rect.height));
    const thickness = outline === undefined ? undefined : Math.max(1, this.px(outline));
    const mask = this.mask(`box ${width} ${height} ${radius} ${outline ?? ''}`, () =>
      roundedBox(width, height, this.px(radius), thickness),
    );
    canvas.blit(mask, this.x(rect.x), this.y(rect.y), paint);
  }

  disc(canvas: Canvas, x: number, y: number, radius: number, paint: Color, opacity = 1): void {
    const mask = this.mask(`disc ${radius}`, () => disc(this.px(radius)));
    canvas.center(mask, this.x(x), this.y(y), paint, opacity);
  }

  ring(canvas: Canvas, x: number, y: number, radius: number, paint: Color): void {
    const mask = this.mask(`ring ${radius}`, () =>
      ring(this.px(radius), Math.max(1.5, this.px(2))),
    );
    canvas.center(mask, this.x(x), this.y(y), paint);
  }

  text(
    canvas: Canvas,
    text: string,
    x: number,
    y: number,
    size: number,
    paint: Color,
    align: Align = 'left',
  ): void {
    canvas.text(text, this.x(x), this.y(y), this.px(size), paint, align);
  }
}
