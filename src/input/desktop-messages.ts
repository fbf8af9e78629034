import { decodeChannelMessage } from './channels.js';
import { virtualKeyOfEvdev } from './evdev-keys.js';
import { readKeysym } from './keysyms.js';
import type { ViewerInput } from './viewer-input.js';

/** The first byte of a message with input (desktop-socket.md 4). */
const TYPE = {
  KEY: 0x10,
  BUTTON_OR_WHEEL: 0x11,
  POSITION: 0x12,
  MOTION: 0x13,
  TOUCH: 0x14,
} as const;
/** The second byte. */
const KEY = { EVDEV: 0, KEYSYM: 2, TAP: 3 } as const;
const MOUSE = { MOTION: 0, POSITION: 1, BUTTON: 2, WHEEL: 3, SHORT_WHEEL: 4 } as const;

const SHIFT = 1;
const CTRL = 2;
const ALT = 4;
const META = 8;
const MODIFIERS = SHIFT | CTRL | ALT | META;

const TOUCH_PHASES = ['down', 'move', 'up'] as const;
const MAX_SLOT = 9;
const UNKNOWN_ROTATION = 0xffff;

/** A short wheel message counts tens of pixels. */
const SHORT_WHEEL_PIXELS = 10;
/** Pixels of one message: no hand turns more, and other dialects have an i16. */
const MAX_WHEEL = 0x7fff;

/** Whether a message of this type is input. */
export function isDesktopInput(type: number): boolean {
  return type >= TYPE.KEY && type <= TYPE.TOUCH;
}

/**
 * Decodes a message of the desktop socket that carries input. Never throws.
 *
 * @returns none for a key that hosts do not have, undefined for anything that is not exactly such a message
 */
export function decodeDesktopInput(data: Uint8Array): ViewerInput[] | undefined {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (view.byteLength < 2) return undefined;
  switch (view.getUint8(0)) {
    case TYPE.KEY:
      return decodeKey(view);
    case TYPE.BUTTON_OR_WHEEL:
      return view.getUint8(1) === MOUSE.BUTTON ? decodeMouse(data) : decodeWheel(view);
    case TYPE.POSITION:
      return view.getUint8(1) === MOUSE.POSITION ? decodeMouse(data) : undefined;
    case TYPE.MOTION:
      return view.getUint8(1) === MOUSE.MOTION ? decodeMouse(data) : undefined;
    case TYPE.TOUCH:
      return decodeTouch(view);
    default:
      return undefined;
  }
}

function decodeKey(view: DataView): ViewerInput[] | undefined {
  switch (view.getUint8(1)) {
    case KEY.EVDEV: {
      if (view.byteLength !== 6 || view.getUint8(2) > 1) return undefined;
      const keyCode = virtualKeyOfEvdev(view.getUint16(4));
      if (keyCode === undefined) return [];
      const modifiers = view.getUint8(3) & MODIFIERS;
      return [{ type: 'key', down: view.getUint8(2) === 1, keyCode, modifiers }];
    }
    case KEY.KEYSYM: {
      if (view.byteLength !== 8 || view.getUint8(2) > 1) return undefined;
      return keysymInput(view.getUint32(4), view.getUint8(3), [view.getUint8(2) === 1]);
    }
    case KEY.TAP:
      if (view.byteLength !== 7) return undefined;
      return keysymInput(view.getUint32(3), view.getUint8(2), [true, false]);
    default:
      return undefined;
  }
}

/** @param steps whether each goes down */
function keysymInput(
  keysym: number,
  reported: number,
  steps: readonly boolean[],
): ViewerInput[] | undefined {
  const meaning = readKeysym(keysym);
  if (meaning === undefined) return [];
  // A character that is typed has no release.
  if (meaning.kind === 'text')
    return steps[0] === true ? [{ type: 'text', text: meaning.text }] : [];
  const { keyCode, shift } = meaning;
  const modifiers = typedModifiers(reported & MODIFIERS, shift);
  return steps.map((down) => ({ type: 'key', down, keyCode, modifiers }));
}

/**
 * The keysym says which character is meant: whether it needs shift is decided by that, and not by what
 * was held on another layout. A combination stays as it was reported.
 */
function typedModifiers(reported: number, shift: boolean | null): number {
  if (shift === null || (reported & (CTRL | ALT | META)) !== 0) return reported;
  return shift ? SHIFT : 0;
}

/** Behind its type such a message is that of a data channel (signaling.md c.2). */
function decodeMouse(data: Uint8Array): ViewerInput[] | undefined {
  return decodeChannelMessage('mouse', data.subarray(1));
}

function decodeWheel(view: DataView): ViewerInput[] | undefined {
  const type = view.getUint8(1);
  if (type === MOUSE.WHEEL && view.byteLength === 10) {
    const dx = view.getFloat32(2, true);
    const dy = view.getFloat32(6, true);
    if (!Number.isFinite(dx) || !Number.isFinite(dy)) return undefined;
    return [{ type: 'scroll', dx: limit(dx), dy: limit(dy), unit: 'pixels' }];
  }
  if (type !== MOUSE.SHORT_WHEEL || view.byteLength !== 4) return undefined;
  const dx = view.getInt8(2) * SHORT_WHEEL_PIXELS;
  const dy = view.getInt8(3) * SHORT_WHEEL_PIXELS;
  return [{ type: 'scroll', dx, dy, unit: 'pixels' }];
}

function decodeTouch(view: DataView): ViewerInput[] | undefined {
  if (view.byteLength !== 11) return undefined;
  const phase = TOUCH_PHASES[view.getUint8(1)];
  const pointerId = view.getUint8(2);
  const x = view.getFloat32(3, true);
  const y = view.getFloat32(7, true);
  if (phase === undefined || pointerId > MAX_SLOT) return undefined;
  if (!Number.isFinite(x) || !Number.isFinite(y)) return undefined;
  return [
    {
      type: 'touch',
      phase,
      pointerId,
      x: Math.min(1, Math.max(0, x)),
      y: Math.min(1, Math.max(0, y)),
      pressure: 0,
      rotation: UNKNOWN_ROTATION,
    },
  ];
}

function limit(pixels: number): number {
  return Math.min(MAX_WHEEL, Math.max(-MAX_WHEEL, pixels));
}
