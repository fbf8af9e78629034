import type { Cleanup } from './dom.js';
import type { PictureBox } from './picture.js';
import { followSize } from './screen.js';
import { NO_ZOOM, pinched, withinStage, zoomedBox, type Zoom } from './zoom.js';

/** CSS pixels that a finger may tremble without having moved. */
const TREMBLE = 10;
/** Milliseconds between two taps that belong together. */
const DOUBLE_TAP_MS = 350;
/** What a double tap enlarges to. */
const TAP_SCALE = 2.5;

interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * Enlarges the picture and moves it about, by two fingers or one; a double tap does it too, and undoes
 * it. Nothing of it goes to the host.
 */
export class ViewGestures {
  readonly #stage: HTMLElement;
  readonly #onChange: () => void;
  readonly #fingers = new Map<number, Point>();
  #zoom = NO_ZOOM;
  #moved = 0;
  #lastTap = -Infinity;

  constructor(stage: HTMLElement, onChange: () => void, cleanup: Cleanup) {
    this.#stage = stage;
    this.#onChange = onChange;
    followSize(stage, () => this.#set(this.#zoom), cleanup);
  }

  get isZoomed(): boolean {
    return this.#zoom.scale > 1;
  }

  /** @param box of the picture without the zoom */
  boxOf(box: PictureBox): PictureBox {
    return zoomedBox(this.#stage.getBoundingClientRect(), box, this.#zoom);
  }

  down(event: PointerEvent): void {
    if (this.#fingers.size === 0) this.#moved = 0;
    this.#fingers.set(event.pointerId, this.#at(event));
  }

  move(event: PointerEvent): void {
    const before = this.#fingers.get(event.pointerId);
    if (before === undefined) return;
    const from = [...this.#fingers.values()];
    this.#fingers.set(event.pointerId, this.#at(event));
    const to = [...this.#fingers.values()];
    this.#moved += distance([before, this.#at(event)]);
    const apart = distance(from);
    this.#set(pinched(this.#zoom, middle(from), middle(to), apart > 0 ? distance(to) / apart : 1));
  }

  up(event: PointerEvent): void {
    if (!this.#fingers.delete(event.pointerId) || this.#fingers.size > 0) return;
    const isTap = this.#moved < TREMBLE;
    if (isTap && event.timeStamp - this.#lastTap < DOUBLE_TAP_MS) {
      const at = this.#at(event);
      this.#set(this.isZoomed ? NO_ZOOM : pinched(NO_ZOOM, at, at, TAP_SCALE));
      this.#lastTap = -Infinity;
    } else if (isTap) this.#lastTap = event.timeStamp;
  }

  /** Fingers that are down do not count any more. */
  reset(): void {
    this.#fingers.clear();
  }

  #at({ clientX, clientY }: PointerEvent): Point {
    const { left, top } = this.#stage.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  }

  #set(zoom: Zoom): void {
    const { width, height } = this.#stage.getBoundingClientRect();
    this.#zoom = withinStage(zoom, { width, height });
    const { scale, x, y } = this.#zoom;
    const style = this.#stage.style;
    if (scale === 1) style.removeProperty('--zoom');
    else style.setProperty('--zoom', `translate(${x}px, ${y}px) scale(${scale})`);
    this.#onChange();
  }
}

function middle(points: readonly Point[]): Point {
  const sum = (of: (point: Point) => number): number =>
    points.reduce((total, point) => total + of(point), 0) / Math.max(1, points.length);
  return { x: sum(({ x }) => x), y: sum(({ y }) => y) };
}

/** Of the first two; 0 for one alone. */
function distance([one, other]: readonly Point[]): number {
  return one === undefined || other === undefined
    ? 0
    : Math.hypot(one.x - other.x, one.y - other.y);
}
