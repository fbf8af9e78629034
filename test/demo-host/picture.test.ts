import { inflateSync } from 'node:zlib';
import test from 'ava';
import fc from 'fast-check';
import { boxArt } from '../../src/demo-host/picture/box-art.js';
import { Canvas, color } from '../../src/demo-host/picture/canvas.js';
import { DesktopPicture } from '../../src/demo-host/picture/desktop-picture.js';
import { Desktop } from '../../src/demo-host/picture/desktop.js';
import { readFrameCode } from '../../src/demo-host/picture/frame-code.js';
import { typedCharacter } from '../../src/demo-host/picture/keyboard.js';
import { textWidth } from '../../src/demo-host/picture/mask.js';
import { splitClip } from '../../src/demo-host/media/frame-source.js';
import { tone } from '../../src/demo-host/media/tone.js';
import type { HostInput } from '../../src/moonlight/types.js';

const NOON = new Date(2026, 10, 22, 12, 0, 0, 500).getTime();

test('the frame number can be read at any size', (t) => {
  for (const [width, height] of [
    [1280, 720],
    [640, 360],
    [320, 240],
    [1920, 1080],
    [1366, 768],
  ] as const) {
    const picture = new DesktopPicture(new Desktop(), width, height, 'x');
    for (const number of [0, 1, 123_456, 0xffffff]) {
      const pixels = picture.draw(number, NOON);
      t.is(pixels.length, (picture.width * picture.height * 3) / 2);
      t.is(readFrameCode(pixels, picture.width, picture.height), number);
      const time = readFrameCode(pixels, picture.width, picture.height, 'time');
      t.is(time, NOON % 2 ** 24);
    }
  }
  t.is(readFrameCode(Buffer.alloc(320 * 240), 320, 240), null);
});

test('drawing step by step gives the same picture as drawing afresh', (t) => {
  const inputs: HostInput[] = [
    { type: 'key', down: true, keyCode: 0x57, modifiers: 0 },
    { type: 'mouse-move', dx: 300, dy: -100 },
    { type: 'mouse-button', down: true, button: 1 },
    { type: 'text', text: 'Grüße' },
    touch('down', 1, 0.3, 0.4),
    { type: 'key', down: false, keyCode: 0x57, modifiers: 0 },
    touch('move', 1, 0.9, 0.9),
    pad(0x1000, 1),
    touch('up', 1, 0.9, 0.9),
    pad(0, 0),
    { type: 'scroll', amount: 240 },
    { type: 'mouse-position', x: 0, y: 0, referenceWidth: 1279, referenceHeight: 719 },
  ];
  const desktop = new Desktop();
  const stepwise = new DesktopPicture(desktop, 640, 360, 'x');
  inputs.forEach((input, index) => {
    desktop.apply(input, 640, 360);
    const now = NOON + index * 333;
    const afresh = new DesktopPicture(desktop, 640, 360, 'x');
    t.true(stepwise.draw(index, now).equals(afresh.draw(index, now)), input.type);
  });
});

function touch(phase: 'down' | 'move' | 'up', pointerId: number, x: number, y: number): HostInput {
  return {
    type: 'touch',
    phase,
    pointerId,
    x,
    y,
    pressure: 1,
    contactMajor: 0,
    contactMinor: 0,
    rotation: 0,
  };
}

function pad(buttons: number, activePads: number): HostInput {
  return {
    type: 'pad-state',
    pad: 0,
    activePads,
    buttons,
    leftTrigger: 0,
    rightTrigger: 255,
    leftX: 0,
    leftY: 32767,
    rightX: -32768,
    rightY: 0,
  };
}

test('what a pressed key shows differs from a released one', (t) => {
  const draw = (codes: number[]): Buffer => {
    const desktop = new Desktop();
    for (const keyCode of codes) desktop.keys.add(keyCode);
    return Buffer.from(new DesktopPicture(desktop, 640, 360, 'x').draw(0, NOON));
  };
  t.false(draw([]).equals(draw([0x41])));
  t.false(draw([0x41]).equals(draw([0x42])));
  t.false(draw([0xa0]).equals(draw([0x10])), 'the generic shift lights both');
});

