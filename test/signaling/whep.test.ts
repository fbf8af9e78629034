/** WHEP by raw HTTP, with children that have no media. */
import test, { type ExecutionContext } from 'ava';
import { until } from '../support/until.js';
import { APP } from '../support/fake-apps.js';
import { addHost, createBody, serve, type Answer, type TestServer } from '../support/server.js';

const PATH = '/api/streamers/s/whep';
const SDP = { 'Content-Type': 'application/sdp' };
const FRAGMENT = { 'Content-Type': 'application/trickle-ice-sdpfrag' };
const NO_CREDENTIALS = { Authorization: '' };
const ORIGIN = 'https://player.example';

async function stage(
  t: ExecutionContext,
  flags: Parameters<typeof serve>[1] = {},
  app: number = APP.GOOD,
  query = '',
): Promise<TestServer> {
  const server = await serve(t, flags);
  await addHost(t, server);
  const made = await server.ask('POST', `/api/streamers${query}`, { body: createBody('s', app) });
  t.is(made.status, 200, made.text);
  return server;
}

function join(server: TestServer, sdp = 'v=0 connects', headers = {}): Promise<Answer> {
  return server.ask('POST', PATH, { raw: sdp, headers: { ...SDP, ...headers } });
}

const viewers = (server: TestServer): number =>
  server.running.streamers.require('s').viewers.length;

test.serial('a player joins, is a viewer, and leaves once', async (t) => {
  const server = await stage(t, {
    webrtc_ice_servers:
      '[{"urls":["turn:t.example:3478?transport=udp"],"username":"a\\"b","credential":"p"},{"urls":["stun:s.example"]}]',
  });
  const joined = await join(server);
  t.is(joined.status, 201);
  t.is(joined.headers['content-type'], 'application/sdp');
  t.is(joined.text, 'v=0\r\ns=12\r\n');
  t.is(joined.headers.etag, '"ice1"');
  t.is(joined.headers['accept-patch'], 'application/trickle-ice-sdpfrag');
  t.is(
    joined.headers['link'],
    '<turn:t.example:3478?transport=udp>; rel="ice-server"; username="a\\"b"; credential="p"; credential-type="password", <stun:s.example:3478>; rel="ice-server"',
  );
  const location = joined.headers.location ?? '';
  t.regex(location, /^\/api\/streamers\/s\/whep\/[\w-]{22}$/);
  await until('it is connected', async () => {
    const { json } = await server.ask('GET', '/api/streamers/s');
    const { peers } = json as { peers: { kind: string; state: string; transport: string }[] };
    return peers[0]?.state === 'connected' && peers[0];
  }).then((peer) => t.like(peer, { kind: 'whep', transport: 'webrtc' }));
  const { text } = await server.ask('GET', '/metrics');
  t.regex(text, /^moontee_viewers_by_kind\{streamer_id="s",kind="whep"\} 1$/m);
  t.is((await server.ask('DELETE', location)).status, 204);
  t.is(viewers(server), 0);
  t.is((await server.ask('DELETE', location)).status, 404);
  t.is((await server.ask('PATCH', location, { raw: '', headers: FRAGMENT })).status, 404);
});

test.serial('candidates and restarts', async (t) => {
  const server = await stage(t);
  const {
    headers: { location = '' },
  } = await join(server);
  const patch = (fragment: string, headers = {}): Promise<Answer> =>
    server.ask('PATCH', location, { raw: fragment, headers: { ...FRAGMENT, ...headers } });
  for (const match of [{}, { 'If-Match': '*' }, { 'If-Match': '"*"' }, { 'If-Match': '"ice1"' }]) {
    const trickled = await patch('candidates', match);
    t.is(trickled.status, 204);
    t.is(trickled.headers.etag, undefined);
  }
  t.is((await patch('candidates', { 'If-Match': '"old"' })).status, 412);
  t.is((await patch('restart')).status, 428);
  const restarted = await patch('restart', { 'If-Match': '"*"' });
  t.is(restarted.status, 200);
  t.is(restarted.headers.etag, '"ice2"');
  t.is(restarted.headers['content-type'], 'application/trickle-ice-sdpfrag');
  t.is(restarted.text, 'a=ice-ufrag:ice2\r\n');
  t.is((await patch('invalid')).status, 422);
  t.is((await patch('candidates', { 'Content-Type': 'text/plain' })).status, 415);
  t.is((await patch('x'.repeat(20_000))).status, 413);
  t.is((await server.ask('PATCH', `${location}x`, { raw: '', headers: FRAGMENT })).status, 404);
  const elsewhere = location.replace('/s/', '/other/');
  t.is((await server.ask('DELETE', elsewhere)).status, 404);
  t.is(viewers(server), 1);
});

