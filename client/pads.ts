import { PAD_BUTTON, type PadState } from './encode.js';

/** Bits by index of the W3C standard layout; 6 and 7 are the triggers. */
const BUTTON_BITS: readonly number[] = [
  PAD_BUTTON.A,
  PAD_BUTTON.B,
  PAD_BUTTON.X,
  PAD_BUTTON.Y,
  PAD_BUTTON.LEFT_BUMPER,
  PAD_BUTTON.RIGHT_BUMPER,
  0,
  0,
  PAD_BUTTON.BACK,
  PAD_BUTTON.START,
  PAD_BUTTON.LEFT_STICK,
  PAD_BUTTON.RIGHT_STICK,
  PAD_BUTTON.UP,
  PAD_BUTTON.DOWN,
  PAD_BUTTON.LEFT,
  PAD_BUTTON.RIGHT,
  PAD_BUTTON.GUIDE,
  PAD_BUTTON.TOUCHPAD,
];

/** What is read of a browser's `Gamepad`. */
export interface GamepadLike {
  readonly buttons: readonly { readonly pressed: boolean; readonly value: number }[];
  readonly axes: readonly number[];
}

/** @returns the bits of the first `count` buttons of the standard layout */
export function padButtons(count: number): number {
  return BUTTON_BITS.slice(0, count).reduce((bits, bit) => bits | bit, 0);
}

/** Of a pad in the W3C standard layout, where positive is down. */
export function padStateOf({ buttons, axes }: GamepadLike): PadState {
  let bits = 0;
  for (const [index, bit] of BUTTON_BITS.entries()) {
    if (buttons[index]?.pressed === true) bits |= bit;
  }
  return {
    buttons: bits,
    leftTrigger: buttons[6]?.value ?? 0,
    rightTrigger: buttons[7]?.value ?? 0,
    leftX: axes[0] ?? 0,
    leftY: -(axes[1] ?? 0),
    rightX: axes[2] ?? 0,
    rightY: -(axes[3] ?? 0),
  };
}
