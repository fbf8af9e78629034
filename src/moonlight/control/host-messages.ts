import type { HdrMetadata, HostMessage } from '../types.js';
import { decodeFrame, encodeFrame } from './framing.js';

/** Types host → client (gamestream.md §7.7). */
const HOST_MESSAGE = {
  SHORT_TERMINATION: 0x0100,
  TERMINATION: 0x0109,
  RUMBLE: 0x010b,
  HDR: 0x010e,
  TRIGGER_RUMBLE: 0x5500,
  MOTION_REQUEST: 0x5501,
  LED: 0x5502,
  ADAPTIVE_TRIGGERS: 0x5503,
} as const;

/** The host ends the session; `code` is unsigned, as on the wire (§9.4). */
export interface TerminationMessage {
  readonly type: 'termination';
  readonly code: number;
}

/** Codes of {@link TerminationMessage}. */
export const TERMINATION_CODE = {
  /** The app exited, was quit, or the host shuts down. */
  CLOSED: 0x80030023,
  PROTECTED_CONTENT: 0x800e9302,
  FRAME_CONVERSION: 0x800e9403,
  /** The short form on old hosts. */
  SHORT_CLOSED: 0x0100,
} as const;

const EFFECT_SIZE = 10;

/** The plaintext of a message, frame header included. */
export function encodeHostMessage(message: HostMessage | TerminationMessage): Buffer {
  switch (message.type) {
    case 'rumble': {
      const payload = Buffer.alloc(10);
      payload.writeUInt32LE(0x00c0ffee, 0);
      writeUInt16s(payload, 4, [message.pad, message.low, message.high]);
      return encodeFrame(HOST_MESSAGE.RUMBLE, payload);
    }
    case 'trigger-rumble': {
      const payload = Buffer.alloc(6);
      writeUInt16s(payload, 0, [message.pad, message.left, message.right]);
      return encodeFrame(HOST_MESSAGE.TRIGGER_RUMBLE, payload);
    }
    case 'motion-request': {
      const payload = Buffer.alloc(5);
      writeUInt16s(payload, 0, [message.pad, message.rate]);
      payload.writeUInt8(message.sensor === 'accelerometer' ? 1 : 2, 4);
      return encodeFrame(HOST_MESSAGE.MOTION_REQUEST, payload);
    }
    case 'led': {
      const payload = Buffer.alloc(5);
      writeUInt16s(payload, 0, [message.pad]);
      payload.set([message.r, message.g, message.b], 2);
      return encodeFrame(HOST_MESSAGE.LED, payload);
    }
    case 'adaptive-triggers': {
      const payload = Buffer.alloc(5 + 2 * EFFECT_SIZE);
      writeUInt16s(payload, 0, [message.pad]);
      payload.set([message.flags, message.typeLeft, message.typeRight], 2);
      message.left.copy(payload, 5, 0, EFFECT_SIZE);
      message.right.copy(payload, 5 + EFFECT_SIZE, 0, EFFECT_SIZE);
      return encodeFrame(HOST_MESSAGE.ADAPTIVE_TRIGGERS, payload);
    }
    case 'hdr':
      return encodeFrame(HOST_MESSAGE.HDR, hdr(message.enabled, message.metadata));
    case 'termination': {
      const payload = Buffer.alloc(4);
      payload.writeUInt32BE(message.code >>> 0, 0);
      return encodeFrame(HOST_MESSAGE.TERMINATION, payload);
    }
  }
}

function hdr(enabled: boolean, metadata: HdrMetadata | null): Buffer {
  const switched = Buffer.from([enabled ? 1 : 0]);
  if (metadata === null) return switched;
  const values = Buffer.alloc(26);
  writeUInt16s(values, 0, [
    ...metadata.primaries,
    ...metadata.whitePoint,
    metadata.maxDisplayLuminance,
    metadata.minDisplayLuminance,
    metadata.maxContentLightLevel,
    metadata.maxFrameAverageLightLevel,
    metadata.maxFullFrameLuminance,
  ]);
  return Buffer.concat([switched, values]);
}