test.serial('a player that wants the offer gets it, and answers', async (t) => {
  const server = await stage(t);
  const headers = SDP;
  const offered = await server.ask('POST', `${PATH}?offer=server`, { raw: '', headers });
  t.is(offered.status, 406);
  t.regex(offered.headers['content-type'] ?? '', /^application\/sdp; valid-until=".* GMT"$/);
  t.is(offered.text, 'v=0\r\ns=4\r\n');
  const location = offered.headers.location ?? '';
  t.is((await server.ask('PATCH', location, { raw: 'v=0', headers })).status, 204);
  t.is((await server.ask('DELETE', location)).status, 204);
  t.is((await server.ask('POST', `${PATH}?offer=x`, { raw: '', headers })).status, 400);
});

test.serial('what is no offer, or no session, is refused', async (t) => {
  const server = await stage(t);
  t.is((await join(server, 'v=0', { 'Content-Type': 'text/plain' })).status, 415);
  t.is((await join(server, 'x'.repeat(40_000))).status, 413);
  const codec = await join(server, 'other codec');
  t.is(codec.status, 406);
  t.deepEqual(codec.json, { error: 'The stream is H.264', code: 'VIEWER_CODEC_UNSUPPORTED' });
  t.is(
    (await server.ask('POST', '/api/streamers/x/whep', { raw: 'v=0', headers: SDP })).status,
    404,
  );
  t.is(viewers(server), 0);
  const got = await server.ask('GET', PATH);
  t.is(got.status, 405);
  t.is(got.headers.allow, 'HEAD, OPTIONS, POST');
  const {
    headers: { location = '' },
  } = await join(server);
  for (const method of ['GET', 'POST', 'PUT']) {
    const answer = await server.ask(method, location);
    t.is(answer.status, 405);
    t.is(answer.headers.allow, 'PATCH, DELETE');
  }
});

test.serial('discovery, preflights, and ICE servers for those who show credentials', async (t) => {
  const server = await stage(t, {
    allowed_origins: `["${ORIGIN}"]`,
    webrtc_ice_servers: '[{"urls":["stun:s.example"]}]',
  });
  const head = await server.ask('HEAD', PATH);
  t.is(head.status, 200);
  t.is(head.headers['content-type'], 'application/sdp');
  t.is((await server.ask('HEAD', '/api/streamers/x/whep')).status, 404);
  t.is((await server.ask('HEAD', PATH, { headers: NO_CREDENTIALS })).status, 401);

  const known = await server.ask('OPTIONS', PATH, { headers: { Origin: ORIGIN } });
  t.is(known.status, 204);
  t.is(known.headers['accept-post'], 'application/sdp');
  t.is(known.headers['link'], '<stun:s.example:3478>; rel="ice-server"');
  t.is(known.headers['access-control-allow-origin'], ORIGIN);
  t.regex(String(known.headers['access-control-expose-headers']), /Location.*ETag.*Link/);
  const stranger = await server.ask('OPTIONS', PATH, { headers: NO_CREDENTIALS });
  t.is(stranger.status, 204);
  t.is(stranger.headers['link'], undefined);
  t.is((await server.ask('OPTIONS', PATH, { headers: { Authorization: 'Bearer x' } })).status, 401);

  const asks = { ...NO_CREDENTIALS, Origin: ORIGIN, 'Access-Control-Request-Method': 'PATCH' };
  const preflight = await server.ask('OPTIONS', PATH, { headers: asks });
  t.is(preflight.status, 204);
  t.is(preflight.headers['accept-post'], 'application/sdp');
  t.regex(preflight.headers['access-control-allow-methods'] ?? '', /PATCH/);
  t.regex(preflight.headers['access-control-allow-headers'] ?? '', /If-Match/);
  const foreign = { ...asks, Origin: 'https://other.example' };
  const other = await server.ask('OPTIONS', PATH, { headers: foreign });
  t.is(other.headers['access-control-allow-origin'], undefined);

  const joined = await join(server, 'v=0', { Origin: ORIGIN });
  t.is(joined.headers['access-control-allow-origin'], ORIGIN);
  t.regex(String(joined.headers['access-control-expose-headers']), /Location/);
});

