/** Tokens and links of a real server, over every transport, with children that have no media. */
import { once } from 'node:events';
import http from 'node:http';
import test, { type ExecutionContext } from 'ava';
import { createLogTo } from '../../src/core/log.js';
import type { NewToken } from '../../src/protocol/access-models.js';
import {
  addHost,
  AUTHORIZATION,
  createBody,
  serve,
  type RawViewer,
  type TestServer,
} from '../support/server.js';
import { bearer, makeShare, makeToken, redeem } from '../support/tokens.js';
import { until } from '../support/until.js';

const SDP = { 'Content-Type': 'application/sdp' };

/** A server with the streamers `a` and `b`. */
async function stage(
  t: ExecutionContext,
  flags: Parameters<typeof serve>[1] = {},
  options: Parameters<typeof serve>[2] = {},
): Promise<TestServer> {
  const server = await serve(t, flags, options);
  await addHost(t, server);
  for (const id of ['a', 'b']) {
    t.is((await server.ask('POST', '/api/streamers', { body: createBody(id) })).status, 200);
  }
  return server;
}

function viewers(server: TestServer, id = 'a'): readonly { name: string | null }[] {
  return server.running.streamers.require(id).viewers;
}

/** A stream of events: its text, and whether it is over. */
async function readEvents(
  t: ExecutionContext,
  server: TestServer,
  headers: http.OutgoingHttpHeaders,
  query = '',
): Promise<{ text: string; ended: boolean }> {
  const request = http.get({ port: server.port, path: `/api/events${query}`, headers });
  t.teardown(() => request.destroy());
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  t.is(response.statusCode, 200);
  const feed = { text: '', ended: false };
  response.setEncoding('utf8');
  response.on('data', (text: string) => (feed.text += text));
  response.on('error', () => undefined);
  response.on('close', () => (feed.ended = true));
  return feed;
}

/** What a token holds open, over each transport. */
async function openAll(
  t: ExecutionContext,
  server: TestServer,
  { token }: NewToken,
): Promise<{ sockets: RawViewer[]; feed: { ended: boolean }; location: string }> {
  const byHeader = await server.viewer('a', { headers: bearer(token) });
  const byQuery = await server.viewer('a', { headers: {}, query: `?token=${token}` });
  const byMessage = await server.viewer('a', { headers: {} });
  byMessage.send({ AuthenticateAndInit: { credentials: token } });
  const peerless = await server.viewer('a', {
    headers: bearer(token),
    query: '?transport=websocket',
  });
  const sockets = [byHeader, byQuery, byMessage, peerless];
  for (const socket of sockets) await socket.until('Resume');
  const joined = await server.ask('POST', '/api/streamers/a/whep', {
    raw: 'v=0 connects',
    headers: { ...SDP, ...bearer(token) },
  });
  t.is(joined.status, 201);
  t.is(viewers(server).length, 5);
  const feed = await readEvents(t, server, bearer(token));
  return { sockets, feed, location: joined.headers.location ?? '' };
}

test.serial(
  'everything that is open ends with its token, at once, over each transport',
  async (t) => {
    const server = await stage(t);
    const token = await makeToken(server, 'a', ['watch', 'keyboard'], { name: 'Ann' });
    const other = await makeToken(server, 'a', ['watch']);
    const stays = await server.viewer('a', { headers: bearer(other.token) });
    await stays.until('Resume');
    t.is((await server.ask('DELETE', `/api/streamers/a/tokens/${other.id}x`)).status, 404);
    stays.socket.close();
    await until('it has left', () => viewers(server).length === 0);

    const { sockets, feed, location } = await openAll(t, server, token);
    t.true(viewers(server).every(({ name }) => name === 'Ann'));
    t.is((await server.ask('DELETE', `/api/streamers/a/tokens/${token.id}`)).status, 204);
    for (const socket of sockets) {
      t.is((await socket.closed).code, 4003);
      t.like(await socket.until('PeerClosed'), { PeerClosed: { code: 'REVOKED' } });
    }
    t.deepEqual(viewers(server), []);
    await until('the feed is over', () => feed.ended);
    t.is((await server.ask('DELETE', location)).status, 404, 'the session of the player is over');
    const headers = bearer(token.token);
    t.is((await server.ask('GET', '/api/streamers/a', { headers })).status, 401);
    t.is((await server.upgrade('/api/streamers/a/peer', headers)).status, 401);
    const late = await server.viewer('a', { headers: {} });
    late.send({ AuthenticateAndInit: { credentials: token.token } });
    t.is((await late.closed).code, 4401);
  },
);

