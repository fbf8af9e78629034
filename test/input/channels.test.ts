import test from 'ava';
import fc from 'fast-check';
import { decodeChannelMessage, isInputLabel } from '../../src/input/channels.js';
import type { ViewerInput } from '../../src/input/viewer-input.js';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const decode = (label: string, text: string): ViewerInput[] | undefined =>
  decodeChannelMessage(label, hex(text));

/** A key of the table in signaling.md c.1: [hex, down, key code, modifiers]. */
const KEYS: readonly [string, boolean, number, number][] = [
  ['0001000041', true, 0x41, 0],
  ['0000000041', false, 0x41, 0],
  ['0001010041', true, 0x41, 1],
  ['00010100a0', true, 0xa0, 1],
  ['00000000a0', false, 0xa0, 0],
  ['0001020043', true, 0x43, 2],
  ['000108005b', true, 0x5b, 8],
  ['000100000d', true, 0x0d, 0],
  ['000100007a', true, 0x7a, 0],
  ['00010f0087', true, 0x87, 15],
];

for (const [bytes, down, keyCode, modifiers] of KEYS) {
  test(`keyboard ${bytes} is key ${keyCode} ${down ? 'down' : 'up'}`, (t) => {
    t.deepEqual(decode('keyboard', bytes), [{ type: 'key', down, keyCode, modifiers }]);
  });
}

const TEXTS: readonly [string, string][] = [
  ['010568656c6c6f', 'hello'],
  ['0102c3a9e282ac', 'é€'],
  ['0102f09f9880', '😀'],
  ['0103f09f988021', '😀!'],
  [`0100${'61'.repeat(256)}`, 'a'.repeat(256)],
  [`01fe${'61'.repeat(1022)}`, 'a'.repeat(1022)],
];

for (const [bytes, text] of TEXTS) {
  test(`text ${bytes.slice(0, 14)} is read to the end whatever its length byte says`, (t) => {
    t.deepEqual(decode('keyboard', bytes), [{ type: 'text', text }]);
  });
}

test('a text behind stale bytes is a fake key and is dropped', (t) => {
  t.is(decode('keyboard', '0000000004010178'), undefined);
});

test('text that is no UTF-8, empty or too long is dropped', (t) => {
  t.is(decode('keyboard', '0101ff'), undefined);
  t.is(decode('keyboard', '0100'), undefined);
  t.is(decode('keyboard', `01ff${'61'.repeat(1023)}`), undefined);
});

test('key 0, codes beyond a byte and half states are dropped', (t) => {
  t.is(decode('keyboard', '0001000000'), undefined);
  t.is(decode('keyboard', '0001000141'), undefined);
  t.is(decode('keyboard', '00010000ff'), undefined);
  t.is(decode('keyboard', '0002000041'), undefined);
});

const MOUSE_LABELS = [
  'mouse',
  'mouseClicks',
  'mouseAbsolute',
  'mouseRelative',
  'mouse_reliable',
  'mouse_absolute',
  'mouse_relative',
];

const MOUSE: readonly [string, ViewerInput][] = [
  ['00000afffb', { type: 'mouse-move', dx: 10, dy: -5 }],
  ['000001ffff', { type: 'mouse-move', dx: 1, dy: -1 }],
  ['009c400000', { type: 'mouse-move', dx: 40000 - 65536, dy: 0 }],
  ['01006400c807800438', position(100, 200, 1920, 1080)],
  ['010800080010001000', position(2048, 2048, 4096, 4096)],
  ['011000100010001000', position(4096, 4096, 4096, 4096)],
  ['01ffff7fff10001000', position(0, 4096, 4096, 4096)],
  ['020101', { type: 'mouse-button', down: true, button: 1 }],
  ['020001', { type: 'mouse-button', down: false, button: 1 }],
  ['020103', { type: 'mouse-button', down: true, button: 3 }],
  ['020105', { type: 'mouse-button', down: true, button: 5 }],
  ['030000ff88', { type: 'scroll', dx: 0, dy: -120, unit: 'pixels' }],
  ['03001e0064', { type: 'scroll', dx: 30, dy: 100, unit: 'pixels' }],
  ['040001', { type: 'scroll', dx: 0, dy: 1, unit: 'clicks' }],
  ['04fffe', { type: 'scroll', dx: -1, dy: -2, unit: 'clicks' }],
  ['040038', { type: 'scroll', dx: 0, dy: 56, unit: 'clicks' }],
];

