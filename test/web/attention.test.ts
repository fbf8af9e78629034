/** What the page makes of pictures that do not come, and of people who do not look. */
import test from 'ava';
import type { Page } from 'playwright-core';
import { Stand, untilPicture, untilTrue } from './stand.js';

let stand: Stand;

test.before(async () => {
  stand = await Stand.start();
});
test.after.always(() => stand.close());
test.serial.beforeEach(() => stand.reset());

/** A clock that can be put forward. */
const CLOCK = `{
  const now = performance.now.bind(performance);
  window.ahead = 0;
  performance.now = () => now() + window.ahead;
}`;

/** A tab in the background: nothing is painted, and nobody is told of frames. */
const HIDDEN = `
  Object.defineProperty(document, 'hidden', { value: true, configurable: true });
  window.painted = [];
  HTMLVideoElement.prototype.requestVideoFrameCallback = (painted) => window.painted.push(painted);
`;

/** Lets the page look at its clock a few times. */
async function pass(page: Page, milliseconds: number): Promise<void> {
  await page.evaluate(`ahead += ${milliseconds}`);
  await page.waitForTimeout(2_500);
}

test.serial('a tab in the background stays connected, painted or not', async (t) => {
  const page = await stand.open(
    t,
    `${CLOCK}${HIDDEN}
    HTMLVideoElement.prototype.getVideoPlaybackQuality = () => ({ totalVideoFrames: 0 });
    Object.defineProperty(HTMLMediaElement.prototype, 'readyState', { value: 0 });
    RTCPeerConnection.prototype.getStats = async () => new Map();`,
  );
  await untilTrue(page, "window.moontee?.state === 'connected'");
  const before = stand.server.connections;
  await pass(page, 60_000);
  t.is(await page.evaluate('moontee.state'), 'connected');
  t.is(stand.server.connections, before);
  // Somebody looks: from now on there has to be a picture, and not at once.
  await page.evaluate(
    `Object.defineProperty(document, 'hidden', { value: false, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));`,
  );
  await page.waitForTimeout(1_500);
  t.is(await page.evaluate('moontee.state'), 'connected');
  await page.evaluate('ahead += 20000');
  await stand.server.until(() => stand.server.connections > before, 'another connection');
});

test.serial('what is decoded counts where nothing is painted', async (t) => {
  const page = await stand.open(t, HIDDEN);
  await untilPicture(page);
  await page.locator('.notice').waitFor({ state: 'hidden' });
  t.pass();
});

test.serial('a still desktop is no fault, one that does not react is', async (t) => {
  const page = await stand.view(t, CLOCK);
  const remark = page.locator('.remark');
  await stand.host.evaluate('window.isStill = true');
  const frames = 'window.moontee.framesDecoded';
  for (let last = -1; ;) {
    const now = await page.evaluate<number>(frames);
    if (now === last) break;
    last = now;
    await page.waitForTimeout(1_000);
  }
  await pass(page, 60_000);
  t.false(await remark.isVisible());
  t.is(await page.evaluate('moontee.state'), 'connected');
  // A modifier alone changes nothing anywhere.
  await page.focus('.stage');
  await page.keyboard.press('Shift');
  await pass(page, 10_000);
  t.false(await remark.isVisible());
  await page.keyboard.press('a');
  await pass(page, 10_000);
  await remark.getByText('picture stands still').or(remark).first().waitFor();
  t.regex(await remark.innerText(), /picture stands still/);
  await stand.host.evaluate('window.isStill = false');
  await remark.waitFor({ state: 'hidden' });
  t.is(await page.evaluate('moontee.state'), 'connected');
});
