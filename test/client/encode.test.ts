import test from 'ava';
import fc from 'fast-check';
import * as encode from '../../client/encode.js';
import { padStateOf } from '../../client/pads.js';
import { decodeChannelMessage } from '../../src/input/channels.js';

const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex');

test('keys', (t) => {
  t.is(hex(encode.encodeKey(true, 0x41, 0)), '0001000041');
  t.is(hex(encode.encodeKey(false, 0x41, 0)), '0000000041');
  t.is(hex(encode.encodeKey(true, 0x5b, 8)), '000108005b');
  t.is(hex(encode.encodeKey(true, 0x87, 15)), '00010f0087');
});

test('texts', (t) => {
  const text = (value: string): string[] => encode.encodeText(value).map(hex);
  t.deepEqual(text('hello'), ['010568656c6c6f']);
  t.deepEqual(text('é€'), ['0102c3a9e282ac']);
  t.deepEqual(text('😀'), ['0102f09f9880']);
  t.deepEqual(text('😀!'), ['0103f09f988021']);
  t.deepEqual(text('a'.repeat(256)), [`0100${'61'.repeat(256)}`]);
  t.deepEqual(text('a'.repeat(1022)), [`01fe${'61'.repeat(1022)}`]);
  t.deepEqual(text(''), []);
});

test('mouse', (t) => {
  t.is(hex(encode.encodeMove(10, -5)), '00000afffb');
  t.is(hex(encode.encodeMove(1.9, -1.9)), '000001ffff');
  t.is(hex(encode.encodeMove(40000, 0)), '007fff0000', 'kept from wrapping');
  t.is(hex(encode.encodePosition(0.5, 0.5)), '010800080010001000');
  t.is(hex(encode.encodePosition(1, 2)), '011000100010001000');
  t.is(hex(encode.encodeButton(true, encode.MOUSE_BUTTON.LEFT)), '020101');
  t.is(hex(encode.encodeButton(false, encode.MOUSE_BUTTON.LEFT)), '020001');
  t.is(hex(encode.encodeButton(true, encode.MOUSE_BUTTON.RIGHT)), '020103');
  t.is(hex(encode.encodeWheel(0, 120)), '030000ff88');
  t.is(hex(encode.encodeWheel(30, -100)), '03001e0064');
});

test('touches', (t) => {
  const point = { id: 3, x: 0.5, y: 0.5, force: 0.5, radiusX: 10, radiusY: 12, rotation: 45 };
  const rest = '3f0000003f0000004120000041400000002d';
  t.is(hex(encode.encodeTouch('down', point)), `00000000033f000000${rest}`);
  t.is(hex(encode.encodeTouch('move', { ...point, x: 0.75 })), `01000000033f400000${rest}`);
  t.is(hex(encode.encodeTouch('up', { ...point, x: 0.75 })), `02000000033f400000${rest}`);
});

test('pads', (t) => {
  t.is(hex(encode.encodePadAdd(0, 0xf7ff, 4)), '00000000f7ff0004');
  t.is(hex(encode.encodePadRemove(0)), '0100');
  const idle = {
    buttons: 0,
    leftTrigger: 0,
    rightTrigger: 0,
    leftX: 0,
    leftY: 0,
    rightX: 0,
    rightY: 0,
  };
  t.is(hex(encode.encodePadState(idle)), '00'.repeat(15));
  t.is(
    hex(
      encode.encodePadState({
        buttons: encode.PAD_BUTTON.B,
        leftTrigger: 0.5,
        rightTrigger: 1,
        leftX: 0.5,
        leftY: 1,
        rightX: -0.25,
        rightY: -1,
      }),
    ),
    '00000020007fff3fff7fffe0018001',
  );
});

test('a pad of the standard layout', (t) => {
  const buttons = Array.from({ length: 17 }, (_, n) => ({
    pressed: n === 0 || n === 12 || n === 16,
    value: n === 7 ? 1 : 0,
  }));
  t.deepEqual(padStateOf({ buttons, axes: [0.5, -1, 0, 1] }), {
    buttons: encode.PAD_BUTTON.A | encode.PAD_BUTTON.UP | encode.PAD_BUTTON.GUIDE,
    leftTrigger: 0,
    rightTrigger: 1,
    leftX: 0.5,
    leftY: 1,
    rightX: 0,
    rightY: -1,
  });
  t.is(padStateOf({ buttons: [], axes: [] }).buttons, 0, 'a pad with nothing');
});

test('feedback', (t) => {
  const bytes = (text: string): ArrayBuffer => Uint8Array.from(Buffer.from(text, 'hex')).buffer;
  t.deepEqual(encode.decodeFeedback(bytes('0003ffff8000')), {
    type: 'rumble',
    pad: 3,
    low: 1,
    high: 0x8000 / 0xffff,
  });
  t.deepEqual(encode.decodeFeedback(bytes('01000000ffff')), {
    type: 'trigger-rumble',
    pad: 0,
    left: 0,
    right: 1,
  });
  t.is(encode.decodeFeedback(bytes('020000000000')), undefined);
  t.is(encode.decodeFeedback(bytes('0000')), undefined);
});

test('the server reads every text as it was written', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), (text) => {
      const read = encode
        .encodeText(text)
        .flatMap((data) => decodeChannelMessage('keyboard', data) ?? [])
        .map((input) => (input.type === 'text' ? input.text : ''))
        .join('');
      t.is(read, text);
    }),
    { seed: 7, numRuns: 60 },
  );
});

test('the server reads every pad state as it was held', (t) => {
  const axis = fc.double({ min: -2, max: 2, noNaN: true });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffff }), axis, axis, (buttons, x, y) => {
      const data = encode.encodePadState({
        buttons: buttons & 0xf7ff,
        leftTrigger: Math.abs(x),
        rightTrigger: 0,
        leftX: x,
        leftY: y,
        rightX: 0,
        rightY: 0,
      });
      const [input] = decodeChannelMessage('controller2', data) ?? [];
      t.like(input, { type: 'pad-state', pad: 2, buttons: buttons & 0xf7ff });
    }),
    { seed: 8, numRuns: 200 },
  );
});
