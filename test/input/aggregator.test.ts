import test from 'ava';
import { ALL_RIGHTS, NO_RIGHTS, type Rights } from '../../src/core/rights.js';
import { InputAggregator } from '../../src/input/aggregator.js';
import type { ViewerInput } from '../../src/input/viewer-input.js';
import type { HostInput } from '../../src/moonlight/types.js';

const GAMEPAD: Rights = new Set(['gamepad']);

const A = 0x41;
const SHIFT = 0xa0;
const CTRL = 0xa2;

const key = (down: boolean, keyCode: number, modifiers = 0): ViewerInput => ({
  type: 'key',
  down,
  keyCode,
  modifiers,
});
const button = (down: boolean, number: number): ViewerInput => ({
  type: 'mouse-button',
  down,
  button: number,
});
const point = (x: number): ViewerInput & HostInput => ({
  type: 'mouse-position',
  x,
  y: 0,
  referenceWidth: 4096,
  referenceHeight: 4096,
});
const touch = (
  phase: 'down' | 'move' | 'up',
  pointerId: number,
  x = 0.5,
): Extract<ViewerInput, { type: 'touch' }> => ({
  type: 'touch',
  phase,
  pointerId,
  x,
  y: 0.5,
  pressure: 1,
  rotation: 0xffff,
});
const hostTouch = (phase: string, pointerId: number, x = 0.5, pressure = 1): unknown => ({
  type: 'touch',
  phase,
  pointerId,
  x,
  y: 0.5,
  pressure,
  contactMajor: 0,
  contactMinor: 0,
  rotation: 0xffff,
});
const addPad = (pad: number, capabilities = 2): ViewerInput => ({
  type: 'pad-add',
  pad,
  capabilities,
  supportedButtons: 0xf7ff,
});
const atRest = {
  buttons: 0,
  leftTrigger: 0,
  rightTrigger: 0,
  leftX: 0,
  leftY: 0,
  rightX: 0,
  rightY: 0,
};
const padState = (pad: number, controls: Partial<typeof atRest> = {}): ViewerInput => ({
  type: 'pad-state',
  pad,
  ...atRest,
  ...controls,
});
const arrival = (pad: number, activePads: number, capabilities = 2): unknown => ({
  type: 'pad-arrival',
  pad,
  kind: 0,
  capabilities,
  supportedButtons: 0xf7ff,
  activePads,
});
const hostPad = (
  pad: number,
  activePads: number,
  controls: Partial<typeof atRest> = {},
): unknown => ({ type: 'pad-state', pad, activePads, ...atRest, ...controls });

function aggregatorWith(...peerIds: string[]): InputAggregator {
  const aggregator = new InputAggregator();
  for (const peerId of peerIds) aggregator.join(peerId, ALL_RIGHTS);
  return aggregator;
}

test('a key goes down with the first press and up with the last release', (t) => {
  const all = aggregatorWith('ann', 'bob');
  t.deepEqual(all.input('ann', key(true, A), 0), [
    { type: 'key', down: true, keyCode: A, modifiers: 0 },
  ]);
  t.deepEqual(all.input('bob', key(true, A), 0), []);
  t.deepEqual(all.input('ann', key(false, A), 0), []);
  t.deepEqual(all.held.keys, [A]);
  t.deepEqual(all.input('bob', key(false, A), 0), [
    { type: 'key', down: false, keyCode: A, modifiers: 0 },
  ]);
});

test('auto-repeat and the release of what is not held are swallowed', (t) => {
  const all = aggregatorWith('ann', 'bob');
  all.input('ann', key(true, A), 0);
  t.deepEqual(all.input('ann', key(true, A), 0), []);
  t.deepEqual(all.input('bob', key(false, A), 0), []);
  t.deepEqual(all.held.keys, [A]);
});

