import test from 'ava';
import fc from 'fast-check';
import { encodeFrame } from '../../../src/moonlight/control/framing.js';
import { decodeInput } from '../../../src/moonlight/input/decode.js';
import { encodeInput, HAPTICS_ENABLE } from '../../../src/moonlight/input/encode.js';
import type { HostInput } from '../../../src/moonlight/types.js';
import { exactInput } from './arbitraries.js';

interface Vector {
  readonly input: HostInput;
  /** Control plaintext. */
  readonly hex: string;
  readonly channel: number;
  readonly delivery: 'reliable' | 'unreliable';
}

const EMPTY_STATE =
  '06022200 0000001e 0c000000 1a00 0100 0300 1400 0000 00 00 0000 0000 0000 0000 9c00 0000 5500';

/** What the reference client sent (gamestream.md §8.3). */
const VECTORS: Readonly<Record<string, Vector>> = {
  'relative mouse': {
    input: { type: 'mouse-move', dx: 1, dy: 1 },
    hex: '06020c00 00000008 07000000 0001 0001',
    channel: 3,
    delivery: 'reliable',
  },
  'absolute mouse': {
    input: { type: 'mouse-position', x: 640, y: 360, referenceWidth: 1280, referenceHeight: 720 },
    hex: '06021200 0000000e 05000000 0280 0168 0000 04ff 02cf',
    channel: 3,
    delivery: 'reliable',
  },
  'button down': {
    input: { type: 'mouse-button', down: true, button: 1 },
    hex: '06020900 00000005 08000000 01',
    channel: 3,
    delivery: 'reliable',
  },
  'button up': {
    input: { type: 'mouse-button', down: false, button: 1 },
    hex: '06020900 00000005 09000000 01',
    channel: 3,
    delivery: 'reliable',
  },
  'key down with shift': {
    input: { type: 'key', down: true, keyCode: 0x41, modifiers: 1, flags: 0 },
    hex: '06020e00 0000000a 03000000 00 4180 01 0000',
    channel: 2,
    delivery: 'reliable',
  },
  'key up, not normalised': {
    input: { type: 'key', down: false, keyCode: 0x41, modifiers: 1, flags: 1 },
    hex: '06020e00 0000000a 04000000 01 4180 01 0000',
    channel: 2,
    delivery: 'reliable',
  },
  'scroll up': {
    input: { type: 'scroll', amount: 120 },
    hex: '06020e00 0000000a 0a000000 0078 0078 0000',
    channel: 3,
    delivery: 'reliable',
  },
  'scroll down a little': {
    input: { type: 'scroll', amount: -30 },
    hex: '06020e00 0000000a 0a000000 ffe2 ffe2 0000',
    channel: 3,
    delivery: 'reliable',
  },
  'scroll left': {
    input: { type: 'horizontal-scroll', amount: -120 },
    hex: '06020a00 00000006 01000055 ff88',
    channel: 3,
    delivery: 'reliable',
  },
  'text, one byte': {
    input: { type: 'text', text: 'a' },
    hex: '06020900 00000005 17000000 61',
    channel: 6,
    delivery: 'reliable',
  },
  'text, two bytes': {
    input: { type: 'text', text: 'é' },
    hex: '06020a00 00000006 17000000 c3a9',
    channel: 6,
    delivery: 'reliable',
  },
  'gamepad state': {
    input: {
      type: 'pad-state',
      pad: 1,
      activePads: 3,
      buttons: 0x101000,
      leftTrigger: 0x7f,
      rightTrigger: 0xff,
      leftX: -32768,
      leftY: 32767,
      rightX: 100,
      rightY: -100,
    },
    hex: '06022200 0000001e 0c000000 1a00 0100 0300 1400 0010 7f ff 0080 ff7f 6400 9cff 9c00 1000 5500',
    channel: 0x11,
    delivery: 'reliable',
  },
  touchpad: {
    input: {
      type: 'pad-touch',
      pad: 1,
      phase: 'down',
      touchpad: 0,
      pointerId: 7,
      x: 0.5,
      y: 0.25,
      pressure: 1,
    },
    hex: '06021c00 00000018 05000055 01 01 00 00 07000000 0000003f 0000803e 0000803f',
    channel: 0x11,
    delivery: 'reliable',
  },
  gyro: {
    input: { type: 'pad-motion', pad: 1, sensor: 'gyro', x: 1.5, y: -2, z: 0.25 },
    hex: '06021800 00000014 06000055 01 02 0000 0000c03f 000000c0 0000803e',
    channel: 0x21,
    delivery: 'unreliable',
  },
  battery: {
    input: { type: 'pad-battery', pad: 1, state: 3, percent: 80 },
    hex: '06020c00 00000008 07000055 01 03 50 00',
    channel: 0x11,
    delivery: 'reliable',
  },
  'touch down': {
    input: {
      type: 'touch',
      phase: 'down',
      pointerId: 3,
      x: 0.5,
      y: 0.5,
      pressure: 1,
      contactMajor: Math.fround(0.01),
      contactMinor: Math.fround(0.01),
      rotation: 0xffff,
    },
    hex: '06022400 00000020 02000055 01 00 ffff 03000000 0000003f 0000003f 0000803f 0ad7233c 0ad7233c',
    channel: 5,
    delivery: 'reliable',
  },
  'pen down': {
    input: {
      type: 'pen',
      phase: 'down',
      tool: 1,
      buttons: 1,
      x: Math.fround(0.1),
      y: Math.fround(0.2),
      pressure: 0.5,
      rotation: 45,
      tilt: 30,
      contactMajor: 0,
      contactMinor: 0,
    },
    hex: '06022400 00000020 03000055 01 01 01 00 cdcccc3d cdcc4c3e 0000003f 2d00 1e 00 00000000 00000000',
    channel: 4,
    delivery: 'reliable',
  },
};

