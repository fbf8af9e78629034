import type { PictureBox } from './picture.js';

/** How the picture is enlarged: a point of the stage at (p) is shown at (p · scale + shift). */
export interface Zoom {
  readonly scale: number;
  /** CSS pixels from the corner of the stage. */
  readonly x: number;
  readonly y: number;
}

export const NO_ZOOM: Zoom = { scale: 1, x: 0, y: 0 };
const MAX_SCALE = 8;

interface Point {
  readonly x: number;
  readonly y: number;
}

/** @param box in the page, as it would be without the zoom */
export function zoomedBox(stage: PictureBox, box: PictureBox, { scale, x, y }: Zoom): PictureBox {
  return {
    left: stage.left + (box.left - stage.left) * scale + x,
    top: stage.top + (box.top - stage.top) * scale + y,
    width: box.width * scale,
    height: box.height * scale,
  };
}

/**
 * The zoom after two fingers, or one, have moved: what was between them stays between them.
 *
 * @param from middle of the fingers before, from the corner of the stage; `to`: and after
 * @param factor how much farther apart they are now
 */
export function pinched(zoom: Zoom, from: Point, to: Point, factor: number): Zoom {
  const scale = Math.min(MAX_SCALE, Math.max(1, zoom.scale * factor));
  const done = scale / zoom.scale;
  return {
    scale,
    x: to.x - (from.x - zoom.x) * done,
    y: to.y - (from.y - zoom.y) * done,
  };
}

/** The nearest zoom that leaves no edge of the stage empty. */
export function withinStage(
  { scale, x, y }: Zoom,
  { width, height }: { readonly width: number; readonly height: number },
): Zoom {
  const clamp = (shift: number, size: number): number =>
    Math.min(0, Math.max(size * (1 - scale), shift));
  return { scale, x: clamp(x, width), y: clamp(y, height) };
}
