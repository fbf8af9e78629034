/** What the page shows of the company at a streamer, and what it asks for. */
import test, { type ExecutionContext } from 'ava';
import type { Page } from 'playwright-core';
import { until } from '../support/until.js';
import { Stand, untilPicture } from './stand.js';

let stand: Stand;

test.before(async () => {
  stand = await Stand.start();
});
test.after.always(() => stand.close());
test.serial.beforeEach(() => stand.reset());

const STEERS = ['watch', 'pointer', 'keyboard'];
const MANAGES = [...STEERS, 'touch', 'gamepad', 'share', 'manage'];

const person = (peer_id: string, name: string | null, granted: readonly string[]): object => ({
  ...{ peer_id, name, granted, rights: granted, is_name_certain: false, color: '#ffb000' },
});

interface Control {
  readonly mode?: string;
  readonly holder?: string | null;
  readonly asking?: readonly string[];
  readonly idle?: number;
  readonly pads?: readonly (string | null)[];
}

/** You are `me`; Bo is here too. */
function tell(granted: readonly string[], control: Control = {}): void {
  const viewers = [person('me', 'Ann', granted), person('bo', 'Bo', STEERS)];
  stand.server.broadcast({ Presence: { you: 'me', viewers } });
  tellControl(control);
}

function tellControl(control: Control): void {
  const { mode = 'single', holder = null, asking = [], idle = 0, pads = [] } = control;
  stand.server.broadcast({ Control: { mode, holder, asking, idle_timeout_ms: idle, pads } });
}

async function openPanel(page: Page): Promise<void> {
  await page.click('.handle');
  await page.click('.tools [aria-label^="People"]');
  await page.locator('.panel').waitFor();
}

/** What the page has asked for since the last call. */
async function ordered(count: number): Promise<unknown[]> {
  const orders = (): unknown[] =>
    stand.server.received.filter(
      (message) =>
        typeof message === 'object' &&
        message !== null &&
        ['Control', 'Rename', 'Pointers'].some((name) => name in message),
    );
  await stand.server.until(() => orders().length >= count, `${count} orders`);
  const all = orders();
  stand.server.received.length = 0;
  return all;
}

const press = (page: Page, name: string): Promise<void> =>
  page.getByRole('button', { name, exact: true }).click();

async function viewWith(
  t: ExecutionContext,
  granted: readonly string[],
  control?: Control,
): Promise<Page> {
  const page = await stand.view(t);
  stand.server.received.length = 0;
  tell(granted, control);
  await openPanel(page);
  return page;
}

test.serial('a server that tells nothing of people is shown nothing of them', async (t) => {
  const page = await stand.view(t);
  await page.click('.handle');
  t.true(await page.locator('.tools [aria-label="Keyboard"]').isVisible());
  t.true(await page.locator('.tools [aria-label="People"]').isHidden());
  t.true(await page.locator('.control-pill').isHidden());
});

test.serial('control is asked for, given up, given and refused', async (t) => {
  const page = await viewWith(t, STEERS, { holder: 'bo' });
  await page.locator('.panel').getByText('Bo has control.').waitFor();
  await press(page, 'Ask for control');
  tellControl({ holder: 'bo', asking: ['me'] });
  await press(page, 'Do not wait any more');
  tellControl({ holder: 'me', asking: ['bo'] });
  await page.locator('.panel').getByText('You have control.').waitFor();
  await press(page, 'Refuse control to Bo');
  await press(page, 'Give control to Bo');
  await press(page, 'Give up control');
  t.deepEqual(await ordered(5), [
    { Control: 'Ask' },
    { Control: 'Release' },
    { Control: { Deny: { peer_id: 'bo' } } },
    { Control: { Grant: { peer_id: 'bo' } } },
    { Control: 'Release' },
  ]);
  for (const name of ['Take control', 'Release all']) {
    t.true(await page.getByText(name).isHidden(), name);
  }
  t.true(await page.getByRole('radio').first().isHidden());
  tellControl({ mode: 'shared' });
  await page.locator('.panel').getByText('Everybody with the right steers.').waitFor();
  t.true(await page.getByText('Give up control').isHidden());
  stand.server.broadcast({ ControlRefused: { code: 'FORBIDDEN', reason: 'Not now' } });
  await page.locator('.remark', { hasText: 'Not now' }).waitFor();
});

