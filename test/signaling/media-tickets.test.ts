/** Who may open a media socket: tickets over the viewer socket, and what the upgrade makes of them. */
import test from 'ava';
import { MediaTickets, TICKET_LIFETIME_MS } from '../../src/streamer/media-tickets.js';
import {
  addHost,
  AUTHORIZATION,
  createBody,
  serve,
  type RawViewer,
  type TestServer,
} from '../support/server.js';
import { MEDIA_PROTOCOL, SUPPORT } from '../support/media-viewer.js';
import { tlsFlags } from '../support/tls.js';
import { until } from '../support/until.js';

const PROTOCOL = { 'Sec-WebSocket-Protocol': MEDIA_PROTOCOL };

interface Ticket {
  readonly ticket: string;
  readonly path: string;
}

async function ticketOf(viewer: RawViewer, support: unknown = SUPPORT): Promise<Ticket> {
  const tickets = (): Ticket[] =>
    viewer.messages.flatMap((message) =>
      typeof message === 'object' && 'MediaTicket' in message ? [message.MediaTicket] : [],
    );
  const before = tickets().length;
  viewer.send({ MediaSocket: { support } });
  return until('a ticket', () => tickets()[before]);
}

async function refusalOf(viewer: RawViewer, support: unknown): Promise<string> {
  viewer.send({ MediaSocket: { support } });
  const message = await viewer.until('MediaRefused');
  return typeof message === 'object' && 'MediaRefused' in message ? message.MediaRefused.code : '';
}

async function create(server: TestServer, id: string): Promise<void> {
  const { status, text } = await server.ask('POST', '/api/streamers', { body: createBody(id) });
  if (status !== 200) throw new Error(text);
}

test('a ticket is good once, for some seconds, and for its streamer', (t) => {
  let now = 0;
  const tickets = new MediaTickets(() => now);
  const grant = { streamerId: 's', peerId: 'p', sound: true };
  const [used, late, foreign] = [tickets.issue(grant), tickets.issue(grant), tickets.issue(grant)];
  const refused = { code: 'FORBIDDEN' };
  t.deepEqual(tickets.redeem('s', used), grant);
  t.throws(() => tickets.redeem('s', used), refused);
  t.throws(() => tickets.redeem('other', foreign), refused);
  t.throws(() => tickets.redeem('s', foreign), refused, 'used up by the attempt');
  now = TICKET_LIFETIME_MS;
  t.throws(() => tickets.redeem('s', late), refused);
  t.is(Buffer.from(used, 'base64url').length, 16);
});

test('a viewer has few tickets, and none when it has left', (t) => {
  const tickets = new MediaTickets(() => 0);
  const made = Array.from({ length: 9 }, () =>
    tickets.issue({ streamerId: 's', peerId: 'p', sound: true }),
  );
  const other = tickets.issue({ streamerId: 's', peerId: 'q', sound: true });
  t.is(tickets.size, 5);
  t.throws(() => tickets.redeem('s', made[0] ?? ''));
  tickets.revoke('p');
  t.throws(() => tickets.redeem('s', made[8] ?? ''));
  t.is(tickets.redeem('s', other).peerId, 'q');
});

