/** Agents by REST on a true server and its children, in front of the demo host. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import type { MoonteeServer } from '../../src/server/server.js';
import { demoServer, demoStreamer } from '../support/demo-server.js';
import { DesktopClient } from '../support/desktop-client.js';
import { temporaryFolder } from '../support/server.js';
import { until } from '../support/until.js';

process.env['MOONTEE_LOG'] ??= 'error';

type Line = Readonly<Record<string, unknown>>;

/** A streamer of 640×360 whose host logs what it gets. */
async function stage(
  t: ExecutionContext,
  flags: Readonly<Record<string, string>> = {},
): Promise<{ server: MoonteeServer; logged: () => Promise<Line[]> }> {
  const log = join(await temporaryFolder(t), 'input.jsonl');
  const server = await demoServer(t, { host: ['--input-log', log], flags });
  await demoStreamer(server);
  const logged = async (): Promise<Line[]> =>
    (await readFile(log, 'utf8').catch(() => ''))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line);
  // The session itself begins with a motion, there and back.
  await until('its own input', async () => (await logged()).length >= 2);
  return { server, logged };
}

async function post(
  server: MoonteeServer,
  events: readonly Line[],
  signal?: AbortSignal,
): Promise<{ status: number; json: Line }> {
  const response = await fetch(`${server.url}api/streamers/s/input`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ name: 'test', events }),
    ...(signal ? { signal } : {}),
  });
  return { status: response.status, json: (await response.json()) as Line };
}

const key = (down: boolean, keyCode: number, modifiers = 0): Line => ({
  ...{ type: 'key', down, keyCode, modifiers },
});
const button = (down: boolean, number: number): Line => ({
  ...{ type: 'mouse-button', down, button: number },
});
const at = (x: number, y: number): Line => ({ type: 'mouse-position', x, y });

/** Of each kind: a list, and what the host must get. */
const SCRIPTS: readonly (readonly [readonly Line[], readonly Line[]])[] = [
  [[{ type: 'key', key: 'Enter' }], [key(true, 0x0d), key(false, 0x0d)]],
  [
    [{ type: 'key', key: ['Control', 'Shift', 'c'] }],
    [
      ...[key(true, 0xa2), key(true, 0xa0, 2), key(true, 0x43, 3)],
      ...[key(false, 0x43, 3), key(false, 0xa0, 2), key(false, 0xa2)],
    ],
  ],
  [[{ type: 'key', key: 'w', action: 'down' }], [key(true, 0x57), key(false, 0x57)]],
  [
    [{ type: 'text', text: 'hé😀\n' }],
    [
      ...Array.from('hé😀', (text) => ({ type: 'text', text })),
      ...[key(true, 0x0d), key(false, 0x0d)],
    ],
  ],
  [[{ type: 'move', x: 639, y: 359 }], [at(639, 359)]],
  [[{ type: 'move-by', dx: 5, dy: -7 }], [{ type: 'mouse-move', dx: 5, dy: -7 }]],
  [
    [{ type: 'click', x: 10, y: 20, count: 2 }],
    [at(10, 20), ...[true, false, true, false].map((down) => button(down, 1))],
  ],
  [
    [{ type: 'button', action: 'down', button: 'right', x: 1, y: 1 }],
    [at(1, 1), button(true, 3), button(false, 3)],
  ],
  [
    [{ type: 'drag', from: { x: 0, y: 0 }, to: { x: 40, y: 80 }, steps: 4 }],
    [
      ...[at(0, 0), button(true, 1), at(10, 20), at(20, 40), at(30, 60), at(40, 80)],
      button(false, 1),
    ],
  ],
  [
    [{ type: 'scroll', x: 3, y: 4, dx: 2, dy: -3 }],
    [at(3, 4), { type: 'scroll', amount: -360 }, { type: 'horizontal-scroll', amount: 240 }],
  ],
  [
    [{ type: 'touch', action: 'tap', x: 320, y: 180 }],
    [
      { type: 'touch', phase: 'down' },
      { type: 'touch', phase: 'up' },
    ],
  ],
  [
    [{ type: 'touch', action: 'down', x: 0, y: 0 }],
    [
      { type: 'touch', phase: 'down' },
      { type: 'touch', phase: 'cancel' },
    ],
  ],
  [
    [
      { type: 'pad', buttons: ['a'], left: { x: 1, y: -1 }, right_trigger: 1 },
      { type: 'pad', action: 'unplug' },
    ],
    [
      { type: 'pad-arrival', pad: 0, activePads: 1 },
      { type: 'pad-state', buttons: 0, activePads: 1 },
      { type: 'pad-state', buttons: 0, activePads: 1 },
      { type: 'pad-state', buttons: 0x1000, leftX: 32_767, leftY: -32_767, rightTrigger: 255 },
      { type: 'pad-state', activePads: 0 },
    ],
  ],
  [
    // Across devices, in order.
    [
      { type: 'text', text: 'a' },
      { type: 'key', key: 'b' },
      { type: 'text', text: 'c' },
      { type: 'click', x: 5, y: 5 },
      { type: 'key', key: 'd' },
    ],
    [
      ...[{ type: 'text', text: 'a' }, key(true, 0x42), key(false, 0x42)],
      ...[{ type: 'text', text: 'c' }, at(5, 5), button(true, 1), button(false, 1)],
      ...[key(true, 0x44), key(false, 0x44)],
    ],
  ],
];

