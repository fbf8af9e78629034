/**
 * What a browser may lack, forbid or fail at, taken away before the page loads: it costs that
 * feature, and there is a picture all the same, steered by keys and mouse.
 */
import test from 'ava';
import { Stand, untilPicture, untilTrue } from './stand.js';

let stand: Stand;

test.before(async () => {
  stand = await Stand.start();
});
test.after.always(() => stand.close());
test.serial.beforeEach(() => stand.reset());

/** Forms of absence: not there, throws when called, throws when looked at. */
const gone = (owner: string, name: string): string => `
  delete ${owner}.${name};
  Object.defineProperty(${owner}, '${name}', { value: undefined, configurable: true });`;
const throws = (owner: string, name: string): string => `
  Object.defineProperty(${owner}, '${name}', {
    value: () => { throw new DOMException('Not here', 'SecurityError'); },
    configurable: true,
  });`;
const forbidden = (owner: string, name: string): string => `
  Object.defineProperty(${owner}, '${name}', {
    get: () => { throw new DOMException('Not here', 'SecurityError'); },
    configurable: true,
  });`;
const answers = (owner: string, name: string, value: string): string => `
  Object.defineProperty(${owner}, '${name}', { value: () => ${value}, configurable: true });`;

const VIDEO = 'HTMLVideoElement.prototype';
const MEDIA = 'HTMLMediaElement.prototype';
const ELEMENT = 'Element.prototype';
const DOCUMENT = 'Document.prototype';
const REFUSED = "Promise.reject(new DOMException('no', 'NotAllowedError'))";
const NAVIGATOR = 'Navigator.prototype';

/** What is missing, and how; each row is a page of its own. */
const TABLE: Readonly<Record<string, readonly string[]>> = {
  'nothing optional is there': [
    gone(NAVIGATOR, 'getGamepads'),
    gone(NAVIGATOR, 'keyboard'),
    gone(NAVIGATOR, 'wakeLock'),
    gone(NAVIGATOR, 'userAgentData'),
    gone(NAVIGATOR, 'clipboard'),
    gone(VIDEO, 'getVideoPlaybackQuality'),
    gone('window', 'localStorage'),
    gone('window', 'sessionStorage'),
    gone('window', 'crypto'),
    gone('window', 'ResizeObserver'),
    gone('window', 'visualViewport'),
    gone('window', 'matchMedia'),
    gone('AbortSignal', 'timeout'),
    gone(ELEMENT, 'requestPointerLock'),
    gone(ELEMENT, 'requestFullscreen'),
    gone(DOCUMENT, 'exitPointerLock'),
    gone(DOCUMENT, 'pointerLockElement'),
    gone(DOCUMENT, 'exitFullscreen'),
    gone(DOCUMENT, 'fullscreenElement'),
    gone(DOCUMENT, 'fullscreenEnabled'),
    gone(DOCUMENT, 'hidden'),
    gone('KeyboardEvent.prototype', 'getModifierState'),
    gone('MouseEvent.prototype', 'getModifierState'),
    'delete RTCPeerConnection.prototype.connectionState;',
    'delete RTCRtpReceiver.prototype.jitterBufferTarget;',
    'delete MediaStreamTrack.prototype.contentHint;',
  ],
  'everything optional throws': [
    throws(NAVIGATOR, 'getGamepads'),
    forbidden(NAVIGATOR, 'keyboard'),
    forbidden(NAVIGATOR, 'wakeLock'),
    throws(VIDEO, 'requestVideoFrameCallback'),
    forbidden('window', 'localStorage'),
    forbidden('window', 'sessionStorage'),
    throws('Crypto.prototype', 'getRandomValues'),
    throws(ELEMENT, 'requestPointerLock'),
    throws(ELEMENT, 'setPointerCapture'),
    throws(ELEMENT, 'requestFullscreen'),
    throws(DOCUMENT, 'exitPointerLock'),
    throws(DOCUMENT, 'exitFullscreen'),
    throws('RTCPeerConnection.prototype', 'getStats'),
  ],
  'everything optional answers with nothing': [
    answers(NAVIGATOR, 'getGamepads', 'null'),
    `Object.defineProperty(${NAVIGATOR}, 'keyboard', { value: {} });`,
    `Object.defineProperty(${NAVIGATOR}, 'wakeLock', { value: { request: () => undefined } });`,
    answers(VIDEO, 'requestVideoFrameCallback', '1'),
    `Object.defineProperty(window, 'localStorage', { value: null });`,
    throws('Storage.prototype', 'getItem'),
    throws('Storage.prototype', 'setItem'),
    throws('Storage.prototype', 'removeItem'),
    answers(ELEMENT, 'requestPointerLock', 'undefined'),
    answers(ELEMENT, 'requestFullscreen', 'undefined'),
    answers('window', 'requestAnimationFrame', '1'),
    `{
      const { play } = ${MEDIA};
      ${MEDIA}.play = function () { play.call(this).catch(() => undefined); };
    }`,
  ],
  'everything optional is refused': [
    `Object.defineProperty(${NAVIGATOR}, 'keyboard', {
      value: { lock: () => ${REFUSED}, unlock: () => { throw new Error('no'); } },
    });`,
    `Object.defineProperty(${NAVIGATOR}, 'wakeLock', { value: { request: () => ${REFUSED} } });`,
    answers(ELEMENT, 'requestPointerLock', REFUSED),
    answers(ELEMENT, 'requestFullscreen', REFUSED),
    answers('RTCPeerConnection.prototype', 'getStats', REFUSED),
  ],
  'frames are counted by statistics alone': [
    gone(VIDEO, 'requestVideoFrameCallback'),
    gone(VIDEO, 'getVideoPlaybackQuality'),
  ],
  'frames are counted by the element alone': [
    gone(VIDEO, 'requestVideoFrameCallback'),
    gone('RTCPeerConnection.prototype', 'getStats'),
  ],
  'the element counts nothing': [
    answers(VIDEO, 'getVideoPlaybackQuality', '({ totalVideoFrames: 0 })'),
  ],
  'frames are counted by nobody': [
    gone(VIDEO, 'requestVideoFrameCallback'),
    gone(VIDEO, 'getVideoPlaybackQuality'),
    gone('RTCPeerConnection.prototype', 'getStats'),
  ],
};

