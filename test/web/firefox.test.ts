/** A whole server, watched, heard and steered by Debian's Firefox. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Page } from 'puppeteer-core';
import { demoServer, demoStreamer } from '../support/demo-server.js';
import { temporaryFolder } from '../support/server.js';
import { until } from '../support/until.js';
import { buildPage } from './browser.js';
import { Firefox, type FirefoxOptions } from './firefox.js';

// What the children say is of no interest here.
process.env['MOONTEE_LOG'] ??= 'error';

let directory = '';

test.before(async () => {
  directory = await buildPage();
});
test.after.always(() => rm(directory, { recursive: true, force: true }));

interface View {
  readonly page: Page;
  readonly errors: string[];
}

async function view(
  t: ExecutionContext,
  url: string,
  options?: FirefoxOptions & { readonly query?: string },
): Promise<View> {
  const firefox = await Firefox.launch(options);
  t.teardown(() => firefox.close());
  const errors: string[] = [];
  return { page: await firefox.open(`${url}${options?.query ?? ''}#/streamers/s`, errors), errors };
}

async function untilPicture(page: Page): Promise<void> {
  await until('a picture', async () => {
    const state = await page.evaluate('window.moontee && `${moontee.state} ${moontee.reason}`');
    if (String(state).startsWith('ended')) throw new Error(String(state));
    return Boolean(await page.evaluate('moontee.framesDecoded > 30 && moontee.width > 0'));
  });
}

/** Code for the page is text: this program knows no DOM. How different the picture's points are. */
const CONTRAST = `(() => {
  const canvas = document.createElement('canvas');
  canvas.width = 64;
  canvas.height = 36;
  const context = canvas.getContext('2d');
  const shown = document.querySelector('.stage canvas') ?? document.querySelector('video');
  context.drawImage(shown, 0, 0, 64, 36);
  const { data } = context.getImageData(0, 0, 64, 36);
  const values = Array.from({ length: 64 * 36 }, (_, n) => data[n * 4 + 1]);
  return Math.max(...values) - Math.min(...values);
})()`;

/**
 * Records some seconds of the sound and gives the loudest of each side. It needs no loudspeaker,
 * without which an `AudioContext` of Firefox does not run.
 */
const RECORD = `(async () => {
  const [track] = document.querySelector('video').srcObject.getAudioTracks();
  const recorder = new MediaRecorder(new MediaStream([track]));
  const parts = [];
  recorder.ondataavailable = ({ data }) => parts.push(data);
  recorder.start();
  await new Promise((resolve) => setTimeout(resolve, 2500));
  const stopped = new Promise((resolve) => (recorder.onstop = resolve));
  recorder.stop();
  await stopped;
  const bytes = await new Blob(parts).arrayBuffer();
  const sound = await new OfflineAudioContext(2, 48000, 48000).decodeAudioData(bytes);
  return [0, 1].map((side) =>
    side < sound.numberOfChannels
      ? sound.getChannelData(side).reduce((most, value) => Math.max(most, Math.abs(value)), 0)
      : 0);
})()`;

/** Loud enough for a beep. */
const LOUD = 0.05;

async function untilBeep(page: Page): Promise<readonly [left: number, right: number]> {
  return until('a beep', async () => {
    const [left = 0, right = 0] = (await page.evaluate(RECORD)) as number[];
    return Math.max(left, right) > LOUD && ([left, right] as const);
  });
}