function position(x: number, y: number, referenceWidth: number, referenceHeight: number) {
  return { type: 'mouse-position', x, y, referenceWidth, referenceHeight } as const;
}

for (const label of MOUSE_LABELS) {
  test(`${label} takes every mouse message`, (t) => {
    for (const [bytes, input] of MOUSE) t.deepEqual(decode(label, bytes), [input], bytes);
  });
}

test('mouse messages of other lengths, buttons and references are dropped', (t) => {
  for (const bytes of [
    '',
    '00000aff',
    '00000afffb00',
    '0100640064078004',
    '01006400c800010438',
    '01006400c80780fc18',
    '020100',
    '020106',
    '020201',
    '02010100',
    '0300000064ff',
    '0400',
    '05',
  ]) {
    t.is(decode('mouse', bytes), undefined, bytes);
  }
});

test('touches come with their place, force and angle', (t) => {
  const rest = '3f000000 3f000000 41200000 41400000 002d';
  const touch = { type: 'touch', pointerId: 3, pressure: 0.5, y: 0.5, rotation: 45 };
  t.deepEqual(decode('touch', `00 00000003 3f000000 ${rest}`) as unknown, [
    { ...touch, phase: 'down', x: 0.5 },
  ]);
  t.deepEqual(decode('touch', `01 00000003 3f400000 ${rest}`) as unknown, [
    { ...touch, phase: 'move', x: 0.75 },
  ]);
  t.deepEqual(decode('touch', `02 00000003 3f400000 ${rest}`) as unknown, [
    { ...touch, phase: 'up', x: 0.75 },
  ]);
  t.is(decode('touch', `03 00000003 3f400000 ${rest}`), undefined);
  t.is(decode('touch', `00 00000003 7fc00000 ${rest}`), undefined, 'not a number');
  t.like(decode('touch', `00 00000003 c0000000 ${rest}`)?.[0], { x: 0 });
  t.like(decode('touch', `00 00000003 3f000000 ${rest.slice(0, -4)}ffff`)?.[0], {
    rotation: 0xffff,
  });
});

test('pads are added with what they can, and removed', (t) => {
  t.deepEqual(decode('controllers', '00 00 0000f7ff 0004'), [
    { type: 'pad-add', pad: 0, supportedButtons: 0xf7ff, capabilities: 6 },
  ]);
  t.deepEqual(decode('controllers', '01 00'), [{ type: 'pad-remove', pad: 0 }]);
  t.is(decode('controllers', '00 10 0000f7ff 0004'), undefined, 'pad 16');
  t.is(decode('controllers', '01 10'), undefined, 'pad 16');
  t.is(decode('controllers', '00 00 0000f7ff 00'), undefined);
  t.is(decode('controllers', '01 00 00'), undefined);
});

test('pad states name their pad by their label', (t) => {
  const idle = {
    type: 'pad-state',
    buttons: 0,
    leftTrigger: 0,
    rightTrigger: 0,
    leftX: 0,
    leftY: 0,
    rightX: 0,
    rightY: 0,
  };
  t.deepEqual(decode('controller0', '00 00000000 00 00 0000 0000 0000 0000') as unknown, [
    { ...idle, pad: 0 },
  ]);
  t.deepEqual(decode('controller15', '00 00002000 7f ff 3fff 7fff e001 8001') as unknown, [
    {
      ...idle,
      pad: 15,
      buttons: 0x2000,
      leftTrigger: 127,
      rightTrigger: 255,
      leftX: 16383,
      leftY: 32767,
      rightX: -8191,
      rightY: -32767,
    },
  ]);
  t.like(decode('controller1', '00 ffffffff 00 00 0000 0000 0000 0000')?.[0], {
    buttons: 0x3ff7ff,
  });
  t.is(decode('controller16', '00 00000000 00 00 0000 0000 0000 0000'), undefined);
  t.is(decode('controller00', '00 00000000 00 00 0000 0000 0000 0000'), undefined);
  t.is(decode('controller0', '01 00000000 00 00 0000 0000 0000 0000'), undefined);
});

