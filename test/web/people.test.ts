/** The page for people with a keyboard, a mouse, and questions. */
import test from 'ava';
import type { Page } from 'playwright-core';
import { until } from '../support/until.js';
import { Stand, untilPicture, untilTrue } from './stand.js';

let stand: Stand;

test.before(async () => {
  stand = await Stand.start();
});
test.after.always(() => stand.close());
test.serial.beforeEach(() => stand.reset());

const WINDOWS =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/150.0 Safari/537.36';
const MAC =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/150.0 Safari/537.36';

/** Key events as a platform reports them; the browser of this test makes others. */
async function keys(page: Page, ...events: readonly string[]): Promise<void> {
  await page.evaluate(
    `for (const text of ${JSON.stringify(events)}) {
      const [type, code, key, ...flags] = text.split(' ');
      document.activeElement.dispatchEvent(new KeyboardEvent(type, {
        code, key, bubbles: true, cancelable: true,
        ctrlKey: flags.includes('ctrl'),
        altKey: flags.includes('alt'),
        shiftKey: flags.includes('shift'),
        metaKey: flags.includes('meta'),
        modifierAltGraph: flags.includes('altgraph'),
      }));
    }`,
  );
}

async function openPanel(page: Page): Promise<void> {
  await page.click('.handle');
  await page.click('[aria-label="Keyboard"]');
  await page.locator('.text-field:focus').waitFor();
}

const focused = (page: Page): Promise<string> =>
  page.evaluate<string>('document.activeElement.className || document.activeElement.tagName');

test.serial('AltGr under Windows: no Ctrl, and no shortcut of the page', async (t) => {
  const page = await stand.view(t, '', { userAgent: WINDOWS });
  await page.focus('.stage');
  await keys(
    page,
    'keydown ControlLeft Control ctrl',
    'keydown AltRight AltGraph ctrl alt',
    'keydown ShiftLeft Shift ctrl alt shift',
    'keydown KeyS S ctrl alt shift',
    'keyup KeyS S ctrl alt shift',
    'keyup ShiftLeft Shift ctrl alt',
    'keyup ControlLeft Control alt',
    'keyup AltRight AltGraph',
  );
  t.deepEqual(await stand.messages(['keyboard'], 6), [
    '00010400a5',
    '00010500a0',
    '0001050053',
    '0000050053',
    '00000400a0',
    '00000000a5',
  ]);
  t.true(await page.locator('.stats').isHidden());
  await keys(page, 'keydown ControlLeft Control ctrl');
  t.deepEqual(await stand.messages(['keyboard'], 1), ['00010200a2']);
});

test.serial('CapsLock and Cmd under macOS', async (t) => {
  const page = await stand.view(t, '', { userAgent: MAC });
  await page.focus('.stage');
  await keys(
    page,
    'keydown CapsLock CapsLock',
    'keydown MetaLeft Meta meta',
    'keydown KeyC c meta',
  );
  t.deepEqual(await stand.messages(['keyboard'], 5), [
    '0001000014',
    '0000000014',
    '000108005b',
    '0001080043',
    '0000080043',
  ]);
  // The way up of Cmd was lost; the mouse shows it.
  await page.mouse.move(600, 300);
  t.deepEqual(await stand.messages(['keyboard'], 1), ['000000005b']);
});

test.serial('the keyboard panel lets go of the focus', async (t) => {
  const page = await stand.view(t);
  await openPanel(page);
  await page.keyboard.press('Tab');
  t.is(await focused(page), 'key');
  await page.keyboard.press('Shift+Tab');
  t.is(await focused(page), 'text-field');
  await page.keyboard.press('Shift+Tab');
  t.not(await focused(page), 'text-field');
  await page.focus('.text-field');
  const isKept = await page.evaluate<boolean>(
    `!document.activeElement.dispatchEvent(
      new KeyboardEvent('keydown', { key: 'F6', code: 'F6', bubbles: true, cancelable: true }))`,
  );
  t.false(isKept);
  await page.keyboard.press('Control+Alt+Shift+KeyZ');
  t.is(await page.locator(':focus').getAttribute('aria-label'), 'All streamers');
  await page.focus('.text-field');
  await page.keyboard.press('Escape');
  t.is(await focused(page), 'stage');
  t.true(await page.locator('.key-panel').isHidden());
  t.is(await page.locator('.tools [aria-label="Keyboard"]').getAttribute('aria-pressed'), 'false');
  // Nothing of all that was for the host.
  t.deepEqual(
    stand.server.channelMessages.filter(({ label }) => label === 'keyboard'),
    [],
  );
});

