import type { HostInput } from '../types.js';
import { HEADER_SIZE, MAGIC, MOTION_SENSORS, PAD_STATE_MARKS, TOUCH_PHASES } from './packets.js';

interface Reader {
  /** Bytes of the fields that must be there; more are tolerated. */
  readonly size: number;
  readonly read: (fields: Buffer) => HostInput | undefined;
}

/** Bytes of the longest code point. */
const MAX_TEXT = 4;

/**
 * The host's side: reads the payload of a 0x0206 control message. Undefined for a payload that is
 * cut short, unknown, out of range or not a player's (the haptics packet). An arrival on the wire
 * does not name the other pads: `activePads` is the pad's own bit, and the state that follows has
 * all.
 */
export function decodeInput(packet: Buffer): HostInput | undefined {
  if (packet.length < HEADER_SIZE) return undefined;
  const end = 4 + packet.readUInt32BE(0);
  if (end < HEADER_SIZE || end > packet.length) return undefined;
  const fields = packet.subarray(HEADER_SIZE, end);
  const reader = READERS[packet.readUInt32LE(4)];
  if (reader === undefined || fields.length < reader.size) return undefined;
  return reader.read(fields);
}

const READERS: Readonly<Record<number, Reader | undefined>> = {
  [MAGIC.KEY_DOWN]: { size: 6, read: (fields) => key(fields, true) },
  [MAGIC.KEY_UP]: { size: 6, read: (fields) => key(fields, false) },
  [MAGIC.TEXT]: { size: 1, read: text },
  [MAGIC.MOUSE_MOVE]: {
    size: 4,
    read: (fields) => ({
      type: 'mouse-move',
      dx: fields.readInt16BE(0),
      dy: fields.readInt16BE(2),
    }),
  },
  [MAGIC.MOUSE_POSITION]: { size: 10, read: mousePosition },
  [MAGIC.BUTTON_DOWN]: { size: 1, read: (fields) => button(fields, true) },
  [MAGIC.BUTTON_UP]: { size: 1, read: (fields) => button(fields, false) },
  [MAGIC.SCROLL]: {
    size: 6,
    read: (fields) => ({ type: 'scroll', amount: fields.readInt16BE(0) }),
  },
  [MAGIC.HORIZONTAL_SCROLL]: {
    size: 2,
    read: (fields) => ({ type: 'horizontal-scroll', amount: fields.readInt16BE(0) }),
  },
  [MAGIC.TOUCH]: { size: 28, read: touch },
  [MAGIC.PEN]: { size: 28, read: pen },
  [MAGIC.PAD_ARRIVAL]: { size: 8, read: padArrival },
  [MAGIC.PAD_STATE]: { size: 26, read: padState },
  [MAGIC.PAD_TOUCH]: { size: 20, read: padTouch },
  [MAGIC.PAD_MOTION]: { size: 16, read: padMotion },
  [MAGIC.PAD_BATTERY]: { size: 3, read: padBattery },
};

const MAX_PAD = 15;

function key(fields: Buffer, down: boolean): HostInput {
  return {
    type: 'key',
    down,
    keyCode: fields.readUInt16LE(1) & 0x7fff,
    modifiers: fields.readUInt8(3),
    flags: fields.readUInt8(0),
  };
}

function text(fields: Buffer): HostInput | undefined {
  if (fields.length > MAX_TEXT) return undefined;
  const value = fields.toString('utf8');
  return value.includes('\ufffd') && !fields.equals(REPLACEMENT)
    ? undefined
    : { type: 'text', text: value };
}

const REPLACEMENT = Buffer.from('\ufffd', 'utf8');

function mousePosition(fields: Buffer): HostInput | undefined {
  const referenceWidth = fields.readInt16BE(6) + 1;
  const referenceHeight = fields.readInt16BE(8) + 1;
  if (referenceWidth <= 0 || referenceHeight <= 0) return undefined;
  return {
    type: 'mouse-position',
    x: fields.readInt16BE(0),
    y: fields.readInt16BE(2),
    referenceWidth,
    referenceHeight,
  };
}