test.serial('strangers learn nothing', async (t) => {
  const server = await stage(t);
  const {
    headers: { location = '' },
  } = await join(server);
  for (const [method, path] of [
    ['POST', PATH],
    ['POST', '/api/streamers/x/whep'],
    ['GET', PATH],
    ['PATCH', location],
    ['DELETE', location],
    ['GET', location],
  ] as const) {
    const answer = await server.ask(method, path, { raw: '', headers: NO_CREDENTIALS });
    t.is(answer.status, 401, `${method} ${path}`);
    t.is(answer.headers['www-authenticate'], 'Bearer realm="moontee"');
  }
  t.is(viewers(server), 1);
});

test.serial(
  'a streamer without a session is waited for, and then the player is to come back',
  async (t) => {
    const server = await stage(t, {}, APP.NEVER_CONNECTS, '?wait=false');
    const answer = await join(server);
    t.is(answer.status, 409);
    t.is(answer.headers['retry-after'], '2');
    t.is(viewers(server), 0);
  },
);

test.serial('limits: viewers of a streamer, and joins of an address', async (t) => {
  const server = await stage(t, { max_viewers: '2', creations_per_minute: '4' });
  await join(server);
  await join(server);
  const third = await join(server);
  t.is(third.status, 503);
  t.is(third.headers['retry-after'], '10');
  t.like(third.json, { code: 'LIMIT_REACHED' });
  const fourth = await join(server);
  t.is(fourth.status, 429);
  t.true(Number(fourth.headers['retry-after']) > 0);
});

test.serial(
  'a viewer that the child gives up, or whose player does not wait, is gone',
  async (t) => {
    const server = await stage(t);
    const {
      headers: { location = '' },
    } = await join(server, 'no path');
    await until('the viewer is gone', () => viewers(server) === 0);
    t.is((await server.ask('DELETE', location)).status, 404);
    const abandoned = new AbortController();
    const url = `${server.running.url.replace(/\/$/, '')}${PATH}`;
    const asked = fetch(url, {
      ...{ method: 'POST', body: 'no answer', signal: abandoned.signal },
      headers: { ...SDP, Authorization: 'Bearer helix' },
    });
    await until('the viewer is there', () => viewers(server) === 1);
    abandoned.abort();
    await t.throwsAsync(asked, { any: true });
    await until('the viewer is gone', () => viewers(server) === 0);
  },
);

test.serial('the end of the streamer is the end of its sessions', async (t) => {
  const server = await stage(t);
  const {
    headers: { location = '' },
  } = await join(server);
  t.is((await server.ask('DELETE', '/api/streamers/s')).status, 204);
  t.is((await server.ask('DELETE', location)).status, 404);
});

test.serial(
  'without WebRTC there is no WHEP, and the path prefix is in front of the session',
  async (t) => {
    const sockets = await stage(t, { viewer_transports: 'websocket' });
    t.is((await join(sockets)).status, 403);
    t.is((await sockets.ask('HEAD', PATH)).status, 403);
    const prefixed = await stage(t, { web_path_prefix: '/moon' });
    const joined = await join(prefixed);
    t.regex(joined.headers.location ?? '', /^\/moon\/api\/streamers\/s\/whep\//);
    t.is((await prefixed.ask('DELETE', joined.headers.location ?? '')).status, 204);
  },
);