test('text frames and other labels are ignored', (t) => {
  t.is(decodeChannelMessage('keyboard', '\u0000\u0001\u0000\u0000A'), undefined);
  t.is(decode('general', '0001000041'), undefined);
  t.is(decode('constructor', '0001000041'), undefined);
  t.true(isInputLabel('controller15'));
  t.false(isInputLabel('general'));
});

test('a view into a larger buffer is read within its bounds', (t) => {
  const bytes = hex('ff 0001000041 ff');
  t.like(decodeChannelMessage('keyboard', bytes.subarray(1, 6))?.[0], { keyCode: 0x41 });
});

test('no bytes on any channel throw, and what is decoded is in range', (t) => {
  const labels = [...MOUSE_LABELS, 'keyboard', 'touch', 'controllers', 'controller7', 'other'];
  fc.assert(
    fc.property(
      fc.constantFrom(...labels),
      fc.oneof(
        fc.uint8Array({ maxLength: 40 }),
        fc
          .tuple(fc.integer({ min: 0, max: 4 }), fc.constantFrom(1, 2, 3, 4, 7, 8, 14, 26))
          .chain(([type, length]) =>
            fc
              .uint8Array({ minLength: length, maxLength: length })
              .map((rest) => Uint8Array.from([type, ...rest])),
          ),
      ),
      (label, data) => {
        for (const input of decodeChannelMessage(label, data) ?? []) {
          for (const value of Object.values(input)) {
            if (typeof value === 'number') t.true(Number.isFinite(value));
          }
        }
      },
    ),
    { seed: 1, numRuns: 3000 },
  );
});

test('statements of what is held', (t) => {
  t.deepEqual(decode('keyboard', '02 000003e8 41a0'), [
    { type: 'held-keys', keyCodes: [0x41, 0xa0], at: 1_000 },
  ]);
  t.deepEqual(decode('keyboard', '02 ffffffff'), [
    { type: 'held-keys', keyCodes: [], at: 0xffffffff },
  ]);
  t.deepEqual(decode('mouseClicks', '05 00000001 15'), [
    { type: 'held-buttons', buttons: [1, 3, 5], at: 1 },
  ]);
  const finger = '00000003 3f000000 3f400000 3f800000 002d';
  t.deepEqual(decode('touch', `03 00000001 ${finger}`), [
    {
      type: 'held-touches',
      touches: [
        { type: 'touch', phase: 'down', pointerId: 3, x: 0.5, y: 0.75, pressure: 1, rotation: 45 },
      ],
      at: 1,
    },
  ]);
  t.deepEqual(decode('touch', '03 00000001'), [{ type: 'held-touches', touches: [], at: 1 }]);
  const bad = [
    ...[
      ['keyboard', '02 000003'],
      ['keyboard', '02 000003e8 00'],
      ['keyboard', '02 000003e8 ff'],
    ],
    ['keyboard', `02 000003e8 ${'41'.repeat(65)}`],
    ...[
      ['mouse', '05 00000001'],
      ['mouse', '05 00000001 0101'],
      ['touch', '03 000001'],
    ],
    ...[
      ['touch', `03 00000001 ${finger}00`],
      ['touch', `03 00000001 ${finger.repeat(17)}`],
    ],
    ['touch', `03 00000001 00000003 7fc00000 3f400000 3f800000 002d`],
  ] as const;
  for (const [label = '', bytes = ''] of bad) t.is(decode(label, bytes), undefined, bytes);
});
