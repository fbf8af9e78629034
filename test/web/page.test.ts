import { rm } from 'node:fs/promises';
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import type { Page } from 'playwright-core';
import { TestBrowser, buildPage } from './browser.js';
import { FakeServer } from './fake-server.js';
import { untilPicture, untilTrue } from './stand.js';

interface Setting {
  server: FakeServer;
  browser: TestBrowser;
  host: Page;
  directory: string;
  url: string;
}

/** What is read of the page's `window.moontee`. */
interface Debug {
  state: string;
  reason: string | null;
  code: string | null;
  timeToFirstFrame: number | null;
  muted: boolean;
}

const test = anyTest as TestFn<Setting>;

test.before(async (t) => {
  const directory = await buildPage();
  const server = new FakeServer(directory);
  const url = await server.listen();
  const browser = await TestBrowser.launch();
  const host = await browser.open(`${url}/host.html`);
  t.context = { server, browser, host, directory, url };
  await server.until(() => server.hasHost, 'the host page');
});

test.after.always(async (t) => {
  await t.context.browser.close();
  await t.context.server.close();
  await rm(t.context.directory, { recursive: true, force: true });
});

test.serial.beforeEach((t) => {
  t.context.server.reset();
});

// Code for the page is text: this program knows no DOM.
const debug = async (page: Page): Promise<Debug> =>
  page.evaluate(`({
    state: moontee.state,
    reason: moontee.reason,
    code: moontee.code,
    timeToFirstFrame: moontee.timeToFirstFrame,
    muted: document.querySelector('video').muted,
  })`);

/** A viewer with a picture, closed when the test ends. */
async function view(t: ExecutionContext<Setting>, errors: string[] = []): Promise<Page> {
  const { server, browser, url } = t.context;
  const page = await browser.open(`${url}/#/streamers/demo`, errors);
  t.teardown(async () => {
    const count = server.viewers;
    await page.close();
    await server.until(() => server.viewers < Math.max(1, count), 'the viewer to leave');
  });
  await untilPicture(page);
  return page;
}

/** The messages of some channels since the last call, once there are as many as expected. */
async function messages(
  t: ExecutionContext<Setting>,
  labels: readonly string[],
  count: number,
): Promise<string[]> {
  const { server } = t.context;
  const of = (): string[] =>
    server.channelMessages.filter(({ label }) => labels.includes(label)).map(({ hex }) => hex);
  await server.until(() => of().length >= count, `${count} messages on ${labels.join()}`);
  const all = of();
  server.channelMessages.length = 0;
  return all;
}

test.serial('the list shows streamers with state and viewers, and opens one', async (t) => {
  const { server, browser, url } = t.context;
  server.addStreamer('broken', { status: 'failed', error: 'Host unreachable', connected_peers: 2 });
  const errors: string[] = [];
  const page = await browser.open(url, errors);
  t.teardown(async () => page.close());
  await page.waitForSelector('a.card');
  const cards = await page.locator('a.card').allInnerTexts();
  t.is(cards.length, 2);
  t.regex(cards[0] ?? '', /broken[^]*Host unreachable[^]*Failed[^]*2 viewers/);
  t.regex(cards[1] ?? '', /demo[^]*1280 × 720, 60 Hz[^]*Live[^]*0 viewers/);
  server.streamers = [];
  await page.getByText('No streamer runs').waitFor();
  server.addStreamer('demo');
  await page.click('a.card');
  await untilPicture(page);
  t.is(page.url(), `${url}/#/streamers/demo`);
  t.deepEqual(errors, []);
});

for (const order of ['offer first', 'config first'] as const) {
  test.serial(`a viewer has a picture, ${order}`, async (t) => {
    t.context.server.order = order;
    const errors: string[] = [];
    const page = await view(t, errors);
    const { received } = t.context.server;
    const [first] = received as { AuthenticateAndInit: Record<string, unknown> }[];
    t.is(first?.AuthenticateAndInit['credentials'], null);
    t.regex(String(first?.AuthenticateAndInit['client_unique_id']), /^[0-9a-f]{16}-[0-9a-f]{16}$/);
    t.true((await debug(page)).timeToFirstFrame !== null);
    t.true(await page.locator('.notice').isHidden());
    t.deepEqual(errors, []);
  });
}

