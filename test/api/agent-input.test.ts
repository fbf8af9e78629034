import test, { type ExecutionContext } from 'ava';
import { addHost, createBody, serve, type TestServer } from '../support/server.js';

const PATH = '/api/streamers/one/input';

async function inputServer(t: ExecutionContext): Promise<TestServer> {
  const server = await serve(t);
  await addHost(t, server);
  t.is((await server.ask('POST', '/api/streamers', { body: createBody('one') })).status, 200);
  return server;
}

/** One that is right, of each kind. */
const RIGHT: readonly Readonly<Record<string, unknown>>[] = [
  { type: 'key', key: 'Enter' },
  { type: 'key', key: ['Control', 'c'], action: 'press' },
  { type: 'text', text: 'a text' },
  { type: 'move', x: 1, y: 2 },
  { type: 'move-by', dx: 1, dy: -2 },
  { type: 'click', x: 1, y: 2, button: 'right', count: 2 },
  { type: 'button', action: 'down' },
  { type: 'button', action: 'up' },
  { type: 'drag', from: { x: 1, y: 2 }, to: { x: 3, y: 4 }, button: 'left', steps: 3 },
  { type: 'scroll', x: 1, y: 2, dx: 1, dy: -1 },
  { type: 'touch', action: 'tap', x: 1, y: 2, finger: 1, pressure: 0.5 },
  { type: 'pad', pad: 0, buttons: ['a'], left: { x: 0.5, y: 0 }, right_trigger: 1 },
  { type: 'wait', ms: 1 },
];

/** Values that no property of an event takes, and those that some do not. */
const STRANGE = [null, {}, [null], [[]], true, 1.5, '\u0000', { x: 1 }, { x: 1, y: 2, z: 3 }];

test.serial('every kind is taken as it is, and refused with anything else in it', async (t) => {
  const server = await inputServer(t);
  const post = async (events: unknown): Promise<{ status: number; error: string }> => {
    const { status, json } = await server.ask('POST', PATH, { body: { events } });
    return { status, error: (json as { error?: string }).error ?? '' };
  };
  const taken = await server.ask('POST', PATH, { body: { name: 'tester', events: RIGHT } });
  t.like(taken, { status: 200, json: { executed: RIGHT.length } }, taken.text);
  for (const [index, event] of RIGHT.entries()) {
    if (event['action'] === 'up') continue;
    const before = [{ type: 'wait', ms: 1 }];
    for (const wrong of [
      { ...event, florp: 1 },
      { ...event, type: 'florp' },
      { ...event, type: undefined },
      ...Object.keys(event).flatMap((key) => STRANGE.map((value) => ({ ...event, [key]: value }))),
    ]) {
      const { status, error } = await post([...before, wrong]);
      t.is(status, 400, `${index} ${JSON.stringify(wrong)}`);
      t.regex(error, /^events\[1\]: /, JSON.stringify(wrong));
    }
  }
});

test.serial('what is no list of events, and who has no right', async (t) => {
  const server = await inputServer(t);
  const wait = { type: 'wait', ms: 1 };
  for (const body of [
    {},
    [],
    null,
    'x',
    { events: null },
    { events: {} },
    { events: [] },
    { events: [wait], florp: 1 },
    { events: [wait], name: 7 },
    { events: [wait], name: 'x'.repeat(129) },
    { events: Array.from({ length: 257 }, () => wait) },
    { events: [null] },
    { events: ['key'] },
    { events: [[wait]] },
  ]) {
    const { status, json } = await server.ask('POST', PATH, { body });
    t.is(status, 400, JSON.stringify(body).slice(0, 80));
    t.like(json, { code: 'BAD_REQUEST' });
  }
  const raw = '{"events":[{"type":"wait","ms":1,"__proto__":{"x":1}}]}';
  t.is((await server.ask('POST', PATH, { raw })).status, 200);
  t.is((await server.ask('POST', PATH)).status, 400);
  const body = { events: [wait] };
  t.is((await server.ask('POST', '/api/streamers/two/input', { body })).status, 404);
  t.is((await server.ask('POST', PATH, { body, headers: { Authorization: '' } })).status, 401);
  const large = { events: [{ type: 'text', text: 'x'.repeat(20_000) }] };
  t.is((await server.ask('POST', PATH, { body: large })).status, 413);
});

test.serial('a token does what its rights allow, and ends with them', async (t) => {
  const server = await inputServer(t);
  const token = async (...rights: string[]): Promise<Record<string, string>> => {
    const made = await server.ask('POST', '/api/streamers/one/tokens', { body: { rights } });
    t.is(made.status, 201, made.text);
    return { Authorization: `Bearer ${(made.json as { token: string }).token}` };
  };
  const act = async (headers: Record<string, string>, ...events: unknown[]): Promise<string> => {
    const { status, json } = await server.ask('POST', PATH, { body: { events }, headers });
    return `${status} ${(json as { code?: string }).code ?? ''}`;
  };
  const look = async (headers: Record<string, string>): Promise<number> =>
    (await server.ask('GET', '/api/streamers/one/snapshot.png', { headers })).status;
  const [typist, watcher] = [await token('watch', 'keyboard'), await token('watch')];
  const [key, move] = [
    { type: 'key', key: 'a' },
    { type: 'move', x: 1, y: 1 },
  ];
  t.is(await act(typist, key), '200 ');
  t.is(await act(typist, key, move), '403 FORBIDDEN');
  t.is(await act(watcher, key), '403 FORBIDDEN');
  t.is(await act(watcher, { type: 'wait', ms: 1 }), '200 ');
  t.is(await look(watcher), 200);
  t.is(await look(await token('keyboard')), 403);
  t.is(await look({ Authorization: '' }), 401);
  // What the mode of control keeps from viewers, it keeps from agents.
  const mode = (name: string): Promise<unknown> =>
    server.ask('PUT', '/api/streamers/one/control', { body: { mode: name } });
  await mode('locked');
  t.is(await act(typist, key), '403 FORBIDDEN');
  t.is(await look(watcher), 200);
  await mode('shared');
  t.is(await act(typist, key), '200 ');
});