test('modifiers are those that anybody holds, and those that the browser saw', (t) => {
  const all = aggregatorWith('ann', 'bob');
  const modifiersOf = (inputs: HostInput[]): unknown =>
    inputs.map((input) => (input.type === 'key' ? input.modifiers : undefined));
  // A modifier's own bit is not in its own event, also where the browser reports it.
  t.deepEqual(modifiersOf(all.input('ann', key(true, SHIFT, 1), 0)), [0]);
  t.deepEqual(modifiersOf(all.input('bob', key(true, CTRL, 2), 0)), [1]);
  t.deepEqual(modifiersOf(all.input('bob', key(true, A, 2), 0)), [3]);
  t.deepEqual(modifiersOf(all.input('ann', key(false, SHIFT, 0), 0)), [2]);
  t.deepEqual(modifiersOf(all.input('bob', key(false, A, 2), 0)), [2]);
  t.deepEqual(modifiersOf(all.input('ann', key(true, 0x87, 4), 0)), [6]);
  t.deepEqual(modifiersOf(all.input('bob', key(false, CTRL, 0), 0)), [0]);
});

test('a viewer who leaves lets go of keys, modifiers last, of buttons, touches and pads', (t) => {
  const all = aggregatorWith('ann', 'bob');
  for (const input of [key(true, SHIFT, 1), key(true, A, 1), button(true, 1), touch('down', 9)]) {
    all.input('ann', input, 0);
  }
  all.input('ann', addPad(0), 0);
  all.input('bob', key(true, A), 0);
  t.deepEqual(all.leave('ann') as unknown[], [
    { type: 'key', down: false, keyCode: SHIFT, modifiers: 0 },
    { type: 'mouse-button', down: false, button: 1 },
    hostTouch('cancel', 0, 0.5, 0),
    hostPad(0, 0),
  ]);
  t.deepEqual(all.leave('ann'), []);
  t.deepEqual(all.held, { keys: [A], buttons: [], touches: [], pads: 0 });
  t.deepEqual(all.input('ann', key(true, A), 0), [], 'who has left is not heard');
});

test('text passes as it is', (t) => {
  const all = aggregatorWith('ann');
  t.deepEqual(all.input('ann', { type: 'text', text: 'é😀' }, 0), [{ type: 'text', text: 'é😀' }]);
});

test('the pointer follows the last writer', (t) => {
  const all = aggregatorWith('ann', 'bob');
  t.deepEqual(all.input('ann', point(1), 0), [point(1)]);
  t.deepEqual(all.input('bob', { type: 'mouse-move', dx: 3, dy: 0 }, 0), [
    { type: 'mouse-move', dx: 3, dy: 0 },
  ]);
  t.deepEqual(all.input('bob', { type: 'mouse-move', dx: 0, dy: 0 }, 0), []);
});

test('who drags keeps the pointer; the others can neither move, scroll nor click', (t) => {
  const all = aggregatorWith('ann', 'bob');
  all.input('ann', point(1), 0);
  all.input('ann', button(true, 1), 0);
  t.deepEqual(all.input('bob', point(2), 0), []);
  t.deepEqual(all.input('bob', { type: 'mouse-move', dx: 1, dy: 1 }, 0), []);
  t.deepEqual(all.input('bob', { type: 'scroll', dx: 0, dy: 1, unit: 'clicks' }, 0), []);
  t.deepEqual(all.input('bob', button(true, 3), 0), []);
  t.deepEqual(all.input('ann', button(false, 1), 0), [
    { type: 'mouse-button', down: false, button: 1 },
  ]);
  t.deepEqual(all.input('bob', button(false, 3), 0), [], 'an ignored press does not wait');
  t.deepEqual(all.input('bob', point(2), 0), [point(2)]);
});

test('a press of the button that is down joins the drag and inherits the pointer', (t) => {
  const all = aggregatorWith('ann', 'bob');
  all.input('ann', button(true, 1), 0);
  t.deepEqual(all.input('bob', button(true, 1), 0), []);
  t.deepEqual(all.input('ann', button(false, 1), 0), []);
  t.deepEqual(all.input('ann', point(4), 0), []);
  t.deepEqual(all.input('bob', point(5), 0), [point(5)]);
  t.deepEqual(all.input('bob', button(false, 1), 0), [
    { type: 'mouse-button', down: false, button: 1 },
  ]);
});

