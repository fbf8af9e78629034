import test from 'ava';
import type { Page } from 'playwright-core';
import { Stand } from './stand.js';

let stand: Stand;

test.before(async () => {
  stand = await Stand.start();
});
test.after.always(() => stand.close());
test.serial.beforeEach(() => stand.reset());

const HELD = '00000020000000000000000000000000'.slice(0, 30);
const AT_REST = '000000000000000000000000000000';

/** Plugs a pad in whose second button is held. */
async function plugIn(page: Page, properties: string): Promise<void> {
  await page.evaluate(`{
    window.gamepad = {
      index: 0,
      id: 'Pad',
      axes: [0, 0, 0, 0],
      buttons: Array.from({ length: 17 }, (_, n) => ({ pressed: n === 1, value: n === 1 ? 1 : 0 })),
      vibrationActuator: null,
      ...${properties},
    };
    navigator.getGamepads = () => [gamepad];
    dispatchEvent(Object.assign(new Event('gamepadconnected'), { gamepad }));
  }`);
}

const HIDE = `{
  Object.defineProperty(document, 'hidden', { value: true, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}`;
const SHOW = `{
  Object.defineProperty(document, 'hidden', { value: false, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}`;

for (const [name, leave, comeBack] of [
  [
    'another window has the focus',
    "dispatchEvent(new Event('blur'))",
    "dispatchEvent(new Event('focus'))",
  ],
  ['the tab is hidden', HIDE, SHOW],
] as const) {
  test.serial(`a pad is at rest while ${name}`, async (t) => {
    const page = await stand.view(t);
    await plugIn(page, "{ mapping: 'standard' }");
    // What is held is repeated, since single messages may get lost.
    t.true((await stand.messages(['controller0'], 3)).every((hex) => hex === HELD));
    await page.evaluate(leave);
    const last = (): string | undefined =>
      stand.server.channelMessages.filter(({ label }) => label === 'controller0').at(-1)?.hex;
    await stand.server.until(() => last() === AT_REST, 'the pad at rest');
    stand.server.channelMessages.length = 0;
    t.true((await stand.messages(['controller0'], 3)).every((hex) => hex === AT_REST));
    await page.evaluate(comeBack);
    await stand.server.until(() => last() === HELD, 'the pad as it is held');
    t.pass();
  });
}

test.serial('a pad without the standard mapping is translated', async (t) => {
  const page = await stand.view(t);
  await plugIn(
    page,
    `{
      id: 'Xbox 360 pad on Linux in Firefox',
      mapping: '',
      axes: [0, 0, -1, 0, 0, -1, 0, 0],
      buttons: Array.from({ length: 11 }, (_, n) => ({ pressed: n === 7, value: n === 7 ? 1 : 0 })),
    }`,
  );
  t.deepEqual((await stand.messages(['controllers'], 1))[0], '00000000f7ff0001');
  // Start, and nothing else.
  t.is((await stand.messages(['controller0'], 1))[0], '000000001000000000000000000000');
});

test.serial('or left out with a word', async (t) => {
  const page = await stand.view(t);
  await plugIn(page, "{ id: 'Flight stick', mapping: '' }");
  await page.locator('.remark', { hasText: 'Flight stick' }).waitFor();
  const sent = stand.server.channelMessages.filter(({ label }) => label.startsWith('controller'));
  t.deepEqual(sent, []);
});
