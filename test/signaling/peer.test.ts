import test from 'ava';
import { connect } from 'node:net';
import { once } from 'node:events';
import { APP } from '../support/fake-apps.js';
import {
  addHost,
  createBody,
  serve,
  PASSWORD,
  type RawViewer,
  type TestServer,
} from '../support/server.js';

const INIT = {
  credentials: PASSWORD,
  client_unique_id: null,
  host_id: 0,
  app_id: 1,
  bitrate: 20000,
  packet_size: 1024,
  fps: 60,
  width: 1920,
  height: 1080,
  video_sample_queue_size: 6,
  play_audio_local: false,
  audio_sample_queue_size: 20,
  video_supported_formats: 1,
  video_colorspace: 'Rec709',
  video_color_range_full: true,
};
const COMPLETE = { capabilities: { touch: true }, width: 2560, height: 1600 };

async function create(server: TestServer, id = 's', app: number = APP.GOOD): Promise<void> {
  const body = { ...createBody(id, app), client_unique_id: null };
  const { status, text } = await server.ask('POST', '/api/streamers', { body });
  if (status !== 200) throw new Error(text);
}

async function peers(server: TestServer, id = 's'): Promise<number> {
  const { json } = await server.ask('GET', `/api/streamers/${id}`);
  return (json as { connected_peers: number }).connected_peers;
}

async function untilPeers(server: TestServer, count: number): Promise<void> {
  while ((await peers(server)) !== count) await new Promise((resolve) => setTimeout(resolve, 20));
}

test.serial(
  'refused before the upgrade: unknown streamer, wrong header, other paths',
  async (t) => {
    const server = await serve(t);
    await addHost(t, server);
    await create(server);
    const unknown = await server.upgrade('/api/streamers/x/peer');
    t.is(unknown.status, 404);
    t.deepEqual(unknown.json, { error: 'Streamer not found', code: 'STREAMER_NOT_FOUND' });
    t.regex(unknown.headers['content-type'] ?? '', /^application\/json/);
    for (const path of ['/api/streamers/%zz/peer', '/api/streamers/a%2Fb/peer']) {
      t.is((await server.upgrade(path)).status, 400, path);
    }
    t.is(
      (await server.upgrade('/api/streamers/s/peer', { Authorization: 'Bearer no' })).status,
      401,
    );
    t.is((await server.upgrade('/api/streamers')).status, 404);
    t.is((await server.upgrade('/')).status, 404);
    t.is((await server.ask('GET', '/api/streamers/s/peer')).status, 400);
  },
);

test.serial(
  'a client that authenticates first: offer, then config, then its true picture',
  async (t) => {
    const server = await serve(t);
    await addHost(t, server);
    await create(server);
    const viewer = await server.viewer('s', { headers: {} });
    t.is(await peers(server), 0);
    viewer.send({ AuthenticateAndInit: INIT });
    await viewer.until('WebRtcConfig');
    const names = viewer.names();
    t.true(names.indexOf('offer') >= 0 && names.indexOf('offer') < names.indexOf('WebRtcConfig'));
    t.is(names.filter((name) => name === 'WebRtcConfig').length, 1);
    t.deepEqual(await viewer.until('WebRtcConfig'), { WebRtcConfig: { ice_servers: [] } });
    viewer.send({
      Signaling: {
        AddIceCandidate: {
          candidate: 'candidate:1 1 udp 1 127.0.0.1 1 typ host',
          sdp_mid: null,
          sdp_mline_index: 0,
          username_fragment: null,
        },
      },
    });
    viewer.answer();
    t.like(await viewer.until('ConnectionComplete'), { ConnectionComplete: COMPLETE });
    t.deepEqual(
      viewer.messages.filter((message) => JSON.stringify(message).startsWith('{"Stage')),
      [
        { StageStarting: { stage: 'Setup WebRTC Peer' } },
        { StageComplete: { stage: 'Setup WebRTC Peer' } },
        { StageStarting: { stage: 'WebRTC Peer Negotiation' } },
        { StageComplete: { stage: 'WebRTC Peer Negotiation' } },
      ],
    );
    t.is(viewer.names().at(-1), 'ConnectionComplete');
    t.is(await peers(server), 1);
    viewer.socket.close(1000);
    await untilPeers(server, 0);
  },
);

