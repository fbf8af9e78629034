/** The page under fingers: words on buttons, a zoom of its own, and room above the keyboard. */
import test, { type ExecutionContext } from 'ava';
import type { CDPSession, Page } from 'playwright-core';
import { PATIENCE } from './browser.js';
import { Stand, untilPicture, untilTrue } from './stand.js';

let stand: Stand;

test.before(async () => {
  stand = await Stand.start();
});
test.after.always(() => stand.close());
test.serial.beforeEach(() => stand.reset());

async function phone(t: ExecutionContext, width: number, height: number): Promise<Page> {
  const context = await stand.browser.context
    .browser()
    ?.newContext({ viewport: { width, height }, isMobile: true, hasTouch: true });
  if (context === undefined) throw new Error('no browser');
  context.setDefaultTimeout(PATIENCE);
  t.teardown(() => context.close());
  const page = await context.newPage();
  await page.goto(`${stand.url}/#/streamers/demo`);
  await untilPicture(page);
  return page;
}

type Points = readonly (readonly [x: number, y: number])[];

async function fingers(devtools: CDPSession, ...steps: readonly Points[]): Promise<void> {
  for (const [n, points] of steps.entries()) {
    const touchPoints = points.map(([x, y], id) => ({ x, y, id }));
    const type = n === 0 ? 'touchStart' : points.length === 0 ? 'touchEnd' : 'touchMove';
    await devtools.send('Input.dispatchTouchEvent', { type, touchPoints });
  }
}

const boxOfPicture = (page: Page): Promise<number[]> =>
  page.evaluate(`{
    const { left, top, width } = document.querySelector('video').getBoundingClientRect();
    [left, top, width].map(Math.round);
  }`);

test.serial('fingers zoom the picture, and the host gets nothing of it', async (t) => {
  const page = await phone(t, 640, 360);
  const devtools = await page.context().newCDPSession(page);
  await page.locator('.handle').tap();
  const mode = page.locator('.tools [aria-label^="Fingers"]');
  const words: string[] = [];
  for (let n = 0; n < 4; n += 1) {
    words.push(await mode.locator('.word').innerText());
    await mode.tap();
  }
  t.deepEqual(words, ['Tap', 'Track pad', 'Touch', 'Zoom']);
  for (let n = 0; n < 3; n += 1) await mode.tap();
  await page.locator('.remark', { hasText: 'two fingers zoom' }).waitFor();
  await page.locator('.handle').tap();
  stand.server.channelMessages.length = 0;

  await fingers(
    devtools,
    [
      [300, 180],
      [340, 180],
    ],
    [
      [280, 180],
      [360, 180],
    ],
    [],
  );
  await untilTrue(page, "document.querySelector('video').getBoundingClientRect().width > 1270");
  t.deepEqual(await boxOfPicture(page), [-320, -180, 1280]);
  await fingers(devtools, [[100, 180]], [[300, 180]], [[620, 180]], []);
  t.deepEqual(await boxOfPicture(page), [0, -180, 1280], 'no edge is left empty');
  t.deepEqual(stand.server.channelMessages, []);

  // What is seen enlarged is what a tap hits.
  await page.click('.handle');
  await mode.click();
  await page.click('.handle');
  await fingers(devtools, [[320, 180]], []);
  const [position] = await stand.messages(['mouseClicks'], 3);
  t.is(position, '010400080010001000');
});

test.serial('above the keyboard of the screen there is a picture', async (t) => {
  const page = await phone(t, 844, 390);
  await page.locator('.handle').tap();
  await page.locator('.tools [aria-label="Keyboard"]').tap();
  await page.locator('.text-field:focus').waitFor();
  t.true(await page.locator('.toolbar.folded').isVisible(), 'it makes room');
  await page.setViewportSize({ width: 844, height: 180 });
  await untilTrue(page, "document.querySelector('.stage').clientHeight > 110");
  const panel = await page.locator('.key-panel').boundingBox();
  t.true(panel !== null && panel.y + panel.height <= 180);
});
