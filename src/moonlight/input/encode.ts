import type { HostInput, TouchPhase } from '../types.js';
import {
  CHANNEL,
  HEADER_SIZE,
  KEY_CODE_FLAG,
  MAGIC,
  MOTION_SENSORS,
  PAD_STATE_MARKS,
  TOUCH_PHASES,
} from './packets.js';

/** What one input packet is and how it travels. */
export interface InputPacket {
  /** Payload of a 0x0206 control message. */
  readonly packet: Buffer;
  /** ENet channel on a Sunshine-type host. */
  readonly channel: number;
  readonly delivery: 'reliable' | 'unreliable';
}

type Of<Type extends HostInput['type']> = Extract<HostInput, { type: Type }>;

const MAX_PAD = 15;
const INT16 = { min: -0x8000, max: 0x7fff } as const;

/** The first input message of a session: makes the host report rumble. */
export const HAPTICS_ENABLE: InputPacket = {
  packet: packet(MAGIC.HAPTICS, Buffer.from([1, 0])),
  channel: CHANNEL.GENERIC,
  delivery: 'reliable',
};

/**
 * The packets of one event, in the order in which they must be sent; mostly there is one. Text is
 * one a code point, a large mouse movement is split, and a pad's arrival is followed by its empty
 * state (gamestream.md §8). Numbers outside of the wire's range are clamped.
 */
export function encodeInput(input: HostInput): InputPacket[] {
  switch (input.type) {
    case 'key':
      return [reliable(CHANNEL.KEYBOARD, key(input))];
    case 'text':
      return text(input.text);
    case 'mouse-move':
      return mouseMove(input);
    case 'mouse-position':
      return [reliable(CHANNEL.MOUSE, mousePosition(input))];
    case 'mouse-button':
      return [reliable(CHANNEL.MOUSE, mouseButton(input))];
    case 'scroll':
      return [reliable(CHANNEL.MOUSE, scroll(input))];
    case 'horizontal-scroll':
      return [reliable(CHANNEL.MOUSE, horizontalScroll(input))];
    case 'touch':
      return [{ ...touch(input), channel: CHANNEL.TOUCH }];
    case 'pen':
      return [{ ...pen(input), channel: CHANNEL.PEN }];
    case 'pad-arrival':
      return padArrival(input);
    case 'pad-state':
      return [reliable(CHANNEL.PAD + padNumber(input.pad), padState(input))];
    case 'pad-touch':
      return [{ ...padTouch(input), channel: CHANNEL.PAD + padNumber(input.pad) }];
    case 'pad-motion':
      return [padMotion(input)];
    case 'pad-battery':
      return [reliable(CHANNEL.PAD + padNumber(input.pad), padBattery(input))];
  }
}

function packet(magic: number, fields: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_SIZE);
  header.writeUInt32BE(4 + fields.length, 0);
  header.writeUInt32LE(magic, 4);
  return Buffer.concat([header, fields]);
}

function reliable(channel: number, bytes: Buffer): InputPacket {
  return { packet: bytes, channel, delivery: 'reliable' };
}

function key(input: Of<'key'>): Buffer {
  const fields = Buffer.alloc(6);
  fields.writeUInt8((input.flags ?? 0) & 0xff, 0);
  fields.writeUInt16LE((input.keyCode & 0x7fff) | KEY_CODE_FLAG, 1);
  fields.writeUInt8(input.modifiers & 0xff, 3);
  return packet(input.down ? MAGIC.KEY_DOWN : MAGIC.KEY_UP, fields);
}

function text(value: string): InputPacket[] {
  return Array.from(value, (codePoint) =>
    reliable(CHANNEL.TEXT, packet(MAGIC.TEXT, Buffer.from(codePoint, 'utf8'))),
  );
}

function mouseMove(input: Of<'mouse-move'>): InputPacket[] {
  const packets: InputPacket[] = [];
  let dx = whole(input.dx);
  let dy = whole(input.dy);
  do {
    const stepX = int16(dx);
    const stepY = int16(dy);
    const fields = Buffer.alloc(4);
    fields.writeInt16BE(stepX, 0);
    fields.writeInt16BE(stepY, 2);
    packets.push(reliable(CHANNEL.MOUSE, packet(MAGIC.MOUSE_MOVE, fields)));
    dx -= stepX;
    dy -= stepY;
  } while ((dx !== 0 || dy !== 0) && packets.length < MAX_MOVE_PACKETS);
  return packets;
}