test.serial('statistics can be looked at', async (t) => {
  const page = await view(t);
  await page.click('.handle');
  await page.click('[aria-label="Statistics"]');
  await page.locator('.stats dd', { hasText: '320 × 180' }).waitFor();
  const text = await page.locator('.stats').innerText();
  for (const name of ['Codec', 'Frames', 'Bit rate', 'Loss', 'Jitter', 'Round trip', 'Dropped']) {
    t.true(text.includes(name), name);
  }
  t.regex(text, /First frame\s+\d+ ms/);
  const stats = await page.evaluate<Record<string, unknown>>('moontee.stats()');
  t.like(stats, { width: 320, height: 180, path: 'host udp' });
  t.true(Number(stats['framesDecoded']) > 0);
  await page.click('[aria-label="Statistics"]');
});

test.serial('keys are sent with their modifiers, and none stays down', async (t) => {
  const page = await view(t);
  await page.focus('.stage');
  await page.keyboard.press('a');
  t.deepEqual(await messages(t, ['keyboard'], 2), ['0001000041', '0000000041']);
  await page.keyboard.press('Shift+KeyA');
  t.deepEqual(await messages(t, ['keyboard'], 4), [
    '00010100a0',
    '0001010041',
    '0000010041',
    '00000000a0',
  ]);
  await page.keyboard.press('Delete');
  t.deepEqual(await messages(t, ['keyboard'], 2), ['000100002e', '000000002e']);
  // Repeats are swallowed.
  await page.keyboard.down('Enter');
  await page.keyboard.down('Enter');
  await page.keyboard.up('Enter');
  t.deepEqual(await messages(t, ['keyboard'], 2), ['000100000d', '000000000d']);
  await page.keyboard.down('w');
  await page.locator('.handle').focus();
  t.deepEqual(await messages(t, ['keyboard'], 2), ['0001000057', '0000000057']);
  await page.keyboard.up('w');
});

test.serial('the page keeps shortcuts of its own', async (t) => {
  const page = await view(t);
  await page.focus('.stage');
  await page.keyboard.press('Control+Alt+Shift+KeyZ');
  t.is(await page.locator(':focus').getAttribute('aria-label'), 'All streamers');
  t.true((await messages(t, ['keyboard'], 6)).every((hex) => !hex.endsWith('5a')));
});

test.serial('the mouse points, clicks where it points, and scrolls', async (t) => {
  const page = await view(t);
  await page.mouse.move(640, 360);
  const [position] = (await messages(t, ['mouseAbsolute'], 1)).slice(-1);
  t.is(position, '010800080010001000');
  await page.mouse.down();
  await page.mouse.up();
  t.deepEqual(await messages(t, ['mouseClicks'], 4), [
    '010800080010001000',
    '020101',
    '010800080010001000',
    '020001',
  ]);
  await page.mouse.click(640, 360, { button: 'right' });
  t.deepEqual(
    (await messages(t, ['mouseClicks'], 4)).filter((hex) => hex.startsWith('02')),
    ['020103', '020003'],
  );
  await page.mouse.wheel(0, 120);
  t.deepEqual(await messages(t, ['mouseClicks'], 1), ['030000ff88']);
});

test.serial('a mouse in relative mode is locked and sends movements', async (t) => {
  const page = await view(t);
  await page.click('.handle');
  await page.click('[aria-label^="Mouse"]');
  await page.mouse.move(400, 400);
  await page.mouse.down();
  await page.mouse.up();
  await untilTrue(page, 'document.pointerLockElement !== null');
  t.context.server.channelMessages.length = 0;
  await page.mouse.move(410, 395);
  t.deepEqual(await messages(t, ['mouseRelative'], 1), ['00000afffb']);
  await page.mouse.down();
  await page.mouse.up();
  t.deepEqual(await messages(t, ['mouseClicks'], 2), ['020101', '020001']);
  await page.evaluate('localStorage.clear()');
});