test.serial('everything that is open ends when its token expires', async (t) => {
  const server = await stage(t);
  const token = await makeToken(server, 'a', ['watch'], { expires_in_s: 2 });
  const { sockets, feed } = await openAll(t, server, token);
  for (const socket of sockets) {
    t.is((await socket.closed).code, 4003);
    t.like(await socket.until('PeerClosed'), { PeerClosed: { code: 'EXPIRED' } });
  }
  await until('the feed is over', () => feed.ended);
  t.true(Date.now() >= Date.parse(token.expires_at));
  t.deepEqual(viewers(server), []);
  const { json } = await server.ask('GET', '/api/streamers/a/tokens');
  t.deepEqual(json, { tokens: [] });
});

test.serial('tokens survive a restart with their streamers, and go with them', async (t) => {
  const flags = { restore_streamers: 'true' };
  const first = await stage(t, flags);
  const token = await makeToken(first, 'a', ['watch'], { name: 'Ann' });
  const gone = await makeToken(first, 'b', ['watch']);
  const revoked = await makeToken(first, 'a', ['watch']);
  t.is((await first.ask('DELETE', '/api/streamers/b')).status, 204);
  t.is((await first.ask('DELETE', `/api/streamers/a/tokens/${revoked.id}`)).status, 204);
  await first.running.close();
  const second = await serve(t, flags, { folder: first.folder });
  const get = (text: string, id: string) =>
    second.ask('GET', `/api/streamers/${id}`, { headers: bearer(text) });
  t.is((await get(token.token, 'a')).status, 200);
  t.is((await get(revoked.token, 'a')).status, 401);
  t.is((await get(gone.token, 'b')).status, 401);
  const { json } = await second.ask('GET', '/api/streamers/a/tokens');
  t.like(json, { tokens: [{ id: token.id, name: 'Ann', rights: ['watch'] }] });
  await second.running.close();
  // Where streamers do not come back, what was given for them does not either.
  const third = await serve(t, {}, { folder: first.folder });
  const headers = bearer(token.token);
  t.is((await third.ask('GET', '/api/authenticate', { headers })).status, 401);
});

test.serial('a streamer that is made anew has no token or link of the one before', async (t) => {
  const server = await stage(t);
  for (let round = 0; round < 5; round += 1) {
    const made: string[] = [];
    const asked = ['tokens', 'shares'].flatMap((what) =>
      Array.from({ length: 8 }, async (_, index) => {
        await new Promise((resolve) => setTimeout(resolve, index * 5));
        const body = { rights: ['watch'], ...(what === 'shares' ? { pin: '4711' } : {}) };
        const answer = await server.ask('POST', `/api/streamers/a/${what}`, { body });
        t.true([201, 404].includes(answer.status), answer.text);
        const { token } = answer.json as Partial<NewToken>;
        if (token !== undefined) made.push(token);
      }),
    );
    t.is((await server.ask('DELETE', '/api/streamers/a')).status, 204);
    await Promise.all(asked);
    const again = await server.ask('POST', '/api/streamers', { body: createBody('a') });
    t.is(again.status, 200, again.text);
    for (const what of ['tokens', 'shares']) {
      const { json } = await server.ask('GET', `/api/streamers/a/${what}`);
      t.deepEqual(json, { [what]: [] });
    }
    for (const token of made) {
      const answer = await server.ask('GET', '/api/streamers/a', { headers: bearer(token) });
      t.is(answer.status, 401);
    }
  }
});

