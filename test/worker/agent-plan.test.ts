import test from 'ava';
import { virtualKey } from '../../client/keys.js';
import { keysOfName } from '../../src/input/key-names.js';
import type { AgentEvent } from '../../src/protocol/agent-input.js';
import { planAgentInput, type AgentStep } from '../../src/worker/agents/plan.js';

const PICTURE = { width: 640, height: 360, touch: true, pads: 2 };

function plan(...events: readonly AgentEvent[]): readonly AgentStep[] {
  return planAgentInput(events, PICTURE);
}

/** What a list sends, without the pauses. */
function inputs(...events: readonly AgentEvent[]): unknown[] {
  return plan(...events).flatMap(({ acts }) =>
    acts.flatMap((act) => (act.kind === 'input' ? [act.input] : [])),
  );
}

function keys(...events: readonly AgentEvent[]): [down: boolean, code: number, bits: number][] {
  return plan(...events)
    .flatMap(({ acts }) => acts)
    .flatMap((act) =>
      act.kind === 'input' && act.input.type === 'key'
        ? [[act.input.down, act.input.keyCode, act.input.modifiers]]
        : [],
    );
}

/** Codes of a keyboard, as browsers name them. */
const CODES = [
  ...Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ', (letter) => `Key${letter}`),
  ...Array.from('0123456789', (digit) => `Digit${digit}`),
  ...Array.from('0123456789', (digit) => `Numpad${digit}`),
  ...Array.from({ length: 24 }, (_, index) => `F${index + 1}`),
  ...'Backspace Tab Enter Pause CapsLock Escape Space PageUp PageDown End Home'.split(' '),
  ...'ArrowLeft ArrowUp ArrowRight ArrowDown PrintScreen Insert Delete ContextMenu'.split(' '),
  ...'MetaLeft MetaRight ShiftLeft ShiftRight ControlLeft ControlRight AltLeft AltRight'.split(' '),
  ...'NumpadEnter NumpadMultiply NumpadAdd NumpadComma NumpadSubtract NumpadDecimal'.split(' '),
  ...'NumpadDivide NumpadEqual NumLock ScrollLock Convert NonConvert KanaMode'.split(' '),
  ...'Semicolon Equal Comma Minus Period Slash Backquote BracketLeft Backslash'.split(' '),
  ...'BracketRight Quote IntlBackslash IntlRo IntlYen Lang1 Lang2'.split(' '),
  ...'AudioVolumeMute AudioVolumeDown AudioVolumeUp MediaTrackNext MediaTrackPrevious'.split(' '),
  ...'MediaStop MediaPlayPause BrowserBack BrowserForward BrowserRefresh BrowserStop'.split(' '),
  ...'BrowserSearch BrowserFavorites BrowserHome LaunchMail'.split(' '),
];

test('the codes of browsers are the keys that the client sends', (t) => {
  for (const code of CODES) {
    t.deepEqual(keysOfName(code), [virtualKey({ code, key: '' }) ?? -1], code);
    t.deepEqual(keysOfName(code.toLowerCase()), keysOfName(code), code);
  }
  for (const key of ['Alt', 'AltGraph', 'Control', 'Meta', 'Shift', ' ']) {
    t.deepEqual(keysOfName(key), [virtualKey({ code: '', key }) ?? -1], key);
  }
});

test('characters of a US keyboard, and usual short forms', (t) => {
  t.deepEqual(keysOfName('a'), [0x41]);
  t.deepEqual(keysOfName('A'), [0xa0, 0x41]);
  t.deepEqual(keysOfName('!'), [0xa0, 0x31]);
  t.deepEqual(keysOfName(';'), [0xba]);
  t.deepEqual(keysOfName('ctrl'), [0xa2]);
  t.deepEqual(keysOfName('Return'), [0x0d]);
  for (const name of ['', 'é', 'toString', '__proto__', 'KeyAA', 'F25', 'constructor', '\n']) {
    t.is(keysOfName(name), undefined, name);
  }
});