function plaintext(packet: Buffer): string {
  return encodeFrame(0x0206, packet).toString('hex');
}

for (const [name, { input, hex, channel, delivery }] of Object.entries(VECTORS)) {
  test(`captured packet: ${name}`, (t) => {
    const packets = encodeInput(input);
    t.is(packets.length, 1);
    const [packet] = packets;
    if (packet === undefined) return;
    t.is(plaintext(packet.packet), hex.replaceAll(' ', ''));
    t.is(packet.channel, channel);
    t.is(packet.delivery, delivery);
    t.deepEqual(decodeInput(packet.packet), input);
  });
}

test('captured packet: haptics; it is nothing that a player did', (t) => {
  t.is(plaintext(HAPTICS_ENABLE.packet), '06020a00000000060d0000000100');
  t.is(HAPTICS_ENABLE.channel, 0);
  t.is(decodeInput(HAPTICS_ENABLE.packet), undefined);
});

test('captured packet: arrival, followed by the empty state', (t) => {
  const packets = encodeInput({
    type: 'pad-arrival',
    pad: 1,
    kind: 2,
    capabilities: 0xff,
    supportedButtons: 0x10ffff,
    activePads: 3,
  });
  t.deepEqual(
    packets.map(({ packet, channel }) => [plaintext(packet), channel]),
    [
      ['06021000 0000000c 04000055 01 02 ff00 ffff1000'.replaceAll(' ', ''), 0x11],
      [EMPTY_STATE.replaceAll(' ', ''), 0x11],
    ],
  );
});

test('decoding is the inverse of encoding', (t) => {
  fc.assert(
    fc.property(exactInput, (input) => {
      const [packet] = encodeInput(input);
      if (packet === undefined) return t.fail('no packet');
      t.deepEqual(decodeInput(packet.packet), input);
      t.is(packet.packet.readUInt32BE(0), packet.packet.length - 4);
      // Every prefix is incomplete; trailing bytes belong to somebody else.
      for (let length = 0; length < packet.packet.length; length += 1) {
        t.is(decodeInput(packet.packet.subarray(0, length)), undefined);
      }
      t.deepEqual(decodeInput(Buffer.concat([packet.packet, Buffer.from('more')])), input);
    }),
    { seed: 21, numRuns: 1500 },
  );
});