/** Packets that one movement may become; a hand moves no farther. */
const MAX_MOVE_PACKETS = 8;

function mousePosition(input: Of<'mouse-position'>): Buffer {
  // The reference size is sent minus one, so that 0x8000 still fits.
  const largest = Math.max(input.referenceWidth, input.referenceHeight);
  const scale = largest > 0x8000 ? 0x8000 / largest : 1;
  const fields = Buffer.alloc(10);
  fields.writeInt16BE(int16(input.x * scale), 0);
  fields.writeInt16BE(int16(input.y * scale), 2);
  fields.writeInt16BE(int16(input.referenceWidth * scale - 1), 6);
  fields.writeInt16BE(int16(input.referenceHeight * scale - 1), 8);
  return packet(MAGIC.MOUSE_POSITION, fields);
}

function mouseButton(input: Of<'mouse-button'>): Buffer {
  const magic = input.down ? MAGIC.BUTTON_DOWN : MAGIC.BUTTON_UP;
  return packet(magic, Buffer.from([input.button & 0xff]));
}

function scroll(input: Of<'scroll'>): Buffer {
  const fields = Buffer.alloc(6);
  fields.writeInt16BE(int16(input.amount), 0);
  fields.writeInt16BE(int16(input.amount), 2);
  return packet(MAGIC.SCROLL, fields);
}

function horizontalScroll(input: Of<'horizontal-scroll'>): Buffer {
  const fields = Buffer.alloc(2);
  fields.writeInt16BE(int16(input.amount), 0);
  return packet(MAGIC.HORIZONTAL_SCROLL, fields);
}

function touch(input: Of<'touch'>): Omit<InputPacket, 'channel'> {
  const fields = Buffer.alloc(28);
  fields.writeUInt8(TOUCH_PHASES.indexOf(input.phase), 0);
  fields.writeUInt16LE(uint16(input.rotation), 2);
  fields.writeUInt32LE(input.pointerId >>> 0, 4);
  fields.writeFloatLE(real(input.x), 8);
  fields.writeFloatLE(real(input.y), 12);
  fields.writeFloatLE(real(input.pressure), 16);
  fields.writeFloatLE(real(input.contactMajor), 20);
  fields.writeFloatLE(real(input.contactMinor), 24);
  return { packet: packet(MAGIC.TOUCH, fields), delivery: deliveryOf(input.phase) };
}

function pen(input: Of<'pen'>): Omit<InputPacket, 'channel'> {
  const fields = Buffer.alloc(28);
  fields.writeUInt8(TOUCH_PHASES.indexOf(input.phase), 0);
  fields.writeUInt8(input.tool & 0xff, 1);
  fields.writeUInt8(input.buttons & 0xff, 2);
  fields.writeFloatLE(real(input.x), 4);
  fields.writeFloatLE(real(input.y), 8);
  fields.writeFloatLE(real(input.pressure), 12);
  fields.writeUInt16LE(uint16(input.rotation), 16);
  fields.writeUInt8(input.tilt & 0xff, 18);
  fields.writeFloatLE(real(input.contactMajor), 20);
  fields.writeFloatLE(real(input.contactMinor), 24);
  return { packet: packet(MAGIC.PEN, fields), delivery: deliveryOf(input.phase) };
}

function padArrival(input: Of<'pad-arrival'>): InputPacket[] {
  const pad = padNumber(input.pad);
  const fields = Buffer.alloc(8);
  fields.writeUInt8(pad, 0);
  fields.writeUInt8(input.kind & 0xff, 1);
  fields.writeUInt16LE(input.capabilities & 0xffff, 2);
  fields.writeUInt32LE(input.supportedButtons >>> 0, 4);
  const arrival = reliable(CHANNEL.PAD + pad, packet(MAGIC.PAD_ARRIVAL, fields));
  return [arrival, emptyPadState(input)];
}

