import type { TouchInput, ViewerInput } from './viewer-input.js';

/** Pads that one browser can announce (signaling.md c.4), and slots that a host has. */
export const MAX_PADS = 16;

/** Every button of signaling.md c.5; other bits are cleared. */
const PAD_BUTTONS = 0x3ff7ff;

/** Capabilities of a pad (signaling.md c.4). */
const PAD_CAPABILITY = { RUMBLE: 0x2, TRIGGER_RUMBLE: 0x4, ALL: 0xff } as const;

/** The longest text message that the known clients can build is 1024 bytes. */
const MAX_TEXT_BYTES = 1024;

/** More keys than this at once are a mistake: no hand holds them. */
const MAX_HELD_KEYS = 64;
const MAX_HELD_TOUCHES = 16;
const MOUSE_BUTTONS = 5;
/** Bytes of a statement before its list: its type and the client's clock. */
const STATEMENT_BYTES = 5;
const HELD_TOUCH_BYTES = 18;

const MODIFIERS = 0xf;
const UNKNOWN_ROTATION = 0xffff;
const TOUCH_PHASES = ['down', 'move', 'up'] as const;
const HELD_TOUCHES = 3;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

type Decoder = (view: DataView) => ViewerInput | undefined;

/**
 * The labels of all known clients (signaling.md b.5). Clients send different messages over a mouse
 * channel, all of one format, so each of them accepts every mouse message.
 */
const DECODERS = new Map<string, Decoder>([
  ['keyboard', decodeKeyboard],
  ['mouse', decodeMouse],
  ['mouseClicks', decodeMouse],
  ['mouseAbsolute', decodeMouse],
  ['mouseRelative', decodeMouse],
  ['mouse_reliable', decodeMouse],
  ['mouse_absolute', decodeMouse],
  ['mouse_relative', decodeMouse],
  ['touch', decodeTouch],
  ['controllers', decodePads],
  ...Array.from({ length: MAX_PADS }, (_, pad): [string, Decoder] => [
    `controller${pad}`,
    (view) => decodePadState(view, pad),
  ]),
]);

/**
 * Whether a data channel of this label carries input.
 *
 * @public for checks of what is decoded
 */
export function isInputLabel(label: string): boolean {
  return DECODERS.has(label);
}

/**
 * Decodes one message of a viewer's data channel (signaling.md c). Never throws.
 *
 * @returns the viewer's input, or undefined for anything that is not exactly a message of that
 * channel: unknown labels and types, wrong lengths, text frames, values out of range
 */
export function decodeChannelMessage(
  label: string,
  data: Uint8Array | string,
): ViewerInput[] | undefined {
  if (typeof data === 'string') return undefined;
  const decode = DECODERS.get(label);
  if (decode === undefined) return undefined;
  const input = decode(new DataView(data.buffer, data.byteOffset, data.byteLength));
  return input === undefined ? undefined : [input];
}

/** c.1 */
function decodeKeyboard(view: DataView): ViewerInput | undefined {
  if (view.byteLength < 2) return undefined;
  switch (view.getUint8(0)) {
    case 0: {
      // Some clients put stale bytes before a text message, which then looks like a key.
      if (view.byteLength !== 5) return undefined;
      const down = view.getUint8(1);
      const keyCode = view.getUint16(3);
      // Hosts look at the low byte only, so a larger code would alias another key.
      if (down > 1 || keyCode === 0 || keyCode > 0xfe) return undefined;
      return { type: 'key', down: down === 1, keyCode, modifiers: view.getUint8(2) & MODIFIERS };
    }
    case 1:
      return decodeText(view);
    case 2:
      return decodeHeldKeys(view);
    default:
      return undefined;
  }
}

function decodeHeldKeys(view: DataView): ViewerInput | undefined {
  const count = view.byteLength - STATEMENT_BYTES;
  if (count < 0 || count > MAX_HELD_KEYS) return undefined;
  const keyCodes = Array.from({ length: count }, (_, index) =>
    view.getUint8(STATEMENT_BYTES + index),
  );
  if (keyCodes.some((keyCode) => keyCode === 0 || keyCode > 0xfe)) return undefined;
  return { type: 'held-keys', keyCodes, at: view.getUint32(1) };
}

/**
 * The length byte counts UTF-16 units modulo 256 and is of no use: the text lasts until the end.
 */
function decodeText(view: DataView): ViewerInput | undefined {
  if (view.byteLength < 3 || view.byteLength > MAX_TEXT_BYTES) return undefined;
  try {
    return {
      type: 'text',
      text: utf8.decode(new Uint8Array(view.buffer, view.byteOffset + 2, view.byteLength - 2)),
    };
  } catch {
    return undefined;
  }
}

