/** Lists of an agent that lose in their midst what they go on by: they end, and nothing stays down. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { NewToken } from '../../src/protocol/access-models.js';
import { demoServer, demoStreamer } from '../support/demo-server.js';
import { DesktopClient } from '../support/desktop-client.js';
import { AUTHORIZATION, PASSWORD, temporaryFolder, TestServer } from '../support/server.js';
import { bearer, makeToken } from '../support/tokens.js';
import { until } from '../support/until.js';

process.env['MOONTEE_LOG'] ??= 'error';

const RIGHTS = ['watch', 'pointer', 'keyboard', 'gamepad'] as const;

/** It holds one thing of each device, and has a long way to go. */
const HOLDING = [
  { type: 'key', key: 'Shift', action: 'down' },
  { type: 'key', key: 'w', action: 'down' },
  { type: 'button', action: 'down', x: 10, y: 10 },
  { type: 'pad', buttons: ['a'] },
  { type: 'wait', ms: 15_000 },
  { type: 'text', text: 'never' },
] as const;

class Scene {
  readonly rest: TestServer;
  readonly #log: string;

  constructor(rest: TestServer, log: string) {
    this.rest = rest;
    this.#log = log;
  }

  static async start(t: ExecutionContext): Promise<Scene> {
    const log = join(await temporaryFolder(t), 'input.jsonl');
    const server = await demoServer(t, {
      host: ['--input-log', log],
      flags: {
        credentials: PASSWORD,
        desktop_socket: JSON.stringify({ path: '/ws/stream', streamer: 's' }),
      },
    });
    await demoStreamer(server);
    return new Scene(new TestServer(server, ''), log);
  }

  /** What is down at the host, by its log; texts as well. */
  async down(): Promise<string[]> {
    const text = await readFile(this.#log, 'utf8').catch(() => '');
    const down = new Set<string>();
    for (const line of text.slice(0, text.lastIndexOf('\n') + 1).split('\n')) {
      if (line === '') continue;
      const input = JSON.parse(line) as Readonly<Record<string, unknown>>;
      const { type, keyCode, button, text: typed, buttons, activePads } = input;
      const what = JSON.stringify([type, keyCode, button, typed]);
      if (type === 'text' || input['down'] === true) down.add(what);
      if (input['down'] === false) down.delete(what);
      if (type !== 'pad-state') continue;
      if (buttons !== 0) down.add('pad pressed');
      else down.delete('pad pressed');
      if (activePads !== 0) down.add('pad');
      else down.delete('pad');
    }
    return [...down];
  }

  /** Nothing is down, and no text has ever come. */
  async untilFree(): Promise<void> {
    await until('nothing is down', async () => (await this.down()).length === 0).catch(
      async (error: unknown) => {
        throw new Error((await this.down()).join(), { cause: error });
      },
    );
  }

  list(token: string, events: readonly unknown[] = HOLDING): Promise<[number, string]> {
    const body = { name: 'agent', events };
    return this.rest
      .ask('POST', '/api/streamers/s/input', { body, headers: bearer(token) })
      .then(({ status, json }) => [status, (json as { code?: string }).code ?? '']);
  }

  /** One that holds all it can. */
  async hold(token: string): Promise<{ readonly answer: Promise<[number, string]> }> {
    const answer = this.list(token);
    await until('all is down', async () => (await this.down()).length === 5);
    return { answer };
  }

  async control(change: unknown): Promise<void> {
    const { status, text } = await this.rest.ask('PUT', '/api/streamers/s/control', {
      body: change,
    });
    if (status !== 200) throw new Error(text);
  }

  async revoke({ id }: NewToken): Promise<void> {
    const { status, text } = await this.rest.ask('DELETE', `/api/streamers/s/tokens/${id}`);
    if (status !== 204) throw new Error(text);
  }
}

test.serial('a token that is taken back, or expires, ends its lists at once', async (t) => {
  const scene = await Scene.start(t);
  const manager = await makeToken(scene.rest, 's', [...RIGHTS, 'manage']);
  const given = async (): Promise<NewToken> => {
    const answer = await scene.rest.ask('POST', '/api/streamers/s/tokens', {
      ...{ body: { rights: RIGHTS }, headers: bearer(manager.token) },
    });
    return answer.json as NewToken;
  };
  const own = await given();
  const ways: readonly (readonly [string, NewToken, () => Promise<void>])[] = [
    ['its own', own, () => scene.revoke(own)],
    ['of whoever gave it', await given(), () => scene.revoke(manager)],
    ['for its time', await makeToken(scene.rest, 's', RIGHTS, { expires_in_s: 8 }), async () => {}],
  ];
  for (const [way, { token }, end] of ways) {
    const { answer } = await scene.hold(token);
    // Another list of it, which has not begun.
    const waiting =
      way === 'for its time' ? null : scene.list(token, [{ type: 'text', text: 'x' }]);
    const other = scene.list(PASSWORD, [{ type: 'key', key: 'x' }]);
    await end();
    t.deepEqual(await answer, [401, 'UNAUTHORIZED'], way);
    if (waiting !== null) t.deepEqual(await waiting, [401, 'UNAUTHORIZED'], way);
    t.deepEqual(await other, [200, ''], 'nobody else loses its turn');
    await scene.untilFree();
    t.deepEqual(await scene.list(token), [401, 'UNAUTHORIZED'], way);
  }
  await scene.untilFree();
});

test.serial('a mode that takes the right away ends lists at once', async (t) => {
  const scene = await Scene.start(t);
  const { token } = await makeToken(scene.rest, 's', RIGHTS);
  const url = new URL('/ws/stream', scene.rest.running.url).href.replace(/^http/, 'ws');
  const person = new DesktopClient(url, { headers: AUTHORIZATION });
  t.teardown(() => person.socket.terminate());
  person.init();
  await until('pictures', () => person.frames.length > 0);
  const [{ peerId: holder } = { peerId: '' }] = scene.rest.running.streamers.require('s').viewers;
  for (const mode of ['locked', 'single', 'held'] as const) {
    const { answer } = await scene.hold(token);
    await scene.control(mode === 'held' ? { mode: 'single', holder } : { mode });
    t.deepEqual(await answer, [403, 'FORBIDDEN'], mode);
    await scene.untilFree();
    t.deepEqual(await scene.list(token), [403, 'FORBIDDEN'], mode);
    // Pads are apart from control, unless all is locked.
    const pads = await scene.list(token, [{ type: 'pad', buttons: ['b'] }]);
    t.deepEqual(pads, mode === 'locked' ? [403, 'FORBIDDEN'] : [200, ''], mode);
    await scene.control({ mode: 'shared' });
    t.deepEqual(await scene.list(token, [{ type: 'key', key: 'x' }]), [200, ''], mode);
  }
  await scene.untilFree();
});

test.serial('a streamer that is deleted ends its lists at once', async (t) => {
  const scene = await Scene.start(t);
  const { token } = await makeToken(scene.rest, 's', RIGHTS);
  const { answer } = await scene.hold(token);
  const waiting = scene.list(PASSWORD, [{ type: 'text', text: 'x' }]);
  await until('it waits', () => scene.rest.running.streamers.require('s').status === 'active');
  const deleted = scene.rest.ask('DELETE', '/api/streamers/s');
  for (const list of [answer, waiting]) {
    const [status, code] = await list;
    t.true(
      ['STREAMER_STOPPING', 'CLOSED', 'STREAMER_NOT_FOUND'].includes(code),
      `${status} ${code}`,
    );
  }
  t.is((await deleted).status, 204);
  await scene.untilFree();
});
