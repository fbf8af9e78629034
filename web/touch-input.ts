import { attempt } from '../client/attempt.js';
import { MOUSE_BUTTON, type ViewerInput } from '../client/index.js';
import type { Cleanup } from './dom.js';
import type { Place } from './picture.js';
import type { ViewGestures } from './view-gestures.js';

export type TouchMode = 'touch' | 'mouse' | 'trackpad' | 'view';

export interface TouchOptions {
  readonly stage: HTMLElement;
  readonly input: ViewerInput;
  readonly place: (clientX: number, clientY: number) => Place;
  /** Host pixels per CSS pixel of the picture. */
  readonly scale: () => number;
  readonly mode: () => TouchMode;
  /** Takes the fingers in the mode `view`. */
  readonly view: ViewGestures;
  readonly cleanup: Cleanup;
}

/** CSS pixels that a finger may tremble without having moved. */
const TREMBLE = 10;
/** Milliseconds after which a finger that rests means the right button. */
const LONG_PRESS = 500;
/** Milliseconds in which a second touch turns a tap into a drag (track pad). */
const TAP_DRAG = 250;
/** Speed of the pointer relative to the finger (track pad). */
const TRACKPAD_SPEED = 1.6;

interface Finger {
  readonly startX: number;
  readonly startY: number;
  x: number;
  y: number;
}

/** Sends fingers, as they are or as a mouse, or enlarges the picture with them. */
export function captureTouch(options: TouchOptions): void {
  const { stage, input, place, mode, view, cleanup } = options;
  const gestures = new Gestures(options);

  const sendTouch = (phase: 'down' | 'move' | 'up' | 'cancel', event: PointerEvent): void => {
    const at = place(event.clientX, event.clientY);
    if (phase === 'down' && !at.isInside) return;
    const point = {
      id: event.pointerId,
      x: at.x,
      y: at.y,
      force: event.pressure,
      radiusX: event.width / 2,
      radiusY: event.height / 2,
      rotation: event.twist,
    };
    if (phase === 'cancel') input.cancelTouch(point);
    else input.touch(phase, point);
  };

  const isTouch = (event: PointerEvent): boolean => event.pointerType === 'touch';

  cleanup.listen(stage, 'pointerdown', (event) => {
    if (!isTouch(event)) return;
    event.preventDefault();
    stage.focus({ preventScroll: true });
    attempt(() => stage.setPointerCapture(event.pointerId));
    if (mode() === 'view') view.down(event);
    else if (mode() === 'touch') sendTouch('down', event);
    else gestures.down(event);
  });
  cleanup.listen(stage, 'pointermove', (event) => {
    if (!isTouch(event)) return;
    if (mode() === 'view') view.move(event);
    else if (mode() === 'touch') sendTouch('move', event);
    else gestures.move(event);
  });
  for (const name of ['pointerup', 'pointercancel'] as const) {
    cleanup.listen(stage, name, (event) => {
      if (!isTouch(event)) return;
      if (mode() === 'view') view.up(event);
      else if (mode() === 'touch') sendTouch(name === 'pointerup' ? 'up' : 'cancel', event);
      else gestures.up(event, name === 'pointercancel');
    });
  }
  cleanup.add(() => gestures.reset());
}

/**
 * Fingers as a mouse. `mouse`: a tap clicks at its place, a drag drags from there, a long press
 * clicks right. `trackpad`: a finger moves the pointer, a tap clicks, a tap followed by a drag
 * drags. In both, two fingers scroll and their tap clicks right.
 */
class Gestures {
  readonly #options: TouchOptions;
  readonly #fingers = new Map<number, Finger>();
  #longPress: ReturnType<typeof setTimeout> | undefined;
  /** Most fingers of this gesture. */
  #most = 0;
  #hasMoved = false;
  #isDragging = false;
  /** The gesture has done what it does; what follows is ignored. */
  #isDone = false;
  #lastTap = -Infinity;

  constructor(options: TouchOptions) {
    this.#options = options;
  }

  down(event: PointerEvent): void {
    const { clientX: x, clientY: y } = event;
    if (this.#fingers.size === 0) {
      this.#most = 0;
      this.#hasMoved = false;
      this.#isDone = false;
    }
    this.#fingers.set(event.pointerId, { startX: x, startY: y, x, y });
    this.#most = Math.max(this.#most, this.#fingers.size);
    clearTimeout(this.#longPress);
    if (this.#fingers.size > 1) {
      this.#drop();
      return;
    }
    const isTrackpad = this.#options.mode() === 'trackpad';
    if (isTrackpad && event.timeStamp - this.#lastTap < TAP_DRAG) this.#drag(undefined);
    this.#longPress = setTimeout(() => {
      if (this.#hasMoved || this.#isDragging) return;
      this.#isDone = true;
      this.#click(MOUSE_BUTTON.RIGHT, isTrackpad ? undefined : this.#place(x, y));
    }, LONG_PRESS);
  }

  move(event: PointerEvent): void {
    const finger = this.#fingers.get(event.pointerId);
    if (finger === undefined || this.#isDone) return;
    const dx = event.clientX - finger.x;
    const dy = event.clientY - finger.y;
    const distance = Math.hypot(event.clientX - finger.startX, event.clientY - finger.startY);
    if (!this.#hasMoved && distance < TREMBLE) return;
    const isFirst = !this.#hasMoved;
    this.#hasMoved = true;
    clearTimeout(this.#longPress);
    finger.x = event.clientX;
    finger.y = event.clientY;
    const { input, scale, mode } = this.#options;
    if (this.#fingers.size > 1) {
      // Each of the fingers reports the movement of both.
      input.wheel((-dx * 2) / this.#fingers.size, (-dy * 2) / this.#fingers.size);
    } else if (this.#most > 1) {
      return;
    } else if (mode() === 'trackpad') {
      const speed = scale() * TRACKPAD_SPEED;
      input.moveBy(dx * speed, dy * speed);
    } else {
      if (isFirst) this.#drag(this.#place(finger.startX, finger.startY));
      const at = this.#place(finger.x, finger.y);
      input.moveTo(at.x, at.y);
    }
  }

  up(event: PointerEvent, isCancelled: boolean): void {
    const finger = this.#fingers.get(event.pointerId);
    if (finger === undefined) return;
    this.#fingers.delete(event.pointerId);
    clearTimeout(this.#longPress);
    const isTrackpad = this.#options.mode() === 'trackpad';
    const at = isTrackpad ? undefined : this.#place(event.clientX, event.clientY);
    if (this.#isDragging) this.#drop(at);
    else if (this.#fingers.size === 0 && !this.#hasMoved && !this.#isDone && !isCancelled) {
      this.#click(this.#most > 1 ? MOUSE_BUTTON.RIGHT : MOUSE_BUTTON.LEFT, at);
      this.#lastTap = event.timeStamp;
    }
  }

  reset(): void {
    clearTimeout(this.#longPress);
    this.#drop();
    this.#fingers.clear();
  }

  #place(x: number, y: number): Place {
    return this.#options.place(x, y);
  }

  #drag(at: Place | undefined): void {
    if (at !== undefined && !at.isInside) return;
    this.#isDragging = true;
    this.#options.input.buttonDown(MOUSE_BUTTON.LEFT, at);
  }

  #drop(at?: Place): void {
    if (!this.#isDragging) return;
    this.#isDragging = false;
    this.#options.input.buttonUp(MOUSE_BUTTON.LEFT, at);
  }

  #click(button: number, at: Place | undefined): void {
    if (at !== undefined && !at.isInside) return;
    this.#options.input.buttonDown(button, at);
    this.#options.input.buttonUp(button);
  }
}
