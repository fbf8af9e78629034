/** The desktop socket of a true server and its children, in front of the demo host. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { virtualKey } from '../../client/keys.js';
import type { MoonteeServer } from '../../src/server/server.js';
import { demoServer, demoStreamer } from '../support/demo-server.js';
import { DesktopClient } from '../support/desktop-client.js';
import { EVDEV_POSITIONS } from '../support/evdev-positions.js';
import { temporaryFolder } from '../support/server.js';
import { tlsFlags } from '../support/tls.js';
import { until } from '../support/until.js';

process.env['MOONTEE_LOG'] ??= 'error';

const DESKTOP = { desktop_socket: JSON.stringify({ path: '/ws/stream' }) };

function connect(t: ExecutionContext, server: MoonteeServer, query: string): DesktopClient {
  const url = new URL(`/ws/stream${query}`, server.url).href.replace(/^http/, 'ws');
  const client = new DesktopClient(url, { rejectUnauthorized: false });
  t.teardown(() => client.socket.terminate());
  return client;
}

function assertWhole(t: ExecutionContext, client: DesktopClient): void {
  const { frames } = client;
  t.true(frames[0]?.isKey);
  for (const [index, frame] of frames.entries()) {
    t.like(frame, { codec: 1, width: 640, height: 360 });
    t.true(frame.time > (frames[index - 1]?.time ?? 0), 'times strictly increase and are not 0');
    t.deepEqual([...frame.payload.subarray(0, 4)], [0, 0, 0, 1]);
  }
  for (const { payload } of frames.filter(({ isKey }) => isKey)) {
    t.is((payload[4] ?? 0) & 0x1f, 7, 'a parameter set in every key frame');
  }
}

for (const [how, query, session, secure] of [
  ['named by the query', '?session_id=s&client_id=c', '', false],
  ['named by the query, over TLS', '?session_id=s', '', true],
  ['named by the first message', '', 's', false],
  ['named by the first message, over TLS', '', 's', true],
] as const) {
  test.serial(`a streamer ${how} is shown, and its viewer is one of all`, async (t) => {
    const flags = { ...DESKTOP, ...(secure ? await tlsFlags(t) : {}) };
    const server = await demoServer(t, { flags });
    await demoStreamer(server);
    const client = connect(t, server, query);
    client.init({ session_id: session });
    await until('pictures', () => client.frames.length > 60);
    assertWhole(t, client);
    t.deepEqual(client.order.filter((one) => one !== '41').slice(0, 2), ['30', '51']);
    const streamer = server.streamers.get('s');
    t.like(streamer?.viewers, [{ state: 'connected', transport: 'desktop', quality: null }]);
    const stats = await streamer?.request('stats', null);
    t.like(stats?.socketViewers, [{ kind: 'desktop', state: 'flowing', quality: 'good' }]);
    const [viewer] = streamer?.viewers ?? [];
    streamer?.removeViewer(viewer?.peerId ?? '', 'KICKED', 'Not today');
    await until('it is closed', () => client.closed !== null);
    t.deepEqual(client.closed, { code: 4000, reason: 'KICKED' });
    t.is(client.of(0x31)[0]?.subarray(3).toString(), 'Not today');
    t.deepEqual(streamer?.viewers, []);
  });
}

/** Each message, what the host makes of it. */
const INPUTS: readonly (readonly [string, readonly Readonly<Record<string, unknown>>[]])[] = [
  // Keys by position, with what was held.
  ['10 00 01 00 001e', [{ type: 'key', down: true, keyCode: 0x41, modifiers: 0 }]],
  ['10 00 00 00 001e', [{ type: 'key', down: false, keyCode: 0x41 }]],
  ['10 00 01 00 001d', [{ type: 'key', down: true, keyCode: 0xa2 }]],
  ['10 00 01 02 002e', [{ type: 'key', down: true, keyCode: 0x43, modifiers: 2 }]],
  ['10 00 00 02 002e', [{ type: 'key', down: false, keyCode: 0x43 }]],
  ['10 00 00 00 001d', [{ type: 'key', down: false, keyCode: 0xa2 }]],
  ['10 00 01 00 0052', [{ type: 'key', down: true, keyCode: 0x60 }]],
  ['10 00 00 00 0052', [{ type: 'key', down: false, keyCode: 0x60 }]],
  ['10 00 01 00 00c2', [{ type: 'key', down: true, keyCode: 0x87 }]],
  ['10 00 00 00 00c2', [{ type: 'key', down: false, keyCode: 0x87 }]],
  ['10 00 01 00 00a4', [{ type: 'key', down: true, keyCode: 0xb3 }]],
  ['10 00 00 00 00a4', [{ type: 'key', down: false, keyCode: 0xb3 }]],
  // Keys and characters by keysym.
  ['10 02 01 00 0000ff1b', [{ type: 'key', down: true, keyCode: 0x1b }]],
  ['10 02 00 00 0000ff1b', [{ type: 'key', down: false, keyCode: 0x1b }]],
  ['10 02 01 00 00000041', [{ type: 'key', down: true, keyCode: 0x41, modifiers: 1 }]],
  ['10 02 00 00 00000041', [{ type: 'key', down: false, keyCode: 0x41 }]],
  ['10 02 01 00 000000e9', [{ type: 'text', text: 'é' }]],
  [
    '10 03 00 00000078',
    [
      { type: 'key', down: true, keyCode: 0x58 },
      { type: 'key', down: false, keyCode: 0x58 },
    ],
  ],
  ['10 03 00 0101f600', [{ type: 'text', text: '😀' }]],
  // Buttons, both wheels, both kinds of motion.
  ['11 02 01 01', [{ type: 'mouse-button', down: true, button: 1 }]],
  ['11 02 00 01', [{ type: 'mouse-button', down: false, button: 1 }]],
  ['11 02 01 05', [{ type: 'mouse-button', down: true, button: 5 }]],
  ['11 02 00 05', [{ type: 'mouse-button', down: false, button: 5 }]],
  ['11 03 00000000 0000c8c2', [{ type: 'scroll', amount: -120 }]],
  ['11 03 00000000 0000f042', [{ type: 'scroll', amount: 120 }]],
  ['11 04 00 0a', [{ type: 'scroll', amount: 120 }]],
  ['13 00 0005 fffb', [{ type: 'mouse-move', dx: 5, dy: -5 }]],
  ['12 01 0140 00b4 0280 0168', [{ type: 'mouse-position', x: 320, y: 180 }]],
  // A finger.
  ['14 00 03 0000003f 0000803e', [{ type: 'touch', phase: 'down', x: 0.5, y: 0.25 }]],
  ['14 01 03 0000403f 0000803e', [{ type: 'touch', phase: 'move', x: 0.75, y: 0.25 }]],
  ['14 02 03 0000403f 0000803e', [{ type: 'touch', phase: 'up', x: 0.75, y: 0.25 }]],
];