test.serial('text and keys of the screen keyboard', async (t) => {
  const page = await view(t);
  await page.click('.handle');
  await page.click('[aria-label="Keyboard"]');
  await page.keyboard.insertText('é€');
  t.deepEqual(await messages(t, ['keyboard'], 1), ['0102c3a9e282ac']);
  await page.keyboard.insertText('😀!');
  t.deepEqual(await messages(t, ['keyboard'], 1), ['0103f09f988021']);
  await page.keyboard.press('Backspace');
  await page.keyboard.press('Enter');
  t.deepEqual(await messages(t, ['keyboard'], 4), [
    '0001000008',
    '0000000008',
    '000100000d',
    '000000000d',
  ]);
  await page.click('.key[aria-label^="Del, "]');
  t.deepEqual(await messages(t, ['keyboard'], 2), ['000100002e', '000000002e']);
  await page.click('.key[aria-label^="Ctrl, "]');
  await page.keyboard.insertText('c');
  t.deepEqual(await messages(t, ['keyboard'], 4), [
    '00010200a2',
    '0001020043',
    '0000020043',
    '00000000a2',
  ]);
});

test.serial('fingers are sent as touches, or as a mouse', async (t) => {
  const page = await view(t);
  await page.evaluate(`localStorage.setItem('moontee.settings', '{"touch":"touch"}')`);
  await page.reload();
  await untilPicture(page);
  const devtools = await t.context.browser.context.newCDPSession(page);
  const finger = async (
    type: 'touchStart' | 'touchMove' | 'touchEnd',
    x: number,
  ): Promise<void> => {
    const touchPoints = type === 'touchEnd' ? [] : [{ x, y: 360, force: 0.5 }];
    await devtools.send('Input.dispatchTouchEvent', { type, touchPoints });
  };
  await finger('touchStart', 640);
  await finger('touchMove', 960);
  await finger('touchEnd', 960);
  const touches = await messages(t, ['touch'], 3);
  t.deepEqual(
    touches.map((hex) => [hex.length / 2, hex.slice(0, 2), hex.slice(10, 26)]),
    [
      [27, '00', '3f0000003f000000'],
      [27, '01', '3f4000003f000000'],
      [27, '02', '3f4000003f000000'],
    ],
  );

  t.context.server.touch = false;
  await page.reload();
  await untilPicture(page);
  t.context.server.channelMessages.length = 0;
  await finger('touchStart', 640);
  await finger('touchEnd', 640);
  t.deepEqual(await messages(t, ['mouseClicks'], 3), ['010800080010001000', '020101', '020001']);
  await finger('touchStart', 640);
  await finger('touchMove', 960);
  await finger('touchEnd', 960);
  t.deepEqual(await messages(t, ['mouseClicks'], 4), [
    '010800080010001000',
    '020101',
    '010c00080010001000',
    '020001',
  ]);
  await page.evaluate('localStorage.clear()');
});

/** A pad whose effects are written down in `rumbles`. */
const PLUG_IN = `{
  window.rumbles = [];
  const gamepad = {
    index: 0,
    axes: [0.5, -1, -0.25, 1],
    buttons: Array.from({ length: 17 }, (_, n) => ({
      pressed: n === 1,
      value: n === 6 ? 0.5 : n === 7 ? 1 : 0,
    })),
    vibrationActuator: {
      effects: ['dual-rumble'],
      playEffect: async (type, { strongMagnitude, weakMagnitude }) => {
        rumbles.push([type, strongMagnitude, weakMagnitude]);
      },
    },
  };
  navigator.getGamepads = () => [gamepad];
  dispatchEvent(Object.assign(new Event('gamepadconnected'), { gamepad }));
}`;

test.serial('pads are announced, sent, and rumble', async (t) => {
  const { server } = t.context;
  const page = await view(t);
  await page.evaluate(PLUG_IN);
  t.deepEqual((await messages(t, ['controllers'], 1))[0], '00000000f7ff0003');
  const [state] = await messages(t, ['controller0'], 1);
  t.is(state, '00000020007fff3fff7fffe0018001');
  server.sendToPads('0000ffff8000');
  await untilTrue(page, 'rumbles.length > 0');
  server.sendToPads('000000000000');
  await untilTrue(page, 'rumbles.at(-1)[1] === 0');
  const rumbles = await page.evaluate<unknown[]>('rumbles');
  t.deepEqual(rumbles[0], ['dual-rumble', 1, 0x8000 / 0xffff]);
  t.deepEqual(rumbles.at(-1), ['dual-rumble', 0, 0]);
  await page.evaluate(
    `dispatchEvent(Object.assign(new Event('gamepaddisconnected'), { gamepad: { index: 0 } }))`,
  );
  t.deepEqual(await messages(t, ['controllers'], 1), ['0100']);
});