function writeUInt16s(payload: Buffer, offset: number, values: readonly number[]): void {
  values.forEach((value, index) => payload.writeUInt16LE(value & 0xffff, offset + 2 * index));
}

/**
 * The client's side. Longer payloads than listed are tolerated (Wolf pads its structures);
 * undefined for unknown types and payloads that are too short.
 */
export function decodeHostMessage(plaintext: Buffer): HostMessage | TerminationMessage | undefined {
  const frame = decodeFrame(plaintext);
  if (frame === undefined) return undefined;
  const { payload } = frame;
  const least = LEAST_SIZE[frame.type];
  if (least === undefined || payload.length < least) return undefined;
  switch (frame.type) {
    case HOST_MESSAGE.RUMBLE:
      return {
        type: 'rumble',
        pad: payload.readUInt16LE(4),
        low: payload.readUInt16LE(6),
        high: payload.readUInt16LE(8),
      };
    case HOST_MESSAGE.TRIGGER_RUMBLE:
      return {
        type: 'trigger-rumble',
        pad: payload.readUInt16LE(0),
        left: payload.readUInt16LE(2),
        right: payload.readUInt16LE(4),
      };
    case HOST_MESSAGE.MOTION_REQUEST:
      return motionRequest(payload);
    case HOST_MESSAGE.LED:
      return {
        type: 'led',
        pad: payload.readUInt16LE(0),
        r: payload.readUInt8(2),
        g: payload.readUInt8(3),
        b: payload.readUInt8(4),
      };
    case HOST_MESSAGE.ADAPTIVE_TRIGGERS:
      return {
        type: 'adaptive-triggers',
        pad: payload.readUInt16LE(0),
        flags: payload.readUInt8(2),
        typeLeft: payload.readUInt8(3),
        typeRight: payload.readUInt8(4),
        left: payload.subarray(5, 5 + EFFECT_SIZE),
        right: payload.subarray(5 + EFFECT_SIZE, 5 + 2 * EFFECT_SIZE),
      };
    case HOST_MESSAGE.HDR:
      return { type: 'hdr', enabled: payload.readUInt8(0) !== 0, metadata: hdrMetadata(payload) };
    case HOST_MESSAGE.TERMINATION:
      return { type: 'termination', code: payload.readUInt32BE(0) };
    default:
      return { type: 'termination', code: payload.readUInt16LE(0) };
  }
}

const LEAST_SIZE: Readonly<Record<number, number | undefined>> = {
  [HOST_MESSAGE.SHORT_TERMINATION]: 2,
  [HOST_MESSAGE.TERMINATION]: 4,
  [HOST_MESSAGE.RUMBLE]: 10,
  [HOST_MESSAGE.HDR]: 1,
  [HOST_MESSAGE.TRIGGER_RUMBLE]: 6,
  [HOST_MESSAGE.MOTION_REQUEST]: 5,
  [HOST_MESSAGE.LED]: 5,
  [HOST_MESSAGE.ADAPTIVE_TRIGGERS]: 5 + 2 * EFFECT_SIZE,
};

function motionRequest(payload: Buffer): HostMessage | undefined {
  const sensor = payload.readUInt8(4);
  if (sensor !== 1 && sensor !== 2) return undefined;
  return {
    type: 'motion-request',
    pad: payload.readUInt16LE(0),
    rate: payload.readUInt16LE(2),
    sensor: sensor === 1 ? 'accelerometer' : 'gyro',
  };
}

/** Values that a short payload leaves out read as zero; an empty one has no metadata. */
function hdrMetadata(payload: Buffer): HdrMetadata | null {
  if (payload.length === 1) return null;
  const value = (index: number): number => {
    const offset = 1 + 2 * index;
    return offset + 2 <= payload.length ? payload.readUInt16LE(offset) : 0;
  };
  return {
    primaries: [value(0), value(1), value(2), value(3), value(4), value(5)],
    whitePoint: [value(6), value(7)],
    maxDisplayLuminance: value(8),
    minDisplayLuminance: value(9),
    maxContentLightLevel: value(10),
    maxFrameAverageLightLevel: value(11),
    maxFullFrameLuminance: value(12),
  };
}
