import { isDeepStrictEqual } from 'node:util';
import { decodeInput } from '../../src/moonlight/input/decode.js';
import { encodeInput } from '../../src/moonlight/input/encode.js';
import { MAGIC } from '../../src/moonlight/input/packets.js';
import type { HostInput } from '../../src/moonlight/types.js';
import { expect, type FuzzTarget } from '../target.js';

const INPUTS: readonly HostInput[] = [
  { type: 'key', down: true, keyCode: 0x41, modifiers: 3 },
  { type: 'text', text: 'ä𝄞' },
  { type: 'mouse-move', dx: -5, dy: 70 },
  { type: 'mouse-position', x: 3, y: 4, referenceWidth: 640, referenceHeight: 360 },
  { type: 'mouse-button', down: false, button: 5 },
  { type: 'scroll', amount: -120 },
  { type: 'horizontal-scroll', amount: 120 },
  {
    type: 'touch',
    phase: 'move',
    pointerId: 9,
    x: 0.5,
    y: 0.25,
    pressure: 1,
    contactMajor: 0.1,
    contactMinor: 0.1,
    rotation: 0xffff,
  },
  {
    type: 'pen',
    phase: 'down',
    tool: 1,
    buttons: 1,
    x: 0.1,
    y: 0.2,
    pressure: 0.3,
    rotation: 90,
    tilt: 45,
    contactMajor: 0,
    contactMinor: 0,
  },
  {
    type: 'pad-arrival',
    pad: 1,
    kind: 2,
    capabilities: 0xff,
    supportedButtons: 0xffff,
    activePads: 3,
  },
  {
    type: 'pad-state',
    pad: 1,
    activePads: 3,
    buttons: 0x10001,
    leftTrigger: 9,
    rightTrigger: 8,
    leftX: -7,
    leftY: 6,
    rightX: -5,
    rightY: 4,
  },
  { type: 'pad-touch', pad: 0, phase: 'up', touchpad: 0, pointerId: 1, x: 0, y: 1, pressure: 0 },
  { type: 'pad-motion', pad: 0, sensor: 'gyro', x: 1, y: 2, z: 3 },
  { type: 'pad-battery', pad: 0, state: 1, percent: 50 },
];

/** Input packets as a host reads them; what it read, a client can send again. */
export const inputPacket: FuzzTarget = {
  name: 'input-packet',
  seeds: INPUTS.flatMap((input) => encodeInput(input).map(({ packet }) => packet)),
  words: Object.values(MAGIC).map((magic) => {
    const word = Buffer.alloc(4);
    word.writeUInt32LE(magic);
    return word;
  }),
  run: (input) => {
    const first = decodeInput(input);
    if (first === undefined) return;
    for (const value of Object.values(first)) {
      expect(typeof value !== 'number' || Number.isFinite(value), 'a number that is none');
    }
    const [packet] = encodeInput(first);
    // Text that a key event cannot carry leaves no packet.
    if (packet === undefined) return;
    const second = decodeInput(packet.packet);
    expect(second?.type === first.type, 'input that changes its kind');
    const [repeated] = encodeInput(second);
    const third = repeated === undefined ? undefined : decodeInput(repeated.packet);
    expect(isDeepStrictEqual(third, second), 'input that does not settle');
  },
};
