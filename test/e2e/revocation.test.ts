/** Media sockets of a true server and its children, whose viewers lose their access. */
import test, { type ExecutionContext } from 'ava';
import type { NewToken } from '../../src/protocol/access-models.js';
import type { MoonteeServer } from '../../src/server/server.js';
import { demoServer, demoStreamer } from '../support/demo-server.js';
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
