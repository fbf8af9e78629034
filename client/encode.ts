/**
 * The bytes of the input channels (signaling.md c), big-endian. Each call makes one message
 * of its own, so that nothing stale is ever sent.
 */

export type Bytes = Uint8Array<ArrayBuffer>;

/** The server takes no longer text message than this. */
const MAX_TEXT_BYTES = 1022;

/** Positions are sent as parts of 4096, as all clients do. */
const POSITION_RANGE = 4096;

export interface TouchPoint {
  readonly id: number;
  /** 0…1 of the picture. */
  readonly x: number;
  readonly y: number;
  readonly force: number;
  /** CSS pixels. */
  readonly radiusX: number;
  readonly radiusY: number;
  /** Degrees. */
  readonly rotation: number;
}

export interface PadState {
  /** Bits of {@link PAD_BUTTON}. */
  readonly buttons: number;
  /** 0…1. */
  readonly leftTrigger: number;
  readonly rightTrigger: number;
  /** −1…1, positive is right and up. */
  readonly leftX: number;
  readonly leftY: number;
  readonly rightX: number;
  readonly rightY: number;
}

/** Buttons of a pad (signaling.md c.5). */
export const PAD_BUTTON = {
  UP: 0x1,
  DOWN: 0x2,
  LEFT: 0x4,
  RIGHT: 0x8,
  START: 0x10,
  BACK: 0x20,
  LEFT_STICK: 0x40,
  RIGHT_STICK: 0x80,
  LEFT_BUMPER: 0x100,
  RIGHT_BUMPER: 0x200,
  GUIDE: 0x400,
  A: 0x1000,
  B: 0x2000,
  X: 0x4000,
  Y: 0x8000,
  TOUCHPAD: 0x100000,
} as const;

/** Capabilities of a pad (signaling.md c.4). */
export const PAD_CAPABILITY = { ANALOG_TRIGGERS: 1, RUMBLE: 2, TRIGGER_RUMBLE: 4 } as const;

/** Mouse buttons of the wire. */
export const MOUSE_BUTTON = { LEFT: 1, MIDDLE: 2, RIGHT: 3, X1: 4, X2: 5 } as const;

/** @param modifiers shift 1, ctrl 2, alt 4, meta 8 */
export function encodeKey(down: boolean, keyCode: number, modifiers: number): Bytes {
  return message(5, (view) => {
    view.setUint8(1, down ? 1 : 0);
    view.setUint8(2, modifiers);
    view.setUint16(3, keyCode);
  });
}

/** As many messages as it takes, cut between code points. */
export function encodeText(text: string): Bytes[] {
  const encoder = new TextEncoder();
  const messages: Bytes[] = [];
  let part = '';
  let size = 0;
  const flush = (): void => {
    if (part === '') return;
    const bytes = encoder.encode(part);
    const data = new Uint8Array(2 + bytes.length);
    data.set([1, part.length & 0xff]);
    data.set(bytes, 2);
    messages.push(data);
    part = '';
    size = 0;
  };
  for (const character of text) {
    const length = utf8Length(character.codePointAt(0) ?? 0);
    if (size + length > MAX_TEXT_BYTES) flush();
    part += character;
    size += length;
  }
  flush();
  return messages;
}

/** Whole units; the caller keeps the fractions. */
export function encodeMove(dx: number, dy: number): Bytes {
  return message(5, (view) => {
    view.setInt16(1, int16(dx));
    view.setInt16(3, int16(dy));
  });
}

/** @param x 0…1 of the picture */
export function encodePosition(x: number, y: number): Bytes {
  return message(9, (view) => {
    view.setUint8(0, 1);
    view.setInt16(1, Math.round(unit(x) * POSITION_RANGE));
    view.setInt16(3, Math.round(unit(y) * POSITION_RANGE));
    view.setInt16(5, POSITION_RANGE);
    view.setInt16(7, POSITION_RANGE);
  });
}

/** @param button one of {@link MOUSE_BUTTON} */
export function encodeButton(down: boolean, button: number): Bytes {
  return Uint8Array.from([2, down ? 1 : 0, button]);
}

/**
 * @param deltaX pixels as the DOM counts them, positive is right
 * @param deltaY pixels as the DOM counts them, positive is down
 */
export function encodeWheel(deltaX: number, deltaY: number): Bytes {
  return message(5, (view) => {
    view.setUint8(0, 3);
    view.setInt16(1, int16(deltaX));
    view.setInt16(3, int16(-deltaY));
  });
}

const TOUCH_PHASES = { down: 0, move: 1, up: 2 } as const;
export type TouchPhase = keyof typeof TOUCH_PHASES;

