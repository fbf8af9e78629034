import { attempt, attemptAsync } from '../client/attempt.js';
import { MOUSE_BUTTON, type ViewerInput } from '../client/index.js';
import type { Cleanup } from './dom.js';
import type { Place } from './picture.js';

export interface MouseOptions {
  readonly stage: HTMLElement;
  readonly input: ViewerInput;
  /** The place of a page's point in the picture. */
  readonly place: (clientX: number, clientY: number) => Place;
  /** Host pixels per CSS pixel of the picture. */
  readonly scale: () => number;
  readonly isRelative: () => boolean;
  readonly cleanup: Cleanup;
}

/** Bits of `MouseEvent.buttons` and their names on the wire. */
const BUTTONS: readonly (readonly [bit: number, button: number])[] = [
  [1, MOUSE_BUTTON.LEFT],
  [2, MOUSE_BUTTON.RIGHT],
  [4, MOUSE_BUTTON.MIDDLE],
  [8, MOUSE_BUTTON.X1],
  [16, MOUSE_BUTTON.X2],
];

/** `WheelEvent.deltaMode`: pixels, lines or pages; a notch is three lines or 100 pixels. */
const WHEEL_UNITS: Readonly<Record<number, number>> = {
  1: 100 / 3,
  2: 800,
};

/** `MouseEvent.button` of the buttons by which browsers go through their history. */
const HISTORY_BUTTONS = [3, 4];

/** What browsers do with those buttons hangs on one or the other of these. */
const HISTORY_EVENTS = ['mouseup', 'auxclick'] as const;

/** Sends mouse and pen. */
export function captureMouse({ stage, input, place, scale, ...options }: MouseOptions): void {
  const { isRelative, cleanup } = options;
  /** Buttons as last seen. */
  let held = 0;

  /** Only the first button of several comes as an event of its own, so compare. */
  const followButtons = (event: PointerEvent): void => {
    const at = place(event.clientX, event.clientY);
    for (const [bit, button] of BUTTONS) {
      const isDown = (event.buttons & bit) !== 0;
      if (isDown === ((held & bit) !== 0)) continue;
      const position = isRelative() ? undefined : at;
      if (!isDown) input.buttonUp(button, position);
      else if (isRelative() || at.isInside) input.buttonDown(button, position);
    }
    held = event.buttons;
  };

  const isMouse = (event: PointerEvent): boolean => event.pointerType !== 'touch';

  cleanup.listen(stage, 'pointerdown', (event) => {
    if (!isMouse(event)) return;
    stage.focus({ preventScroll: true });
    if (isRelative() && !isLocked(stage)) {
      lockPointer(stage);
      return;
    }
    if (!isLocked(stage)) attempt(() => stage.setPointerCapture(event.pointerId));
    followButtons(event);
  });
  cleanup.listen(stage, 'pointermove', (event) => {
    if (!isMouse(event)) return;
    if (!isRelative()) {
      const at = place(event.clientX, event.clientY);
      if (at.isInside || held !== 0) input.moveTo(at.x, at.y);
    } else if (isLocked(stage)) {
      input.moveBy(event.movementX * scale(), event.movementY * scale());
    }
    followButtons(event);
  });
  cleanup.listen(stage, 'pointerup', (event) => {
    if (isMouse(event)) followButtons(event);
  });
  cleanup.listen(stage, 'pointercancel', (event) => {
    if (!isMouse(event)) return;
    held = 0;
    input.releaseAll();
  });
  cleanup.listen(
    stage,
    'wheel',
    (event) => {
      event.preventDefault();
      if (isRelative() && !isLocked(stage)) return;
      const unit = WHEEL_UNITS[event.deltaMode] ?? 1;
      input.wheel(event.deltaX * unit, event.deltaY * unit);
    },
    { passive: false },
  );
  cleanup.listen(stage, 'contextmenu', (event) => event.preventDefault());
  // Not of `pointerdown`: without it there is no `mouseup`, on which Chromium navigates back.
  cleanup.listen(stage, 'mousedown', (event) => event.preventDefault());
  for (const name of HISTORY_EVENTS) {
    cleanup.listen(stage, name, (event) => {
      if (HISTORY_BUTTONS.includes(event.button)) event.preventDefault();
    });
  }
  cleanup.listen(document, 'pointerlockchange', () => {
    held = 0;
    if (!isLocked(stage)) input.releaseAll();
  });
  cleanup.add(() => {
    if (isLocked(stage)) unlockPointer();
  });
}

function isLocked(stage: HTMLElement): boolean {
  return document.pointerLockElement === stage;
}

export function unlockPointer(): void {
  attempt(() => document.exitPointerLock());
}

/** Without acceleration if the browser can, otherwise as it is. */
function lockPointer(stage: HTMLElement): void {
  void attemptAsync(async () => {
    try {
      await stage.requestPointerLock({ unadjustedMovement: true });
    } catch {
      // Refused for now, or for good: the viewer clicks again.
      await stage.requestPointerLock();
    }
  });
}