test.serial('picture, sound on one side, keys and wheel', async (t) => {
  t.timeout(240_000);
  const log = join(await temporaryFolder(t), 'input.jsonl');
  const server = await demoServer(t, {
    host: ['--tone-channel', '0', '--input-log', log],
    staticDirectory: directory,
  });
  await demoStreamer(server);
  const { page, errors } = await view(t, server.url);
  await untilPicture(page);
  const stats = (await page.evaluate('moontee.stats()')) as Record<string, unknown>;
  t.like(stats, { codec: 'H264', width: 640, height: 360 });
  t.true(Number(await page.evaluate(CONTRAST)) > 50);

  const [left, right] = await untilBeep(page);
  t.true(left > 8 * right, `${left} ${right}`);

  /** Keys and wheel that the host got. */
  const inputs = async (): Promise<string[]> =>
    (await readFile(log, 'utf8').catch(() => ''))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
      .filter(({ type }) => type === 'key' || type === 'scroll')
      .map(({ type, down, keyCode, amount }) =>
        type === 'key'
          ? `${down === true ? '+' : '-'}${Number(keyCode).toString(16)}`
          : `wheel ${Math.sign(Number(amount))}`,
      );
  await page.focus('.stage');
  await page.keyboard.down('Shift');
  await page.keyboard.press('a');
  await page.keyboard.up('Shift');
  await page.keyboard.press('Delete');
  const typed = ['+a0', '+41', '-41', '-a0', '+2e', '-2e'];
  await until('the keys', async () => (await inputs()).length >= typed.length);
  t.deepEqual(await inputs(), typed);
  await page.mouse.move(640, 360);
  await page.mouse.wheel({ deltaY: 120 });
  await until('the wheel', async () => (await inputs()).length > typed.length);
  t.true((await inputs()).slice(typed.length).every((text) => text === 'wheel -1'));
  t.deepEqual(errors, []);
});

test.serial('over a socket: the picture on a canvas, keys', async (t) => {
  t.timeout(240_000);
  const log = join(await temporaryFolder(t), 'input.jsonl');
  const server = await demoServer(t, { host: ['--input-log', log], staticDirectory: directory });
  await demoStreamer(server);
  const { page, errors } = await view(t, server.url, { query: '?transport=websocket' });
  await untilPicture(page);
  t.is(await page.evaluate('moontee.transport'), 'websocket');
  await until('painted ones', () => page.evaluate('moontee.framesPainted > 30'));
  t.true(Number(await page.evaluate(CONTRAST)) > 50);
  const stats = (await page.evaluate('moontee.stats()')) as Record<string, unknown>;
  t.like(stats, { codec: 'H264', width: 640, height: 360, path: 'websocket tcp' });
  // Its worklet runs only where there is a loudspeaker; the decoder does everywhere.
  await until('sound', () => page.evaluate('moontee.stats().then((s) => s.audioEnergy > 0)'));
  await page.focus('.stage');
  await page.keyboard.press('a');
  await until('the key', async () => {
    const text = await readFile(log, 'utf8').catch(() => '');
    return text.split('\n').filter((line) => line.includes('"key"')).length === 2;
  });
  t.deepEqual(errors, []);
});

test.serial('a 5.1 streamer: the picture, and its sound in stereo', async (t) => {
  t.timeout(240_000);
  const server = await demoServer(t, {
    host: ['--tone-channel', '5'],
    staticDirectory: directory,
  });
  await demoStreamer(server, { audio_channels: 6 });
  const { page, errors } = await view(t, server.url);
  await untilPicture(page);
  const [left, right] = await untilBeep(page);
  t.true(right > 8 * left, `${left} ${right}`);
  t.is(await page.evaluate('moontee.state'), 'connected');
  t.false(await page.evaluate("/sound/.test(document.querySelector('.remark')?.innerText)"));
  t.deepEqual(errors, []);
});

test.serial('without H.264 there is one reason, and no second attempt', async (t) => {
  t.timeout(240_000);
  const server = await demoServer(t, { staticDirectory: directory });
  await demoStreamer(server);
  const { page } = await view(t, server.url, { h264: false });
  await until('the end', () => page.evaluate("window.moontee?.state === 'ended'"));
  t.is(await page.evaluate('moontee.code'), 'VIEWER_CODEC_UNSUPPORTED');
  const words = await page.evaluate("document.querySelector('.notice').innerText");
  t.regex(String(words), /cannot play H\.264/);
});