test.serial(
  'clients that never authenticate by message: the header does, and nobody waits',
  async (t) => {
    const server = await serve(t, { auth_timeout_ms: '86400000' });
    await addHost(t, server);
    await create(server);
    const viewer = await server.viewer('s');
    await viewer.until('WebRtcConfig');
    const doubled = await server.viewer('s', { path: '/api/api/streamers/s/peer' });
    await doubled.until('WebRtcConfig');
    // Both see the same; the late one is told the size too.
    viewer.answer();
    doubled.answer();
    t.like(await viewer.until('ConnectionComplete'), { ConnectionComplete: COMPLETE });
    t.like(await doubled.until('ConnectionComplete'), { ConnectionComplete: COMPLETE });
    t.is(await peers(server), 2);
    // One leaves, the other is not disturbed.
    viewer.socket.terminate();
    await untilPeers(server, 1);
    t.false(doubled.names().includes('PeerDisconnect'));
  },
);

test.serial('the socket under a path prefix', async (t) => {
  const server = await serve(t, { web_path_prefix: '/moonlight' });
  await addHost(t, server);
  await create(server);
  for (const path of ['/moonlight/api/streamers/s/peer', '/moonlight/api/api/streamers/s/peer']) {
    const viewer = await server.viewer('s', { path });
    t.truthy(await viewer.until('offer'));
  }
});

test.serial(
  'no credentials configured: none are needed, a first message may still come',
  async (t) => {
    const server = await serve(t, { credentials: null });
    await addHost(t, server);
    await create(server);
    const viewer = await server.viewer('s', { headers: {} });
    await viewer.until('WebRtcConfig');
    viewer.send({ AuthenticateAndInit: { ...INIT, credentials: 'whatever' } });
    viewer.answer();
    t.like(await viewer.until('ConnectionComplete'), { ConnectionComplete: COMPLETE });
  },
);

test.serial('a client that offers by itself gets its answer', async (t) => {
  const server = await serve(t);
  await addHost(t, server);
  await create(server);
  const viewer = await server.viewer('s', { headers: {} });
  viewer.send({ AuthenticateAndInit: INIT });
  await viewer.until('WebRtcConfig');
  viewer.send({ Signaling: { Description: { ty: 'offer', sdp: 'v=0' } } });
  t.truthy(await viewer.until('answer'));
});

test.serial(
  'wrong credentials, no credentials, or something else first: told and closed',
  async (t) => {
    const server = await serve(t, { auth_timeout_ms: '1500' });
    await addHost(t, server);
    await create(server);
    const failure = { StageFailed: { stage: 'Authentication', error_code: -1 } };
    const firsts: unknown[] = [
      { AuthenticateAndInit: { ...INIT, credentials: 'wrong' } },
      { AuthenticateAndInit: { ...INIT, credentials: null } },
      { Signaling: { Description: { ty: 'answer', sdp: 'v=0' } } },
      null,
    ];
    for (const first of firsts) {
      const viewer = await server.viewer('s', { headers: {} });
      if (first !== null) viewer.send(first);
      t.is((await viewer.closed).code, 4401);
      t.deepEqual(viewer.messages[0], failure);
      t.false(viewer.names().includes('offer'));
    }
    t.is(await peers(server), 0);
  },
);