test.serial('a viewer learns of its own streamers, and nothing of others', async (t) => {
  const server = await stage(t, { outputs_allowed: 'rtp://127.0.0.1:5004' });
  const output = { type: 'rtp', host: '127.0.0.1', video_port: 5004 };
  await server.ask('PUT', '/api/streamers/a/outputs/o', { body: output });
  const { token } = await makeToken(server, 'a', ['watch']);
  const manager = await makeToken(server, 'a', ['manage']);
  const viewer = await server.viewer('a', { headers: bearer(token) });
  await viewer.until('Resume');
  const get = async (path: string, text = token) =>
    (await server.ask('GET', path, { headers: bearer(text) })).json;
  t.like(await get('/api/streamers/a'), {
    ...{ streamer_id: 'a', connected_peers: 1, client_unique_id: null },
    ...{ outputs: [], peers: [] },
  });
  t.like(await get('/api/streamers/a', manager.token), {
    outputs: [],
    peers: [{ name: null, rights: ['watch'] }],
  });
  const { streamers } = (await get('/api/streamers')) as { streamers: { streamer_id: string }[] };
  t.deepEqual(
    streamers.map(({ streamer_id }) => streamer_id),
    ['a'],
  );
  const stranger = await server.ask('GET', '/api/streamers/b', { headers: { Authorization: '' } });
  for (const path of ['/api/streamers/b', '/api/streamers/nothing', '/api/streamers/b/stats']) {
    const answer = await server.ask('GET', path, { headers: bearer(token) });
    t.is(answer.status, 401, path);
    t.is(answer.text, stranger.text, path);
  }

  const feed = await readEvents(t, server, {}, `?token=${token}`);
  t.is((await server.ask('DELETE', '/api/streamers/a/outputs/o')).status, 204);
  t.is((await server.ask('DELETE', '/api/streamers/b')).status, 204);
  viewer.socket.close();
  await until('the peer has left', () => feed.text.includes('peer.left'));
  t.regex(feed.text, /"streamer_id":"a"/);
  t.notRegex(feed.text, /"streamer_id":"b"|output|reason/);
});

test.serial('who manages a streamer changes rights, and ends viewers', async (t) => {
  const server = await stage(t);
  const manager = bearer((await makeToken(server, 'a', ['watch', 'keyboard', 'manage'])).token);
  const guest = await makeToken(server, 'a', ['watch', 'gamepad']);
  const viewer = await server.viewer('a', { headers: bearer(guest.token) });
  await viewer.until('Resume');
  const [{ peerId } = { peerId: '' }] = server.running.streamers.require('a').viewers;
  const path = `/api/streamers/a/viewers/${peerId}`;
  const patch = async (rights: readonly string[], headers = manager) =>
    (await server.ask('PATCH', path, { body: { rights }, headers })).status;
  const rightsNow = () => [...(server.running.streamers.require('a').viewers[0]?.rights ?? [])];
  t.is(await patch(['watch', 'gamepad', 'keyboard']), 204);
  t.deepEqual(rightsNow(), ['watch', 'gamepad', 'keyboard']);
  t.is(await patch(['watch', 'pointer']), 403, 'a right that it does not have itself');
  t.is(await patch(['watch', 'fly']), 400);
  t.is(await patch(['watch']), 204);
  t.is(await patch(['watch', 'pointer'], AUTHORIZATION), 204);
  t.deepEqual(rightsNow(), ['watch', 'pointer']);
  t.is(await patch(['watch'], bearer(guest.token)), 403);
  t.is((await server.ask('DELETE', path, { headers: bearer(guest.token) })).status, 403);
  t.is((await server.ask('DELETE', `${path}x`, { headers: manager })).status, 404);
  t.is((await server.ask('DELETE', path, { headers: manager })).status, 204);
  t.is((await viewer.closed).code, 4410);
  t.like(await viewer.until('PeerClosed'), { PeerClosed: { code: 'KICKED' } });
  t.is((await server.ask('DELETE', path, { headers: manager })).status, 404);

  const again = await server.viewer('a', { headers: bearer(guest.token) });
  await again.until('Resume');
  const back = server.running.streamers.require('a').viewers[0]?.peerId ?? '';
  t.deepEqual(rightsNow(), ['watch', 'gamepad']);
  const none = { body: { rights: [] }, headers: manager };
  t.is((await server.ask('PATCH', `/api/streamers/a/viewers/${back}`, none)).status, 204);
  t.is((await again.closed).code, 4003);
});

