import { glyph, textWidth, type Mask } from './mask.js';

/** BT.709, limited range. */
export interface Color {
  readonly y: number;
  readonly u: number;
  readonly v: number;
}

/** @param hex `#rrggbb` */
export function color(hex: string): Color {
  const value = parseInt(hex.slice(1), 16);
  const [r, g, b] = [(value >> 16) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
  const luma = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  return {
    y: Math.round(16 + 219 * luma),
    u: Math.round(128 + (224 * (b - luma)) / 1.8556),
    v: Math.round(128 + (224 * (r - luma)) / 1.5748),
  };
}

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export type Align = 'left' | 'center' | 'right';

/**
 * An I420 picture with even sides. Everything is clipped to it; positions are rounded down to
 * whole pixels, those of copies to whole chroma samples.
 */
export class Canvas {
  readonly width: number;
  readonly height: number;
  /** The whole picture: Y, then U, then V, without padding. */
  readonly data: Buffer;
  readonly #y: Buffer;
  readonly #u: Buffer;
  readonly #v: Buffer;

  constructor(width: number, height: number) {
    this.width = width & ~1;
    this.height = height & ~1;
    const luma = this.width * this.height;
    this.data = Buffer.alloc((luma * 3) / 2, 128);
    this.#y = this.data.subarray(0, luma).fill(16);
    this.#u = this.data.subarray(luma, luma + luma / 4);
    this.#v = this.data.subarray(luma + luma / 4);
  }

  get luma(): Buffer {
    return this.#y;
  }

  /** A box of whole pixels; its chroma covers every sample that it touches. */
  fill(rect: Rect, { y, u, v }: Color): void {
    const left = Math.max(0, Math.floor(rect.x));
    const top = Math.max(0, Math.floor(rect.y));
    const right = Math.min(this.width, Math.floor(rect.x + rect.width));
    const bottom = Math.min(this.height, Math.floor(rect.y + rect.height));
    if (right <= left || bottom <= top) return;
    for (let row = top; row < bottom; row++) {
      this.#y.fill(y, row * this.width + left, row * this.width + right);
    }
    const half = this.width / 2;
    for (let row = top >> 1; row < (bottom + 1) >> 1; row++) {
      this.#u.fill(u, row * half + (left >> 1), row * half + ((right + 1) >> 1));
      this.#v.fill(v, row * half + (left >> 1), row * half + ((right + 1) >> 1));
    }
  }

  /** Blends a colour through a mask. */
  blit(mask: Mask, x: number, y: number, paint: Color, opacity = 1): void {
    const originX = Math.floor(x);
    const originY = Math.floor(y);
    const left = Math.max(0, originX);
    const top = Math.max(0, originY);
    const right = Math.min(this.width, originX + mask.width);
    const bottom = Math.min(this.height, originY + mask.height);
    const strength = Math.round(256 * opacity);
    for (let row = top; row < bottom; row++) {
      let from = (row - originY) * mask.width + left - originX;
      let to = row * this.width + left;
      for (let column = left; column < right; column++, from++, to++) {
        const alpha = ((mask.data[from] ?? 0) * strength) >> 8;
        if (alpha === 0) continue;
        const old = this.#y[to] ?? 0;
        this.#y[to] = old + (((paint.y - old) * alpha + 127) >> 8);
      }
    }
    this.#blitChroma(mask, originX, originY, paint, strength);
  }

  #blitChroma(mask: Mask, x: number, y: number, paint: Color, strength: number): void {
    const half = this.width / 2;
    const right = Math.min(half, (x + mask.width + 1) >> 1);
    const bottom = Math.min(this.height / 2, (y + mask.height + 1) >> 1);
    const at = (column: number, row: number): number =>
      column < 0 || row < 0 || column >= mask.width || row >= mask.height
        ? 0
        : (mask.data[row * mask.width + column] ?? 0);
    for (let row = Math.max(0, y >> 1); row < bottom; row++) {
      for (let column = Math.max(0, x >> 1); column < right; column++) {
        const mx = column * 2 - x;
        const my = row * 2 - y;
        const cover = at(mx, my) + at(mx + 1, my) + at(mx, my + 1) + at(mx + 1, my + 1);
        const alpha = (cover * strength) >> 10;
        if (alpha === 0) continue;
        const to = row * half + column;
        const u = this.#u[to] ?? 0;
        const v = this.#v[to] ?? 0;
        this.#u[to] = u + (((paint.u - u) * alpha + 127) >> 8);
        this.#v[to] = v + (((paint.v - v) * alpha + 127) >> 8);
      }
    }
  }

  /** A mask with its middle at (x, y). */
  center(mask: Mask, x: number, y: number, paint: Color, opacity = 1): void {
    this.blit(mask, x - mask.width / 2, y - mask.height / 2, paint, opacity);
  }

  /**
   * @param y top of the capitals
   * @param size height of the capitals in pixels
   */
  text(
    text: string,
    x: number,
    y: number,
    size: number,
    paint: Color,
    align: Align = 'left',
  ): void {
    const shift = align === 'left' ? 0 : textWidth(text, size) * (align === 'center' ? 0.5 : 1);
    let pen = x - shift;
    for (const character of text) {
      const { mask, left, top, advance } = glyph(character, size);
      this.blit(mask, pen + left, y + top, paint);
      pen += advance;
    }
  }

  /** Puts back what `source`, a picture of the same size, has in this box. */
  copy(source: Canvas, rect: Rect): void {
    const left = Math.max(0, Math.floor(rect.x) & ~1);
    const top = Math.max(0, Math.floor(rect.y) & ~1);
    const right = Math.min(this.width, (Math.ceil(rect.x + rect.width) + 1) & ~1);
    const bottom = Math.min(this.height, (Math.ceil(rect.y + rect.height) + 1) & ~1);
    if (right <= left) return;
    for (let row = top; row < bottom; row++) {
      const start = row * this.width;
      source.#y.copy(this.#y, start + left, start + left, start + right);
    }
    const half = this.width / 2;
    for (let row = top / 2; row < bottom / 2; row++) {
      const [from, to] = [row * half + left / 2, row * half + right / 2];
      source.#u.copy(this.#u, from, from, to);
      source.#v.copy(this.#v, from, from, to);
    }
  }
}