test.serial('pages of other sites may not open a socket without credentials', async (t) => {
  const server = await serve(t, { credentials: null });
  await addHost(t, server);
  await create(server);
  const path = '/api/streamers/s/peer';
  t.is((await server.upgrade(path, { Origin: 'https://evil.example' })).status, 403);
  t.is(
    (await server.upgrade(path, { Host: 'evil.example', Origin: 'http://evil.example' })).status,
    403,
  );
  const own = await server.viewer('s', {
    headers: { Origin: `http://127.0.0.1:${server.port}` },
  });
  await own.until('offer');
  const strict = await serve(t, { allowed_origins: 'https://good.example' });
  await addHost(t, strict);
  await create(strict);
  t.is(
    (await strict.upgrade(path, { Authorization: '', Origin: 'https://evil.example' })).status,
    403,
  );
  await strict.viewer('s', { headers: { Origin: 'https://good.example' } });
  // A proxy that has the credentials speaks for its own users.
  await strict.viewer('s', {
    headers: { Origin: 'https://evil.example', Authorization: `Bearer ${PASSWORD}` },
  });
  t.pass();
});

test.serial('garbage is dropped and counted; too much of it closes the socket', async (t) => {
  const server = await serve(t);
  await addHost(t, server);
  await create(server);
  const viewer = await server.viewer('s');
  await viewer.until('WebRtcConfig');
  const garbage = [
    '{',
    'null',
    '"Hello"',
    '[]',
    '{"Signaling":{}}',
    '{"Signaling":{"Description":{"ty":"bogus","sdp":""}}}',
    '{"Signaling":{"AddIceCandidate":{"candidate":7}}}',
    '{"AuthenticateAndInit":{"credentials":7}}',
  ];
  for (const text of garbage) viewer.send(text);
  viewer.socket.send(Buffer.from([1, 2, 3]), { binary: true });
  viewer.answer();
  await viewer.until('ConnectionComplete');
  for (let i = 0; i < 20; i += 1) viewer.send('{');
  t.is((await viewer.closed).code, 1008);
  t.regex((await server.ask('GET', '/metrics')).text, /messages_invalid_total (2\d|1\d)/);
});

test.serial('a flood and an oversize frame end only their own socket', async (t) => {
  const server = await serve(t, { max_messages_per_second: '50', max_message_bytes: '4096' });
  await addHost(t, server);
  await create(server);
  const [flood, large, good] = await Promise.all([
    server.viewer('s'),
    server.viewer('s'),
    server.viewer('s'),
  ]);
  await Promise.all([flood, large, good].map((viewer) => viewer.until('WebRtcConfig')));
  for (let i = 0; i < 500; i += 1) flood.send({ RestartIce: {} });
  large.answer('x'.repeat(10_000));
  t.is((await flood.closed).code, 4429);
  t.is((await large.closed).code, 1009);
  good.answer();
  await good.until('ConnectionComplete');
  await untilPeers(server, 1);
});

/** What a viewer was given to come back with. */
async function secretOf(viewer: RawViewer): Promise<string> {
  const { Resume } = (await viewer.until('Resume')) as { Resume: { secret: string } };
  return Resume.secret;
}

function comeBack(viewer: RawViewer, secret: string | null): void {
  viewer.send({ AuthenticateAndInit: { ...INIT, resume_secret: secret } });
}

test.serial('a viewer that returns takes over from its old self; a storm is stopped', async (t) => {
  const server = await serve(t);
  await addHost(t, server);
  await create(server);
  const first = await server.viewer('s');
  await first.until('offer');
  const secret = await secretOf(first);
  t.regex(secret, /^[\w-]{32}$/);
  const second = await server.viewer('s', { headers: {} });
  comeBack(second, secret);
  t.deepEqual(await first.closed, {
    code: 4409,
    reason: 'Another connection of this client took over',
  });
  t.true(first.names().includes('ClientKicked'));
  await second.until('WebRtcConfig');
  t.not(await secretOf(second), secret);
  // Others are others.
  const other = await server.viewer('s');
  await other.until('offer');
  t.is(await peers(server), 2);

  const codes: number[] = [];
  let last = second;
  for (let i = 0; i < 6; i += 1) {
    // The newest word may have been lost on its way: the one before is as good.
    const known = i === 0 ? secret : await secretOf(last);
    const next = await server.viewer('s');
    comeBack(next, known);
    const { code } = await Promise.race([last.closed, next.closed]);
    codes.push(code);
    if (code === 4409) last = next;
  }
  t.is(codes.at(-1), 4429);
  t.false(codes.slice(0, 3).includes(4429));
  t.is(await peers(server), 2);
});