test('a click lands where its viewer points, also after somebody else moved', (t) => {
  const all = aggregatorWith('ann', 'bob');
  all.input('ann', point(1), 0);
  all.input('bob', point(2), 0);
  t.deepEqual(all.input('ann', button(true, 1), 0), [
    point(1),
    { type: 'mouse-button', down: true, button: 1 },
  ]);
  all.input('ann', button(false, 1), 0);
  t.deepEqual(all.input('bob', { type: 'scroll', dx: 0, dy: 1, unit: 'clicks' }, 0), [
    point(2),
    { type: 'scroll', amount: 120 },
  ]);
});

test('wheels turn 120 a notch, pixels at 100 a notch with the fraction kept', (t) => {
  const all = aggregatorWith('ann', 'bob');
  const scroll = (peerId: string, dx: number, dy: number, unit: 'pixels' | 'clicks' = 'pixels') =>
    all.input(peerId, { type: 'scroll', dx, dy, unit }, 0);
  t.deepEqual(scroll('ann', 0, -120), [{ type: 'scroll', amount: -120 }]);
  t.deepEqual(scroll('ann', 30, 100), [
    { type: 'scroll', amount: 120 },
    { type: 'horizontal-scroll', amount: 36 },
  ]);
  t.deepEqual(scroll('ann', -1, -2, 'clicks'), [
    { type: 'scroll', amount: -240 },
    { type: 'horizontal-scroll', amount: -120 },
  ]);
  const amounts = Array.from({ length: 5 }, () => scroll('ann', 0, 1)).flat();
  t.is(
    amounts.reduce((sum, input) => sum + (input.type === 'scroll' ? input.amount : 0), 0),
    6,
  );
  t.deepEqual(scroll('ann', 0, 4), [{ type: 'scroll', amount: 4 }]);
  t.deepEqual(scroll('bob', 0, 1), [{ type: 'scroll', amount: 1 }], 'fractions are per viewer');
  t.deepEqual(scroll('ann', 0, -1), [{ type: 'scroll', amount: -1 }], 'a turn drops the rest');
  t.deepEqual(scroll('ann', 0, -32768), [{ type: 'scroll', amount: -12000 }]);
});

test('touches of two viewers never share an id', (t) => {
  const all = aggregatorWith('ann', 'bob');
  t.deepEqual(all.input('ann', touch('down', 7), 0) as unknown[], [hostTouch('down', 0)]);
  t.deepEqual(all.input('bob', touch('down', 7), 0) as unknown[], [hostTouch('down', 1)]);
  t.deepEqual(all.input('ann', touch('move', 7, 0.6), 0) as unknown[], [hostTouch('move', 0, 0.6)]);
  t.deepEqual(all.input('ann', touch('up', 7, 0.6), 0) as unknown[], [hostTouch('up', 0, 0.6)]);
  t.deepEqual(all.input('ann', touch('move', 7), 0), [], 'a finger that is not down');
  t.deepEqual(all.input('ann', touch('down', 8), 0) as unknown[], [hostTouch('down', 0)]);
  t.deepEqual(all.held.touches, [1, 0]);
});

test('a finger that comes down twice was lifted outside the picture', (t) => {
  const all = aggregatorWith('ann');
  all.input('ann', touch('down', 7, 0.9), 0);
  t.deepEqual(all.input('ann', touch('down', 7, 0.1), 0) as unknown[], [
    hostTouch('cancel', 0, 0.9, 0),
    hostTouch('down', 0, 0.1),
  ]);
});

test('a viewer has sixteen fingers at most', (t) => {
  const all = aggregatorWith('ann');
  for (let finger = 0; finger < 20; finger += 1) all.input('ann', touch('down', finger), 0);
  t.is(all.held.touches.length, 16);
  t.is(all.leave('ann').length, 16);
});

test('every browser pad has a slot of its own, freed when it is unplugged', (t) => {
  const all = aggregatorWith('ann', 'bob');
  t.deepEqual(all.input('ann', addPad(0), 0) as unknown[], [arrival(0, 1), hostPad(0, 1)]);
  t.deepEqual(all.input('bob', addPad(0, 6), 0) as unknown[], [arrival(1, 3, 6), hostPad(1, 3)]);
  t.deepEqual(all.input('bob', padState(0, { buttons: 1 }), 0) as unknown[], [
    hostPad(1, 3, { buttons: 1 }),
  ]);
  t.deepEqual(all.input('bob', padState(0, { buttons: 1 }), 0), [], 'unchanged');
  t.deepEqual(all.input('ann', { type: 'pad-remove', pad: 0 }, 0) as unknown[], [hostPad(0, 2)]);
  t.deepEqual(all.input('ann', { type: 'pad-remove', pad: 0 }, 0), []);
  t.deepEqual(all.input('bob', addPad(1), 0) as unknown[], [arrival(0, 3), hostPad(0, 3)]);
  t.deepEqual(all.leave('bob') as unknown[], [hostPad(1, 1), hostPad(0, 0)]);
});