test.serial('the log of the host equals the model, for scripts of every kind', async (t) => {
  const { server, logged } = await stage(t);
  let seen = (await logged()).length;
  for (const [events, model] of SCRIPTS) {
    const name = JSON.stringify(events);
    const { status, json } = await post(server, events);
    t.is(status, 200, `${name} ${JSON.stringify(json)}`);
    t.is(json['executed'], events.length);
    seen += model.length;
    const all = await until(name, async () => {
      const lines = await logged();
      return lines.length >= seen ? lines : null;
    });
    t.like(all.slice(seen - model.length), model as [], name);
    t.is(all.length, seen, name);
  }
  const wrong = await post(server, [
    { type: 'text', text: 'never' },
    { type: 'move', x: 640, y: 0 },
  ]);
  t.like(wrong, { status: 400, json: { code: 'BAD_REQUEST' } });
  t.regex(String(wrong.json['error']), /^events\[1\]: x must be from 0 to 639/);
  t.is((await post(server, [{ type: 'wait', ms: 1 }])).status, 200);
  t.is((await logged()).length, seen, 'nothing of what was refused');
});

test.serial('a caller that leaves ends its list, and everything is released', async (t) => {
  const { server, logged } = await stage(t);
  const before = (await logged()).length;
  const leaving = new AbortController();
  const request = post(
    server,
    [
      { type: 'key', key: 'w', action: 'down' },
      { type: 'button', action: 'down' },
      { type: 'wait', ms: 15_000 },
      { type: 'text', text: 'never' },
    ],
    leaving.signal,
  );
  await until('both are down', async () => (await logged()).length === before + 2);
  leaving.abort();
  t.is((await Promise.allSettled([request]))[0].status, 'rejected');
  const lines = await until('both are up', async () => {
    const now = (await logged()).slice(before + 2);
    return now.length >= 2 ? now : null;
  });
  t.like(lines, [key(false, 0x57), button(false, 1)]);
  // The next list does not wait for it.
  t.is((await post(server, [{ type: 'key', key: 'x' }])).status, 200);
  t.false((await logged()).some(({ type }) => type === 'text'));
});

test.serial('a person takes over', async (t) => {
  const { server, logged } = await stage(t, {
    agent_pause_ms: '5000',
    desktop_socket: JSON.stringify({ path: '/ws/stream', streamer: 's' }),
  });
  const url = new URL('/ws/stream', server.url).href.replace(/^http/, 'ws');
  const person = new DesktopClient(url, { rejectUnauthorized: false });
  t.teardown(() => person.socket.terminate());
  person.init({ session_id: 's' });
  await until('pictures', () => person.frames.length > 0);
  const before = (await logged()).length;

  const paused = post(server, [
    { type: 'text', text: 'a' },
    // Long enough for the person, however busy the machine.
    { type: 'wait', ms: 3_000 },
    { type: 'text', text: 'b' },
  ]);
  await until('it has begun', async () => (await logged()).length > before);
  person.send('13 00 0005 fffb');
  const { status, json } = await paused;
  t.is(status, 200);
  t.true(Number(json['paused_ms']) > 0);
  const came = await until('all of it', async () => {
    const lines = (await logged()).slice(before);
    return lines.length >= 3 ? lines : null;
  });
  t.deepEqual(
    came.map(({ type }) => type),
    ['text', 'mouse-move', 'text'],
  );

  await sleep(5_200);
  const dragging = post(server, [
    { type: 'drag', from: { x: 0, y: 0 }, to: { x: 300, y: 300 }, steps: 200 },
  ]);
  await until('it drags', async () => (await logged()).length > before + 10);
  person.send('11 02 01 03');
  t.like(await dragging, { status: 409, json: { code: 'PERSON_TOOK_OVER' } });
  const lines = await until('the buttons', async () => {
    const now = (await logged()).filter(({ type }) => type === 'mouse-button');
    return now.length >= 3 ? now : null;
  });
  t.like(lines, [button(true, 1), button(false, 1), button(true, 3)]);
});
