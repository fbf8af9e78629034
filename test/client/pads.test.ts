import test from 'ava';
import { PAD_BUTTON } from '../../client/encode.js';
import { PAD_AT_REST, padLayout, type GamepadLike } from '../../client/pads.js';

const buttons = (count: number, ...pressed: number[]): GamepadLike['buttons'] =>
  Array.from({ length: count }, (_, n) => ({
    pressed: pressed.includes(n),
    value: pressed.includes(n) ? 1 : 0,
  }));

const XBOX_UNDER_LINUX = { id: 'Xbox 360 pad on Linux in Firefox', mapping: '' };

test('an Xbox pad that the browser does not know is read as Linux numbers it', (t) => {
  const rest = { ...XBOX_UNDER_LINUX, axes: [0, 0, -1, 0, 0, -1, 0, 0], buttons: buttons(11) };
  const layout = padLayout(rest);
  t.is(layout?.supportedButtons, 0xf7ff);
  t.deepEqual(layout?.read(rest), { ...PAD_AT_REST, leftY: -0, rightY: -0 });
  t.deepEqual(
    layout?.read({
      ...rest,
      axes: [0.5, -1, 1, -0.25, 1, 0, -1, 1],
      buttons: buttons(11, 0, 7, 8),
    }),
    {
      buttons:
        PAD_BUTTON.A | PAD_BUTTON.START | PAD_BUTTON.GUIDE | PAD_BUTTON.LEFT | PAD_BUTTON.DOWN,
      leftTrigger: 1,
      rightTrigger: 0.5,
      leftX: 0.5,
      leftY: 1,
      rightX: -0.25,
      rightY: -1,
    },
  );
});

test('triggers that have not moved yet are at rest', (t) => {
  const untouched = { ...XBOX_UNDER_LINUX, axes: Array<number>(8).fill(0), buttons: buttons(11) };
  const layout = padLayout(untouched);
  t.is(layout?.read(untouched).leftTrigger, 0);
  const pulled = { ...untouched, axes: [0, 0, 0.5, 0, 0, 0, 0, 0] };
  t.is(layout?.read(pulled).leftTrigger, 0.75);
  t.is(layout?.read(untouched).leftTrigger, 0.5);
  t.is(layout?.read(untouched).rightTrigger, 0);
});

test('a PlayStation pad under Linux has its triggers and two of its buttons elsewhere', (t) => {
  const pad = {
    id: '054c-0ce6-Sony Interactive Entertainment Wireless Controller',
    mapping: '',
    axes: [0, 0, -1, 0, 0, -1, 0, -1],
    buttons: buttons(13, 2, 3, 6, 9, 12),
  };
  t.is(
    padLayout(pad)?.read(pad).buttons,
    PAD_BUTTON.Y | PAD_BUTTON.X | PAD_BUTTON.START | PAD_BUTTON.RIGHT_STICK | PAD_BUTTON.UP,
  );
});

test('what is not known is not read at all', (t) => {
  const axes = (count: number): number[] => Array<number>(count).fill(0);
  for (const pad of [
    { id: 'Joystick', mapping: '', axes: axes(2), buttons: buttons(4) },
    { id: 'Wheel', mapping: '', axes: axes(4), buttons: buttons(17) },
    { id: 'Some pad', mapping: '', axes: axes(8), buttons: buttons(13) },
    { id: 'Some pad', mapping: '', axes: axes(6), buttons: buttons(11) },
    { id: 'Some headset', mapping: 'xr-standard', axes: axes(4), buttons: buttons(7) },
    { id: '', mapping: '', axes: [], buttons: [] },
  ]) {
    t.is(padLayout(pad), undefined, `${pad.id} ${pad.buttons.length}`);
  }
});

test('the standard layout has the buttons that there are', (t) => {
  t.is(
    padLayout({ mapping: 'standard', axes: [], buttons: buttons(17) })?.supportedButtons,
    0xf7ff,
  );
  t.is(padLayout({ mapping: 'standard', axes: [], buttons: [] })?.supportedButtons, 0);
});