test.serial('a link is redeemed without credentials, and counted by address', async (t) => {
  const server = await stage(t, { redemptions_per_minute: '6', web_path_prefix: '/moontee' });
  const share = await makeShare(server, 'a', ['watch'], { pin: '4711', max_uses: 1 });
  t.is(share.url, `http://127.0.0.1:${server.port}/moontee/#/streamers/a?share=${share.secret}`);
  const { secret } = share;
  t.like(await redeem(server, { secret: 'x' }), { status: 404 });
  t.like((await redeem(server, { secret })).json, { code: 'SHARE_PIN_REQUIRED' });
  t.like((await redeem(server, { secret, pin: '0000' })).json, { code: 'SHARE_PIN_WRONG' });
  const redeemed = await redeem(server, { secret, pin: '4711', name: ' Bo\u0000 ' });
  t.is(redeemed.status, 200);
  const { token, id } = redeemed.json as NewToken;
  t.like(redeemed.json, { streamer_id: 'a', name: 'Bo', rights: ['watch'], share_id: share.id });
  t.like((await redeem(server, { secret, pin: '4711' })).json, { code: 'SHARE_ENDED' });
  const { json, text } = await server.ask('GET', '/api/streamers/a/shares');
  t.like(json, {
    shares: [
      { uses: 1, state: 'used_up', has_pin: true, visitors: [{ name: 'Bo', token_id: id }] },
    ],
  });
  t.false(text.includes(secret));
  const viewer = await server.viewer('a', { headers: bearer(token) });
  await viewer.until('Resume');
  t.is((await server.ask('DELETE', `/api/streamers/a/shares/${share.id}`)).status, 204);
  t.is((await viewer.closed).code, 4003);
  t.like(await redeem(server, { secret: 'x' }), { status: 404 });
  const limited = await redeem(server, { secret: 'x' });
  t.is(limited.status, 429);
  t.true(Number(limited.headers['retry-after']) > 0);
});

test.serial('a token of a link in the address is good where a header cannot be', async (t) => {
  const server = await stage(t);
  const { token } = await makeToken(server, 'a', ['watch']);
  const headers = { Authorization: '' };
  const ask = (method: string, path: string, more = {}) =>
    server.ask(method, path, { headers: { ...headers, ...more } });
  t.is((await ask('GET', `/api/streamers/a?token=${token}`)).status, 200);
  t.is((await ask('GET', `/api/streamers/b?token=${token}`)).status, 401);
  t.is((await ask('GET', `/api/streamers/a?token=${token}&token=${token}`)).status, 400);
  t.is((await ask('GET', '/api/streamers/a?token=helix')).status, 401, 'no password in a link');
  t.is((await ask('GET', '/api/streamers/a?token=')).status, 401);
  const options = await ask('OPTIONS', `/api/streamers/a/whep?token=${token}`);
  t.is(options.status, 204);
  const joined = await server.ask('POST', `/api/streamers/a/whep?token=${token}`, {
    raw: 'v=0 connects',
    headers: { ...headers, ...SDP },
  });
  t.is(joined.status, 201);
  const { location = '' } = joined.headers;
  t.regex(location, /\?token=/);
  t.is((await ask('DELETE', location.replace(/\?.*/, ''))).status, 401);
  t.is((await ask('DELETE', location)).status, 204);
  t.is((await ask('GET', '/')).headers['referrer-policy'], 'no-referrer');
});

test.serial('who is at the legacy socket may make streamers, and needs the password', async (t) => {
  const server = await stage(t);
  const { token } = await makeToken(server, 'a', ['watch', 'manage']);
  t.is((await server.upgrade('/api/host/stream', bearer(token))).status, 403);
  const socket = await server.viewer('', { path: '/api/host/stream', headers: {} });
  socket.send({ AuthenticateAndInit: { credentials: token, session_id: 'a', mode: 'join' } });
  await socket.closed;
  t.like(await socket.until('PeerClosed'), { PeerClosed: { code: 'FORBIDDEN' } });
});

test.serial(
  'a server without a password: all are administrators, but who shows a token',
  async (t) => {
    const server = await stage(t, { credentials: null });
    const { token, id } = await makeToken(server, 'a', ['watch']);
    const ask = async (headers: { Authorization: string }, path = '/api/hosts') =>
      (await server.ask('GET', path, { headers })).status;
    t.is(await ask({ Authorization: '' }), 200);
    t.is(await ask({ Authorization: 'Bearer whatever' }), 200);
    t.is(await ask({ Authorization: 'Bearer e30.e30.e30' }), 200, 'of a proxy in front');
    t.is(await ask(bearer(token)), 403);
    t.is(await ask(bearer(token), '/api/streamers/a'), 200);
    await server.ask('DELETE', `/api/streamers/a/tokens/${id}`);
    t.is(await ask(bearer(token), '/api/streamers/a'), 401);
  },
);