test('a chord goes down in order and up in the reverse one, with its modifiers', (t) => {
  t.deepEqual(keys({ type: 'key', key: ['Control', 'Shift', 'c'] }), [
    [true, 0xa2, 0],
    [true, 0xa0, 2],
    [true, 0x43, 3],
    [false, 0x43, 3],
    [false, 0xa0, 2],
    [false, 0xa2, 0],
  ]);
});

test('what is held stays held, and is known to later events', (t) => {
  const steps = plan(
    { type: 'key', key: 'Shift', action: 'down' },
    { type: 'key', key: 'a' },
    { type: 'key', key: 'Shift', action: 'up' },
  );
  t.deepEqual(
    steps.map(({ holds }) => holds),
    [true, true, false],
  );
  t.deepEqual(
    keys(
      { type: 'key', key: 'Shift', action: 'down' },
      { type: 'key', key: 'a' },
      { type: 'key', key: 'Shift', action: 'up' },
    ),
    [
      [true, 0xa0, 0],
      [true, 0x41, 1],
      [false, 0x41, 1],
      [false, 0xa0, 0],
    ],
  );
});

test('text goes in pieces, and its line ends and tabs are keys', (t) => {
  t.deepEqual(inputs({ type: 'text', text: 'héllo 😀' }), [{ type: 'text', text: 'héllo 😀' }]);
  const long = '😀'.repeat(100);
  const pieces = inputs({ type: 'text', text: long }) as { text: string }[];
  t.true(pieces.length > 1);
  t.is(pieces.map(({ text }) => text).join(''), long);
  t.deepEqual(
    (inputs({ type: 'text', text: 'a\r\n\tb\n' }) as { type: string; keyCode?: number }[]).map(
      ({ type, keyCode }) => keyCode ?? type,
    ),
    ['text', 0x0d, 0x0d, 0x09, 0x09, 'text', 0x0d, 0x0d],
  );
});

test('the pointer: pixels of the stream, clicks, drags, notches', (t) => {
  const at = (x: number, y: number): unknown => ({
    ...{ type: 'mouse-position', x, y, referenceWidth: 640, referenceHeight: 360 },
  });
  const button = (down: boolean, number = 1): unknown => ({
    ...{ type: 'mouse-button', down, button: number },
  });
  t.deepEqual(inputs({ type: 'move', x: 639, y: 0 }), [at(639, 0)]);
  t.deepEqual(inputs({ type: 'move-by', dx: -3, dy: 4 }), [{ type: 'mouse-move', dx: -3, dy: 4 }]);
  t.deepEqual(inputs({ type: 'click', x: 1, y: 2, button: 'right', count: 2 }), [
    at(1, 2),
    ...[true, false, true, false].map((down) => button(down, 3)),
  ]);
  t.deepEqual(inputs({ type: 'click' }), [button(true), button(false)]);
  t.deepEqual(inputs({ type: 'drag', from: { x: 0, y: 0 }, to: { x: 10, y: 20 }, steps: 2 }), [
    at(0, 0),
    button(true),
    at(5, 10),
    at(10, 20),
    button(false),
  ]);
  t.deepEqual(inputs({ type: 'scroll', x: 5, y: 5, dy: -3, dx: 1 }), [
    at(5, 5),
    { type: 'scroll', dx: 120, dy: -360, unit: 'pixels' },
  ]);
});

test('fingers and pads', (t) => {
  const finger = { pointerId: 0, pressure: 0, rotation: 0xffff, x: 0.5 / 640, y: 0.5 / 360 };
  t.deepEqual(inputs({ type: 'touch', action: 'tap', x: 0, y: 0 }), [
    { type: 'touch', phase: 'down', ...finger },
    { type: 'touch', phase: 'up', ...finger },
  ]);
  const state = { type: 'pad', pad: 1, buttons: ['a', 'up'], left: { x: -1, y: 1 } } as const;
  const rest = { rightX: 0, rightY: 0, leftTrigger: 0, rightTrigger: 0 };
  const [added, first, second, removed] = inputs(
    { ...state, buttons: ['a', 'up'] },
    { type: 'pad', pad: 1 },
    { type: 'pad', pad: 1, action: 'unplug' },
  );
  t.like(added, { type: 'pad-add', pad: 1 });
  t.like(first, { pad: 1, buttons: 0x1001, leftX: -32_767, leftY: 32_767, ...rest });
  t.like(second, { type: 'pad-state', buttons: 0, leftX: 0 });
  t.deepEqual(removed, { type: 'pad-remove', pad: 1 });
});