for (const secure of [false, true]) {
  test.serial(`${secure ? 'over TLS' : 'plain'}: a good ticket, and every other`, async (t) => {
    const server = await serve(t, secure ? await tlsFlags(t) : {});
    await addHost(t, server);
    await create(server, 's');
    await create(server, 'other');
    const viewer = await server.viewer('s', { query: '?transport=websocket' });
    const open = async (
      path: string,
      headers: Record<string, string> = PROTOCOL,
    ): Promise<number> => (await server.upgrade(path, headers)).status;

    const good = await ticketOf(viewer);
    t.is(good.path, '/api/streamers/s/media');
    const answer = await server.upgrade(`${good.path}?t=${good.ticket}`, PROTOCOL);
    t.is(answer.status, 418, 'the connection is in the child’s hands');
    t.is((answer.json as { sound: boolean }).sound, true);
    t.is(await open(`${good.path}?t=${good.ticket}`), 403, 'used');

    const quiet = await ticketOf(viewer, { ...SUPPORT, audio: [] });
    const silent = await server.upgrade(`${quiet.path}?t=${quiet.ticket}`, PROTOCOL);
    t.is((silent.json as { sound: boolean }).sound, false);

    const foreign = await ticketOf(viewer);
    t.is(await open(`/api/streamers/other/media?t=${foreign.ticket}`), 403, 'of another streamer');
    const missing = await ticketOf(viewer);
    t.is(await open(`/api/streamers/none/media?t=${missing.ticket}`), 403, 'of none');
    const speechless = await ticketOf(viewer);
    t.is(await open(`${speechless.path}?t=${speechless.ticket}`, {}), 400, 'no subprotocol');
    const twice = await ticketOf(viewer);
    t.is(await open(`${twice.path}?t=${twice.ticket}&t=${twice.ticket}`), 400, 'two of them');

    t.is(await open('/api/streamers/s/media'), 403, 'none');
    t.is(await open('/api/streamers/s/media', { ...PROTOCOL, ...AUTHORIZATION }), 403, 'none');
    t.is(await open('/api/streamers/s/media?t='), 403, 'an empty one');
    t.is(await open('/api/streamers/s/media?t=AAAAAAAAAAAAAAAAAAAAAA'), 403, 'a made-up one');
    const wrong = { ...PROTOCOL, Authorization: 'Bearer wrong' };
    const shown = await ticketOf(viewer);
    t.is(await open(`${shown.path}?t=${shown.ticket}`, wrong), 401, 'wrong credentials beside it');

    const left = await ticketOf(viewer);
    viewer.socket.close();
    await viewer.closed;
    t.is(await open(`${left.path}?t=${left.ticket}`), 403, 'of a viewer that has left');
  });
}

test.serial('no ticket without a decoder, or where media may not go over sockets', async (t) => {
  const server = await serve(t);
  await addHost(t, server);
  await create(server, 's');
  const viewer = await server.viewer('s', { query: '?transport=websocket' });
  t.is(
    await refusalOf(viewer, { video: ['av01.0.08M.08'], audio: [] }),
    'VIEWER_CODEC_UNSUPPORTED',
  );
  const strict = await serve(t, { viewer_transports: 'webrtc' });
  await addHost(t, strict);
  await create(strict, 's');
  t.is(await refusalOf(await strict.viewer('s'), SUPPORT), 'FORBIDDEN');
});

test.serial('where WebRTC may not be nobody is offered it', async (t) => {
  const server = await serve(t, { viewer_transports: 'websocket' });
  await addHost(t, server);
  await create(server, 's');
  const viewer = await server.viewer('s');
  await ticketOf(viewer);
  t.false(viewer.names().includes('offer'));
  t.like((await server.ask('GET', '/api/streamers/s')).json, {
    peers: [{ transport: 'websocket', state: 'negotiating' }],
  });
});

test.serial('bytes of channels go to the child and come from it', async (t) => {
  const server = await serve(t);
  await addHost(t, server);
  await create(server, 's');
  const viewer = await server.viewer('s', { query: '?transport=websocket' });
  await ticketOf(viewer);
  viewer.socket.send(Buffer.from([4, 1, 2, 3]), { binary: true });
  await until('the echo', () => viewer.channels.length > 0);
  t.deepEqual([...(viewer.channels[0] ?? [])], [4, 1, 2, 3]);
  const refused = await server.upgrade('/api/streamers/s/peer?transport=pigeon');
  t.is(refused.status, 400);
});

test.serial('input may come often, but not without end', async (t) => {
  const server = await serve(t, { max_messages_per_second: '50' });
  await addHost(t, server);
  await create(server, 's');
  const viewer = await server.viewer('s', { query: '?transport=websocket' });
  await ticketOf(viewer);
  const move = Buffer.from([2, 0, 0, 1, 0, 1]);
  for (let count = 0; count < 1_000; count += 1) viewer.socket.send(move, { binary: true });
  await until('all came through', () => viewer.channels.length === 1_000);
  for (let count = 0; count < 20_000; count += 1) viewer.socket.send(move, { binary: true });
  t.is((await viewer.closed).code, 4429);
});
