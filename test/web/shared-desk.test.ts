/** Three people in Chromium and an agent at one desktop: what each may do, and what the host gets of it. */
import { rm } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import {
  encodeButton,
  encodeHeldButtons,
  encodeHeldKeys,
  encodeHeldTouches,
  encodeKey,
  encodeMove,
  encodePadAdd,
  encodePadRemove,
  encodePadState,
  encodePosition,
  encodeText,
  encodeTouch,
  encodeWheel,
  type Bytes,
} from '../../client/encode.js';
import { PAD_AT_REST } from '../../client/pads.js';
import type { Right } from '../../src/core/rights.js';
import { severalAttempts } from '../support/several-attempts.js';
import { until } from '../support/until.js';
import { buildPage } from './browser.js';
import { Recital } from './desk-recital.js';
import { SCRIPTS, TWO_HANDS, type Person, type Script } from './desk-scripts.js';
import { Desk, PEOPLE, RIGHTS } from './desk.js';

// What the children say is of no interest here.
process.env['MOONTEE_LOG'] ??= 'error';

let directory = '';

test.before(async () => {
  directory = await buildPage();
});
test.after.always(() => rm(directory, { recursive: true, force: true }));

const A = 0x41;
const finger = { id: 1, x: 0.5, y: 0.5, force: 1, radiusX: 1, radiusY: 1, rotation: 1 };
const mouse = (right: Right, message: Bytes): Act => [right, 'mouseClicks', message];

type Act = readonly [right: Right, label: string, message: Bytes];

/** Every message of every device: whatever a viewer can do, by the right that it needs. */
const ACTS: readonly Act[] = [
  ['keyboard', 'keyboard', encodeKey(true, A, 0)],
  ['keyboard', 'keyboard', encodeKey(false, A, 0)],
  ...encodeText('x').map((message): Act => ['keyboard', 'keyboard', message]),
  ['keyboard', 'keyboard', encodeHeldKeys([A], 0)],
  ['pointer', 'mouseAbsolute', encodePosition(0.5, 0.5)],
  ['pointer', 'mouseRelative', encodeMove(3, -4)],
  mouse('pointer', encodeButton(true, 1)),
  mouse('pointer', encodeButton(false, 1)),
  mouse('pointer', encodeWheel(0, 120)),
  // By clicks, as some clients turn it.
  mouse('pointer', Uint8Array.from([4, 0, 1])),
  mouse('pointer', encodeHeldButtons([1], 0)),
  ['touch', 'touch', encodeTouch('down', finger)],
  ['touch', 'touch', encodeTouch('move', finger)],
  ['touch', 'touch', encodeTouch('up', finger)],
  ['touch', 'touch', encodeHeldTouches([finger], 0)],
  ['gamepad', 'controllers', encodePadAdd(5, 0xffff, 0)],
  ['gamepad', 'controller5', encodePadState({ ...PAD_AT_REST, buttons: 0x1000 })],
  ['gamepad', 'controllers', encodePadRemove(5)],
];

/** One event of each kind that an agent knows, by the right that it needs. */
const EVENTS: readonly (readonly [Right, Readonly<Record<string, unknown>>])[] = [
  ['keyboard', { type: 'key', key: 'a' }],
  ['keyboard', { type: 'text', text: 'x' }],
  ['pointer', { type: 'move', x: 1, y: 1 }],
  ['pointer', { type: 'move-by', dx: 1, dy: 1 }],
  ['pointer', { type: 'click' }],
  ['pointer', { type: 'button', action: 'down' }],
  ['pointer', { type: 'drag', from: { x: 1, y: 1 }, to: { x: 2, y: 2 } }],
  ['pointer', { type: 'scroll', dy: 1 }],
  ['touch', { type: 'touch', action: 'tap', x: 1, y: 1 }],
  ['gamepad', { type: 'pad', buttons: ['a'] }],
];

/** Everything that `person` may not do is refused, and counted once. @returns how many */
async function tryAll(desk: Desk, person: Person, allowed: readonly Right[]): Promise<number> {
  const acts = ACTS.filter(([right]) => !allowed.includes(right));
  for (const [right, label, message] of acts) {
    const before = await desk.forbidden();
    await desk.seats[person].send(label, message);
    const count = await until(`${person} may not: ${right}`, async () => {
      const now = await desk.forbidden();
      return now > before ? now - before : null;
    });
    if (count !== 1) throw new Error(`${label} is counted ${count} times`);
  }
  return acts.length;
}

