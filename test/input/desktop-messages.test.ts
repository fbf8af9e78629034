import test from 'ava';
import fc from 'fast-check';
import { ALL_RIGHTS } from '../../src/core/rights.js';
import { InputAggregator } from '../../src/input/aggregator.js';
import { decodeDesktopInput, isDesktopInput } from '../../src/input/desktop-messages.js';
import { virtualKeyOfEvdev } from '../../src/input/evdev-keys.js';
import { readKeysym } from '../../src/input/keysyms.js';
import type { ViewerInput } from '../../src/input/viewer-input.js';
import { virtualKey } from '../../client/keys.js';
import { EVDEV_POSITIONS } from '../support/evdev-positions.js';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const decode = (text: string): ViewerInput[] | undefined => decodeDesktopInput(hex(text));

const down = (keyCode: number, modifiers = 0): ViewerInput => ({
  type: 'key',
  down: true,
  keyCode,
  modifiers,
});
const up = (keyCode: number, modifiers = 0): ViewerInput =>
  ({ ...down(keyCode, modifiers), down: false }) as ViewerInput;
const text = (characters: string): ViewerInput => ({ type: 'text', text: characters });
const scroll = (dx: number, dy: number): ViewerInput => ({
  type: 'scroll',
  dx,
  dy,
  unit: 'pixels',
});

/** Every form of the sheet, with what becomes of it. */
const MESSAGES: readonly [string, string, readonly ViewerInput[]][] = [
  ['evdev A goes down', '10 00 01 00 001e', [down(0x41)]],
  ['evdev A goes up', '10 00 00 00 001e', [up(0x41)]],
  ['evdev C with control', '10 00 01 02 002e', [down(0x43, 2)]],
  ['modifiers above four bits are cleared', '10 00 01 f1 001e', [down(0x41, 1)]],
  ['evdev of a key that hosts do not have', '10 00 01 00 0074', []],
  ['keysym a goes down', '10 02 01 00 00000061', [down(0x41)]],
  ['keysym a goes up', '10 02 00 00 00000061', [up(0x41)]],
  ['keysym A brings its shift', '10 02 01 00 00000041', [down(0x41, 1)]],
  ['keysym a takes shift away', '10 02 01 01 00000061', [down(0x41)]],
  ['keysym C with control and shift', '10 02 01 03 00000043', [down(0x43, 3)]],
  ['keysym F24', '10 02 01 00 0000ffd5', [down(0x87)]],
  ['keysym shift keeps what was reported', '10 02 01 01 0000ffe1', [down(0xa0, 1)]],
  ['keysym of a letter beyond ASCII is typed', '10 02 01 00 000000e9', [text('é')]],
  ['its release is nothing', '10 02 00 00 000000e9', []],
  ['a keysym of Unicode', '10 02 01 00 0101f600', [text('😀')]],
  ['the euro sign by its old keysym', '10 02 01 00 000020ac', [text('€')]],
  ['a dead accent is nothing', '10 02 01 00 0000fe51', []],
  ['half a surrogate pair is nothing', '10 02 01 00 0100d800', []],
  ['a tap goes down and up', '10 03 00 00000078', [down(0x58), up(0x58)]],
  ['a tap of return', '10 03 00 0000ff0d', [down(0x0d), up(0x0d)]],
  ['a tap of an exclamation mark', '10 03 00 00000021', [down(0x31, 1), up(0x31, 1)]],
  ['a tap of a letter beyond ASCII', '10 03 00 01003042', [text('あ')]],
  ['left button down', '11 02 01 01', [{ type: 'mouse-button', down: true, button: 1 }]],
  ['fifth button up', '11 02 00 05', [{ type: 'mouse-button', down: false, button: 5 }]],
  ['wheel by floats', '11 03 00008040 000020c1', [scroll(4, -10)]],
  ['wheel by parts of pixels', '11 03 00000000 0000003f', [scroll(0, 0.5)]],
  ['a wheel too large is limited', '11 03 ffff7f7f ffff7fff', [scroll(0x7fff, -0x7fff)]],
  ['wheel by bytes, tens of pixels', '11 04 ff 0c', [scroll(-10, 120)]],
  [
    'absolute position',
    '12 01 0140 00b4 0280 0168',
    [{ type: 'mouse-position', x: 320, y: 180, referenceWidth: 640, referenceHeight: 360 }],
  ],
  ['relative motion', '13 00 fff6 000a', [{ type: 'mouse-move', dx: -10, dy: 10 }]],
  [
    'a finger goes down',
    '14 00 03 0000003f 0000803e',
    [
      {
        type: 'touch',
        phase: 'down',
        pointerId: 3,
        x: 0.5,
        y: 0.25,
        pressure: 0,
        rotation: 0xffff,
      },
    ],
  ],
  [
    'a finger that leaves the picture is kept at its edge',
    '14 01 09 000000c0 00004040',
    [{ type: 'touch', phase: 'move', pointerId: 9, x: 0, y: 1, pressure: 0, rotation: 0xffff }],
  ],
  [
    'a finger goes up',
    '14 02 00 00000000 0000803f',
    [{ type: 'touch', phase: 'up', pointerId: 0, x: 0, y: 1, pressure: 0, rotation: 0xffff }],
  ],
];

for (const [name, bytes, inputs] of MESSAGES) {
  test(`decodes: ${name}`, (t) => {
    t.deepEqual(decode(bytes), [...inputs]);
  });
}