test('a state of a pad that was removed brings it back as it was announced', (t) => {
  const all = aggregatorWith('ann');
  all.input('ann', addPad(2, 6), 0);
  all.input('ann', padState(2, { buttons: 4 }), 0);
  t.deepEqual(all.input('ann', { type: 'pad-remove', pad: 2 }, 0) as unknown[], [hostPad(0, 0)]);
  t.is(all.held.pads, 0);
  t.deepEqual(all.input('ann', padState(2, { buttons: 1 }), 0) as unknown[], [
    arrival(0, 1, 6),
    hostPad(0, 1),
    hostPad(0, 1, { buttons: 1 }),
  ]);
  // Rights that come and go bring back what is plugged in, and nothing else.
  all.input('ann', { type: 'pad-remove', pad: 2 }, 0);
  all.setRights('ann', NO_RIGHTS);
  t.deepEqual(all.setRights('ann', ALL_RIGHTS), []);
  t.is(all.held.pads, 0);
});

test('adding a known pad refreshes it', (t) => {
  const all = aggregatorWith('ann');
  all.input('ann', addPad(0), 0);
  t.deepEqual(all.input('ann', addPad(0), 0), []);
  t.deepEqual(all.input('ann', addPad(0, 6), 0) as unknown[], [arrival(0, 1, 6)]);
});

test('a state that overtakes its pad is delivered when the pad is added', (t) => {
  const all = aggregatorWith('ann');
  t.deepEqual(all.input('ann', padState(3, { leftX: 9 }), 0), []);
  t.deepEqual(all.input('ann', addPad(3), 0) as unknown[], [
    arrival(0, 1),
    hostPad(0, 1),
    hostPad(0, 1, { leftX: 9 }),
  ]);
});

test('a pad without a slot gets one when one is free', (t) => {
  const all = new InputAggregator({ padSlots: 1 });
  all.join('ann', ALL_RIGHTS);
  all.join('bob', ALL_RIGHTS);
  all.input('ann', addPad(0), 0);
  t.deepEqual(all.input('bob', addPad(0), 0), []);
  t.deepEqual(all.input('bob', padState(0, { buttons: 2 }), 0), []);
  all.leave('ann');
  t.deepEqual(all.input('bob', padState(0, { buttons: 2 }), 0) as unknown[], [
    arrival(0, 1),
    hostPad(0, 1),
    hostPad(0, 1, { buttons: 2 }),
  ]);
});

test('one viewer cannot have all pads: what is beyond its share waits until one is unplugged', (t) => {
  const all = aggregatorWith('ann', 'bob');
  for (let pad = 0; pad < 16; pad += 1) all.input('ann', addPad(pad), 0);
  t.is(all.held.pads, 0b1111);
  t.deepEqual(all.input('ann', padState(9, { buttons: 1 }), 0), []);
  t.deepEqual(all.input('bob', addPad(0), 0) as unknown[], [arrival(4, 31), hostPad(4, 31)]);
  all.input('ann', { type: 'pad-remove', pad: 2 }, 0);
  t.deepEqual(all.input('ann', padState(9, { buttons: 1 }), 0) as unknown[], [
    arrival(2, 31),
    hostPad(2, 31),
    hostPad(2, 31, { buttons: 1 }),
  ]);
  t.deepEqual(all.input('ann', padState(10, { buttons: 1 }), 0), []);
  all.leave('ann');
  t.is(all.held.pads, 1 << 4);
  for (const name of ['cleo', 'dan', 'eve', 'fay']) {
    all.join(name, ALL_RIGHTS);
    for (let pad = 0; pad < 16; pad += 1) all.input(name, addPad(pad), 0);
  }
  t.is(all.held.pads, 0xffff);
  t.is(all.leave('cleo').length, 4);
});