test.serial('who manages takes control, changes the mode and releases all', async (t) => {
  stand.server.answers.set('GET /api/streamers/demo/input', {
    viewers: [
      {
        ...{ peer_id: 'bo', name: 'Bo', keys: [0x57, 0xa0], buttons: [1], touches: 2 },
        pads: [{ slot: 0, pressed: true }],
      },
      { peer_id: 'me', name: 'Ann', keys: [], buttons: [], touches: 0, pads: [] },
    ],
  });
  const page = await viewWith(t, MANAGES, { holder: 'bo' });
  await press(page, 'Take control');
  await page.getByRole('radio', { name: 'Locked' }).check();
  const held = page.locator('.held li > div');
  await held.first().waitFor();
  t.deepEqual(await held.allInnerTexts(), [
    'Bo W, Shift (left), left button, 2 fingers, gamepad 1 (pressed)',
  ]);
  await press(page, 'Release all');
  await page.getByLabel('Release what Bo holds').press('Enter');
  t.deepEqual(await ordered(4), [
    { Control: 'Take' },
    { Control: { Set: { mode: 'locked' } } },
    { Control: { ReleaseInput: { peer_id: null } } },
    { Control: { ReleaseInput: { peer_id: 'bo' } } },
  ]);
  // The button stays the same one while what is held changes, and the focus stays in the panel.
  const release = page.getByLabel('Release what Bo holds');
  stand.server.answers.set('GET /api/streamers/demo/input', {
    viewers: [{ peer_id: 'bo', name: 'Bo', keys: [0x57], buttons: [], touches: 0, pads: [] }],
  });
  await held.filter({ hasText: /^Bo W$/ }).waitFor();
  t.true(await release.isVisible());
  t.is(await page.evaluate('document.activeElement.textContent'), 'Release');
  stand.server.answers.set('GET /api/streamers/demo/input', { viewers: [] });
  await page.getByText('Nothing is held.').waitFor();
  t.is(await page.evaluate('document.activeElement.textContent'), 'Release all');
});

test.serial('who manages says how long somebody in control may do nothing', async (t) => {
  const page = await viewWith(t, MANAGES, { holder: 'bo', idle: 120_000 });
  const idle = page.getByLabel('Idle control goes on after');
  t.is(await idle.locator('option:checked').innerText(), '2 minutes');
  await idle.selectOption('never');
  tellControl({ holder: 'bo', idle: 90_000 });
  await until('it is shown', async () => (await idle.inputValue()) === '90000');
  // By the keyboard alone.
  await idle.press('ArrowDown');
  t.deepEqual(await ordered(2), [
    { Control: { Set: { idle_timeout_ms: 0 } } },
    { Control: { Set: { idle_timeout_ms: 120_000 } } },
  ]);
  tellControl({ mode: 'shared', idle: 90_000 });
  await idle.waitFor({ state: 'hidden' });
  // Others read it.
  tell(STEERS, { holder: 'bo', idle: 90_000 });
  await page.getByText('Who does nothing for 90 seconds loses control.').waitFor();
  t.true(await idle.isHidden());
  tellControl({ holder: 'bo', idle: 0 });
  await page.getByText('loses control').waitFor({ state: 'hidden' });
});

test.serial('who manages gives gamepads of the host to people, and frees them', async (t) => {
  const page = await viewWith(t, MANAGES, { mode: 'shared', pads: [null, 'bo'] });
  await page.getByText('Gamepads', { exact: true }).press('Enter');
  const first = page.getByLabel('Gamepad 1', { exact: true });
  const second = page.getByLabel('Gamepad 2', { exact: true });
  t.is(await page.locator('.pads li').count(), 4);
  t.is(await first.inputValue(), '');
  t.is(await second.locator('option:checked').innerText(), 'Bo');
  t.deepEqual(await first.locator('option').allInnerTexts(), ['Anybody', 'Ann', 'Bo']);
  await first.selectOption('Ann');
  tellControl({ mode: 'shared', pads: ['me', 'bo'] });
  await second.selectOption('Anybody');
  tellControl({ mode: 'shared', pads: ['me', null, null, 'bo'] });
  await until('one more', async () => (await page.locator('.pads li').count()) === 5);
  await first.press('Home');
  t.deepEqual(await ordered(3), [
    { Control: { Set: { pads: ['me', 'bo'] } } },
    { Control: { Set: { pads: ['me', null] } } },
    { Control: { Set: { pads: [null, null, null, 'bo'] } } },
  ]);
  tell(STEERS, { mode: 'shared', pads: ['me'] });
  await page.getByText('Gamepads', { exact: true }).waitFor({ state: 'hidden' });
});