test.serial('the text field says what it is for, and pastes', async (t) => {
  const page = await stand.view(t);
  await openPanel(page);
  t.true(await page.getByText('What you type or paste here goes to the host.').isVisible());
  await page.evaluate(`{
    const other = document.createElement('input');
    other.id = 'other';
    other.value = 'päste';
    document.body.append(other);
    other.select();
  }`);
  await page.keyboard.press('Control+KeyC');
  await page.focus('.text-field');
  await page.keyboard.press('Control+KeyV');
  t.deepEqual(await stand.messages(['keyboard'], 1), ['010570c3a4737465']);
  // Other combinations are for the host, and nothing stays down.
  await page.keyboard.press('Control+KeyA');
  t.deepEqual(await stand.messages(['keyboard'], 4), [
    '00010200a2',
    '0001020041',
    '0000020041',
    '00000000a2',
  ]);
});

test.serial('shortcuts are written in the tool bar', async (t) => {
  const page = await stand.view(t);
  await page.click('.handle');
  const words = await page.locator('.shortcuts').innerText();
  t.regex(
    words.replaceAll(/\s+/g, ' '),
    /Ctrl\+Alt\+Shift.*Z tool bar.*X full screen.*S statistics/,
  );
  // By the letter on the key, wherever it lies.
  await page.focus('.stage');
  await keys(page, 'keydown KeyY Z ctrl alt shift');
  t.is(await page.locator(':focus').getAttribute('aria-label'), 'All streamers');
  await page.focus('.stage');
  await keys(page, 'keydown KeyS Ы ctrl alt shift');
  await page.locator('.stats').waitFor({ state: 'visible' });
  await page.evaluate('localStorage.clear()');
});

test.serial('after the end, keys are for the page: Try again is within reach', async (t) => {
  const page = await stand.view(t);
  await page.focus('.stage');
  stand.server.broadcast({ PeerClosed: { code: 'KICKED', reason: 'Closed by the owner' } });
  stand.server.closeViewers(1000, '');
  await page.getByText('Closed by the owner').waitFor();
  t.is(await page.locator(':focus').innerText(), 'Try again');
  await page.keyboard.press('Tab');
  t.is(await page.locator(':focus').innerText(), 'All streamers');
  await page.focus('.stage');
  await page.keyboard.press('Tab');
  t.is(await page.locator(':focus').innerText(), 'Try again');
  await page.keyboard.press('Enter');
  await untilPicture(page);
  await until('the focus', async () => (await focused(page)) === 'stage');
});

test.serial('a streamer that has failed ends the attempts, with the reason', async (t) => {
  const page = await stand.view(t);
  stand.server.streamers = [];
  stand.server.addStreamer('demo', { status: 'failed', error: 'The host sends no video' });
  stand.server.isDown = true;
  stand.server.dropViewers();
  await page.getByText('The host sends no video').waitFor();
  await untilTrue(page, "moontee.state === 'ended'");
  t.is(await page.evaluate('moontee.code'), 'STREAMER_FAILED');
  stand.server.isDown = false;
  await page.click('text=Try again');
  await untilPicture(page);
});