test('movement: move, hover and motion may be lost; a gyro that comes to rest may not', (t) => {
  const base = { pointerId: 1, x: 0, y: 0, pressure: 0 };
  const touch = { ...base, type: 'touch', contactMajor: 0, contactMinor: 0, rotation: 0 } as const;
  const padTouch = { ...base, type: 'pad-touch', pad: 0, touchpad: 0 } as const;
  for (const [phase, delivery] of [
    ['move', 'unreliable'],
    ['hover', 'unreliable'],
    ['up', 'reliable'],
    ['cancel-all', 'reliable'],
  ] as const) {
    t.is(encodeInput({ ...touch, phase })[0]?.delivery, delivery);
    t.is(encodeInput({ ...padTouch, phase })[0]?.delivery, delivery);
  }
  const rest = { type: 'pad-motion', pad: 0, x: 0, y: 0, z: 0 } as const;
  t.is(encodeInput({ ...rest, sensor: 'gyro' })[0]?.delivery, 'reliable');
  t.is(encodeInput({ ...rest, sensor: 'accelerometer' })[0]?.delivery, 'unreliable');
});

test('a movement larger than 16 bits is split, its sum stays', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: -99_999, max: 99_999 }),
      fc.integer({ min: -99_999, max: 99_999 }),
      (dx, dy) => {
        const moves = encodeInput({ type: 'mouse-move', dx, dy }).map(({ packet }) =>
          decodeInput(packet),
        );
        let sumX = 0;
        let sumY = 0;
        for (const move of moves) {
          if (move?.type !== 'mouse-move') return t.fail();
          sumX += move.dx;
          sumY += move.dy;
        }
        t.deepEqual([sumX, sumY], [dx, dy]);
      },
    ),
    { seed: 2, numRuns: 200 },
  );
  t.is(encodeInput({ type: 'mouse-move', dx: 1e9, dy: Number.NaN }).length, 8);
});

test('a reference size beyond 16 bits keeps the place on the screen', (t) => {
  const [packet] = encodeInput({
    type: 'mouse-position',
    x: 32_768,
    y: 16_384,
    referenceWidth: 65_536,
    referenceHeight: 65_536,
  });
  t.deepEqual(packet && decodeInput(packet.packet), {
    type: 'mouse-position',
    x: 16_384,
    y: 8192,
    referenceWidth: 32_768,
    referenceHeight: 32_768,
  });
});

test('text is one packet a code point', (t) => {
  const packets = encodeInput({ type: 'text', text: 'a€😀' });
  t.deepEqual(
    packets.map(({ packet }) => decodeInput(packet)),
    ['a', '€', '😀'].map((text) => ({ type: 'text', text })),
  );
  t.is(encodeInput({ type: 'text', text: '' }).length, 0);
});

test('whatever numbers an event holds, encoding does not throw and the host understands it', (t) => {
  const anything = fc.oneof(
    fc.double(),
    fc.integer(),
    fc.constantFrom(Infinity, -Infinity, NaN, 1e300),
  );
  fc.assert(
    fc.property(
      exactInput,
      fc.array(anything, { minLength: 16, maxLength: 16 }),
      (input, values) => {
        let next = 0;
        const wild = Object.fromEntries(
          Object.entries(input).map(([name, value]) => [
            name,
            typeof value === 'number' ? values[next++ % values.length] : value,
          ]),
        ) as unknown as HostInput;
        for (const { packet, channel } of encodeInput(wild)) {
          t.true(channel < 48);
          const decoded = decodeInput(packet);
          if (wild.type !== 'mouse-button' && wild.type !== 'mouse-position') t.truthy(decoded);
        }
      },
    ),
    { seed: 8, numRuns: 1000 },
  );
});

test('random packets never throw', (t) => {
  const magic = fc.constantFrom(
    3,
    4,
    5,
    7,
    8,
    9,
    10,
    12,
    13,
    23,
    ...Array.from({ length: 8 }, (_, index) => 0x55000001 + index),
  );
  fc.assert(
    fc.property(
      magic,
      fc.uint8Array({ maxLength: 40 }),
      fc.integer({ min: -4, max: 4 }),
      (number, random, lie) => {
        const packet = Buffer.alloc(8 + random.length);
        packet.writeUInt32BE(Math.max(0, 4 + random.length + lie), 0);
        packet.writeUInt32LE(number, 4);
        packet.set(random, 8);
        const input = decodeInput(packet);
        // What was understood can be said again.
        if (input !== undefined) t.true(encodeInput(input).length > 0);
        decodeInput(Buffer.from(random));
      },
    ),
    { seed: 13, numRuns: 3000 },
  );
  t.pass();
});