test.serial('who manages changes the rights of another, and removes it', async (t) => {
  const path = '/api/streamers/demo/viewers/bo';
  stand.server.answers.set(`PATCH ${path}`, {}).set(`DELETE ${path}`, {});
  const page = await viewWith(t, MANAGES);
  const bo = page.locator('.person').nth(1);
  await page.getByLabel('Rights of Bo').click();
  t.false(await bo.getByLabel('Use touch').isChecked());
  await bo.getByLabel('Use touch').check();
  await bo.getByLabel('Use the mouse').uncheck();
  await bo.getByText('Remove', { exact: true }).click();
  await bo.getByText('Really remove Bo?').click();
  await stand.server.until(() => stand.server.calls.length >= 3, 'three calls');
  t.deepEqual(stand.server.calls, [
    { request: `PATCH ${path}`, body: { rights: ['watch', 'pointer', 'keyboard', 'touch'] } },
    { request: `PATCH ${path}`, body: { rights: ['watch', 'keyboard', 'touch'] } },
    { request: `DELETE ${path}`, body: null },
  ]);
  // What the server refuses is told, and is not shown as done.
  stand.server.answers.delete(`PATCH ${path}`);
  await bo.getByLabel('Invite others').click();
  await page.locator('.remark', { hasText: /not/i }).waitFor();
  t.false(await bo.getByLabel('Invite others').isChecked());
  t.true(await page.getByLabel('Rights of Ann').isHidden());
});

test.serial('over the picture: why input has no effect, and who asks', async (t) => {
  const page = await stand.view(t);
  tell(STEERS, { holder: 'bo' });
  const pill = page.locator('.control-pill');
  await pill.getByText('Bo has control.').waitFor();
  await pill.getByText('Ask for control').click();
  tellControl({ holder: 'bo', asking: ['me'] });
  await pill.getByText('You have asked for it.').waitFor();
  tellControl({ holder: 'me', asking: ['bo'] });
  await pill.getByText('Bo asks for control.').waitFor();
  await pill.getByText('Give', { exact: true }).click();
  t.deepEqual(
    (await ordered(2)).filter((order) => JSON.stringify(order).includes('Control')),
    [{ Control: 'Ask' }, { Control: { Grant: { peer_id: 'bo' } } }],
  );
  tell(['watch'], { holder: 'bo' });
  await pill.waitFor({ state: 'hidden' });
});

test.serial('a name is changed, and kept for the next time', async (t) => {
  const page = await viewWith(t, ['watch']);
  await page.getByLabel('Your name').fill(' Zoë ');
  await press(page, 'Save');
  t.deepEqual(await ordered(1), [{ Rename: { name: 'Zoë' } }]);
  await page.reload();
  await stand.server.until(
    () => JSON.stringify(stand.server.received).includes('"name":"Zoë"'),
    'the name in the first message',
  );
  await page.evaluate('localStorage.clear()');
});

test.serial('others point where the picture is, and not beside it', async (t) => {
  const page = await stand.view(t);
  // The picture is wider than the page: there are bars above and below.
  await page.setViewportSize({ width: 640, height: 640 });
  tell(['watch']);
  const point = (): void => {
    const pointers = [{ peer_id: 'bo', x: 0.25, y: 1 }];
    stand.server.broadcast({ Pointers: { pointers } });
  };
  point();
  const pointer = page.locator('.pointer');
  await pointer.getByText('Bo').waitFor();
  const place = (): Promise<string> =>
    pointer.evaluate('document.querySelector(".pointer").style.cssText');
  t.regex(await place(), /left: 160px; top: 500px/);
  await page.setViewportSize({ width: 1280, height: 720 });
  await until('it follows', async () => /left: 320px; top: 720px/.test(await place()));
  await openPanel(page);
  stand.server.received.length = 0;
  await page.getByLabel('Show where others point').uncheck();
  t.is(await pointer.count(), 0);
  t.deepEqual(await ordered(1), [{ Pointers: { wanted: false } }]);
  await page.evaluate('localStorage.clear()');
});

