/** Control among viewers whose clients know nothing of it, and those that do. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { ControlInfo, PresentViewer } from '../../client/models.js';
import { demoServer, demoStreamer } from '../support/demo-server.js';
import { DesktopClient } from '../support/desktop-client.js';
import { MediaClient, ViewerSocketClient } from '../support/media-viewer.js';
import { temporaryFolder, TestServer } from '../support/server.js';
import { until } from '../support/until.js';

process.env['MOONTEE_LOG'] ??= 'error';

const KEYBOARD = 1;
/** Letters by their key codes of Linux and of Windows. */
const KEYS = { a: ['001e', 0x41], s: ['001f', 0x53], d: ['0020', 0x44] } as const;

test.serial('viewers at the desktop socket obey control, and get it by acting', async (t) => {
  const log = join(await temporaryFolder(t), 'input.jsonl');
  const server = await demoServer(t, {
    host: ['--input-log', log],
    flags: { desktop_socket: JSON.stringify({ path: '/ws/stream', streamer: 's' }) },
  });
  await demoStreamer(server);
  const rest = new TestServer(server, '');
  const { company } = server.streamers.require('s');
  const url = (path: string): string => new URL(path, server.url).href.replace(/^http/, 'ws');
  const here = (): string[] => server.streamers.require('s').viewers.map(({ peerId }) => peerId);
  const seated = async (client: DesktopClient | MediaClient): Promise<string> => {
    t.teardown(() => client.socket.terminate());
    const before = here();
    return until('it is here', () => here().find((id) => !before.includes(id)));
  };
  const desktop = async (): Promise<[DesktopClient, string]> => {
    const client = new DesktopClient(url('/ws/stream'));
    const id = await seated(client);
    client.init();
    await until('pictures', () => client.frames.length > 0);
    return [client, id];
  };
  const keys = async (): Promise<string> =>
    (await readFile(log, 'utf8').catch(() => ''))
      .split('\n')
      .filter((line) => line.includes('"type":"key"'))
      .map((line) => JSON.parse(line) as { down: boolean; keyCode: number })
      .map(({ down, keyCode }) => `${down ? '+' : '-'}${keyCode.toString(16)}`)
      .join(' ');
  const press = (client: DesktopClient, key: keyof typeof KEYS): void => {
    client.send(`10 00 01 00 ${KEYS[key][0]}`);
    client.send(`10 00 00 00 ${KEYS[key][0]}`);
  };
  const set = async (change: unknown): Promise<ControlInfo> => {
    const { status, text, json } = await rest.ask('PUT', '/api/streamers/s/control', {
      body: change,
    });
    t.is(status, 200, text);
    return json as ControlInfo;
  };
  const forbidden = async (): Promise<number> => {
    const { json } = await rest.ask('GET', '/api/streamers/s/stats');
    return (json as { stats: { inputRefused: { forbidden: number } } }).stats.inputRefused
      .forbidden;
  };

  const [ann, annId] = await desktop();
  const [bob, bobId] = await desktop();

  // Somebody with a page that knows of control.
  const page = new ViewerSocketClient(url('/api/streamers/s/peer?transport=websocket'));
  t.teardown(() => page.socket.terminate());
  await once(page.socket, 'open');
  page.say({ AuthenticateAndInit: { credentials: null, presence: { name: 'Cat' } } });
  const { path, ticket } = await page.ticket();
  const media = new MediaClient(url(`${path}?t=${ticket}`));
  t.teardown(() => media.socket.terminate());
  const catId = await until(
    'she is told who she is',
    () => page.heard<{ you: string; viewers: PresentViewer[] }>('Presence')[0]?.you,
  );
  const holderOf = (): string | null => page.heard<ControlInfo>('Control').at(-1)?.holder ?? null;

  // Locked: nobody, and acting changes nothing about it.
  await set({ mode: 'locked' });
  let refused = await forbidden();
  press(ann, 'a');
  await until('it is refused', async () => (await forbidden()) === refused + 2);

  // One at a time: moving a mouse asks for nothing, pressing a key does.
  await set({ mode: 'single' });
  refused = await forbidden();
  ann.send('13 00 0005 fffb');
  await until('it is refused', async () => (await forbidden()) === refused + 1);
  press(bob, 's');
  await until('bob has it', () => holderOf() === bobId);
  t.is(await keys(), '', 'the press that asked is lost');
  press(bob, 's');
  await until('he steers', async () => (await keys()) === '+53 -53');

  // While somebody has it, others do not get it so.
  refused = await forbidden();
  press(ann, 'a');
  page.input(KEYBOARD, [0, 1, 0, 0, KEYS.d[1]]);
  await until('both are refused', async () => (await forbidden()) === refused + 3);
  press(bob, 'd');
  await until('he still steers', async () => (await keys()) === '+53 -53 +44 -44');
  t.like(company.control, { holder: bobId, asking: [] });

  // Who can ask comes first when he leaves, with what he held let go.
  page.say({ Control: 'Ask' });
  await until('she waits', () => company.control.asking[0] === catId);
  bob.send(`10 00 01 00 ${KEYS.s[0]}`);
  await until('he holds a key', async () => (await keys()).endsWith('+53'));
  bob.socket.close();
  await until('she has it', () => holderOf() === catId);
  await until('it is let go', async () => (await keys()).endsWith('+53 -53'));

  // A page gets it by asking alone.
  page.say({ Control: 'Release' });
  await until('nobody has it', () => holderOf() === null);
  refused = await forbidden();
  page.input(KEYBOARD, [0, 1, 0, 0, KEYS.d[1]]);
  await until('it is refused', async () => (await forbidden()) === refused + 1);
  press(ann, 'a');
  await until('ann has it', () => holderOf() === annId);
  press(ann, 'a');
  await until('she steers', async () => (await keys()).endsWith('-53 +41 -41'));

  // She is idle, and loses it to whoever waits.
  page.say({ Control: 'Ask' });
  await until('she waits', () => company.control.asking[0] === catId);
  ann.send(`10 00 01 00 ${KEYS.a[0]}`);
  await until('she holds a key', async () => (await keys()).endsWith('-41 +41'));
  await set({ idle_timeout_ms: 1_500 });
  await until('it goes on', () => company.control.holder === catId);
  await until('it is let go', async () => (await keys()).endsWith('-41 +41 -41'));
});