function button(fields: Buffer, down: boolean): HostInput | undefined {
  const number = fields.readUInt8(0);
  if (number < 1 || number > 5) return undefined;
  return { type: 'mouse-button', down, button: number };
}

function touch(fields: Buffer): HostInput | undefined {
  const phase = TOUCH_PHASES[fields.readUInt8(0)];
  const floats = readFloats(fields, [8, 12, 16, 20, 24]);
  if (phase === undefined || floats === undefined) return undefined;
  const [x = 0, y = 0, pressure = 0, contactMajor = 0, contactMinor = 0] = floats;
  return {
    type: 'touch',
    phase,
    pointerId: fields.readUInt32LE(4),
    x,
    y,
    pressure,
    contactMajor,
    contactMinor,
    rotation: fields.readUInt16LE(2),
  };
}

function pen(fields: Buffer): HostInput | undefined {
  const phase = TOUCH_PHASES[fields.readUInt8(0)];
  const floats = readFloats(fields, [4, 8, 12, 20, 24]);
  if (phase === undefined || floats === undefined) return undefined;
  const [x = 0, y = 0, pressure = 0, contactMajor = 0, contactMinor = 0] = floats;
  return {
    type: 'pen',
    phase,
    tool: fields.readUInt8(1),
    buttons: fields.readUInt8(2),
    x,
    y,
    pressure,
    rotation: fields.readUInt16LE(16),
    tilt: fields.readUInt8(18),
    contactMajor,
    contactMinor,
  };
}

function padArrival(fields: Buffer): HostInput | undefined {
  const pad = fields.readUInt8(0);
  if (pad > MAX_PAD) return undefined;
  return {
    type: 'pad-arrival',
    pad,
    kind: fields.readUInt8(1),
    capabilities: fields.readUInt16LE(2),
    supportedButtons: fields.readUInt32LE(4),
    activePads: 1 << pad,
  };
}

function padState(fields: Buffer): HostInput | undefined {
  const pad = fields.readUInt16LE(2);
  if (pad > MAX_PAD || fields.readUInt16LE(0) !== PAD_STATE_MARKS.HEAD) return undefined;
  return {
    type: 'pad-state',
    pad,
    activePads: fields.readUInt16LE(4),
    buttons: fields.readUInt16LE(8) + fields.readUInt16LE(22) * 0x10000,
    leftTrigger: fields.readUInt8(10),
    rightTrigger: fields.readUInt8(11),
    leftX: fields.readInt16LE(12),
    leftY: fields.readInt16LE(14),
    rightX: fields.readInt16LE(16),
    rightY: fields.readInt16LE(18),
  };
}

function padTouch(fields: Buffer): HostInput | undefined {
  const pad = fields.readUInt8(0);
  const phase = TOUCH_PHASES[fields.readUInt8(1)];
  const floats = readFloats(fields, [8, 12, 16]);
  if (pad > MAX_PAD || phase === undefined || floats === undefined) return undefined;
  const [x = 0, y = 0, pressure = 0] = floats;
  return {
    type: 'pad-touch',
    pad,
    phase,
    touchpad: fields.readUInt8(3),
    pointerId: fields.readUInt32LE(4),
    x,
    y,
    pressure,
  };
}

function padMotion(fields: Buffer): HostInput | undefined {
  const pad = fields.readUInt8(0);
  const sensor = MOTION_SENSORS[fields.readUInt8(1) - 1];
  const floats = readFloats(fields, [4, 8, 12]);
  if (pad > MAX_PAD || sensor === undefined || floats === undefined) return undefined;
  const [x = 0, y = 0, z = 0] = floats;
  return { type: 'pad-motion', pad, sensor, x, y, z };
}

function padBattery(fields: Buffer): HostInput | undefined {
  const pad = fields.readUInt8(0);
  if (pad > MAX_PAD) return undefined;
  return {
    type: 'pad-battery',
    pad,
    state: fields.readUInt8(1),
    percent: fields.readUInt8(2),
  };
}

/** Undefined if one of them is not a finite number. */
function readFloats(fields: Buffer, offsets: readonly number[]): number[] | undefined {
  const floats = offsets.map((offset) => fields.readFloatLE(offset));
  return floats.every(Number.isFinite) ? floats : undefined;
}