export function encodeTouch(phase: TouchPhase, point: TouchPoint): Bytes {
  return message(27, (view) => {
    view.setUint8(0, TOUCH_PHASES[phase]);
    view.setUint32(1, point.id);
    view.setFloat32(5, point.x);
    view.setFloat32(9, point.y);
    view.setFloat32(13, point.force);
    view.setFloat32(17, point.radiusX);
    view.setFloat32(21, point.radiusY);
    view.setUint16(25, point.rotation);
  });
}

/**
 * All that is held with a device, in the channel of that device (signaling.md c.7): servers that do
 * not know the type ignore it.
 *
 * @param at milliseconds of any clock that does not jump
 */
export function encodeHeldKeys(keyCodes: readonly number[], at: number): Bytes {
  return statement(2, at, keyCodes.length, (view, start) => {
    for (const [index, keyCode] of keyCodes.entries()) view.setUint8(start + index, keyCode);
  });
}

/** As {@link encodeHeldKeys}, of {@link MOUSE_BUTTON}. */
export function encodeHeldButtons(buttons: readonly number[], at: number): Bytes {
  return statement(5, at, 1, (view, start) => {
    view.setUint8(
      start,
      buttons.reduce((bits, button) => bits | (1 << (button - 1)), 0),
    );
  });
}

const HELD_TOUCH_BYTES = 18;

/** As {@link encodeHeldKeys}. */
export function encodeHeldTouches(points: readonly TouchPoint[], at: number): Bytes {
  return statement(3, at, points.length * HELD_TOUCH_BYTES, (view, start) => {
    for (const [index, point] of points.entries()) {
      const place = start + index * HELD_TOUCH_BYTES;
      view.setUint32(place, point.id);
      view.setFloat32(place + 4, point.x);
      view.setFloat32(place + 8, point.y);
      view.setFloat32(place + 12, point.force);
      view.setUint16(place + 16, point.rotation);
    }
  });
}

export function encodePadAdd(pad: number, supportedButtons: number, capabilities: number): Bytes {
  return message(8, (view) => {
    view.setUint8(1, pad);
    view.setUint32(2, supportedButtons);
    view.setUint16(6, capabilities);
  });
}

export function encodePadRemove(pad: number): Bytes {
  return Uint8Array.from([1, pad]);
}

export function encodePadState(state: PadState): Bytes {
  return message(15, (view) => {
    view.setUint32(1, state.buttons);
    view.setUint8(5, unit(state.leftTrigger) * 255);
    view.setUint8(6, unit(state.rightTrigger) * 255);
    view.setInt16(7, axis(state.leftX));
    view.setInt16(9, axis(state.leftY));
    view.setInt16(11, axis(state.rightX));
    view.setInt16(13, axis(state.rightY));
  });
}

/** What the server wants a pad to do (signaling.md c.4); strengths 0…1. */
export type PadFeedback =
  | { readonly type: 'rumble'; readonly pad: number; readonly low: number; readonly high: number }
  | {
      readonly type: 'trigger-rumble';
      readonly pad: number;
      readonly left: number;
      readonly right: number;
    };

/** @returns undefined for anything else */
export function decodeFeedback(data: ArrayBuffer): PadFeedback | undefined {
  if (data.byteLength !== 6) return undefined;
  const view = new DataView(data);
  const pad = view.getUint8(1);
  const first = view.getUint16(2) / 0xffff;
  const second = view.getUint16(4) / 0xffff;
  switch (view.getUint8(0)) {
    case 0:
      return { type: 'rumble', pad, low: first, high: second };
    case 1:
      return { type: 'trigger-rumble', pad, left: first, right: second };
    default:
      return undefined;
  }
}

const STATEMENT_BYTES = 5;

function statement(
  type: number,
  at: number,
  length: number,
  write: (view: DataView, start: number) => void,
): Bytes {
  return message(STATEMENT_BYTES + length, (view) => {
    view.setUint8(0, type);
    view.setUint32(1, at);
    write(view, STATEMENT_BYTES);
  });
}

function message(length: number, write: (view: DataView) => void): Bytes {
  const data = new Uint8Array(length);
  write(new DataView(data.buffer));
  return data;
}

function utf8Length(codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x10000 ? 3 : 4;
}

function int16(value: number): number {
  return Math.min(0x7fff, Math.max(-0x8000, Math.trunc(value)));
}

function unit(value: number): number {
  return Math.min(1, Math.max(0, value));
}

function axis(value: number): number {
  return int16(Math.min(1, Math.max(-1, value)) * 0x7fff);
}
