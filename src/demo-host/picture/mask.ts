import { GLYPHS, MISSING_GLYPH } from './glyphs.js';

/** Coverage of a shape, 0…255 a pixel, drawn once and blitted often. */
export interface Mask {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

export interface Glyph {
  readonly mask: Mask;
  /** Pixels from the pen and from the capitals' top to the mask's corner. */
  readonly left: number;
  readonly top: number;
  /** Pixels to the next pen position. */
  readonly advance: number;
}

type Point = readonly [x: number, y: number];

/** Samples signed distance (negative is inside) at pixel centres; edges are one pixel soft. */
function maskOf(width: number, height: number, distance: (x: number, y: number) => number): Mask {
  const data = new Uint8Array(width * height);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      data[at] = 255 * Math.min(1, Math.max(0, 0.5 - distance(x + 0.5, y + 0.5)));
    }
  }
  return { width, height, data };
}

export function disc(radius: number): Mask {
  const size = Math.ceil(radius * 2) + 2;
  return maskOf(size, size, (x, y) => Math.hypot(x - size / 2, y - size / 2) - radius);
}

/** @param thickness of the line, inside of `radius` */
export function ring(radius: number, thickness: number): Mask {
  const size = Math.ceil(radius * 2) + 2;
  const middle = radius - thickness / 2;
  return maskOf(
    size,
    size,
    (x, y) => Math.abs(Math.hypot(x - size / 2, y - size / 2) - middle) - thickness / 2,
  );
}

/** @param outline thickness of the line; filled without it */
export function roundedBox(width: number, height: number, radius: number, outline?: number): Mask {
  const box = (x: number, y: number): number => {
    const dx = Math.abs(x - width / 2) - width / 2 + radius;
    const dy = Math.abs(y - height / 2) - height / 2 + radius;
    return Math.hypot(Math.max(dx, 0), Math.max(dy, 0)) + Math.min(Math.max(dx, dy), 0) - radius;
  };
  if (outline === undefined) return maskOf(width, height, (x, y) => box(x, y));
  return maskOf(width, height, (x, y) => Math.abs(box(x, y) + outline / 2) - outline / 2);
}

function toSegment(x: number, y: number, [ax, ay]: Point, [bx, by]: Point): number {
  const dx = bx - ax;
  const dy = by - ay;
  const length = dx * dx + dy * dy;
  const t = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length));
  return Math.hypot(x - ax - t * dx, y - ay - t * dy);
}

/** Lines through all points of each stroke, round at the ends. */
function strokes(
  lines: readonly (readonly Point[])[],
  width: number,
  height: number,
  thickness: number,
): Mask {
  return maskOf(width, height, (x, y) => {
    let nearest = Infinity;
    for (const line of lines) {
      for (let index = 1; index < line.length; index++) {
        const from = line[index - 1];
        const to = line[index];
        if (from && to) nearest = Math.min(nearest, toSegment(x, y, from, to));
      }
    }
    return nearest - thickness / 2;
  });
}

/** Filled polygon. */
export function polygon(corners: readonly Point[], width: number, height: number): Mask {
  const closed = [...corners, ...corners.slice(0, 1)];
  return maskOf(width, height, (x, y) => {
    let inside = false;
    let nearest = Infinity;
    for (let index = 1; index < closed.length; index++) {
      const a = closed[index - 1];
      const b = closed[index];
      if (!a || !b) continue;
      nearest = Math.min(nearest, toSegment(x, y, a, b));
      const crosses = a[1] > y !== b[1] > y;
      if (crosses && x < ((b[0] - a[0]) * (y - a[1])) / (b[1] - a[1]) + a[0]) inside = !inside;
    }
    return inside ? -nearest : nearest;
  });
}

const CORNER_RADIUS = 2.4;
const CORNER_STEPS = 5;

/** Cuts each inner corner and puts a quadratic curve there. */
function roundCorners(points: readonly Point[]): Point[] {
  const rounded: Point[] = [];
  points.forEach((corner, index) => {
    const before = points[index - 1];
    const after = points[index + 1];
    if (!before || !after) {
      rounded.push(corner);
      return;
    }
    const toward = (end: Point): Point => {
      const length = Math.hypot(end[0] - corner[0], end[1] - corner[1]);
      const t = Math.min(CORNER_RADIUS, length / 2) / (length || 1);
      return [corner[0] + (end[0] - corner[0]) * t, corner[1] + (end[1] - corner[1]) * t];
    };
    const [from, to] = [toward(before), toward(after)];
    for (let step = 0; step <= CORNER_STEPS; step++) {
      const t = step / CORNER_STEPS;
      const blend = (axis: 0 | 1): number =>
        (1 - t) ** 2 * from[axis] + 2 * t * (1 - t) * corner[axis] + t * t * to[axis];
      rounded.push([blend(0), blend(1)]);
    }
  });
  return rounded;
}

function parseStroke(text: string): Point[] {
  const points = text
    .replace('~', '')
    .split(' ')
    .map((pair): Point => [parseInt(pair[0] ?? '0', 16), parseInt(pair[1] ?? '0', 16)]);
  return text.startsWith('~') ? roundCorners(points) : points;
}

/** Units of the glyph grid between two letters. */
const LETTER_SPACING = 2.6;
const SPACE_WIDTH = 3;
const DIGIT_WIDTH = 6;
const GRID_CAPITAL = 10;

const glyphs = new Map<string, Glyph>();

/** @param size height of the capitals in pixels */
export function glyph(character: string, size: number): Glyph {
  const key = `${size}:${character}`;
  let made = glyphs.get(key);
  if (made === undefined) {
    made = drawGlyph(character, size);
    // Text from the network may bring any character: the cache is bounded.
    if (glyphs.size > 4096) glyphs.clear();
    glyphs.set(key, made);
  }
  return made;
}

function drawGlyph(character: string, size: number): Glyph {
  const source = GLYPHS[character] ?? MISSING_GLYPH;
  const scale = size / GRID_CAPITAL;
  if (source === '') {
    const mask: Mask = { width: 0, height: 0, data: new Uint8Array(0) };
    return { mask, left: 0, top: 0, advance: (SPACE_WIDTH + LETTER_SPACING / 2) * scale };
  }
  const lines = source.split('|').map(parseStroke);
  const thickness = Math.max(1.2, scale * 1.35);
  const margin = Math.ceil(thickness / 2) + 1;
  const points = lines.flat();
  const right = Math.max(...points.map(([x]) => x));
  const bottom = Math.max(...points.map(([, y]) => y));
  const placed = lines.map((line) =>
    line.map(([x, y]): Point => [x * scale + margin, y * scale + margin]),
  );
  const width = Math.ceil(right * scale) + 2 * margin;
  const height = Math.ceil(bottom * scale) + 2 * margin;
  const units = /\d/.test(character) ? DIGIT_WIDTH : right;
  return {
    mask: strokes(placed, width, height, thickness),
    left: -margin,
    top: -margin,
    advance: (units + LETTER_SPACING) * scale,
  };
}

/** Pixels that a text is wide. */
export function textWidth(text: string, size: number): number {
  let width = 0;
  for (const character of text) width += glyph(character, size).advance;
  return Math.max(0, width - (LETTER_SPACING * size) / GRID_CAPITAL);
}
