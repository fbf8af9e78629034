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
  readonly id?: string;
  /** `standard`, or empty if the browser does not know the pad. */
  readonly mapping?: string;
  readonly buttons: readonly { readonly pressed: boolean; readonly value: number }[];
  readonly axes: readonly number[];
}

/** How the buttons and axes of a pad are to be read. */
export interface PadLayout {
  /** Bits of the buttons that the pad has. */
  readonly supportedButtons: number;
  readonly read: (pad: GamepadLike) => PadState;
}

export const PAD_AT_REST: PadState = {
  buttons: 0,
  leftTrigger: 0,
  rightTrigger: 0,
  leftX: 0,
  leftY: 0,
  rightX: 0,
  rightY: 0,
};

/**
 * A pad is never read as what it is not: an axis at rest may be −1, and another button Start.
 *
 * @returns undefined for a pad whose layout is not known
 */
export function padLayout(pad: GamepadLike): PadLayout | undefined {
  const { id = '', mapping = 'standard', buttons, axes } = pad;
  if (mapping === 'standard') {
    return { supportedButtons: padButtons(buttons.length), read: padStateOf };
  }
  const order = EVDEV_ORDERS.find(
    (each) =>
      each.bits.length === buttons.length && axes.length === EVDEV_AXES && each.names.test(id),
  );
  if (order === undefined) return undefined;
  const supported = order.bits.reduce((all, bit) => all | bit, DIRECTIONS);
  return { supportedButtons: supported, read: evdevReader(order.bits) };
}

/** @returns the bits of the first `count` buttons of the standard layout */
export function padButtons(count: number): number {
  return BUTTON_BITS.slice(0, count).reduce((bits, bit) => bits | bit, 0);
}

/** Of a pad in the W3C standard layout, where positive is down. */
export function padStateOf({ buttons, axes }: GamepadLike): PadState {
  return {
    buttons: pressedBits(buttons, BUTTON_BITS),
    leftTrigger: buttons[6]?.value ?? 0,
    rightTrigger: buttons[7]?.value ?? 0,
    leftX: axes[0] ?? 0,
    leftY: -(axes[1] ?? 0),
    rightX: axes[2] ?? 0,
    rightY: -(axes[3] ?? 0),
  };
}

const DIRECTIONS = PAD_BUTTON.UP | PAD_BUTTON.DOWN | PAD_BUTTON.LEFT | PAD_BUTTON.RIGHT;

/** Left stick, left trigger, right stick, right trigger, directions. */
const EVDEV_AXES = 8;

/** Buttons as Linux numbers them, for the drivers whose pads have the axes above. */
const EVDEV_ORDERS: readonly { readonly names: RegExp; readonly bits: readonly number[] }[] = [
  {
    // xpad, the driver of Xbox pads and of those that claim to be one.
    names: /(?:)/,
    bits: [
      PAD_BUTTON.A,
      PAD_BUTTON.B,
      PAD_BUTTON.X,
      PAD_BUTTON.Y,
      PAD_BUTTON.LEFT_BUMPER,
      PAD_BUTTON.RIGHT_BUMPER,
      PAD_BUTTON.BACK,
      PAD_BUTTON.START,
      PAD_BUTTON.GUIDE,
      PAD_BUTTON.LEFT_STICK,
      PAD_BUTTON.RIGHT_STICK,
    ],
  },
  {
    // hid-playstation and hid-sony; triggers are buttons too.
    names: /054c|sony|playstation|dualshock|dualsense|^wireless controller/i,
    bits: [
      PAD_BUTTON.A,
      PAD_BUTTON.B,
      PAD_BUTTON.Y,
      PAD_BUTTON.X,
      PAD_BUTTON.LEFT_BUMPER,
      PAD_BUTTON.RIGHT_BUMPER,
      0,
      0,
      PAD_BUTTON.BACK,
      PAD_BUTTON.START,
      PAD_BUTTON.GUIDE,
      PAD_BUTTON.LEFT_STICK,
      PAD_BUTTON.RIGHT_STICK,
    ],
  },
];

/** An axis that has not moved yet reports 0, which is half way for a trigger that rests at −1. */
function evdevReader(bits: readonly number[]): (pad: GamepadLike) => PadState {
  const moved = new Set<number>();
  const trigger = (axes: readonly number[], axis: number): number => {
    const value = axes[axis] ?? 0;
    if (value !== 0) moved.add(axis);
    return moved.has(axis) ? (value + 1) / 2 : 0;
  };
  return ({ buttons, axes }) => {
    const [leftX = 0, leftY = 0, , rightX = 0, rightY = 0, , across = 0, down = 0] = axes;
    return {
      buttons:
        pressedBits(buttons, bits) |
        (down < -0.5 ? PAD_BUTTON.UP : 0) |
        (down > 0.5 ? PAD_BUTTON.DOWN : 0) |
        (across < -0.5 ? PAD_BUTTON.LEFT : 0) |
        (across > 0.5 ? PAD_BUTTON.RIGHT : 0),
      leftTrigger: trigger(axes, 2),
      rightTrigger: trigger(axes, 5),
      leftX,
      leftY: -leftY,
      rightX,
      rightY: -rightY,
    };
  };
}

function pressedBits(buttons: GamepadLike['buttons'], bits: readonly number[]): number {
  return bits.reduce((all, bit, index) => (buttons[index]?.pressed === true ? all | bit : all), 0);
}
