import test, { type ExecutionContext } from 'ava';
import type { Page } from 'playwright-core';
import type { ViewerStats } from '../../client/viewer-stats.js';
import { DemoProcess } from '../support/demo-process.js';
import { descendants, isAlive } from '../support/process-table.js';
import { until } from '../support/until.js';
import { TestBrowser } from '../web/browser.js';

/** Milliseconds that viewers are watched for. */
const WATCH = 10_000;
/** Tries at finding such a stretch on a machine that does other things too. */
const TRIES = 3;
/** Share of the frames that must be decoded. */
const DECODED = 0.95;

async function open(t: ExecutionContext, demo: DemoProcess): Promise<Page> {
  const browser = await TestBrowser.launch();
  t.teardown(() => browser.close());
  const errors: string[] = [];
  const page = await browser.open(demo.url, errors);
  // A small picture costs the machine less than what is to be measured.
  await page.setViewportSize({ width: 480, height: 300 });
  await until('the first frame', async () => (await framesDecoded(page)) > 0);
  t.deepEqual(errors, []);
  return page;
}

function framesDecoded(page: Page): Promise<number> {
  return page.evaluate<number>('window.moontee?.framesDecoded ?? 0');
}

async function stats(page: Page): Promise<ViewerStats> {
  const sample = await page.evaluate<ViewerStats | undefined>('window.moontee?.stats()');
  if (!sample) throw new Error('the page has no statistics');
  return sample;
}

interface Watched {
  readonly units: number;
  readonly frames: readonly number[];
  readonly lost: readonly number[];
}

/** What the pipeline got and what pages decoded in the same stretch. */
async function watch(
  demo: DemoProcess,
  pages: readonly Page[],
  duration: number,
): Promise<Watched> {
  const sample = async (): Promise<[number, ViewerStats[]]> => [
    await demo.videoUnits(),
    await Promise.all(pages.map(stats)),
  ];
  const [unitsBefore, before] = await sample();
  await new Promise((resolve) => setTimeout(resolve, duration));
  const [unitsAfter, after] = await sample();
  return {
    units: unitsAfter - unitsBefore,
    frames: after.map((each, i) => each.framesDecoded - (before[i]?.framesDecoded ?? 0)),
    lost: after.map((each, i) => each.packetsLost - (before[i]?.packetsLost ?? 0)),
  };
}

async function untilDecoding(
  t: ExecutionContext,
  demo: DemoProcess,
  pages: readonly Page[],
): Promise<void> {
  let last: Watched | undefined;
  for (let i = 0; i < TRIES; i += 1) {
    last = await watch(demo, pages, WATCH);
    const { units, frames } = last;
    t.true(units > 0);
    if (frames.every((each) => each >= units * DECODED)) return;
  }
  t.fail(`frames are missing: ${JSON.stringify(last)}`);
}

test.serial('two browsers watch and steer, leave, and a third one comes', async (t) => {
  t.timeout(240_000);
  const demo = await DemoProcess.start();
  t.teardown(() => demo.stop('SIGKILL'));

  const first = await open(t, demo);
  const second = await open(t, demo);
  await untilDecoding(t, demo, [first, second]);
  for (const page of [first, second]) {
    t.deepEqual(
      await page.evaluate('[window.moontee?.width, window.moontee?.height]'),
      [1280, 720],
    );
  }

  await t.notThrowsAsync(async () => {
    await first.getByRole('application').focus();
    await first.keyboard.press('KeyG');
    await until('the key reaches the host', async () =>
      (await demo.inputs()).some(
        ({ type, keyCode, down }) => type === 'key' && keyCode === 0x47 && down === false,
      ),
    );
    await second.getByRole('application').click({ position: { x: 240, y: 150 } });
    await until('the click reaches the host', async () =>
      (await demo.inputs()).some(
        ({ type, button, down }) => type === 'mouse-button' && button === 1 && down === false,
      ),
    );
  });
  const steering = (await demo.inputs())
    .filter(({ type }) => type === 'key' || type === 'mouse-button')
    .map(({ type, down }) => `${type} ${down === true ? 'down' : 'up'}`);
  t.deepEqual(steering, ['key down', 'key up', 'mouse-button down', 'mouse-button up']);

  // A browser plays no sound before its user has done something.
  for (const page of [first, second]) {
    const pill = page.getByRole('button', { name: 'Click for sound' });
    await until('the tone is heard', async () => {
      if (await pill.isVisible()) await pill.click();
      return (await stats(page)).audioEnergy > 0;
    });
    await until('without gaps', async () => (await stats(page)).audioConcealed < 0.1);
  }

  await second.context().close();
  await until('one viewer is left', async () => (await demo.streamer()).connected_peers === 1);
  const alone = await watch(demo, [first], 3_000);
  t.deepEqual(alone.lost, [0], 'the one that stays loses no packet');
  t.true((alone.frames[0] ?? 0) > 0);

  await first.context().close();
  await until('no viewer is left', async () => (await demo.streamer()).connected_peers === 0);
  const empty = await demo.streamer();
  t.like(empty, { status: 'active', moonlight_connected: true, connected_peers: 0 });

  const third = await open(t, demo);
  t.true((await watch(demo, [third], 1_000)).units > 0);
  t.is((await demo.streamer()).connected_peers, 1);
});

test.serial('Ctrl-C ends the demo and everything below it', async (t) => {
  const demo = await DemoProcess.start();
  t.teardown(() => demo.stop('SIGKILL'));
  const below = await descendants(demo.pid);
  t.true(below.length >= 2, 'a host and a streamer');
  t.is(await demo.stop('SIGINT'), 0);
  for (const pid of below) await until(`process ${pid} ends`, async () => !(await isAlive(pid)));
  t.pass();
});

test.serial('a page that stands still holds nothing at the host, until it goes on', async (t) => {
  const demo = await DemoProcess.start();
  t.teardown(() => demo.stop('SIGKILL'));
  const page = await open(t, demo);
  const keys = async (): Promise<string> =>
    (await demo.inputs())
      .filter(({ type, keyCode }) => type === 'key' && keyCode === 0x57)
      .map(({ down }) => (down === true ? '+' : '-'))
      .join('');
  await page.getByRole('application').focus();
  await page.keyboard.down('KeyW');
  await until('the key is down', async () => (await keys()) === '+');
  const stands = page.evaluate(
    '{ const end = performance.now() + 3000; while (performance.now() < end); }',
  );
  await until('it is let go', async () => (await keys()) === '+-');
  await stands;
  await until('it is held again', async () => (await keys()) === '+-+');
  await page.keyboard.up('KeyW');
  await until('it is up', async () => (await keys()) === '+-+-');
  t.pass();
});
