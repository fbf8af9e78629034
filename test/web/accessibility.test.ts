/** No rule of axe is broken, whatever of the page is open. */
import test, { type ExecutionContext } from 'ava';
import axe from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { Stand, untilPicture } from './stand.js';

let stand: Stand;

test.before(async () => {
  stand = await Stand.start();
});
test.after.always(() => stand.close());
test.serial.beforeEach(() => stand.reset());

const SCREENS: Readonly<Record<string, BrowserContextOptions>> = {
  desktop: { viewport: { width: 1440, height: 900 } },
  phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
  'phone on its side': { viewport: { width: 844, height: 390 }, isMobile: true, hasTouch: true },
};

async function open(t: ExecutionContext, screen: BrowserContextOptions): Promise<Page> {
  const browser: Browser | null = stand.browser.context.browser();
  if (browser === null) throw new Error('no browser');
  const context = await browser.newContext(screen);
  t.teardown(() => context.close());
  const page = await context.newPage();
  await page.goto(stand.url);
  return page;
}

async function check(t: ExecutionContext, page: Page, what: string): Promise<void> {
  await page.evaluate(`if (window.axe === undefined) { ${axe.source} }`);
  const broken = await page.evaluate<unknown[]>(
    `axe.run().then(({ violations }) =>
      violations.flatMap(({ id, nodes }) =>
        nodes.map(({ html, failureSummary }) => [id, html.slice(0, 200), failureSummary])))`,
  );
  t.deepEqual(broken, [], what);
}

const ALL = ['watch', 'pointer', 'keyboard', 'touch', 'gamepad', 'share', 'manage'];

function tellOfPeople(): void {
  const person = (peer_id: string, name: string | null, color: string): object => ({
    ...{ peer_id, name, color, rights: ALL, granted: ALL, is_name_certain: false },
  });
  const viewers = [
    person('me', 'Ann', '#3aa0ff'),
    person('bo', 'Bo', '#ffb000'),
    person('cy', null, '#7d2ae8'),
  ];
  stand.server.broadcast({ Presence: { you: 'me', viewers } });
  stand.server.broadcast({
    Control: {
      ...{ mode: 'single', holder: 'me', asking: ['bo'] },
      ...{ idle_timeout_ms: 120_000, pads: [null, 'bo'] },
    },
  });
  const share = {
    ...{ id: 'x', streamer_id: 'demo', rights: ALL, uses: 1, max_uses: 3, has_pin: true },
    ...{ created_at: '2026-01-01T00:00:00Z', expires_at: '2026-01-02T00:00:00Z', state: 'open' },
    visitors: [{ name: 'Bo', at: '2026-01-01T01:00:00Z', token_id: 'y' }],
  };
  const held = { peer_id: 'bo', name: 'Bo', keys: [0x57], buttons: [], touches: 0, pads: [] };
  stand.server.answers
    .set('GET /api/streamers/demo/input', { viewers: [held] })
    .set('GET /api/streamers/demo/shares', { shares: [share] })
    .set('POST /api/streamers/demo/shares', { ...share, url: stand.url, secret: 's' });
}

for (const [name, screen] of Object.entries(SCREENS)) {
  test.serial(`${name}: the list, the viewer, its panels and dialogs`, async (t) => {
    stand.server.addStreamer('broken', { status: 'failed', error: 'Host unreachable' });
    const page = await open(t, screen);
    await page.locator('a.card').first().waitFor();
    await check(t, page, 'list');
    await page.goto(`${stand.url}/#/streamers/demo`);
    await untilPicture(page);
    tellOfPeople();
    await page.locator('.control-pill').waitFor();
    await check(t, page, 'viewer');
    await page.click('.handle');
    await page.click('.tools [aria-label="Statistics"]');
    await check(t, page, 'tool bar and statistics');
    await page.click('.tools [aria-label="Statistics"]');
    await page.click('.tools [aria-label="Keyboard"]');
    await check(t, page, 'keyboard');
    await page.keyboard.press('Escape');
    if (await page.locator('.toolbar.folded').isVisible()) await page.click('.handle');
    await page.click('.tools [aria-label^="People"]');
    await page.locator('.held li').waitFor();
    for (const part of await page.locator('summary:visible').all()) await part.click();
    await page.getByLabel('Gamepad 2', { exact: true }).waitFor();
    await page.getByLabel('Idle control goes on after').waitFor();
    await page.getByLabel('Release what Bo holds').waitFor();
    await check(t, page, 'people');
    await page.getByText('Invite…').click();
    await page.getByText('Make a link').click();
    await page.getByLabel('QR code of the link').waitFor();
    await check(t, page, 'invitation');
    await page.keyboard.press('Escape');
    stand.server.broadcast({ PeerClosed: { code: 'KICKED', reason: 'Closed by the owner' } });
    stand.server.closeViewers(1000, '');
    await page.getByText('Closed by the owner').first().waitFor();
    await check(t, page, 'ended');
    await page.goto(`${stand.url}/?view=only#/streamers/demo`);
    await untilPicture(page);
    await check(t, page, 'watched only');
  });
}