test('the desktop follows the input', (t) => {
  const desktop = new Desktop();
  const apply = (input: HostInput): void => desktop.apply(input, 1000, 500);
  apply({ type: 'mouse-move', dx: 100, dy: -50 });
  t.deepEqual([desktop.pointerX, desktop.pointerY], [0.6, 0.4]);
  apply({ type: 'mouse-move', dx: 5000, dy: 5000 });
  t.deepEqual([desktop.pointerX, desktop.pointerY], [1, 1]);
  apply({ type: 'mouse-position', x: 320, y: 90, referenceWidth: 1280, referenceHeight: 720 });
  t.deepEqual([desktop.pointerX, desktop.pointerY], [0.25, 0.125]);
  apply({ type: 'mouse-position', x: 1, y: 1, referenceWidth: 0, referenceHeight: 0 });
  t.is(desktop.pointerX, 0.25);

  apply({ type: 'key', down: true, keyCode: 0x41, modifiers: 0 });
  apply({ type: 'key', down: true, keyCode: 0x42, modifiers: 1 });
  apply({ type: 'key', down: true, keyCode: 0x43, modifiers: 2 });
  t.is(desktop.text, 'aB');
  apply({ type: 'key', down: true, keyCode: 0x08, modifiers: 0 });
  t.is(desktop.text, 'a');
  apply(pad(1, 1));
  t.true(desktop.pads.has(0));
  apply(pad(0, 0));
  t.false(desktop.pads.has(0));
  desktop.release();
  t.is(desktop.keys.size, 0);
  t.is(typedCharacter(0x31, true), '!');
  t.is(typedCharacter(0x70, false), undefined);
});

test('text of any kind is drawn within bounds', (t) => {
  t.plan(1);
  const canvas = new Canvas(64, 32);
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', maxLength: 20 }),
      fc.integer({ min: -100, max: 100 }),
      fc.integer({ min: -100, max: 100 }),
      (text, x, y) => {
        canvas.text(text, x, y, 8, color('#ffffff'), 'center');
        return canvas.data.length === 64 * 32 * 1.5 && textWidth(text, 8) >= 0;
      },
    ),
    { numRuns: 50 },
  );
  t.pass();
});

test('colours are BT.709 of limited range', (t) => {
  t.deepEqual(color('#000000'), { y: 16, u: 128, v: 128 });
  t.deepEqual(color('#ffffff'), { y: 235, u: 128, v: 128 });
  t.deepEqual(color('#0000ff'), { y: 32, u: 240, v: 118 });
});

test('box art is a PNG of 300 by 400', (t) => {
  const png = boxArt('A very long title that has to shrink', 3);
  const length = png.readUInt32BE(33);
  t.is(png.toString('latin1', 37, 41), 'IDAT');
  t.is(inflateSync(png.subarray(41, 41 + length)).length, 400 * (300 * 3 + 1));
});

test('the tone sounds in the first part of each second', (t) => {
  const loud = (at: number, channels: 2 | 6): number[] => {
    const samples = tone(at, 240, channels);
    const peaks = Array.from({ length: channels }, () => 0);
    for (let index = 0; index < 240 * channels; index++) {
      const channel = index % channels;
      peaks[channel] = Math.max(peaks[channel] ?? 0, Math.abs(samples.readInt16LE(index * 2)));
    }
    return peaks;
  };
  t.true(loud(7_000_040, 2).every((peak) => peak > 5000));
  t.deepEqual(loud(7_000_500, 2), [0, 0]);
  const surround = [0, 1, 2, 3, 4].map((second) =>
    loud(second * 1000 + 40, 6).findIndex((peak) => peak > 0),
  );
  t.deepEqual(surround, [0, 1, 2, 4, 5]);
});

test('a clip is cut at its lengths', (t) => {
  const clip = Buffer.from('00000002aabb00000001cc', 'hex');
  t.deepEqual(
    splitClip(clip).map((unit) => unit.toString('hex')),
    ['aabb', 'cc'],
  );
  for (const bad of ['', '00', '00000000', '00000003aabb']) {
    t.throws(() => splitClip(Buffer.from(bad, 'hex')), { message: /clip/ });
  }
});