test.serial('a trusted proxy names the user, and nobody else does', async (t) => {
  const flags = {
    user_header: 'X-Forwarded-User',
    trusted_proxies: '127.0.0.1',
    proxy_user_rights: 'watch,keyboard',
  };
  const server = await stage(t, flags);
  const named = { Authorization: '', 'X-Forwarded-User': 'ann@example' };
  const get = async (path: string, headers: Record<string, string>) =>
    (await server.ask('GET', path, { headers })).status;
  t.is(await get('/api/streamers/a', named), 200);
  t.is(await get('/api/hosts', named), 403);
  t.is(await get('/api/streamers/a', { Authorization: '', 'X-Forwarded-User': ' ' }), 401);
  t.is(await get('/api/streamers/a', { ...named, Authorization: 'Bearer wrong' }), 401);
  const viewer = await server.viewer('a', { headers: { 'X-Forwarded-User': 'ann@example' } });
  await viewer.until('Resume');
  const [seen] = server.running.streamers.require('a').viewers;
  t.like(seen, { name: 'ann@example' });
  t.deepEqual([...(seen?.rights ?? [])], ['watch', 'keyboard']);
  const foreign = { 'X-Forwarded-User': 'ann@example', Origin: 'https://evil.example' };
  t.is((await server.upgrade('/api/streamers/a/peer', foreign)).status, 403);

  const other = await stage(t, { ...flags, trusted_proxies: '10.0.0.1' });
  const refused = await other.ask('GET', '/api/streamers/a', { headers: named });
  t.is(refused.status, 401);
  const spoofed = { ...named, 'X-Forwarded-For': '10.0.0.1' };
  t.is((await other.ask('GET', '/api/streamers/a', { headers: spoofed })).status, 401);
});

test.serial('no line of the log, no label and no refusal has a token or a secret', async (t) => {
  let lines = '';
  const log = createLogTo({ write: (line) => void (lines += line) }, 'test', 'trace');
  const server = await stage(t, {}, { log });
  const { token } = await makeToken(server, 'a', ['watch'], { name: 'Ann' });
  const { secret } = await makeShare(server, 'a', ['watch'], { pin: '90210' });
  const answers = [];
  const headers = { Authorization: '' };
  for (const query of [`token=${token}`, `token=${token}x`, `token=${token}&token=${token}`]) {
    for (const path of ['/api/streamers/a', '/api/streamers/b', '/api/hosts', '/api/a%2f', '/x']) {
      answers.push(await server.ask('GET', `${path}?${query}`, { headers }));
    }
    for (const path of ['/api/streamers/b/peer', '/api/streamers/a/media', '/api/x']) {
      answers.push(await server.upgrade(`${path}?${query}`, {}));
    }
  }
  answers.push(await redeem(server, { secret, pin: '1234' }));
  answers.push(await redeem(server, { secret, pin: 90210 }));
  const viewer = await server.viewer('a', { headers: {} });
  viewer.send({ AuthenticateAndInit: { credentials: `${token}x` } });
  await viewer.closed;
  const metrics = await server.ask('GET', '/metrics');
  await server.running.close();
  t.true(lines.includes('request refused'));
  const signature = token.slice(token.lastIndexOf('.') + 1);
  const told = [lines, metrics.text, ...answers.map(({ text }) => text)].join('\n');
  for (const text of [signature, secret, '90210']) t.false(told.includes(text), text);
});

test.serial('one token holds a bounded number of things open', async (t) => {
  const server = await stage(t);
  const { token } = await makeToken(server, 'a', ['watch']);
  const feeds = Array.from({ length: 32 }, () => readEvents(t, server, bearer(token)));
  await Promise.all(feeds);
  const headers = bearer(token);
  t.is((await server.ask('GET', '/api/events', { headers })).status, 503);
  const socket = await server.viewer('a', { headers });
  t.like(await socket.until('PeerClosed'), { PeerClosed: { code: 'LIMIT_REACHED' } });
  t.is((await socket.closed).code, 4503);
});
