/** A page whose network dies and comes back: what was open then leads nowhere, and nobody says so. */
import { rm } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import type { Page } from 'playwright-core';
import { DeadRelay } from '../support/dead-relay.js';
import { demoServer, demoStreamer } from '../support/demo-server.js';
import { until } from '../support/until.js';
import { TestBrowser, buildPage } from './browser.js';

// What the children say is of no interest here.
process.env['MOONTEE_LOG'] ??= 'error';

let directory = '';

test.before(async () => {
  directory = await buildPage();
});
test.after.always(() => rm(directory, { recursive: true, force: true }));

interface Scene {
  readonly page: Page;
  readonly relay: DeadRelay;
  readonly viewers: () => number;
}

async function watching(t: ExecutionContext): Promise<Scene> {
  t.timeout(240_000);
  const server = await demoServer(t, { staticDirectory: directory });
  await demoStreamer(server);
  const relay = await DeadRelay.open(Number(new URL(server.url).port));
  const browser = await TestBrowser.launch();
  t.teardown(async () => {
    await browser.close();
    await relay.close();
  });
  const page = await browser.open(
    `http://127.0.0.1:${relay.port}/?transport=websocket#/streamers/s`,
  );
  await until('a picture', () => page.evaluate<boolean>('window.moontee?.framesPainted > 10'));
  return { page, relay, viewers: () => server.streamers.require('s').viewers.length };
}

const painted = (page: Page): Promise<number> => page.evaluate<number>('moontee.framesPainted');

async function untilPainting(page: Page): Promise<void> {
  let last = await painted(page);
  let growth = 0;
  await until('pictures again', async () => {
    const now = await painted(page);
    growth = now > last ? growth + 1 : now < last ? 0 : growth;
    last = now;
    return growth >= 10;
  });
}

test.serial(
  'a network that was dead for some seconds: the page finds out, and begins anew',
  async (t) => {
    const { page, relay, viewers } = await watching(t);
    relay.die();
    await until('the page asks again and again', () => relay.tried > 2);
    t.is(await page.evaluate('moontee.state'), 'connected', 'before anything has failed');
    relay.revive();
    await untilPainting(page);
    await until('the lost viewer is gone', () => viewers() === 1);
    t.is(await page.evaluate('moontee.state'), 'connected');
  },
);

test.serial(
  'a network that was dead until attempts failed: the next one need not be waited for',
  async (t) => {
    const { page, relay, viewers } = await watching(t);
    relay.die();
    // Attempts hang and fail, and the waits between them grow.
    await until('attempts have failed', () =>
      page.evaluate<boolean>(`(window.waits ??= new Set()).add(moontee.state).has('waiting')`),
    );
    relay.revive();
    await untilPainting(page);
    await until('the lost viewer is gone', () => viewers() === 1);
    t.is(await page.evaluate('moontee.state'), 'connected');
  },
);