/** What is wrong, and a part of the words about it. */
const WRONG: readonly (readonly [AgentEvent, RegExp])[] = [
  [{ type: 'key', key: 'Florp' }, /no name of a key/],
  [{ type: 'key', key: [] }, /1 to 6/],
  [{ type: 'key', key: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] }, /1 to 6/],
  [{ type: 'key', key: 'a', action: 'up' }, /not down/],
  [{ type: 'text', text: '' }, /characters/],
  [{ type: 'text', text: 'x'.repeat(4_001) }, /4000/],
  [{ type: 'text', text: 'a\u0007' }, /control/],
  [{ type: 'text', text: '\ud800' }, /control/],
  [{ type: 'move', x: 640, y: 0 }, /x must be from 0 to 639/],
  [{ type: 'move', x: 0, y: -1 }, /y must be from 0 to 359/],
  [{ type: 'move-by', dx: 40_000, dy: 0 }, /dx/],
  [{ type: 'click', x: 3 }, /belong together/],
  [{ type: 'click', count: 4 }, /count/],
  [{ type: 'click', x: 0, y: 360 }, /y must/],
  [{ type: 'button', action: 'up' }, /not down/],
  [{ type: 'drag', from: { x: 700, y: 0 }, to: { x: 0, y: 0 } }, /from\.x/],
  [{ type: 'drag', from: { x: 0, y: 0 }, to: { x: 0, y: 400 } }, /to\.y/],
  [{ type: 'drag', from: { x: 0, y: 0 }, to: { x: 0, y: 0 }, steps: 0 }, /steps/],
  [{ type: 'scroll' }, /needed/],
  [{ type: 'scroll', dy: 101 }, /dy/],
  [{ type: 'touch', action: 'move', x: 0, y: 0 }, /not down/],
  [{ type: 'touch', action: 'tap', x: 0, y: 0, finger: 10 }, /finger/],
  [{ type: 'touch', action: 'tap', x: 0, y: 0, pressure: 2 }, /pressure/],
  [{ type: 'pad', pad: 2 }, /pad must be from 0 to 1/],
  [{ type: 'pad', buttons: ['florp'] }, /buttons are of/],
  [{ type: 'pad', buttons: ['toString'] }, /buttons are of/],
  [{ type: 'pad', left: { x: 2, y: 0 } }, /left\.x/],
  [{ type: 'pad', left_trigger: -1 }, /left_trigger/],
  [{ type: 'pad', action: 'unplug' }, /not plugged in/],
  [{ type: 'wait', ms: 20_001 }, /ms/],
  [{ type: 'wait', ms: -1 }, /ms/],
];

test('what does not fit is named by its index', (t) => {
  for (const [event, words] of WRONG) {
    const error = t.throws(() => plan({ type: 'wait', ms: 1 }, event), { code: 'BAD_REQUEST' });
    t.regex(error.message, /^events\[1\]: /);
    t.regex(error.message, words, JSON.stringify(event));
  }
});

test('together they are bounded too', (t) => {
  const waits = Array.from({ length: 3 }, (): AgentEvent => ({ type: 'wait', ms: 8_000 }));
  t.throws(() => plan(...waits), { message: /^events\[2\]: .*20000 ms/ });
  const texts = Array.from({ length: 2 }, (): AgentEvent => ({
    type: 'text',
    text: 'x'.repeat(3_000),
  }));
  t.throws(() => plan(...texts), { message: /^events\[1\]: .*4000/ });
  const down: AgentEvent = { type: 'button', action: 'down' };
  t.throws(() => plan(down, down), { message: /^events\[1\]: .*already/ });
  t.throws(() => plan(down, { type: 'click' }), { message: /already/ });
  const touch = { ...PICTURE, touch: false };
  t.throws(() => planAgentInput([{ type: 'touch', action: 'tap', x: 0, y: 0 }], touch), {
    message: /takes no touches/,
  });
});
