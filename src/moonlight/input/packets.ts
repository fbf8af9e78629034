/**
 * Numbers of the input packets (gamestream.md §8.2, §8.4). A packet is `u32be size`,
 * `u32le magic`, fields; `size` counts magic and fields.
 */

export const MAGIC = {
  KEY_DOWN: 0x03,
  KEY_UP: 0x04,
  MOUSE_POSITION: 0x05,
  MOUSE_MOVE: 0x07,
  BUTTON_DOWN: 0x08,
  BUTTON_UP: 0x09,
  SCROLL: 0x0a,
  PAD_STATE: 0x0c,
  HAPTICS: 0x0d,
  TEXT: 0x17,
  HORIZONTAL_SCROLL: 0x55000001,
  TOUCH: 0x55000002,
  PEN: 0x55000003,
  PAD_ARRIVAL: 0x55000004,
  PAD_TOUCH: 0x55000005,
  PAD_MOTION: 0x55000006,
  PAD_BATTERY: 0x55000007,
} as const;

/** ENet channels of the control stream (gamestream.md §7.5). */
export const CHANNEL = {
  GENERIC: 0x00,
  URGENT: 0x01,
  KEYBOARD: 0x02,
  MOUSE: 0x03,
  PEN: 0x04,
  TOUCH: 0x05,
  TEXT: 0x06,
  PAD: 0x10,
  SENSOR: 0x20,
} as const;

/** Bytes before the fields. */
export const HEADER_SIZE = 8;
/** Flag that clients put into key codes. */
export const KEY_CODE_FLAG = 0x8000;
/** Fixed values inside the gamepad state. */
export const PAD_STATE_MARKS = { HEAD: 0x1a, MIDDLE: 0x14, TAIL: 0x9c, END: 0x55 } as const;

export const MOTION_SENSORS = ['accelerometer', 'gyro'] as const;

/** Index is the number on the wire. */
export const TOUCH_PHASES = [
  'hover',
  'down',
  'up',
  'move',
  'cancel',
  'button-only',
  'hover-leave',
  'cancel-all',
] as const;
