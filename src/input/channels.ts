import type { ViewerInput } from './viewer-input.js';

/** Pads that one browser can announce (signaling.md c.4), and slots that a host has. */
export const MAX_PADS = 16;

/** Every button of signaling.md c.5; other bits are cleared. */
const PAD_BUTTONS = 0x3ff7ff;

/** Capabilities of a pad (signaling.md c.4). */
const PAD_CAPABILITY = { RUMBLE: 0x2, TRIGGER_RUMBLE: 0x4, ALL: 0xff } as const;

/** The longest text message that the known clients can build is 1024 bytes. */
const MAX_TEXT_BYTES = 1024;

const MODIFIERS = 0xf;
const UNKNOWN_ROTATION = 0xffff;
const TOUCH_PHASES = ['down', 'move', 'up'] as const;

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
    default:
      return undefined;
  }
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
    default:
      return undefined;
  }
}

/** c.3. The radii are CSS pixels of a picture of unknown size, so they are left out. */
function decodeTouch(view: DataView): ViewerInput | undefined {
  if (view.byteLength !== 27) return undefined;
  const phase = TOUCH_PHASES[view.getUint8(0)];
  const x = view.getFloat32(5);
  const y = view.getFloat32(9);
  const force = view.getFloat32(13);
  if (phase === undefined || !Number.isFinite(x) || !Number.isFinite(y)) return undefined;
  const rotation = view.getUint16(25);
  return {
    type: 'touch',
    phase,
    pointerId: view.getUint32(1),
    x: clamp(x, 0, 1),
    y: clamp(y, 0, 1),
    pressure: Number.isFinite(force) ? clamp(force, 0, 1) : 0,
    rotation: rotation < 360 ? rotation : UNKNOWN_ROTATION,
  };
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
