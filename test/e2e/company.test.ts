/** Several viewers at one host, which logs what it gets: nothing stuck, one in control, all told. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ViewerInput } from '../../client/input.js';
import { SocketChannels } from '../../client/socket-channels.js';
import type { ControlInfo, PresentViewer } from '../../client/models.js';
import type { MoonteeServer } from '../../src/server/server.js';
import { demoServer, demoStreamer } from '../support/demo-server.js';
import type { LoggedInput } from '../support/demo-process.js';
import { MediaClient, ViewerSocketClient } from '../support/media-viewer.js';
import { temporaryFolder, TestServer } from '../support/server.js';
import { until } from '../support/until.js';

process.env['MOONTEE_LOG'] ??= 'error';

const W = 0x57;
const ENTER = 0x0d;

interface Presence {
  readonly you: string;
  readonly viewers: readonly PresentViewer[];
}

/** A viewer without WebRTC, whose page holds what is pressed in it. */
class Person {
  readonly input = new ViewerInput();
  readonly viewer: ViewerSocketClient;
  readonly #channels: SocketChannels;

  constructor(viewer: ViewerSocketClient) {
    this.viewer = viewer;
    this.#channels = new SocketChannels(viewer.socket);
  }

  get id(): string {
    return this.viewer.heard<Presence>('Presence')[0]?.you ?? '';
  }

  /** As of the last message. */
  get control(): ControlInfo | undefined {
    return this.viewer.heard<ControlInfo>('Control').at(-1);
  }

  order(order: unknown): void {
    this.viewer.say({ Control: order });
  }