test.serial('stages have words for people', async (t) => {
  const page = await stand.view(t);
  const remark = page.locator('.remark');
  for (const [stage, words] of [
    ['Setup WebRTC Peer', 'Preparing the connection'],
    ['WebRTC Peer Negotiation', 'Agreeing on picture and sound'],
    ['RTSP handshake', 'Agreeing with the host on the stream'],
    ['Waiting for the host', 'Waiting for the host'],
  ]) {
    stand.server.broadcast({ StageStarting: { stage } });
    await remark.filter({ hasText: words ?? '' }).waitFor();
  }
  t.pass();
});

test.serial('credentials are wrong only after some were given', async (t) => {
  stand.server.credentials = 's3cret';
  const page = await stand.open(t);
  await page.getByText('Credentials needed').waitFor();
  t.regex(await page.locator('.notice').innerText(), /This server wants credentials/);
  t.is(await page.locator(':focus').innerText(), 'Enter credentials');
  await page.keyboard.press('Enter');
  t.notRegex(await page.locator('.dialog').innerText(), /not right/);
  await page.fill('#credentials', 'wrong');
  await page.keyboard.press('Enter');
  await page.getByText('The server has refused these credentials.').waitFor();
  await page.click('text=Enter credentials');
  t.regex(await page.locator('.dialog').innerText(), /not right/);
  t.is(new URL(page.url()).search, '');
});

test.serial('back and forward of the mouse are for the host', async (t) => {
  const page = await stand.view(t);
  await page.evaluate("location.hash = '#/'");
  await page.locator('a.card').click();
  await untilPicture(page);
  stand.server.channelMessages.length = 0;
  const before = stand.server.connections;
  const devtools = await stand.browser.context.newCDPSession(page);
  for (const [button, buttons] of [
    ['back', 8],
    ['forward', 16],
  ] as const) {
    const at = { x: 640, y: 360, button, clickCount: 1 };
    await devtools.send('Input.dispatchMouseEvent', { type: 'mousePressed', buttons, ...at });
    await devtools.send('Input.dispatchMouseEvent', { type: 'mouseReleased', buttons: 0, ...at });
  }
  const sent = (await stand.messages(['mouseClicks'], 8)).filter((hex) => hex.startsWith('02'));
  t.deepEqual(sent, ['020104', '020004', '020105', '020005']);
  // Also while another button is held.
  const at = { x: 640, y: 360, clickCount: 1 };
  for (const [type, button, buttons] of [
    ['mousePressed', 'left', 1],
    ['mousePressed', 'back', 9],
    ['mouseReleased', 'back', 1],
    ['mouseReleased', 'left', 0],
  ] as const) {
    await devtools.send('Input.dispatchMouseEvent', { type, button, buttons, ...at });
  }
  const more = (await stand.messages(['mouseClicks'], 8)).filter((hex) => hex.startsWith('02'));
  t.deepEqual(more, ['020101', '020104', '020004', '020001']);
  t.true(page.url().endsWith('#/streamers/demo'));
  t.is(stand.server.connections, before);
  for (const name of ['mousedown', 'mouseup', 'auxclick']) {
    for (const button of [3, 4]) {
      const goesOn = await page.evaluate<boolean>(
        `document.querySelector('.stage').dispatchEvent(
          new MouseEvent('${name}', { button: ${button}, bubbles: true, cancelable: true }))`,
      );
      t.false(goesOn, `${name} ${button}`);
    }
  }
});

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

test.serial('a click into the picture turns the sound on that was held back', async (t) => {
  const page = await stand.view(t, NO_SOUND_BEFORE_A_CLICK);
  t.true(await page.evaluate("document.querySelector('video').muted"));
  await page.mouse.click(640, 360);
  await untilTrue(page, "!document.querySelector('video').muted");
  await page.locator('.sound-pill').waitFor({ state: 'hidden' });
  // Sound that was turned off by hand stays off.
  await page.click('.handle');
  await page.click('[aria-label="Sound off"]');
  await page.mouse.click(640, 360);
  await page.waitForTimeout(200);
  t.true(await page.evaluate("document.querySelector('video').muted"));
});