/** Lines of the demo host's log of inputs. */
async function logged(path: string): Promise<Readonly<Record<string, unknown>>[]> {
  return (await readFile(path, 'utf8').catch(() => ''))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
}

test.serial('every key of every keyboard reaches the host', async (t) => {
  const log = join(await temporaryFolder(t), 'input.jsonl');
  const server = await demoServer(t, { host: ['--input-log', log], flags: DESKTOP });
  await demoStreamer(server);
  const client = connect(t, server, '?session_id=s');
  client.init();
  await until('pictures', () => client.frames.length > 0);
  const keys = Object.entries(EVDEV_POSITIONS);
  for (const [, code] of keys) {
    const place = code.toString(16).padStart(4, '0');
    client.send(`10 00 01 00 ${place}`);
    client.send(`10 00 00 00 ${place}`);
  }
  const pressed = await until('all of them', async () => {
    const inputs = (await logged(log)).filter(({ type }) => type === 'key');
    return inputs.length >= 2 * keys.length ? inputs : null;
  });
  t.deepEqual(
    pressed.map(({ keyCode, down }) => [keyCode, down]),
    keys.flatMap(([code]) => [true, false].map((down) => [virtualKey({ code, key: '' }), down])),
  );
});

test.serial('every encoding of input reaches the host, and what is held is let go', async (t) => {
  const log = join(await temporaryFolder(t), 'input.jsonl');
  const server = await demoServer(t, {
    host: ['--input-log', log],
    flags: { desktop_socket: JSON.stringify({ path: '/ws/stream', streamer: 's' }) },
  });
  await demoStreamer(server);
  const client = connect(t, server, '');
  client.init({ session_id: 'another', user_name: 'Ann' });
  await until('pictures', () => client.frames.length > 0);
  // The session itself begins with a motion.
  let seen = await until('its own input', async () => (await logged(log)).length || null);
  for (const [message, inputs] of INPUTS) {
    client.send(message);
    seen += inputs.length;
    const all = await until(message, async () => {
      const lines = await logged(log);
      return lines.length >= seen ? lines : null;
    });
    t.like(all.slice(seen - inputs.length), inputs as [], message);
    t.is(all.length, seen, message);
  }
  client.send('40 00000009 0000000000000001');
  const pong = await until('a pong', () => client.of(0x41)[0]);
  t.is(pong.subarray(0, 13).toString('hex'), '41000000090000000000000001');
  client.send('10 00 01 00 001e');
  await until('a key is held', async () => (await logged(log)).length === seen + 1);
  client.socket.close();
  const last = await until('it is let go', async () => (await logged(log))[seen + 1]);
  t.like(last, { type: 'key', down: false, keyCode: 0x41 });
  await until('the viewer is gone', () => server.streamers.get('s')?.viewers.length === 0);
});