const MALFORMED: readonly [string, string][] = [
  ['nothing', ''],
  ['a type alone', '10'],
  ['an unknown key form', '10 01 01 00 001e'],
  ['a key cut short', '10 00 01 00 1e'],
  ['a key that is too long', '10 00 01 00 001e 00'],
  ['half a state', '10 00 02 00 001e'],
  ['a keysym cut short', '10 02 01 00 000061'],
  ['half a state of a keysym', '10 02 02 00 00000061'],
  ['a tap that is too long', '10 03 00 00000061 00'],
  ['a sixth button', '11 02 01 06'],
  ['motion in a message of clicks', '11 00 0001 0001'],
  ['a wheel that is not a number', '11 03 0000c07f 00000000'],
  ['an infinite wheel', '11 03 00000000 0000807f'],
  ['a wheel cut short', '11 03 00008040'],
  ['a short wheel that is too long', '11 04 00 00 00'],
  ['a position in a picture without size', '12 01 0001 0001 0000 0000'],
  ['motion in a message of positions', '12 00 0001 0001'],
  ['a position in a message of motion', '13 01 0140 00b4 0280 0168'],
  ['an eleventh finger', '14 00 0a 0000003f 0000003f'],
  ['a finger that is cancelled', '14 03 00 0000003f 0000003f'],
  ['a finger nowhere', '14 00 00 0000c07f 00000000'],
  ['a finger of another dialect', `14 ${'00'.repeat(27)}`],
  ['a pad', '15 00'],
];

for (const [name, bytes] of MALFORMED) {
  test(`refuses: ${name}`, (t) => {
    t.is(decode(bytes), undefined);
  });
}

test('any bytes decode or are refused, and what decodes is what the aggregator takes', (t) => {
  const messages = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc
      .tuple(
        fc.integer({ min: 0x10, max: 0x14 }),
        fc.integer({ min: 0, max: 4 }),
        fc.uint8Array({ maxLength: 12 }),
      )
      .map(([type, form, rest]) => Uint8Array.from([type, form, ...rest])),
  );
  fc.assert(
    fc.property(fc.array(messages, { maxLength: 30 }), (all) => {
      const aggregator = new InputAggregator();
      aggregator.join('p', ALL_RIGHTS);
      for (const [index, bytes] of all.entries()) {
        const inputs = decodeDesktopInput(bytes);
        if (inputs !== undefined && !isDesktopInput(bytes[0] ?? 0)) return false;
        for (const input of inputs ?? []) {
          if (input.type === 'key' && (input.keyCode < 1 || input.keyCode > 0xfe)) return false;
          if (input.type === 'scroll' && !(Math.abs(input.dy) <= 0x7fff)) return false;
          for (const out of aggregator.input('p', input, index)) {
            const numbers = Object.values(out).filter((value) => typeof value === 'number');
            if (!numbers.every(Number.isFinite)) return false;
          }
        }
      }
      aggregator.leave('p');
      const { keys, buttons, touches } = aggregator.held;
      return keys.length + buttons.length + touches.length === 0;
    }),
    { numRuns: 500 },
  );
  t.pass();
});

test('a position is the same key as in a browser', (t) => {
  for (const [code, evdev] of Object.entries(EVDEV_POSITIONS)) {
    t.is(virtualKeyOfEvdev(evdev), virtualKey({ code, key: '' }), code);
  }
});

test('every character of a US keyboard is a key, with shift where it needs it', (t) => {
  const plain = "`1234567890-=qwertyuiop[]\\asdfghjkl;'zxcvbnm,./";
  const shifted = '~!@#$%^&*()_+QWERTYUIOP{}|ASDFGHJKL:"ZXCVBNM<>?';
  for (const [index, character] of Array.from(plain).entries()) {
    const one = readKeysym(character.charCodeAt(0));
    const other = readKeysym(shifted.charCodeAt(index));
    t.like(one, { kind: 'key', shift: false }, character);
    t.deepEqual(other, { ...one, shift: true }, character);
  }
  t.deepEqual(readKeysym(0x20), { kind: 'key', keyCode: 0x20, shift: null });
});

test('the keypad, function keys and modifiers by keysym are those by position', (t) => {
  const same: readonly [number, number][] = [
    ...Array.from({ length: 10 }, (_, n): [number, number] => [0xffbe + n, 59 + n]),
    ...[[0xffc8, 87] as const, [0xffc9, 88] as const].map(([a, b]): [number, number] => [a, b]),
    ...Array.from({ length: 12 }, (_, n): [number, number] => [0xffca + n, 183 + n]),
    ...[82, 79, 80, 81, 75, 76, 77, 71, 72, 73].map((code, n): [number, number] => [
      0xffb0 + n,
      code,
    ]),
    [0xffaa, 55],
    [0xffab, 78],
    [0xffad, 74],
    [0xffae, 83],
    [0xffaf, 98],
    [0xff8d, 96],
    [0xffe1, 42],
    [0xffe2, 54],
    [0xffe3, 29],
    [0xffe4, 97],
    [0xffe9, 56],
    [0xffea, 100],
    [0xffeb, 125],
    [0xffec, 126],
    [0xffe5, 58],
    [0xff7f, 69],
    [0xff50, 102],
    [0xff51, 105],
    [0xff52, 103],
    [0xff53, 106],
    [0xff54, 108],
    [0xff55, 104],
    [0xff56, 109],
    [0xff57, 107],
    [0xff63, 110],
    [0xffff, 111],
    [0x1008_ff11, 114],
    [0x1008_ff12, 113],
    [0x1008_ff13, 115],
    [0x1008_ff14, 164],
    [0x1008_ff17, 163],
  ];
  for (const [keysym, code] of same) {
    t.like(
      readKeysym(keysym),
      { kind: 'key', keyCode: virtualKeyOfEvdev(code) },
      keysym.toString(16),
    );
  }
});
