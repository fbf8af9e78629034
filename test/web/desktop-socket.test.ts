/** The desktop socket as a frontend of its own uses it, in Chromium. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { Page } from 'playwright-core';
import { demoServer, demoStreamer } from '../support/demo-server.js';
import { temporaryFolder } from '../support/server.js';
import { until } from '../support/until.js';
import { TestBrowser } from './browser.js';
import { DESKTOP_PAGE, DESKTOP_SCRIPT } from './desktop-frontend.js';

// What the children say is of no interest here.
process.env['MOONTEE_LOG'] ??= 'error';

/** Code for the page is text: this program knows no DOM. How different the picture's points are. */
const CONTRAST = `(() => {
  const small = document.createElement('canvas');
  small.width = 64;
  small.height = 36;
  const context = small.getContext('2d');
  context.drawImage(document.querySelector('canvas'), 0, 0, 64, 36);
  const { data } = context.getImageData(0, 0, 64, 36);
  const values = Array.from({ length: 64 * 36 }, (_, n) => data[n * 4 + 1]);
  return Math.max(...values) - Math.min(...values);
})()`;

type Input = Readonly<Record<string, unknown>>;

async function painted(page: Page, frames: number): Promise<void> {
  await until(`${frames} pictures`, async () => {
    const errors = await page.evaluate<string[]>('desktop.errors');
    if (errors.length > 0) throw new Error(errors.join());
    return page.evaluate<boolean>(`desktop.painted > ${frames}`);
  });
}

test.serial(
  'a frontend written from the protocol page shows the desktop and steers it',
  async (t) => {
    t.timeout(180_000);
    const folder = await temporaryFolder(t);
    await writeFile(join(folder, 'index.html'), DESKTOP_PAGE);
    await writeFile(join(folder, 'desktop.js'), DESKTOP_SCRIPT);
    const log = join(await temporaryFolder(t), 'input.jsonl');
    const server = await demoServer(t, {
      host: ['--input-log', log],
      staticDirectory: folder,
      flags: { desktop_socket: JSON.stringify({ path: '/ws/stream', streamer: 's' }) },
    });
    await demoStreamer(server);
    const browser = await TestBrowser.launch();
    t.teardown(() => browser.close());
    const errors: string[] = [];
    const page = await browser.open(`${server.url}?client=a&name=Ann`, errors);
    await painted(page, 30);
    t.is(await page.evaluate('desktop.thrownAway'), 0, 'it begins with a key frame');
    t.deepEqual(await page.evaluate('desktop.complete'), {
      capabilities: { touch: await page.evaluate('desktop.complete.capabilities.touch') },
      width: 640,
      height: 360,
    });
    t.true((await page.evaluate<number>(CONTRAST)) > 50);
    t.true((await page.evaluate<number>('desktop.pongs')) > 0);

    const inputs = async (...types: string[]): Promise<Input[]> =>
      (await readFile(log, 'utf8').catch(() => ''))
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Input)
        .filter(({ type }) => types.includes(String(type)));
    await page.keyboard.press('a');
    await page.evaluate(`dispatchEvent(new KeyboardEvent('keydown', { key: 'é' }))`);
    await page.keyboard.press('F5');
    await until('keys and text', async () => (await inputs('key', 'text')).length === 5);
    t.like(await inputs('key', 'text'), [
      { type: 'key', down: true, keyCode: 0x41 },
      { type: 'key', down: false, keyCode: 0x41 },
      { type: 'text', text: 'é' },
      { type: 'key', down: true, keyCode: 0x74 },
      { type: 'key', down: false, keyCode: 0x74 },
    ]);
    await page.mouse.move(320, 180);
    await page.mouse.down();
    await page.mouse.up();
    await until('the click', async () => (await inputs('mouse-button')).length === 2);
    t.like((await inputs('mouse-position')).at(-1), { x: 320, y: 180, referenceWidth: 640 });
    await page.mouse.wheel(0, 100);
    await until('the wheel', async () => (await inputs('scroll')).length > 0);
    t.like((await inputs('scroll')).at(-1), { amount: -120 });
    await page.evaluate('desktop.touch(0, 0.5, 0.25); desktop.touch(2, 0.5, 0.25)');
    await until('the finger', async () => (await inputs('touch')).length === 2);

    const other = await browser.open(`${server.url}?client=b&name=Bob`, errors);
    await painted(other, 10);
    await until('they know each other', () => page.evaluate<boolean>('desktop.users[2] === "Bob"'));
    t.deepEqual(await other.evaluate('[desktop.self, desktop.users]'), [2, { 1: 'Ann', 2: 'Bob' }]);
    await other.mouse.move(100, 50);
    await until('his cursor', () =>
      page.evaluate<boolean>('String(desktop.cursors[2]) === "100,50"'),
    );
    await page.bringToFront();
    await page.evaluate('desktop.setVideo(false)');
    await until('it is off', async () => {
      const stats = await server.streamers.require('s').request('stats', null);
      return stats.socketViewers[0]?.state === 'off';
    });
    const before = await page.evaluate<number>('desktop.painted');
    await page.evaluate('desktop.setVideo(true)');
    await painted(page, before + 10);

    // The same client in another tab.
    const again = await browser.open(`${server.url}?client=a&name=Ann`, errors);
    await painted(again, 10);
    t.deepEqual(await page.evaluate('desktop.closed'), { code: 4000, reason: 'superseded' });
    t.is(await other.evaluate('desktop.closed'), null);
    t.deepEqual(errors, []);
  },
);