/** As {@link tryAll}, of the agent. */
async function tryLists(desk: Desk, allowed: readonly Right[]): Promise<number> {
  const events = EVENTS.filter(([right]) => !allowed.includes(right));
  const before = await desk.forbidden();
  for (const [right, event] of events) {
    const { status, text } = await desk.list([{ type: 'wait', ms: 1 }, event]);
    const names = text.includes(`events[1]: needs the right \\"${right}\\"`);
    if (status !== 403 || !names) throw new Error(`${JSON.stringify(event)}: ${status} ${text}`);
  }
  const count = (await desk.forbidden()) - before;
  if (count !== events.length) throw new Error(`${events.length} are counted ${count} times`);
  return count;
}

test.serial('the log of the host equals a model, for recorded scripts of every kind', async (t) => {
  t.timeout(900_000);
  await severalAttempts(t, performAll);
});

async function performAll(t: ExecutionContext): Promise<void> {
  // Else the agent would wait for the people.
  const desk = await Desk.set(t, { directory, flags: { agent_pause_ms: '0' } });
  const recital = new Recital(desk);
  let refused = 0;
  for (const script of SCRIPTS) {
    await recital.perform(script);
    // In between the others try what they may not. The next script shows that nothing came of it.
    refused += await tryAll(desk, 'ben', RIGHTS.ben);
  }
  refused += await tryAll(desk, 'cat', RIGHTS.cat);
  refused += await tryLists(desk, RIGHTS.agent);
  await desk.grant('ben', ['watch', 'pointer', 'keyboard']);
  await recital.perform(TWO_HANDS);
  await desk.grant('ben', RIGHTS.ben);

  await desk.control({ mode: 'locked' });
  for (const person of PEOPLE) refused += await tryAll(desk, person, []);
  refused += await tryLists(desk, []);
  await desk.control({ mode: 'single' });
  for (const person of ['ann', 'cat'] as const) {
    refused += await tryAll(desk, person, RIGHTS.cat);
  }
  await desk.control({ mode: 'shared' });
  const last = SCRIPTS[0];
  if (last !== undefined) await recital.perform(last);
  t.log(`${recital.count} words of the host, ${refused} refused`);
}

test.serial(
  'what the mode or a lost token takes away is let go, and nothing of anybody else',
  async (t) => {
    t.timeout(900_000);
    await severalAttempts(t, loseAll);
  },
);

async function loseAll(t: ExecutionContext): Promise<void> {
  const desk = await Desk.set(t, { directory });
  const recital = new Recital(desk);
  const { ann } = desk.seats;
  const hold: Script = {
    ...{ name: 'a key and a button', pace: 'each' },
    steps: [
      ['ann', { do: 'key', down: true, code: 'KeyB' }],
      ['ann', { do: 'point', x: 0.5, y: 0.5 }],
      ['ann', { do: 'button', down: true, button: 'left' }],
    ],
  };

  await recital.perform(hold);
  await desk.control({ mode: 'locked' });
  await recital.letsGo('ann');
  await ann.act({ do: 'button', down: false, button: 'left' });
  await ann.act({ do: 'key', down: false, code: 'KeyB' });
  await desk.control({ mode: 'shared' });

  // A token that is taken back ends its viewer and what it holds, and nobody else.
  await recital.perform(hold);
  const path = `/api/streamers/s/tokens/${desk.tokens.ann.id}`;
  const revoked = await desk.rest.ask('DELETE', path);
  t.is(revoked.status, 204, revoked.text);
  await recital.letsGo('ann');
  await until('her page says why', () =>
    ann.page.evaluate<boolean>('window.moontee?.state === "ended"'),
  );
  for (const person of PEOPLE.filter((name) => name !== 'ann')) {
    t.is(await desk.seats[person].page.evaluate('moontee.state'), 'connected');
  }
  const { json } = await desk.rest.ask('GET', '/api/streamers/s/input');
  t.deepEqual(json, { viewers: [] });
}