test.serial(
  'a lost connection is shown and comes back by itself, under the same name',
  async (t) => {
    const { server } = t.context;
    const page = await view(t);
    const before = server.connections;
    server.broadcast({ Resume: { secret: 'of this viewer' } });
    server.isDown = true;
    server.dropViewers();
    await page.getByText('Connection lost').waitFor();
    await page.getByText(/Trying again/).waitFor();
    server.isDown = false;
    await untilPicture(page);
    t.true(server.connections > before);
    const firsts = (server.received as { AuthenticateAndInit?: Record<string, unknown> }[]).flatMap(
      ({ AuthenticateAndInit: init }) => (init === undefined ? [] : [init]),
    );
    t.true(firsts.length >= 2);
    t.is(new Set(firsts.map((init) => init['client_unique_id'])).size, 1);
    t.is(firsts.at(0)?.['resume_secret'], null);
    t.is(firsts.at(-1)?.['resume_secret'], 'of this viewer');
    await page.focus('.stage');
    server.channelMessages.length = 0;
    await page.keyboard.press('a');
    t.deepEqual(await messages(t, ['keyboard'], 2), ['0001000041', '0000000041']);
  },
);

test.serial('two tabs of one browser have different names', async (t) => {
  await view(t);
  await view(t);
  const names = (
    t.context.server.received as { AuthenticateAndInit?: { client_unique_id: string } }[]
  )
    .map((message) => message.AuthenticateAndInit?.client_unique_id)
    .filter((name) => name !== undefined);
  t.is(new Set(names).size, 2);
  t.is(new Set(names.map((name) => name.slice(0, 16))).size, 1);
});

for (const [code, text] of [
  ['SUPERSEDED', 'Opened in another window'],
  ['KICKED', 'Closed by the owner'],
] as const) {
  test.serial(`after ${code} the page says why and stays away until asked`, async (t) => {
    const { server } = t.context;
    const page = await view(t);
    const before = server.connections;
    server.broadcast({ PeerClosed: { code, reason: text } });
    server.broadcast('PeerDisconnect');
    server.closeViewers(1000, '');
    await page.getByText(text).waitFor();
    t.like(await debug(page), { state: 'ended', code });
    t.is(server.connections, before);
    await page.click('text=Try again');
    await untilPicture(page);
    t.is(server.connections, before + 1);
  });
}

test.serial('a deleted streamer is named as the reason', async (t) => {
  const { server } = t.context;
  const page = await view(t);
  server.streamers = [];
  // As a server that has no such streamer.
  server.isDown = true;
  server.dropViewers();
  await page.getByText('This streamer does not exist any more.').waitFor();
  t.like(await debug(page), { state: 'ended', code: 'STREAMER_NOT_FOUND' });
});

test.serial('the end of the host is told while the viewer waits for it', async (t) => {
  const { server } = t.context;
  const page = await view(t);
  server.isDown = true;
  server.broadcast({ ConnectionTerminated: { error_code: -100 } });
  server.closeViewers(1000, '');
  await page.getByText('The host sends no video.').waitFor();
  server.isDown = false;
  await untilPicture(page);
  t.is((await debug(page)).reason, null);
});

test.serial('a host that is being brought back is remarked upon over the picture', async (t) => {
  const { server } = t.context;
  const page = await view(t);
  server.broadcast({ StageStarting: { stage: 'Waiting for the host' } });
  await page.locator('.remark', { hasText: 'Waiting for the host' }).waitFor();
  t.is((await debug(page)).state, 'connected');
  server.broadcast({ StageComplete: { stage: 'Waiting for the host' } });
  await page.locator('.remark').waitFor({ state: 'hidden' });
});

test.serial('a close code alone is reason enough', async (t) => {
  const { server } = t.context;
  const page = await view(t);
  const before = server.connections;
  server.closeViewers(4409, '');
  await page.getByText('This viewer was opened again somewhere else.').waitFor();
  t.like(await debug(page), { state: 'ended', code: 'SUPERSEDED' });
  t.is(server.connections, before);
});