/** What shows a pad to hosts that know no arrival. */
export function emptyPadState(input: Of<'pad-arrival'>): InputPacket {
  const pad = padNumber(input.pad);
  const state = padState({
    type: 'pad-state',
    pad,
    activePads: input.activePads,
    buttons: 0,
    leftTrigger: 0,
    rightTrigger: 0,
    leftX: 0,
    leftY: 0,
    rightX: 0,
    rightY: 0,
  });
  return reliable(CHANNEL.PAD + pad, state);
}

function padState(input: Of<'pad-state'>): Buffer {
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(PAD_STATE_MARKS.HEAD, 0);
  fields.writeUInt16LE(padNumber(input.pad), 2);
  fields.writeUInt16LE(input.activePads & 0xffff, 4);
  fields.writeUInt16LE(PAD_STATE_MARKS.MIDDLE, 6);
  fields.writeUInt16LE(input.buttons & 0xffff, 8);
  fields.writeUInt8(uint8(input.leftTrigger), 10);
  fields.writeUInt8(uint8(input.rightTrigger), 11);
  fields.writeInt16LE(int16(input.leftX), 12);
  fields.writeInt16LE(int16(input.leftY), 14);
  fields.writeInt16LE(int16(input.rightX), 16);
  fields.writeInt16LE(int16(input.rightY), 18);
  fields.writeUInt16LE(PAD_STATE_MARKS.TAIL, 20);
  fields.writeUInt16LE(input.buttons >>> 16, 22);
  fields.writeUInt16LE(PAD_STATE_MARKS.END, 24);
  return packet(MAGIC.PAD_STATE, fields);
}

function padTouch(input: Of<'pad-touch'>): Omit<InputPacket, 'channel'> {
  const fields = Buffer.alloc(20);
  fields.writeUInt8(padNumber(input.pad), 0);
  fields.writeUInt8(TOUCH_PHASES.indexOf(input.phase), 1);
  fields.writeUInt8(input.touchpad & 0xff, 3);
  fields.writeUInt32LE(input.pointerId >>> 0, 4);
  fields.writeFloatLE(real(input.x), 8);
  fields.writeFloatLE(real(input.y), 12);
  fields.writeFloatLE(real(input.pressure), 16);
  return { packet: packet(MAGIC.PAD_TOUCH, fields), delivery: deliveryOf(input.phase) };
}

function padMotion(input: Of<'pad-motion'>): InputPacket {
  const fields = Buffer.alloc(16);
  fields.writeUInt8(padNumber(input.pad), 0);
  fields.writeUInt8(MOTION_SENSORS.indexOf(input.sensor) + 1, 1);
  fields.writeFloatLE(real(input.x), 4);
  fields.writeFloatLE(real(input.y), 8);
  fields.writeFloatLE(real(input.z), 12);
  // A gyro that comes to rest must not be lost, or the host keeps turning.
  const atRest = input.sensor === 'gyro' && input.x === 0 && input.y === 0 && input.z === 0;
  return {
    packet: packet(MAGIC.PAD_MOTION, fields),
    channel: CHANNEL.SENSOR + padNumber(input.pad),
    delivery: atRest ? 'reliable' : 'unreliable',
  };
}

function padBattery(input: Of<'pad-battery'>): Buffer {
  const fields = Buffer.alloc(4);
  fields.writeUInt8(padNumber(input.pad), 0);
  fields.writeUInt8(input.state & 0xff, 1);
  fields.writeUInt8(input.percent & 0xff, 2);
  return packet(MAGIC.PAD_BATTERY, fields);
}

function deliveryOf(phase: TouchPhase): InputPacket['delivery'] {
  return phase === 'move' || phase === 'hover' ? 'unreliable' : 'reliable';
}

function padNumber(pad: number): number {
  return Math.min(Math.max(whole(pad), 0), MAX_PAD);
}

function whole(value: number): number {
  return Number.isFinite(value) ? Math.round(value) : 0;
}

function real(value: number): number {
  return Number.isFinite(Math.fround(value)) ? value : 0;
}

function int16(value: number): number {
  return Math.min(Math.max(whole(value), INT16.min), INT16.max);
}

function uint16(value: number): number {
  return Math.min(Math.max(whole(value), 0), 0xffff);
}

function uint8(value: number): number {
  return Math.min(Math.max(whole(value), 0), 0xff);
}
