/** What a page goes through whose media come over a socket: hidden, put aside, cut off, and given nonsense. */
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import type { MoonteeServer } from '../../src/server/server.js';
import { encodeClip } from '../support/clip.js';
import { demoServer, demoStreamer } from '../support/demo-server.js';
import { temporaryFolder } from '../support/server.js';
import { until } from '../support/until.js';
import { TestBrowser, buildPage } from './browser.js';

// What the children say is of no interest here.
process.env['MOONTEE_LOG'] ??= 'error';

let directory = '';

test.before(async () => {
  directory = await buildPage();
});
test.after.always(() => rm(directory, { recursive: true, force: true }));

/** Lets a test hide the page, which a headless browser never does by itself. */
const CURTAIN = `
  let isHidden = false;
  Object.defineProperty(document, 'hidden', { get: () => isHidden });
  Object.defineProperty(document, 'visibilityState', {
    get: () => (isHidden ? 'hidden' : 'visible'),
  });
  window.draw = (hidden) => {
    isHidden = hidden;
    document.dispatchEvent(new Event('visibilitychange'));
  };
`;

interface SocketStats {
  readonly state: string;
  readonly hidden: boolean;
  readonly picturesSent: number;
  readonly bytesSent: number;
}

async function socketViewers(server: MoonteeServer): Promise<readonly SocketStats[]> {
  const stats = await server.streamers.require('s').request('stats', null);
  return (stats as { socketViewers?: readonly SocketStats[] }).socketViewers ?? [];
}

async function stateOf(page: Page): Promise<string> {
  return page.evaluate('`${window.moontee?.state} ${window.moontee?.reason}`');
}

/** Until so many more pictures were seen than now. */
async function untilSeen(page: Page, count = 30): Promise<void> {
  const seen = (): Promise<number> => page.evaluate<number>('window.moontee?.framesPainted ?? 0');
  let before = await seen();
  await until('pictures', async () => {
    const now = await seen();
    // Another sink counts from 0.
    if (now < before) before = now;
    return now >= before + count;
  });
}

async function open(
  t: ExecutionContext,
  server: MoonteeServer,
  context: BrowserContext,
): Promise<Page> {
  t.timeout(240_000);
  const page = await context.newPage();
  await page.goto(`${server.url}?transport=websocket#/streamers/s`);
  await until('the first picture', async () => {
    const state = await stateOf(page);
    if (state.startsWith('ended')) throw new Error(state);
    return page.evaluate<boolean>('window.moontee?.framesPainted > 10');
  });
  t.is(await page.evaluate('moontee.transport'), 'websocket');
  return page;
}

async function launch(t: ExecutionContext): Promise<BrowserContext> {
  const browser = await TestBrowser.launch();
  t.teardown(() => browser.close());
  return browser.context;
}

for (const sink of ['track', 'canvas'] as const) {
  test.serial(
    `a hidden page gets sound and no pictures, shown again it has both (${sink})`,
    async (t) => {
      const server = await demoServer(t, { staticDirectory: directory });
      await demoStreamer(server);
      const context = await launch(t);
      await context.addInitScript(CURTAIN);
      if (sink === 'canvas') {
        await context.addInitScript('delete window.MediaStreamTrackGenerator');
      }
      const page = await open(t, server, context);
      await page.evaluate('draw(true)');
      await until('pictures are off', async () => {
        const [viewer] = await socketViewers(server);
        return viewer?.state === 'off' && viewer.hidden;
      });
      const [before] = await socketViewers(server);
      await page.waitForTimeout(1_000);
      const [after] = await socketViewers(server);
      t.is(after?.picturesSent, before?.picturesSent);
      t.true((after?.bytesSent ?? 0) > (before?.bytesSent ?? 0), 'sound goes on');

      await page.evaluate('draw(false)');
      await untilSeen(page);
      t.like((await socketViewers(server))[0], { state: 'flowing' });
      t.is(await stateOf(page), 'connected null');
    },
  );
}