/** c.2 */
function decodeMouse(view: DataView): ViewerInput | undefined {
  if (view.byteLength < 1) return undefined;
  switch (view.getUint8(0)) {
    case 0:
      if (view.byteLength !== 5) return undefined;
      return { type: 'mouse-move', dx: view.getInt16(1), dy: view.getInt16(3) };
    case 1: {
      if (view.byteLength !== 9) return undefined;
      const referenceWidth = view.getInt16(5);
      const referenceHeight = view.getInt16(7);
      // The host is sent the size minus one and divides by it.
      if (referenceWidth < 2 || referenceHeight < 2) return undefined;
      return {
        type: 'mouse-position',
        x: clamp(view.getInt16(1), 0, referenceWidth),
        y: clamp(view.getInt16(3), 0, referenceHeight),
        referenceWidth,
        referenceHeight,
      };
    }
    case 2: {
      if (view.byteLength !== 3) return undefined;
      const down = view.getUint8(1);
      const button = view.getUint8(2);
      if (down > 1 || button < 1 || button > 5) return undefined;
      return { type: 'mouse-button', down: down === 1, button };
    }
    case 3:
      if (view.byteLength !== 5) return undefined;
      return { type: 'scroll', dx: view.getInt16(1), dy: view.getInt16(3), unit: 'pixels' };
    case 4:
      if (view.byteLength !== 3) return undefined;
      return { type: 'scroll', dx: view.getInt8(1), dy: view.getInt8(2), unit: 'clicks' };
    case 5:
      return decodeHeldButtons(view);
    default:
      return undefined;
  }
}

function decodeHeldButtons(view: DataView): ViewerInput | undefined {
  if (view.byteLength !== STATEMENT_BYTES + 1) return undefined;
  const bits = view.getUint8(STATEMENT_BYTES);
  const buttons = Array.from({ length: MOUSE_BUTTONS }, (_, index) => index + 1).filter(
    (button) => (bits & (1 << (button - 1))) !== 0,
  );
  return { type: 'held-buttons', buttons, at: view.getUint32(1) };
}

/** c.3. The radii are CSS pixels of a picture of unknown size, so they are left out. */
function decodeTouch(view: DataView): ViewerInput | undefined {
  if (view.byteLength > 0 && view.getUint8(0) === HELD_TOUCHES) return decodeHeldTouches(view);
  if (view.byteLength !== 27) return undefined;
  const phase = TOUCH_PHASES[view.getUint8(0)];
  return phase === undefined ? undefined : touchOf(view, 1, phase, view.getUint16(25));
}

/** The id, the place and the force of a finger stand together, its rotation does not. */
function touchOf(
  view: DataView,
  at: number,
  phase: TouchInput['phase'],
  rotation: number,
): TouchInput | undefined {
  const x = view.getFloat32(at + 4);
  const y = view.getFloat32(at + 8);
  const force = view.getFloat32(at + 12);
  if (!Number.isFinite(x) || !Number.isFinite(y)) return undefined;
  return {
    type: 'touch',
    phase,
    pointerId: view.getUint32(at),
    x: clamp(x, 0, 1),
    y: clamp(y, 0, 1),
    pressure: Number.isFinite(force) ? clamp(force, 0, 1) : 0,
    rotation: rotation < 360 ? rotation : UNKNOWN_ROTATION,
  };
}

function decodeHeldTouches(view: DataView): ViewerInput | undefined {
  const bytes = view.byteLength - STATEMENT_BYTES;
  const count = bytes / HELD_TOUCH_BYTES;
  if (!Number.isInteger(count) || count < 0 || count > MAX_HELD_TOUCHES) return undefined;
  const touches = Array.from({ length: count }, (_, index) => {
    const at = STATEMENT_BYTES + index * HELD_TOUCH_BYTES;
    return touchOf(view, at, 'down', view.getUint16(at + 16));
  });
  if (!touches.every((touch) => touch !== undefined)) return undefined;
  return { type: 'held-touches', touches, at: view.getUint32(1) };
}

/** c.4 */
function decodePads(view: DataView): ViewerInput | undefined {
  if (view.byteLength < 2) return undefined;
  const type = view.getUint8(0);
  const pad = view.getUint8(1);
  if (pad >= MAX_PADS) return undefined;
  if (type === 1 && view.byteLength === 2) return { type: 'pad-remove', pad };
  if (type !== 0 || view.byteLength !== 8) return undefined;
  let capabilities = view.getUint16(6) & PAD_CAPABILITY.ALL;
  // A known client reports trigger rumble instead of, not beside, the plain one.
  if ((capabilities & PAD_CAPABILITY.TRIGGER_RUMBLE) !== 0) capabilities |= PAD_CAPABILITY.RUMBLE;
  return {
    type: 'pad-add',
    pad,
    supportedButtons: view.getUint32(2) & PAD_BUTTONS,
    capabilities,
  };
}

/** c.5 */
function decodePadState(view: DataView, pad: number): ViewerInput | undefined {
  if (view.byteLength !== 15 || view.getUint8(0) !== 0) return undefined;
  return {
    type: 'pad-state',
    pad,
    buttons: view.getUint32(1) & PAD_BUTTONS,
    leftTrigger: view.getUint8(5),
    rightTrigger: view.getUint8(6),
    leftX: view.getInt16(7),
    leftY: view.getInt16(9),
    rightX: view.getInt16(11),
    rightY: view.getInt16(13),
  };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
