import type { ViewerInput } from '../client/index.js';
import type { Cleanup } from './dom.js';
import { captureKeyboard, type CapturedKeyboard, type Shortcuts } from './keyboard-input.js';
import { captureMouse } from './mouse-input.js';
import { placeIn, type PictureBox, type Place } from './picture.js';
import { captureTouch, type TouchMode } from './touch-input.js';
import type { ViewGestures } from './view-gestures.js';

export interface CaptureOptions {
  readonly root: HTMLElement;
  readonly stage: HTMLElement;
  readonly input: ViewerInput;
  readonly shortcuts: Shortcuts;
  /** Where the picture is now, in the page. */
  readonly box: () => PictureBox;
  /** Pixels of the host's picture; 0 if it is not known. */
  readonly hostWidth: () => number;
  readonly isRelative: () => boolean;
  readonly touchMode: () => TouchMode;
  readonly view: ViewGestures;
  readonly isActive: () => boolean;
  readonly cleanup: Cleanup;
}

/** Takes keys, mouse and fingers. */
export function captureInput(options: CaptureOptions): CapturedKeyboard {
  const { root, stage, input, shortcuts, box, isActive, isRelative, cleanup } = options;
  const place = (x: number, y: number): Place => placeIn(box(), x, y);
  const scale = (): number => {
    const width = options.hostWidth();
    return width > 0 ? width / Math.max(1, box().width) : 1;
  };
  const keyboard = captureKeyboard({ root, stage, input, shortcuts, isActive, cleanup });
  captureMouse({ stage, input, place, scale, isRelative, cleanup });
  captureTouch({
    ...{ stage, input, place, scale, cleanup },
    mode: options.touchMode,
    view: options.view,
  });
  return keyboard;
}