test.serial('a page that was put aside comes back with a picture', async (t) => {
  const server = await demoServer(t, { staticDirectory: directory });
  await demoStreamer(server);
  const profile = await temporaryFolder(t);
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: '/usr/bin/chromium',
    headless: true,
    args: ['--no-sandbox', '--disable-gpu'],
    // Playwright switches it off.
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  });
  t.teardown(() => context.close());
  const page = await open(t, server, context);
  await page.evaluate(
    `addEventListener('pageshow', (event) => (window.wasKept = event.persisted))`,
  );
  await page.goto(`${server.url}config.js`);
  await until('the viewer is gone', () => server.streamers.require('s').viewers.length === 0);
  // A page that was put aside is not loaded again.
  await page.goBack({ waitUntil: 'commit' });
  await untilSeen(page);
  const reasons = await page.evaluate(
    'JSON.stringify(performance.getEntriesByType("navigation")[0].notRestoredReasons)',
  );
  t.is(await page.evaluate('window.wasKept'), true, `it was not put aside: ${String(reasons)}`);
  t.is(await stateOf(page), 'connected null');
  t.is(server.streamers.require('s').viewers.length, 1);
});

test.serial('a canvas whose context is lost is painted again', async (t) => {
  const server = await demoServer(t, { staticDirectory: directory });
  await demoStreamer(server);
  const context = await launch(t);
  await context.addInitScript('delete window.MediaStreamTrackGenerator');
  const page = await open(t, server, context);
  await page.evaluate('window.firstCanvas = document.querySelector(".stage canvas")');
  t.true(await page.evaluate('firstCanvas !== null'));
  const [worker] = page.workers();
  await worker?.evaluate(
    `OffscreenCanvasRenderingContext2D.prototype.isContextLost = function () { return this === (self.lost ??= this); }`,
  );
  await until('another canvas', () =>
    page.evaluate<boolean>(
      '![null, firstCanvas].includes(document.querySelector(".stage canvas"))',
    ),
  );
  await untilSeen(page);
  t.is(await stateOf(page), 'connected null');
});

test.serial('a browser without a decoder for sound gets one', async (t) => {
  const page = join(await temporaryFolder(t), 'page');
  await cp(directory, page, { recursive: true });
  const worker = join(page, 'media-worker.js');
  await writeFile(worker, `delete self.AudioDecoder;${await readFile(worker, 'utf8')}`);
  const server = await demoServer(t, { staticDirectory: page });
  await demoStreamer(server);
  const context = await launch(t);
  const fetched: string[] = [];
  context.on('request', (request) => fetched.push(new URL(request.url()).pathname));
  const viewer = await open(t, server, context);
  await until('sound', () =>
    viewer.evaluate<boolean>('moontee.stats().then(({ audioEnergy }) => audioEnergy > 0.01)'),
  );
  t.is(await stateOf(viewer), 'connected null');
  t.deepEqual(
    fetched.filter((path) => path.endsWith('opus-decoding.js')),
    ['/opus-decoding.js'],
  );
});

/** Refers to a parameter set that does not exist: no decoder can make anything of it. */
function withFault(unit: Buffer): Buffer {
  const slice = unit.lastIndexOf(Buffer.from([0, 0, 1]));
  const broken = Buffer.from(unit);
  Buffer.from('c06480', 'hex').copy(broken, slice + 4);
  return broken;
}

/** A clip for the demo host in which one picture, counted from its key frame, is nonsense. */
async function faultyClip(t: ExecutionContext, faultAt: number, frames: number): Promise<string> {
  const { units } = await encodeClip({ frames, width: 320, height: 180 });
  const file = join(await temporaryFolder(t), 'clip.h264');
  const parts = units.flatMap(({ data }, index) => {
    const unit = index === faultAt ? withFault(data) : data;
    const length = Buffer.alloc(4);
    length.writeUInt32BE(unit.length);
    return [length, unit];
  });
  await writeFile(file, Buffer.concat(parts));
  return file;
}