for (const [name, scripts] of Object.entries(TABLE)) {
  test.serial(name, async (t) => {
    const errors: string[] = [];
    const page = await stand.open(t, scripts.join(''), { errors });
    await untilTrue(page, "window.moontee?.state === 'connected' && moontee.firstFrameAt !== null");
    await page.locator('.notice').waitFor({ state: 'hidden' });
    // Every control is used, also those whose interface is missing.
    for (const label of ['Mouse', 'Full screen', 'Statistics', 'Sound', 'Keyboard']) {
      const control = `document.querySelector('.tools [aria-label*="${label.slice(1)}"]')`;
      // On and off again, with a click into the picture in between.
      await page.evaluate(`${control}.click()`);
      await page.mouse.click(640, 360);
      await page.evaluate(`${control}.click()`);
    }
    await page.evaluate(`{
      const gamepad = { index: 0, id: 'pad', mapping: 'standard', axes: [], buttons: [] };
      dispatchEvent(Object.assign(new Event('gamepadconnected'), {
        gamepad: { ...gamepad, vibrationActuator: null },
      }));
    }`);
    stand.server.sendToPads('0000ffff8000');
    await page.focus('.stage');
    stand.server.channelMessages.length = 0;
    await page.keyboard.press('Shift+KeyA');
    t.deepEqual(await stand.messages(['keyboard'], 4), [
      '00010100a0',
      '0001010041',
      '0000010041',
      '00000000a0',
    ]);
    t.is(await page.evaluate('moontee.state'), 'connected');
    t.deepEqual(errors, []);
  });
}

test.serial('no WebRTC: the reason is told, and it is final', async (t) => {
  for (const name of ['RTCPeerConnection', 'MediaStream']) {
    const page = await stand.browser.context.newPage();
    await page.addInitScript(gone('window', name));
    await page.goto(`${stand.url}/#/streamers/demo`);
    await page.getByText('This browser has no WebRTC').waitFor();
    t.is(await page.evaluate('moontee.code'), 'NO_WEBRTC');
    t.is(await page.evaluate('moontee.state'), 'ended');
    await page.close();
  }
});

test.serial('a socket that may not be opened is told', async (t) => {
  const page = await stand.browser.context.newPage();
  t.teardown(() => page.close());
  await page.addInitScript(
    `window.WebSocket = class { constructor() { throw new DOMException('no', 'SecurityError'); } };`,
  );
  await page.goto(`${stand.url}/#/streamers/demo`);
  await page.getByText('The server cannot be reached.').waitFor();
  t.is(await page.evaluate('moontee.code'), 'UNREACHABLE');
});

/** A fault that nobody has foreseen, the first time the page is loaded. */
const FAULT = `if (window.name === '') {
  window.name = 'loaded once';
  const { setAttribute } = Element.prototype;
  Element.prototype.setAttribute = function (name, value) {
    if (name === 'tabindex') throw new Error('A made-up fault');
    setAttribute.call(this, name, value);
  };
}`;

test.serial('an error at the start is shown, with a way to start again', async (t) => {
  const page = await stand.open(t, FAULT);
  await page.getByRole('alert').getByText('A made-up fault').waitFor();
  await page.getByRole('button', { name: 'Start again' }).click();
  await untilPicture(page);
  t.is(await page.getByRole('alert').count(), 0);
});

test.serial('a script that does not start is told after a while', async (t) => {
  const page = await stand.browser.context.newPage();
  t.teardown(() => page.close());
  await page.route('**/main.js', (route) => route.abort());
  await page.goto(`${stand.url}/#/streamers/demo`);
  const words = page.getByText('Moontee has not started');
  t.false(await words.isVisible());
  await words.waitFor({ state: 'visible' });
});