test.serial('messages without sense change nothing', async (t) => {
  const { server } = t.context;
  const errors: string[] = [];
  const page = await view(t, errors);
  for (const message of [
    null,
    7,
    [],
    {},
    { Unheard: {} },
    { WebRtcConfig: null },
    { Signaling: { AddIceCandidate: null } },
    { Signaling: { AddIceCandidate: { candidate: 'nonsense' } } },
    { ConnectionComplete: {} },
  ]) {
    server.broadcast(message);
  }
  await page.focus('.stage');
  await page.keyboard.press('a');
  await messages(t, ['keyboard'], 2);
  t.is((await debug(page)).state, 'connected');
  t.deepEqual(errors, []);
});

const answers = (received: readonly unknown[]): number =>
  received.filter((message) => JSON.stringify(message).includes('"ty":"answer"')).length;

test.serial('new ICE credentials are answered while the picture goes on', async (t) => {
  const { server, host } = t.context;
  const page = await view(t);
  t.is(answers(server.received), 1);
  await host.evaluate('for (const [id, peer] of peers) offer(id, peer, { iceRestart: true })');
  await server.until(() => answers(server.received) === 2, 'the second answer');
  const frames = await page.evaluate<number>('moontee.framesDecoded');
  await untilTrue(page, `moontee.framesDecoded > ${frames + 10}`);
  t.is((await debug(page)).state, 'connected');
  t.is(server.viewers, 1);
});

test.serial('a path that cannot be mended makes way for a new connection', async (t) => {
  const { server, host } = t.context;
  const page = await view(t);
  const before = server.connections;
  await host.evaluate('for (const peer of peers.values()) peer.connection.close()');
  const asked = (): boolean =>
    server.received.some((message) => JSON.stringify(message) === '{"RestartIce":{}}');
  await server.until(asked, 'a call for new ICE credentials');
  await server.until(() => server.connections > before, 'another connection');
  await untilPicture(page);
  t.is(server.connections, before + 1);
});

/** What browsers do to pages that nobody has clicked; under this test everything is a click. */
const NO_SOUND_BEFORE_A_CLICK = `{
  const { play } = HTMLMediaElement.prototype;
  let clicked = false;
  addEventListener('click', () => (clicked = true), true);
  HTMLMediaElement.prototype.play = function () {
    return this.muted || clicked
      ? play.call(this)
      : Promise.reject(new DOMException('No click yet', 'NotAllowedError'));
  };
}`;

test.serial('sound that the browser holds back is offered on a click', async (t) => {
  const { browser, url } = t.context;
  const page = await browser.context.newPage();
  t.teardown(async () => page.close());
  await page.addInitScript(NO_SOUND_BEFORE_A_CLICK);
  await page.goto(`${url}/#/streamers/demo`);
  await untilPicture(page);
  t.true((await debug(page)).muted);
  await page.click('text=Click for sound');
  await page.locator('.sound-pill').waitFor({ state: 'hidden' });
  t.false((await debug(page)).muted);
  await page.click('.handle');
  await page.click('[aria-label="Sound off"]');
  t.true((await debug(page)).muted);
});

test.serial('credentials are asked for, refused, and kept for the tab', async (t) => {
  const { server, browser, url } = t.context;
  server.credentials = 's3cret';
  const page = await browser.open(`${url}/#/streamers/demo`);
  t.teardown(async () => page.close());
  await page.getByText('Credentials needed').waitFor();
  await page.click('text=Enter credentials');
  await page.fill('#credentials', 'wrong');
  await page.keyboard.press('Enter');
  await page.click('text=Enter credentials');
  await page.getByText('These credentials are not right.').waitFor();
  await page.fill('#credentials', 's3cret');
  await page.keyboard.press('Enter');
  await untilPicture(page);
  await page.reload();
  await untilPicture(page);
  await page.goto(`${url}/#/`);
  await page.waitForSelector('a.card');
  t.pass();
});

test.serial('the page fits a phone', async (t) => {
  const page = await view(t);
  await page.setViewportSize({ width: 360, height: 740 });
  await page.click('.handle');
  await page.click('[aria-label="Keyboard"]');
  const boxes = await page.locator('.tools, .key-panel, .text-field, .stage').all();
  t.is(boxes.length, 4);
  for (const locator of boxes) {
    const box = await locator.boundingBox();
    t.true(box !== null && box.x >= 0 && box.x + box.width <= 360, await locator.innerHTML());
  }
  for (const button of await page.locator('.tools button:visible, .key:visible').all()) {
    const box = await button.boundingBox();
    t.true((box?.height ?? 0) >= 44 && (box?.width ?? 0) >= 44, 'big enough for a finger');
  }
});