async function faultyServer(
  t: ExecutionContext,
  faultAt: number,
  frames: number,
): Promise<MoonteeServer> {
  const file = await faultyClip(t, faultAt, frames);
  const server = await demoServer(t, {
    host: ['--app', `Clip=clip:${file}`],
    staticDirectory: directory,
  });
  const apps = await server.hosts.list()[0]?.apps();
  const clip = apps?.find(({ title }) => title === 'Clip');
  await demoStreamer(server, { app_id: clip?.id, width: 320, height: 180 });
  return server;
}

test.serial('a picture that no decoder takes costs a key frame, and not the stream', async (t) => {
  // Eight seconds: fewer faults than make it give up.
  const server = await faultyServer(t, 240, 480);
  const page = await open(t, server, await launch(t));
  const keys = (): Promise<number> =>
    page.evaluate<number>('moontee.stats().then(({ keyFrames }) => keyFrames)');
  const before = await keys();
  await until('a key frame after the fault', async () => (await keys()) > before);
  await untilSeen(page, 60);
  t.is(await stateOf(page), 'connected null');
  t.is(await page.evaluate('moontee.transport'), 'websocket');
});

test.serial(
  'decoders that fail again and again make way for other ones, and the picture goes on',
  async (t) => {
    const server = await faultyServer(t, 20, 60);
    const page = await open(t, server, await launch(t));
    // Three faults for the first decoder, three for the one in software, and then another socket.
    let sent = 0;
    await until('another media socket', async () => {
      const [stats] = await socketViewers(server);
      const before = sent;
      sent = stats?.picturesSent ?? sent;
      return sent < before;
    });
    await untilSeen(page, 60);
    t.is(await stateOf(page), 'connected null');
    t.is(await page.evaluate('moontee.transport'), 'websocket');
  },
);

test.serial('the codes with which a media socket is closed', async (t) => {
  const server = await demoServer(t, { staticDirectory: directory });
  await demoStreamer(server);
  const context = await launch(t);
  const page = await open(t, server, context);
  const [viewer] = server.streamers.require('s').viewers;

  // 1008: an invalid message; the page opens another socket.
  await until(
    'some pictures',
    async () => ((await socketViewers(server))[0]?.picturesSent ?? 0) > 60,
  );
  const [worker] = page.workers();
  await worker?.evaluate(`(() => {
    const { send } = WebSocket.prototype;
    WebSocket.prototype.send = function (data) {
      WebSocket.prototype.send = send;
      send.call(this, new Uint8Array([0xff]));
    };
  })()`);
  await until('the socket is another one', async () => {
    const [stats] = await socketViewers(server);
    return stats !== undefined && stats.picturesSent < 60;
  });
  await untilSeen(page);
  t.is(await stateOf(page), 'connected null');
  t.is(server.streamers.require('s').viewers[0]?.peerId, viewer?.peerId, 'the same viewer');

  // 4001: the streamer ends, and the viewer socket says why.
  await server.streamers.delete('s', true);
  await until('it ends', async () => (await stateOf(page)).startsWith('ended'));
  t.is(await page.evaluate('moontee.code'), 'STREAMER_STOPPING');
});

test.serial('a viewer whose place was taken stays away', async (t) => {
  const server = await demoServer(t, { staticDirectory: directory });
  await demoStreamer(server);
  const context = await launch(t);
  const first = await open(t, server, context);
  const [viewer] = server.streamers.require('s').viewers;
  server.streamers.require('s').removeViewer(viewer?.peerId ?? '', 'SUPERSEDED', 'Taken over');
  await until('it ends', async () => (await stateOf(first)).startsWith('ended'));
  t.is(await first.evaluate('moontee.code'), 'SUPERSEDED');
});