test('rumble goes to the owner of the pad under the name that its browser gave it', (t) => {
  const all = aggregatorWith('ann', 'bob');
  all.input('ann', addPad(0), 0);
  all.input('bob', addPad(5), 0);
  t.deepEqual(all.hostMessage({ type: 'rumble', pad: 1, low: 0xffff, high: 0x8000 }), [
    { peerId: 'bob', label: 'controllers', data: Buffer.from('0005ffff8000', 'hex') },
  ]);
  t.deepEqual(all.hostMessage({ type: 'trigger-rumble', pad: 0, left: 1, right: 0x10000 }), [
    { peerId: 'ann', label: 'controllers', data: Buffer.from('01000001ffff', 'hex') },
  ]);
  t.deepEqual(all.hostMessage({ type: 'rumble', pad: 2, low: 1, high: 1 }), []);
  t.deepEqual(all.hostMessage({ type: 'rumble', pad: -1, low: 1, high: 1 }), []);
  t.deepEqual(all.hostMessage({ type: 'led', pad: 0, r: 1, g: 2, b: 3 }), []);
  t.deepEqual(all.hostMessage({ type: 'hdr', enabled: true, metadata: null }), []);
});

test('rights: each opens its own device, none opens nothing, all open everything', (t) => {
  const all = new InputAggregator();
  all.join('ann', NO_RIGHTS);
  all.join('bob', GAMEPAD);
  all.join('cleo', ALL_RIGHTS);
  const inputs = [
    key(true, A),
    { type: 'text', text: 'x' } as const,
    point(1),
    { type: 'mouse-move', dx: 1, dy: 1 } as const,
    button(true, 1),
    { type: 'scroll', dx: 0, dy: 1, unit: 'clicks' } as const,
    touch('down', 1),
    addPad(0),
    padState(0, { buttons: 1 }),
  ];
  const types = (peerId: string): string[] => [
    ...new Set(inputs.flatMap((input) => all.input(peerId, input, 0).map(({ type }) => type))),
  ];
  t.deepEqual(types('ann'), []);
  t.deepEqual(all.refusals, { forbidden: 9, limited: 0 });
  t.deepEqual(types('bob'), ['pad-arrival', 'pad-state']);
  t.deepEqual(types('cleo'), [
    'key',
    'text',
    'mouse-position',
    'mouse-move',
    'mouse-button',
    'scroll',
    'touch',
    'pad-arrival',
    'pad-state',
  ]);
});

test('losing a right lets go, and getting one back plugs the pads in again', (t) => {
  const all = aggregatorWith('ann');
  for (const input of [key(true, A), button(true, 1), touch('down', 1), addPad(0)]) {
    all.input('ann', input, 0);
  }
  t.deepEqual(
    all.setRights('ann', GAMEPAD).map(({ type }) => type),
    ['key', 'mouse-button', 'touch'],
  );
  t.deepEqual(all.setRights('ann', NO_RIGHTS) as unknown[], [hostPad(0, 0)]);
  t.deepEqual(all.held, { keys: [], buttons: [], touches: [], pads: 0 });
  t.deepEqual(all.input('ann', addPad(1), 0), []);
  t.deepEqual(all.input('ann', padState(0, { buttons: 1 }), 0), []);
  t.deepEqual(all.setRights('ann', ALL_RIGHTS) as unknown[], [
    arrival(0, 1),
    hostPad(0, 1),
    arrival(1, 3),
    hostPad(1, 3),
  ]);
  t.is(all.rights('ann'), ALL_RIGHTS);
  t.deepEqual(all.setRights('nobody', ALL_RIGHTS), []);
});

