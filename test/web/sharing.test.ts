/** Two people at a real streamer: one invites by the page, the other comes on a phone and steers. */
import { rm } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import type { BrowserContextOptions, Page } from 'playwright-core';
import type { MoonteeServer } from '../../src/server/server.js';
import { demoServer, demoStreamer } from '../support/demo-server.js';
import { until } from '../support/until.js';
import { PATIENCE, TestBrowser, buildPage } from './browser.js';
import { untilPicture } from './stand.js';

process.env['MOONTEE_LOG'] ??= 'error';

const PASSWORD = 'helix';
const PHONE: BrowserContextOptions = {
  ...{
    viewport: { width: 390, height: 844 },
    deviceScaleFactor: 2,
    isMobile: true,
    hasTouch: true,
  },
  userAgent:
    'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/150.0 Mobile Safari/537.36',
};

let directory: string;
let browser: TestBrowser;

test.before(async () => {
  directory = await buildPage();
  browser = await TestBrowser.launch();
});
test.after.always(async () => {
  await browser.close();
  await rm(directory, { recursive: true, force: true });
});

/** A page of somebody who has not been here before. */
async function newcomer(t: ExecutionContext, options: BrowserContextOptions): Promise<Page> {
  const context = await browser.context.browser()?.newContext(options);
  if (context === undefined) throw new Error('no browser');
  context.setDefaultTimeout(PATIENCE);
  t.teardown(() => context.close());
  return context.newPage();
}

/** Who owns the server, with the panel open and the mode `single`. */
async function owner(t: ExecutionContext, server: MoonteeServer): Promise<Page> {
  const page = await newcomer(t, { viewport: { width: 1440, height: 900 } });
  await page.addInitScript(`sessionStorage.setItem('moontee.credentials', '${PASSWORD}')`);
  await page.goto(`${server.url}#/streamers/s`);
  await untilPicture(page);
  await page.click('.handle');
  await page.click('.tools [aria-label^="People"]');
  await page.getByLabel('Your name').fill('Ann');
  await page.getByText('Save', { exact: true }).click();
  await page.getByText('Ann (you)').waitFor();
  await page.getByRole('radio', { name: 'One at a time' }).check();
  await page.locator('.panel').getByText('Ask for control').click();
  await page.locator('.panel').getByText('You have control.').waitFor();
  return page;
}

/** @returns the address of a link that was made in the page */
async function invite(page: Page): Promise<string> {
  await page.getByText('Invite…').click();
  const dialog = page.getByRole('dialog');
  for (const right of ['Use the mouse', 'Use touch']) await dialog.getByLabel(right).check();
  await dialog.getByLabel('PIN', { exact: true }).fill('4711');
  await dialog.getByText('Make a link').click();
  await dialog.getByLabel('QR code of the link').waitFor();
  const url = await dialog.getByLabel('Link', { exact: true }).inputValue();
  await page.keyboard.press('Escape');
  return url;
}

test.serial('shared, joined on a phone, asked for, given, taken back, revoked', async (t) => {
  t.timeout(240_000);
  const server = await demoServer(t, {
    flags: { credentials: PASSWORD },
    staticDirectory: directory,
  });
  await demoStreamer(server);
  const ann = await owner(t, server);
  const url = await invite(ann);

  const phone = await newcomer(t, PHONE);
  await phone.goto(url);
  await phone.getByLabel('Your name').fill('Bo');
  await phone.getByText('Enter', { exact: true }).click();
  await phone.getByText('This link needs a PIN.').waitFor();
  await phone.getByLabel('PIN').fill('4711');
  await phone.getByText('Enter', { exact: true }).click();
  await untilPicture(phone);
  const pill = phone.locator('.control-pill');
  await pill.getByText('Ann has control.').waitFor();
  t.false(phone.url().includes('share='), 'the secret is not in the address any more');

  await pill.getByText('Ask for control').tap();
  await pill.getByText('You have asked for it.').waitFor();
  await ann.getByLabel('Give control to Bo').click();
  await pill.waitFor({ state: 'hidden' });
  const { company } = server.streamers.require('s');
  const bo = (): string => company.control.holder ?? '';
  t.is(company.nameOf(bo()), 'Bo');

  // Who has control has a pointer for the others.
  await phone.locator('.stage').tap();
  await ann.locator('.pointer', { hasText: 'Bo' }).waitFor();

  await ann.getByText('Take control').click();
  await pill.getByText('Ann has control.').waitFor();

  // What the phone has no right to is not offered there.
  await phone.locator('.handle').tap();
  await phone.locator('.tools [aria-label^="People"]').tap();
  t.true(await phone.locator('.tools [aria-label="Keyboard"]').isHidden());
  t.true(await phone.getByText('Invite…').isHidden());
  t.true(await phone.getByRole('radio').first().isHidden());

  await ann.getByText('Invite…').click();
  await ann.getByText('Came: Bo').waitFor();
  await ann.getByLabel(/^Revoke the link/).click();
  await phone.getByText('The access of this viewer was taken back').first().waitFor();
  await until('he is gone', async () => (await ann.locator('.person').count()) === 1);
  t.is(await phone.evaluate('moontee.code'), 'REVOKED');
});
