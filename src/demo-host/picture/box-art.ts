import { disc, glyph, textWidth, type Mask } from './mask.js';
import { encodePng } from './png.js';

const WIDTH = 300;
const HEIGHT = 400;
type Rgb = readonly [r: number, g: number, b: number];

const TINTS: readonly Rgb[] = [
  [86, 130, 255],
  [255, 150, 80],
  [70, 200, 150],
  [210, 100, 220],
];

function blend(pixels: Uint8Array, mask: Mask, x: number, y: number, paint: Rgb): void {
  for (let row = 0; row < mask.height; row++) {
    for (let column = 0; column < mask.width; column++) {
      const [px, py] = [Math.floor(x) + column, Math.floor(y) + row];
      if (px < 0 || py < 0 || px >= WIDTH || py >= HEIGHT) continue;
      const alpha = (mask.data[row * mask.width + column] ?? 0) / 255;
      for (let channel = 0; channel < 3; channel++) {
        const at = (py * WIDTH + px) * 3 + channel;
        const old = pixels[at] ?? 0;
        pixels[at] = old + ((paint[channel] ?? 0) - old) * alpha;
      }
    }
  }
}

/** Box art of an app, 300×400 as clients show it: a moon over a tinted night, and the title. */
export function boxArt(title: string, id: number): Buffer {
  const tint = TINTS[id % TINTS.length] ?? [128, 128, 128];
  const pixels = new Uint8Array(WIDTH * HEIGHT * 3);
  for (let row = 0; row < HEIGHT; row++) {
    const depth = row / HEIGHT;
    const sky = tint.map((part) => 14 + part * 0.75 * depth ** 1.6);
    for (let column = 0; column < WIDTH; column++) pixels.set(sky, (row * WIDTH + column) * 3);
  }
  const night: Rgb = [22, 26, 38];
  const moon = disc(62);
  blend(pixels, moon, WIDTH / 2 - moon.width / 2, 90, [246, 240, 214]);
  const shadow = disc(54);
  blend(pixels, shadow, WIDTH / 2 - shadow.width / 2 + 30, 80, night);
  const size = Math.max(10, Math.min(28, (28 * (WIDTH - 48)) / Math.max(1, textWidth(title, 28))));
  let pen = (WIDTH - textWidth(title, size)) / 2;
  for (const character of title) {
    const { mask, left, top, advance } = glyph(character, size);
    blend(pixels, mask, pen + left, 290 + top, [255, 255, 255]);
    pen += advance;
  }
  return encodePng(WIDTH, HEIGHT, pixels);
}
