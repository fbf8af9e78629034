/** People who come by a link, at a real server whose streamers have no media. */
import { rm } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import type { Page } from 'playwright-core';
import { addHost, createBody, serve, type TestServer } from '../support/server.js';
import { makeShare, makeToken } from '../support/tokens.js';
import { until } from '../support/until.js';
import { TestBrowser, buildPage } from './browser.js';

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

async function stage(t: ExecutionContext): Promise<TestServer> {
  const server = await serve(t, {}, { staticDirectory: directory });
  await addHost(t, server);
  t.is((await server.ask('POST', '/api/streamers', { body: createBody('a') })).status, 200);
  return server;
}

async function open(t: ExecutionContext, url: string): Promise<Page> {
  // Of its own, so that nothing is stored.
  const page = await browser.context.newPage();
  t.teardown(() => page.close());
  await page.goto(url);
  return page;
}

const address = (page: Page): Promise<string> => page.evaluate<string>('location.href');

function viewer(server: TestServer): { name: string | null; peerId: string } | undefined {
  return server.running.streamers.require('a').viewers[0];
}

test.serial('a link with a PIN asks for it and for a name, and leaves the address', async (t) => {
  const server = await stage(t);
  const share = await makeShare(server, 'a', ['watch'], { pin: '4711' });
  const page = await open(t, share.url);
  await page.fill('#visitor-name', 'Bo');
  t.true(await page.locator('#share-pin').isHidden());
  await page.click('text=Enter');
  await page.getByText('This link needs a PIN.').waitFor();
  await page.fill('#share-pin', '0000');
  await page.click('text=Enter');
  await page.getByText('This PIN is wrong.').waitFor();
  await page.fill('#share-pin', '4711');
  await page.click('text=Enter');
  await until('the viewer is here', () => viewer(server));
  t.like(viewer(server), { name: 'Bo' });
  t.is(await address(page), `${server.running.url}#/streamers/a`);

  const { peerId = '' } = viewer(server) ?? {};
  await page.reload();
  await until('the viewer is back', () => {
    const now = viewer(server);
    return now?.name === 'Bo' && now.peerId !== peerId;
  });
  await server.ask('DELETE', `/api/streamers/a/shares/${share.id}`);
  // Without media it may be between two attempts, of which the next is refused.
  await page
    .getByText(/was taken back|credentials/)
    .first()
    .waitFor();
  t.is(viewer(server), undefined);
});

test.serial('a token in the address is taken out of it, wherever it stands', async (t) => {
  const server = await stage(t);
  const { token } = await makeToken(server, 'a', ['watch'], { name: 'Ann' });
  const base = server.running.url;
  for (const url of [
    `${base}?token=${token}#/streamers/a`,
    `${base}#/streamers/a?token=${token}`,
    `${base}?x=1&token=${token}#/streamers/a`,
  ]) {
    const page = await open(t, url);
    await until('the viewer is here', () => viewer(server)?.name === 'Ann');
    t.is(await address(page), url.replace(/\?token=[^#]*/, '').replace(/&token=[^#]*/, ''));
    await page.close();
    await until('the viewer has left', () => viewer(server) === undefined);
  }
});

test.serial('a link that is not good says so', async (t) => {
  const server = await stage(t);
  const page = await open(t, `${server.running.url}?share=nothing#/streamers/a`);
  await page.click('text=Enter');
  await page.getByText('This link does not exist, or is not good any more.').waitFor();
  await page.click('text=Cancel');
  await page.locator('main').first().waitFor();
  t.is(await address(page), `${server.running.url}#/streamers/a`);
});
