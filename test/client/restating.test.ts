/** What a page holds is stated over and over, and its end too. */
import test, { type ExecutionContext } from 'ava';
import { ViewerInput, type InputOutlet } from '../../client/input.js';
import { ALL_RIGHTS } from '../../src/core/rights.js';
import { InputAggregator } from '../../src/input/aggregator.js';
import { decodeChannelMessage } from '../../src/input/channels.js';
import type { ViewerInput as Decoded } from '../../src/input/viewer-input.js';
import { until } from '../support/until.js';

class Outlet implements InputOutlet {
  readonly heard: Decoded[] = [];
  isOpen = true;

  send(label: string, data: Uint8Array): boolean {
    if (this.isOpen) this.heard.push(...(decodeChannelMessage(label, data) ?? []));
    return this.isOpen;
  }

  sendPad(): boolean {
    return true;
  }

  of<Type extends Decoded['type']>(type: Type): Extract<Decoded, { type: Type }>[] {
    return this.heard.filter((one): one is Extract<Decoded, { type: Type }> => one.type === type);
  }
}

function attached(t: ExecutionContext): { input: ViewerInput; outlet: Outlet } {
  const input = new ViewerInput();
  const outlet = new Outlet();
  input.attach(outlet);
  t.teardown(() => input.attach(undefined));
  return { input, outlet };
}

test('a connection begins with the statement that nothing is held', async (t) => {
  const { outlet } = attached(t);
  await until('all three', () => outlet.heard.length === 3);
  t.like(outlet.heard[0], { type: 'held-keys', keyCodes: [] });
  t.like(outlet.heard[1], { type: 'held-buttons', buttons: [] });
  t.like(outlet.heard[2], { type: 'held-touches', touches: [] });
});

test('all that is held is stated with a clock that runs, until nothing is', async (t) => {
  const { input, outlet } = attached(t);
  const finger = { id: 7, x: 0.25, y: 0.5, force: 1, radiusX: 1, radiusY: 1, rotation: 10 };
  input.keyDown(0x41);
  input.keyDown(0xa0);
  input.buttonDown(3);
  input.buttonDown(1);
  input.touch('down', finger);
  input.touch('move', { ...finger, x: 0.5 });
  await until('several', () => outlet.of('held-touches').length >= 3);
  const keys = outlet.of('held-keys');
  t.deepEqual([...new Set(keys.map(({ keyCodes }) => keyCodes.join()))], ['65,160']);
  t.true(keys.every(({ at }, index) => at > (keys[index - 1]?.at ?? -1)));
  t.deepEqual(outlet.of('held-buttons').at(-1)?.buttons, [1, 3]);
  t.like(outlet.of('held-touches').at(-1)?.touches[0], { pointerId: 7, x: 0.5, rotation: 10 });

  input.releaseAll();
  await until('the last', () => outlet.of('held-keys').at(-1)?.keyCodes.length === 0);
  const count = outlet.heard.length;
  t.deepEqual(outlet.of('held-touches').at(-1)?.touches, []);
  t.deepEqual(outlet.of('held-buttons').at(-1)?.buttons, []);
  input.keyPress(0x42);
  await until('one more', () => outlet.heard.length > count + 2);
  t.deepEqual(outlet.of('held-keys').at(-1)?.keyCodes, []);
});

test('the statement that nothing is held any more is sent until it gets out', async (t) => {
  const { input, outlet } = attached(t);
  input.keyDown(0x41);
  await until('it is stated', () => outlet.of('held-keys').some(({ keyCodes }) => keyCodes[0]));
  outlet.isOpen = false;
  input.keyUp(0x41);
  await new Promise((resolve) => setTimeout(resolve, 300));
  outlet.isOpen = true;
  await until('it is out', () => outlet.of('held-keys').at(-1)?.keyCodes.length === 0);
  t.pass();
});

test('over another way what is held is stated anew', async (t) => {
  const { input } = attached(t);
  const other = new Outlet();
  input.keyDown(0x41);
  input.moveOver(other);
  await until('it is stated', () => other.of('held-keys').length > 0);
  t.deepEqual(other.of('held-keys')[0]?.keyCodes, [0x41]);
  t.deepEqual(other.of('key'), []);
});

test('fingers that the browser takes away are cancelled at the host, and not lifted', (t) => {
  const { input, outlet } = attached(t);
  const finger = { id: 7, x: 0.25, y: 0.5, force: 1, radiusX: 1, radiusY: 1, rotation: 10 };
  input.touch('down', finger);
  input.cancelTouch(finger);
  input.touch('down', { ...finger, id: 8 });
  input.touch('down', { ...finger, id: 9 });
  input.touch('up', { ...finger, id: 9 });
  input.releaseAll();
  input.cancelTouch(finger);
  const aggregator = new InputAggregator();
  aggregator.join('a', ALL_RIGHTS);
  const phases = outlet.heard
    .flatMap((heard) => aggregator.input('a', heard, 0))
    .map((each) => (each.type === 'touch' ? each.phase : each.type));
  t.deepEqual(phases, ['down', 'cancel', 'down', 'down', 'up', 'cancel']);
  // A server that knows no statements sees all of them lifted.
  t.is(outlet.of('touch').filter(({ phase }) => phase === 'up').length, 3);
});
