/** What a browser hears on either side, from the host's speaker to the page. */
import { rm } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import type { Page } from 'playwright-core';
import { demoServer, demoStreamer } from '../support/demo-server.js';
import { until } from '../support/until.js';
import { buildPage, TestBrowser } from '../web/browser.js';

// What the children say is of no interest here.
process.env['MOONTEE_LOG'] ??= 'error';

let directory = '';
let browser: TestBrowser;

test.before(async () => {
  [directory, browser] = await Promise.all([buildPage(), TestBrowser.launch()]);
});

test.after.always(async () => {
  await browser.close();
  await rm(directory, { recursive: true, force: true });
});

/** Runs in the page: the loudest that each side has been so far. */
const LISTEN = `
  const sides = [0, 1];
  window.peaks = [0, 0];
  const context = new AudioContext();
  window.heardFrom = context;
  const source = context.createMediaStreamSource(document.querySelector('video').srcObject);
  const splitter = context.createChannelSplitter(2);
  source.connect(splitter);
  const analysers = sides.map((side) => {
    const analyser = context.createAnalyser();
    analyser.fftSize = 8192;
    splitter.connect(analyser, side);
    return analyser;
  });
  const samples = new Float32Array(8192);
  setInterval(() => {
    for (const side of sides) {
      analysers[side].getFloatTimeDomainData(samples);
      for (const sample of samples) {
        window.peaks[side] = Math.max(window.peaks[side], Math.abs(sample));
      }
    }
  }, 50);
`;

/** Loud enough for a beep. */
const LOUD = 0.05;

async function listen(page: Page): Promise<readonly [left: number, right: number]> {
  await page.evaluate(LISTEN);
  const peaks = (): Promise<[number, number]> => page.evaluate<[number, number]>('window.peaks');
  await until('a beep', async () => Math.max(...(await peaks())) > LOUD);
  // The one that has begun may still get louder on either side.
  await page.waitForTimeout(1500);
  return peaks();
}

async function view(t: ExecutionContext, url: string): Promise<Page> {
  const page = await browser.open(`${url}#/streamers/s`);
  t.teardown(() => page.close());
  await page.click('.stage');
  await until('a picture', () => page.evaluate<boolean>('moontee.framesDecoded > 0'));
  return page;
}

for (const [channels, channel, side] of [
  [2, 0, 'left'],
  [2, 1, 'right'],
  // Chromium takes no surround sound, so stereo is made of it for it: front right, back left, and
  // in 7.1 side right.
  [6, 1, 'right'],
  [6, 4, 'left'],
  [8, 7, 'right'],
] as const) {
  test.serial(`channel ${channel} of ${channels} is heard on the ${side} alone`, async (t) => {
    t.timeout(180_000);
    const server = await demoServer(t, {
      host: ['--tone-channel', String(channel)],
      staticDirectory: directory,
    });
    await demoStreamer(server, { audio_channels: channels });
    const page = await view(t, server.url);
    const peaks = await listen(page);
    const [heard, other] = side === 'left' ? peaks : [peaks[1], peaks[0]];
    t.true(heard > 8 * other, peaks.join(' '));
  });
}