test.serial('what a viewer has no right to is not offered', async (t) => {
  const page = await viewWith(t, ['watch']);
  for (const name of ['Keyboard', 'Mouse: follows the pointer']) {
    t.true(await page.locator(`.tools [aria-label="${name}"]`).isHidden(), name);
  }
  await press(page, 'Close');
  t.true(await page.locator('.panel').isHidden());
  t.is(await page.evaluate('document.activeElement.className'), 'stage');
  tell(STEERS);
  await page.locator('.tools [aria-label="Keyboard"]').waitFor();
});

test.serial('links are made with rights, end, uses and PIN, shown once, and revoked', async (t) => {
  const path = '/api/streamers/demo/shares';
  const share = {
    ...{ id: 'x', streamer_id: 'demo', rights: ['watch', 'touch'], uses: 1, max_uses: 3 },
    ...{ created_at: '2026-01-01T00:00:00Z', expires_at: '2026-01-02T00:00:00Z', has_pin: true },
    ...{ state: 'open', visitors: [{ name: 'Bo', at: '2026-01-01T01:00:00Z', token_id: 'y' }] },
  };
  const url = 'https://example.test/?share=secret#/streamers/demo';
  stand.server.answers
    .set(`GET ${path}`, { shares: [share] })
    .set(`POST ${path}`, { ...share, url, secret: 'secret' })
    .set(`DELETE ${path}/x`, {});
  const page = await viewWith(t, [...STEERS, 'touch', 'share']);
  await press(page, 'Invite…');
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Came: Bo').waitFor();
  t.regex(await dialog.locator('.share-list').innerText(), /Touch\s+used 1 of 3 × · with a PIN/);
  t.true(await dialog.getByLabel('Manage people').isHidden(), 'it has no such right');
  await dialog.getByLabel('Use touch').check();
  await dialog.getByLabel('Good for').selectOption('a week');
  await dialog.getByLabel('Uses').fill('3');
  await dialog.getByLabel('PIN', { exact: true }).fill('4711');
  await dialog.getByText('Make a link').click();
  await dialog.getByLabel('QR code of the link').waitFor();
  t.is(await dialog.getByLabel('Link', { exact: true }).inputValue(), url);
  await dialog.getByLabel('Revoke the link: Touch').click();
  await dialog.getByLabel('QR code of the link').waitFor({ state: 'hidden' });
  const calls = stand.server.calls.filter(({ request }) => !request.startsWith('GET'));
  t.deepEqual(calls, [
    {
      request: `POST ${path}`,
      body: { rights: ['watch', 'touch'], expires_in_s: 604_800, max_uses: 3, pin: '4711' },
    },
    { request: `DELETE ${path}/x`, body: null },
  ]);
  stand.server.answers.delete(`POST ${path}`);
  await dialog.getByText('Make a link').click();
  await dialog.getByRole('alert').filter({ hasText: /not/ }).waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  t.true(await page.locator('.panel').isVisible());
  tell(STEERS);
  await page.getByText('Invite…').waitFor({ state: 'hidden' });
});

test.serial('?view=only watches, and steers nothing', async (t) => {
  const page = await stand.browser.open(`${stand.url}/?view=only#/streamers/demo`);
  t.teardown(() => page.close());
  await untilPicture(page);
  tell(MANAGES, { mode: 'shared' });
  for (const part of ['.toolbar', '.panel', '.key-panel', '.stats', '.control-pill', '.pointers']) {
    t.is(await page.locator(part).count(), 0, part);
  }
  await page.mouse.move(300, 300);
  await page.mouse.click(640, 360);
  await page.keyboard.press('a');
  await page.evaluate("location.hash = '#/streamers/demo?view=only'");
  await untilPicture(page);
  t.is(await page.locator('.toolbar').count(), 0);
  t.deepEqual(stand.server.channelMessages, []);
});
