/** Media and desktop sockets of a true server and its children, whose viewers lose their access. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { NewToken } from '../../src/protocol/access-models.js';
import type { MoonteeServer } from '../../src/server/server.js';
import { demoServer, demoStreamer } from '../support/demo-server.js';
import { DesktopClient } from '../support/desktop-client.js';
import { temporaryFolder } from '../support/server.js';
import { KIND, MediaClient, ViewerSocketClient } from '../support/media-viewer.js';
import { until } from '../support/until.js';

process.env['MOONTEE_LOG'] ??= 'error';

const PASSWORD = 'helix';

async function ask(
  server: MoonteeServer,
  method: string,
  path: string,
  body?: unknown,
): Promise<unknown> {
  const response = await fetch(new URL(path, server.url), {
    method,
    headers: { Authorization: `Bearer ${PASSWORD}`, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status}: ${text}`);
  return text === '' ? null : JSON.parse(text);
}

function socketUrl(server: MoonteeServer, path: string): string {
  return new URL(path, server.url).href.replace(/^http/, 'ws');
}

async function view(
  t: ExecutionContext,
  server: MoonteeServer,
  more: { expires_in_s?: number } = {},
): Promise<{ viewer: ViewerSocketClient; media: MediaClient; token: NewToken; url: string }> {
  const body = { rights: ['watch'], ...more };
  const token = (await ask(server, 'POST', '/api/streamers/s/tokens', body)) as NewToken;
  const path = `/api/streamers/s/peer?transport=websocket&token=${token.token}`;
  const viewer = new ViewerSocketClient(socketUrl(server, path));
  t.teardown(() => viewer.socket.terminate());
  const ticket = await viewer.ticket();
  const url = socketUrl(server, `${ticket.path}?t=${ticket.ticket}`);
  const media = new MediaClient(url);
  t.teardown(() => media.socket.terminate());
  await until('pictures', () => media.of(KIND.VIDEO).length > 10);
  return { viewer, media, token, url };
}

/** The status that a media socket is refused with. */
async function refused(url: string): Promise<number> {
  const client = new MediaClient(url);
  return until('it is refused', () => client.status);
}

test.serial('a media socket ends with the access of its viewer, and its tickets', async (t) => {
  const server = await demoServer(t, { flags: { credentials: PASSWORD } });
  await demoStreamer(server);
  const one = await view(t, server);
  t.is(await refused(one.url), 403, 'a ticket is good once');
  const foreign = await one.viewer.ticket();
  const elsewhere = `${foreign.path.replace('/s/', '/other/')}?t=${foreign.ticket}`;
  t.is(await refused(socketUrl(server, elsewhere)), 403);
  t.is(await refused(socketUrl(server, `${foreign.path}?t=${foreign.ticket}`)), 403);

  const unused = await one.viewer.ticket();
  await ask(server, 'DELETE', `/api/streamers/s/tokens/${one.token.id}`);
  await until('it is closed', () => one.media.closed !== null);
  t.is(one.media.closed?.code, 4003);
  t.is(await refused(socketUrl(server, `${unused.path}?t=${unused.ticket}`)), 403);
  await until('there is nobody', () => server.streamers.get('s')?.viewers.length === 0);

  const two = await view(t, server);
  const [{ peerId } = { peerId: '' }] = server.streamers.get('s')?.viewers ?? [];
  await ask(server, 'PATCH', `/api/streamers/s/viewers/${peerId}`, { rights: [] });
  await until('it is closed', () => two.media.closed !== null);
  t.is(two.media.closed?.code, 4003, 'a right that was taken away');

  const three = await view(t, server, { expires_in_s: 10 });
  await until('it is closed', () => three.media.closed !== null);
  t.is(three.media.closed?.code, 4003, 'a token that expired');
});

test.serial('a desktop socket ends with the access of its viewer, and lets go', async (t) => {
  const log = join(await temporaryFolder(t), 'input.jsonl');
  const server = await demoServer(t, {
    host: ['--input-log', log],
    flags: {
      credentials: PASSWORD,
      desktop_socket: JSON.stringify({ path: '/ws/stream', streamer: 's' }),
    },
  });
  await demoStreamer(server);
  /** Presses and releases that the host got. */
  const edges = async (): Promise<string> =>
    (await readFile(log, 'utf8').catch(() => ''))
      .split('\n')
      .flatMap((line) => /"type":"(key|mouse-button|touch)".*/.exec(line)?.[0] ?? [])
      .map((line) => {
        const [, type = ''] = /"type":"(\w)/.exec(line) ?? [];
        return `${/"down":true|"phase":"down"/.test(line) ? '+' : '-'}${type}`;
      })
      .join(' ');
  const body = { rights: ['watch', 'pointer', 'keyboard', 'touch'] };
  const open = async (more: object): Promise<[DesktopClient, NewToken]> => {
    const path = '/api/streamers/s/tokens';
    const token = (await ask(server, 'POST', path, { ...body, ...more })) as NewToken;
    const client = new DesktopClient(socketUrl(server, `/ws/stream?token=${token.token}`));
    t.teardown(() => client.socket.terminate());
    client.init();
    await until('pictures', () => client.frames.length > 0);
    return [client, token];
  };
  const hold = async (client: DesktopClient, before: string): Promise<string> => {
    client.send('10 00 01 00 001e');
    await until('a key', async () => (await edges()) === `${before}+k`);
    client.send('11 02 01 01');
    await until('a button', async () => (await edges()) === `${before}+k +m`);
    client.send('14 00 03 0000003f 0000803e');
    await until('a finger', async () => (await edges()) === `${before}+k +m +t`);
    return `${before}+k +m +t `;
  };
  const closed = async (client: DesktopClient, reason: string): Promise<void> => {
    await until('it is closed', () => client.closed !== null);
    t.deepEqual(client.closed, { code: 4000, reason });
    await until('there is nobody', () => server.streamers.get('s')?.viewers.length === 0);
  };
  let before = '';

  const [revoked, { id }] = await open({});
  before = await hold(revoked, before);
  await ask(server, 'DELETE', `/api/streamers/s/tokens/${id}`);
  await closed(revoked, 'REVOKED');
  await until('all is let go', async () => (await edges()).split('-').length === 4);
  before = `${await edges()} `;

  const [barred] = await open({});
  before = await hold(barred, before);
  const [{ peerId } = { peerId: '' }] = server.streamers.get('s')?.viewers ?? [];
  // Of two devices first, then of all.
  await ask(server, 'PATCH', `/api/streamers/s/viewers/${peerId}`, { rights: ['watch', 'touch'] });
  await until('two are let go', async () => (await edges()).split('-').length === 6);
  t.is(barred.closed, null);
  await ask(server, 'PATCH', `/api/streamers/s/viewers/${peerId}`, { rights: [] });
  await closed(barred, 'REVOKED');
  await until('all is let go', async () => (await edges()).split('-').length === 7);
  before = `${await edges()} `;

  const [expired] = await open({ expires_in_s: 10 });
  await hold(expired, before);
  await closed(expired, 'EXPIRED');
  await until('all is let go', async () => (await edges()).split('-').length === 10);
});