test.serial('nobody takes the place of another by its name, or by a guess', async (t) => {
  const server = await serve(t);
  await addHost(t, server);
  await create(server);
  const victim = await server.viewer('s', { query: '?client_id=tab' });
  victim.send({ AuthenticateAndInit: { ...INIT, client_unique_id: 'tab' } });
  await victim.until('offer');
  const secret = await secretOf(victim);
  const intruders = await Promise.all(
    [null, '', 'tab', secret.slice(1), `${secret}A`].map(async (guess) => {
      const intruder = await server.viewer('s', { query: '?client_id=tab' });
      intruder.send({
        AuthenticateAndInit: { ...INIT, client_unique_id: 'tab', resume_secret: guess },
      });
      await intruder.until('offer');
      return intruder;
    }),
  );
  victim.answer();
  await victim.until('ConnectionComplete');
  t.is(await peers(server), 1 + intruders.length);
});

test.serial('a viewer of a streamer that still starts waits for it', async (t) => {
  const server = await serve(t);
  await addHost(t, server);
  const body = createBody('s', APP.NEVER_CONNECTS);
  await server.ask('POST', '/api/streamers?wait=false', { body });
  const viewer = await server.viewer('s');
  t.deepEqual(await viewer.until('StageStarting'), {
    StageStarting: { stage: 'Moonlight Stream' },
  });
  t.is((await server.ask('DELETE', '/api/streamers/s')).status, 204);
  t.is((await viewer.closed).code, 4404);
  t.true(viewer.names().includes('PeerDisconnect'));
});

test.serial('optional credentials: viewers need none, everything else does', async (t) => {
  const server = await serve(t, { peer_credentials: 'optional', auth_timeout_ms: '1000' });
  await addHost(t, server);
  await create(server);
  const nobody = { headers: {} };
  const silent = await server.viewer('s', nobody);
  await silent.until('WebRtcConfig');
  const doubled = await server.viewer('s', { ...nobody, path: '/api/api/streamers/s/peer' });
  await doubled.until('WebRtcConfig');
  // What a client stores for a proxy to replace is not looked at.
  const empty = await server.viewer('s', nobody);
  empty.send({ AuthenticateAndInit: { credentials: 'whatever' } });
  await empty.until('WebRtcConfig');
  t.is((await server.upgrade('/api/streamers/none/peer', {})).status, 404);
  // Who says something must say the truth, and other sites' pages stay out, also where their name
  // points here.
  const path = '/api/streamers/s/peer';
  t.is((await server.upgrade(path, { Authorization: 'Bearer x' })).status, 401);
  const host = `evil.example:${server.port}`;
  for (const headers of [
    { Origin: 'https://evil.example' },
    { Origin: `http://${host}`, Host: host },
  ]) {
    t.is((await server.upgrade(path, headers)).status, 403);
  }
  // The socket that makes streamers asks as before, and so does REST.
  const legacy = await server.viewer('', { ...nobody, path: '/api/host/stream' });
  legacy.send({ AuthenticateAndInit: { credentials: null } });
  t.is((await legacy.closed).code, 4401);
  for (const [method, target] of [
    ['GET', '/api/streamers'],
    ['GET', '/api/streamers/s'],
    ['DELETE', '/api/streamers/s'],
    ['GET', '/api/streamers/s/peer'],
    ['GET', '/metrics'],
  ] as const) {
    t.is(
      (await server.ask(method, target, { headers: { Authorization: '' } })).status,
      401,
      target,
    );
  }
  t.is((await server.ask('GET', '/api/streamers/s')).status, 200);
});