  connect(): void {
    this.input.attach(this.#channels);
  }

  /** Its page stands still: nothing more comes, and nothing is closed. */
  freeze(): void {
    this.input.moveOver({ send: () => false, sendPad: () => false });
  }

  thaw(): void {
    this.input.moveOver(this.#channels);
  }

  leave(): void {
    this.input.attach(undefined);
    this.viewer.socket.terminate();
  }
}

class Scene {
  readonly server: MoonteeServer;
  readonly rest: TestServer;
  readonly #log: string;
  readonly #t: ExecutionContext;

  private constructor(t: ExecutionContext, server: MoonteeServer, log: string) {
    this.#t = t;
    this.server = server;
    this.rest = new TestServer(server, '');
    this.#log = log;
  }

  static async start(t: ExecutionContext): Promise<Scene> {
    const log = join(await temporaryFolder(t), 'input.jsonl');
    const server = await demoServer(t, { host: ['--input-log', log] });
    await demoStreamer(server);
    return new Scene(t, server, log);
  }

  async enter(name: string): Promise<Person> {
    const url = (path: string): string =>
      new URL(path, this.server.url).href.replace(/^http/, 'ws');
    const viewer = new ViewerSocketClient(url('/api/streamers/s/peer?transport=websocket'));
    const person = new Person(viewer);
    this.#t.teardown(() => person.leave());
    await once(viewer.socket, 'open');
    const presence = { name, pointers: true };
    viewer.say({ AuthenticateAndInit: { credentials: null, presence } });
    const { path, ticket } = await viewer.ticket();
    const media = new MediaClient(url(`${path}?t=${ticket}`));
    this.#t.teardown(() => media.socket.terminate());
    await until('the stream', () => viewer.heard('ConnectionComplete').length > 0);
    person.connect();
    return person;
  }

  async inputs(): Promise<LoggedInput[]> {
    const text = await readFile(this.#log, 'utf8').catch(() => '');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as LoggedInput);
  }

  /** `+` down, `-` up, in the order in which they came to the host. */
  async keys(): Promise<string> {
    return (await this.inputs())
      .filter(({ type }) => type === 'key' || type === 'mouse-button')
      .map(({ down, keyCode, button }) => {
        const code = typeof keyCode === 'number' ? keyCode.toString(16) : `b${String(button)}`;
        return `${down === true ? '+' : '-'}${code}`;
      })
      .join(' ');
  }

  untilKeys(wanted: string): Promise<true> {
    return until(`the host gets ${wanted}`, async () => (await this.keys()) === wanted);
  }

  /** Inputs that were refused for want of a right. */
  async forbidden(): Promise<number> {
    const { json } = await this.rest.ask('GET', '/api/streamers/s/stats');
    const { stats } = json as { stats: { inputRefused: { forbidden: number } } };
    return stats.inputRefused.forbidden;
  }

  async control(change: unknown): Promise<ControlInfo> {
    const answer = await this.rest.ask('PUT', '/api/streamers/s/control', { body: change });
    if (answer.status !== 200) throw new Error(answer.text);
    return answer.json as ControlInfo;
  }
}

test.serial(
  'what a page holds that stands still is let go, and held again when it goes on',
  async (t) => {
    const scene = await Scene.start(t);
    const ann = await scene.enter('Ann');
    ann.input.keyDown(W);
    ann.input.buttonDown(1, { x: 0.5, y: 0.5 });
    await scene.untilKeys('+57 +b1');
    // Longer than the silence that counts: it is heard of meanwhile.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    t.is(await scene.keys(), '+57 +b1');
    ann.freeze();
    await scene.untilKeys('+57 +b1 -57 -b1');
    ann.thaw();
    await scene.untilKeys('+57 +b1 -57 -b1 +57 +b1');
    ann.input.releaseAll();
    await scene.untilKeys('+57 +b1 -57 -b1 +57 +b1 -57 -b1');
  },
);

test.serial(
  'who holds what is told, and release of all is final until it is pressed anew',
  async (t) => {
    const scene = await Scene.start(t);
    const ann = await scene.enter('Ann');
    ann.input.keyDown(W);
    await scene.untilKeys('+57');
    const held = await scene.rest.ask('GET', '/api/streamers/s/input');
    t.deepEqual(held.json, {
      viewers: [{ peer_id: ann.id, name: 'Ann', keys: [W], buttons: [], touches: 0, pads: [] }],
    });
    const wrong = await scene.rest.ask('DELETE', '/api/streamers/s/input?peer_id=nobody');
    t.is(wrong.status, 404);
    t.is((await scene.rest.ask('DELETE', '/api/streamers/s/input')).status, 204);
    await scene.untilKeys('+57 -57');
    // She states it all the while.
    await new Promise((resolve) => setTimeout(resolve, 600));
    t.is(await scene.keys(), '+57 -57');
    ann.input.keyUp(W);
    ann.input.keyDown(ENTER);
    await scene.untilKeys('+57 -57 +d');
    ann.order({ ReleaseInput: { peer_id: ann.id } });
    await scene.untilKeys('+57 -57 +d -d');
  },
);

test.serial('one in control: asked for, given, taken by order, and let go at once', async (t) => {
  const scene = await Scene.start(t);
  const ann = await scene.enter('Ann');
  const bob = await scene.enter('Bob');
  await until('both are here', () => {
    const change = ann.viewer.heard<{ put: PresentViewer[] }>('PresenceChange');
    return change.some(({ put }) => put.some(({ name }) => name === 'Bob'));
  });
  ann.input.keyDown(W);
  await scene.untilKeys('+57');

  t.like(await scene.control({ mode: 'single' }), { mode: 'single', holder: null });
  await scene.untilKeys('+57 -57');
  bob.order('Ask');
  await until('bob has it', () => ann.control?.holder === bob.id);
  ann.input.keyUp(W);
  ann.input.keyPress(ENTER);
  bob.input.keyDown(W);
  await scene.untilKeys('+57 -57 +57');
  ann.order('Ask');
  await until('she waits', () => bob.control?.asking[0] === ann.id);
  bob.order({ Grant: { peer_id: ann.id } });
  await until('she has it', () => bob.control?.holder === ann.id);
  await scene.untilKeys('+57 -57 +57 -57');
  ann.input.keyPress(ENTER);
  await scene.untilKeys('+57 -57 +57 -57 +d -d');
  bob.input.keyUp(W);
  ann.viewer.socket.close();
  await until('it goes back', () => bob.control?.holder === bob.id);

  t.like(await scene.control({ holder: null }), { holder: null });
  const locked = await scene.control({ mode: 'locked' });
  t.like(locked, { mode: 'locked', holder: null });
  bob.order('Ask');
  await until('it is refused', () => bob.viewer.heard('ControlRefused').length > 0);
  const forbidden = await scene.forbidden();
  bob.input.keyPress(W);
  await until('it is counted', async () => (await scene.forbidden()) >= forbidden + 2);
  const bad = await scene.rest.ask('PUT', '/api/streamers/s/control', {
    body: { holder: bob.id },
  });
  t.is(bad.status, 400);
  t.is(
    (await scene.rest.ask('PUT', '/api/streamers/s/control', { body: { mode: 'x' } })).status,
    400,
  );
  await scene.control({ mode: 'shared' });
  await until('he may again', () => bob.control?.mode === 'shared');
  bob.input.keyPress(ENTER);
  await scene.untilKeys('+57 -57 +57 -57 +d -d +d -d');
});

test.serial('others see where a viewer points, and who comes and goes', async (t) => {
  const scene = await Scene.start(t);
  const ann = await scene.enter('Ann');
  const bob = await scene.enter('Bo\u202eb\n');
  const { viewers } = bob.viewer.heard<Presence>('Presence')[0] ?? { viewers: [] };
  t.deepEqual(viewers.map(({ name }) => name).sort(), ['Ann', 'Bob']);
  t.is(new Set(viewers.map(({ color }) => color)).size, 2);
  bob.input.moveTo(0.25, 0.75);
  const seen = await until(
    'ann sees it',
    () => ann.viewer.heard<{ pointers: readonly { peer_id: string }[] }>('Pointers')[0],
  );
  t.deepEqual(seen.pointers as unknown, [{ peer_id: bob.id, x: 0.25, y: 0.75 }]);
  t.is(bob.viewer.heard('Pointers').length, 0, 'nobody is told of its own');
  bob.viewer.say({ Rename: { name: ' Rob\n' } });
  const renamed = await until('she is told his name', () =>
    ann.viewer
      .heard<{ put: PresentViewer[] }>('PresenceChange')
      .flatMap(({ put }) => put)
      .find(({ name }) => name === 'Rob'),
  );
  t.like(renamed, { peer_id: bob.id, is_name_certain: false });
  const { id } = bob;
  bob.viewer.socket.terminate();
  await until('she is told', () =>
    ann.viewer.heard<{ gone: string[] }>('PresenceChange').some(({ gone }) => gone.includes(id)),
  );
});

test.serial('mode, holder and pads outlive the process of the streamer', async (t) => {
  const scene = await Scene.start(t);
  const ann = await scene.enter('Ann');
  await scene.control({ mode: 'single', holder: ann.id, pads: [null, ann.id] });
  const secret = ann.viewer.heard<{ secret: string }>('Resume')[0]?.secret;
  const streamer = scene.server.streamers.require('s');
  const { pid } = streamer;
  process.kill(pid ?? 0, 'SIGKILL');
  await until('she is told', () => ann.viewer.heard('PeerClosed').length > 0);
  await until('another process runs', () => streamer.status === 'active' && streamer.pid !== pid);
  t.like(streamer.company.control, { mode: 'single', holder: null });
  const url = new URL('/api/streamers/s/peer?transport=websocket', scene.server.url).href;
  const again = new Person(new ViewerSocketClient(url.replace(/^http/, 'ws')));
  t.teardown(() => again.leave());
  await once(again.viewer.socket, 'open');
  again.viewer.say({
    AuthenticateAndInit: { credentials: null, resume_secret: secret, presence: {} },
  });
  await until('she has it again', () => again.id !== '' && again.control?.holder === again.id);
  t.deepEqual(again.control?.pads, [null, again.id]);
});
