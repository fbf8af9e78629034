import fc from 'fast-check';
import type { HostInput } from '../../../src/moonlight/types.js';

const byte = fc.nat(0xff);
const int16 = fc.integer({ min: -0x8000, max: 0x7fff });
const real = fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const phase = fc.constantFrom(
  'hover',
  'down',
  'up',
  'move',
  'cancel',
  'button-only',
  'hover-leave',
  'cancel-all',
);
const pad = fc.nat(15);
const pointerId = fc.nat(0xffffffff);

/** Events that the wire carries exactly: one packet each, all numbers within its range. */
export const exactInput: fc.Arbitrary<HostInput> = fc.oneof(
  fc.record({
    type: fc.constant('key' as const),
    down: fc.boolean(),
    keyCode: fc.nat(0x7fff),
    modifiers: byte,
    flags: byte,
  }),
  fc.record({
    type: fc.constant('text' as const),
    text: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  }),
  fc.record({ type: fc.constant('mouse-move' as const), dx: int16, dy: int16 }),
  fc.record({
    type: fc.constant('mouse-position' as const),
    x: int16,
    y: int16,
    referenceWidth: fc.integer({ min: 1, max: 0x8000 }),
    referenceHeight: fc.integer({ min: 1, max: 0x8000 }),
  }),
  fc.record({
    type: fc.constant('mouse-button' as const),
    down: fc.boolean(),
    button: fc.integer({ min: 1, max: 5 }),
  }),
  fc.record({ type: fc.constant('scroll' as const), amount: int16 }),
  fc.record({ type: fc.constant('horizontal-scroll' as const), amount: int16 }),
  fc.record({
    type: fc.constant('touch' as const),
    phase,
    pointerId,
    x: real,
    y: real,
    pressure: real,
    contactMajor: real,
    contactMinor: real,
    rotation: fc.nat(0xffff),
  }),
  fc.record({
    type: fc.constant('pen' as const),
    phase,
    tool: byte,
    buttons: byte,
    x: real,
    y: real,
    pressure: real,
    rotation: fc.nat(0xffff),
    tilt: byte,
    contactMajor: real,
    contactMinor: real,
  }),
  fc
    .record({
      type: fc.constant('pad-arrival' as const),
      pad,
      kind: byte,
      capabilities: fc.nat(0xffff),
      supportedButtons: fc.nat(0xffffffff),
    })
    // The wire tells only the pad's own bit.
    .map((arrival) => ({ ...arrival, activePads: 1 << arrival.pad })),
  fc.record({
    type: fc.constant('pad-state' as const),
    pad,
    activePads: fc.nat(0xffff),
    buttons: fc.nat(0xffffffff),
    leftTrigger: byte,
    rightTrigger: byte,
    leftX: int16,
    leftY: int16,
    rightX: int16,
    rightY: int16,
  }),
  fc.record({
    type: fc.constant('pad-touch' as const),
    pad,
    phase,
    touchpad: byte,
    pointerId,
    x: real,
    y: real,
    pressure: real,
  }),
  fc.record({
    type: fc.constant('pad-motion' as const),
    pad,
    sensor: fc.constantFrom('accelerometer' as const, 'gyro' as const),
    x: real,
    y: real,
    z: real,
  }),
  fc.record({
    type: fc.constant('pad-battery' as const),
    pad,
    state: byte,
    percent: byte,
  }),
);