test('a host that begins anew is told what is up, its pads, and where the pointer is', (t) => {
  const all = aggregatorWith('ann', 'bob');
  for (const input of [key(true, A), key(true, SHIFT), point(7), button(true, 1)]) {
    all.input('ann', input, 0);
  }
  all.input('bob', touch('down', 4), 0);
  all.input('bob', touch('move', 4, 0.7), 0);
  all.input('bob', addPad(2), 0);
  all.input('bob', padState(2, { rightTrigger: 200 }), 0);
  t.deepEqual(all.restart() as unknown[], [
    { type: 'key', down: false, keyCode: A, modifiers: 1 },
    { type: 'key', down: false, keyCode: SHIFT, modifiers: 0 },
    { type: 'mouse-button', down: false, button: 1 },
    hostTouch('cancel', 0, 0.7, 0),
    arrival(0, 1),
    hostPad(0, 1),
    point(7),
  ]);
  t.deepEqual(all.held, { keys: [], buttons: [], touches: [], pads: 1 });
  t.deepEqual(all.input('bob', padState(2, { rightTrigger: 200 }), 0) as unknown[], [
    hostPad(0, 1, { rightTrigger: 200 }),
  ]);
});

test('reset lets go of everything; the viewers stay and their pads come back', (t) => {
  const all = aggregatorWith('ann', 'bob');
  all.input('ann', key(true, A), 0);
  all.input('bob', key(true, A), 0);
  all.input('bob', addPad(0), 0);
  t.deepEqual(all.reset() as unknown[], [
    { type: 'key', down: false, keyCode: A, modifiers: 0 },
    hostPad(0, 0),
  ]);
  t.deepEqual(all.restart(), []);
  t.is(all.input('ann', key(true, A), 0).length, 1);
  t.deepEqual(all.input('bob', padState(0), 0) as unknown[], [arrival(0, 1), hostPad(0, 1)]);
});

test('who floods is cut off, the others are not, and what is held can be let go', (t) => {
  const all = new InputAggregator({
    budgets: {
      statement: { rate: 1, burst: 1 },
      motion: { rate: 10, burst: 5 },
      press: { rate: 10, burst: 4 },
      text: { rate: 10, burst: 10 },
    },
  });
  all.join('ann', ALL_RIGHTS);
  all.join('bob', ALL_RIGHTS);
  let passed = 0;
  for (let i = 0; i < 1000; i += 1) passed += all.input('ann', point(i), 0).length;
  t.is(passed, 5);
  t.is(all.refused('ann'), 995);
  t.deepEqual(all.refusals, { forbidden: 0, limited: 995 });
  t.is(all.input('ann', key(true, A), 0).length, 1, 'a press has its own budget');
  t.is(all.input('ann', button(true, 1), 0).length, 1);
  t.is(all.input('ann', touch('down', 1), 0).length, 1);
  t.is(all.input('ann', addPad(0), 0).length, 2);
  t.is(all.input('ann', key(true, 0x42), 0).length, 0);
  t.is(all.input('ann', { type: 'text', text: 'eleven char' }, 0).length, 0);
  t.is(all.input('bob', key(true, 0x43), 0).length, 1);
  t.is(all.input('ann', key(false, A), 0).length, 1);
  t.is(all.input('ann', button(false, 1), 0).length, 1);
  t.is(all.input('ann', touch('up', 1), 0).length, 1);
  t.is(all.input('ann', { type: 'pad-remove', pad: 0 }, 0).length, 1);
  t.is(all.input('ann', point(1), 99).length, 0);
  t.is(all.input('ann', point(1), 200).length, 1, 'the budget fills up again');
});

test('a pad over its budget may still let go, and unchanged states cost nothing', (t) => {
  const all = new InputAggregator({
    budgets: {
      statement: { rate: 1, burst: 1 },
      motion: { rate: 0, burst: 1 },
      press: { rate: 0, burst: 1 },
      text: { rate: 0, burst: 0 },
    },
  });
  all.join('ann', ALL_RIGHTS);
  all.input('ann', addPad(0), 0);
  for (let i = 0; i < 10; i += 1) all.input('ann', padState(0), 0);
  t.is(all.refused('ann'), 0);
  all.input('ann', padState(0, { buttons: 3, leftX: 30000, leftTrigger: 255 }), 0);
  t.deepEqual(
    all.input('ann', padState(0, { buttons: 6, leftX: 20000, leftTrigger: 3 }), 0) as unknown[],
    [hostPad(0, 1, { buttons: 2, leftX: 30000 })],
  );
  t.deepEqual(all.input('ann', padState(0, { leftX: -100 }), 0) as unknown[], [hostPad(0, 1)]);
  t.deepEqual(all.input('ann', padState(0, { buttons: 1 }), 0), []);
});