test.serial('limits: viewers of a streamer, and sockets that have not authenticated', async (t) => {
  const server = await serve(t, { max_viewers: '1', max_pending_sockets: '2' });
  await addHost(t, server);
  await create(server);
  const first = await server.viewer('s');
  await first.until('offer');
  const second = await server.viewer('s');
  t.is((await second.closed).code, 4503);
  t.like(await second.until('PeerClosed'), { PeerClosed: { code: 'LIMIT_REACHED' } });
  await server.viewer('s', { headers: {} });
  await server.viewer('s', { headers: {} });
  t.is((await server.upgrade('/api/streamers/s/peer', {})).status, 503);
});

test.serial('how sessions end is told: host’s end, failure of the peer, deletion', async (t) => {
  const server = await serve(t);
  await addHost(t, server);
  await create(server);
  const unlucky = await server.viewer('s');
  await unlucky.until('WebRtcConfig');
  unlucky.answer('no path');
  t.is((await unlucky.closed).code, 4500);
  t.deepEqual(unlucky.messages.slice(-4), [
    { StageFailed: { stage: 'WebRTC Peer Negotiation', error_code: -1 } },
    {
      PeerClosed: {
        code: 'ICE_FAILED',
        reason: 'No network path between the viewer and the server',
      },
    },
    'PeerDisconnect',
    // What clients show that know nothing of the codes.
    'No network path between the viewer and the server',
  ]);
  const [watcher, ender] = await Promise.all([server.viewer('s'), server.viewer('s')]);
  await Promise.all([watcher.until('WebRtcConfig'), ender.until('WebRtcConfig')]);
  ender.answer('host ends');
  await watcher.closed;
  t.deepEqual(watcher.messages.slice(-4), [
    { ConnectionTerminated: { error_code: 0 } },
    { PeerClosed: { code: 'STREAM_TERMINATED', reason: 'The app has ended' } },
    'PeerDisconnect',
    'The app has ended',
  ]);
  let status = '';
  while (status !== 'failed') {
    const { json } = await server.ask('GET', '/api/streamers/s');
    ({ status } = json as { status: string });
  }
  const late = await server.viewer('s');
  t.is((await late.closed).code, 4500);
  t.like(await late.until('PeerClosed'), { PeerClosed: { reason: 'The app has ended' } });
});

test.serial('a silent tab is gone in time, one that answers pings stays', async (t) => {
  const server = await serve(t, { ping_interval_ms: '200', ping_timeout_ms: '3000' });
  await addHost(t, server);
  await create(server);
  const good = await server.viewer('s');
  await good.until('offer');
  // A raw client that upgrades and then never reads nor writes again.
  const dead = connect(server.port, '127.0.0.1');
  await once(dead, 'connect');
  dead.write(
    `GET /api/streamers/s/peer HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${PASSWORD}\r\n` +
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  await once(dead, 'data');
  dead.pause();
  t.teardown(() => dead.destroy());
  await untilPeers(server, 2);
  await untilPeers(server, 1);
  good.answer();
  t.like(await good.until('ConnectionComplete'), { ConnectionComplete: COMPLETE });
});

test.serial(
  'a client’s ping is answered, and the first message may come with the upgrade',
  async (t) => {
    const server = await serve(t);
    await addHost(t, server);
    await create(server);
    const viewer = await server.viewer('s');
    const pong = once(viewer.socket, 'pong');
    viewer.socket.ping('x');
    t.is(String((await pong)[0]), 'x');

    const eager = connect(server.port, '127.0.0.1');
    t.teardown(() => eager.destroy());
    const payload = Buffer.from(JSON.stringify({ AuthenticateAndInit: INIT }));
    const mask = Buffer.alloc(4);
    const head = Buffer.from([0x81, 0xfe, payload.length >> 8, payload.length & 0xff]);
    eager.write(
      Buffer.concat([
        Buffer.from(
          'GET /api/streamers/s/peer HTTP/1.1\r\nHost: 127.0.0.1\r\n' +
            'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
            'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
        ),
        head,
        mask,
        payload,
      ]),
    );
    let received = '';
    while (!received.includes('WebRtcConfig')) received += String((await once(eager, 'data'))[0]);
    t.regex(received, /^HTTP\/1\.1 101/);
  },
);
