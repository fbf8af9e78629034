import test from 'ava';
import { mkdir, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { APP } from '../support/fake-apps.js';
import { FakeHost } from '../support/fake-host.js';
import { addHost, createBody, serve, temporaryFolder } from '../support/server.js';

const NOT_FOUND = { error: 'Streamer not found', code: 'STREAMER_NOT_FOUND' };

test.serial('credentials: exactly Bearer and the password, else 401', async (t) => {
  const server = await serve(t);
  t.is((await server.ask('GET', '/api/authenticate')).status, 200);
  t.is((await server.ask('GET', '/api/authenticate')).text, '');
  const wrong = ['', 'Bearer', 'Bearer ', 'Bearer Helix', 'bearer helix', 'Basic helix', 'helix'];
  for (const header of wrong) {
    for (const path of ['/api/authenticate', '/api/hosts', '/api/unknown', '/metrics', '/api']) {
      const answer = await server.ask('GET', path, { headers: { Authorization: header } });
      t.is(answer.status, 401, `${path} with ${header}`);
      t.deepEqual(answer.json, { error: 'Unauthorized', code: 'UNAUTHORIZED' });
      t.is(answer.headers['www-authenticate'], 'Bearer realm="moontee"');
    }
  }
  t.is((await server.ask('GET', '/api/unknown')).status, 404);
  t.is((await server.ask('POST', '/api/authenticate')).status, 404);
  t.is(
    (await server.ask('POST', '/api/streamers/x/peer', { headers: { Authorization: '' } })).status,
    401,
  );
});

test.serial('a password outside ASCII is right in both spellings of a header', async (t) => {
  const password = 'Grüße-ключ';
  const server = await serve(t, { credentials: password });
  // Node writes headers as Latin-1: these are the bytes that curl sends.
  const utf8 = Buffer.from(password, 'utf8').toString('latin1');
  const ask = (value: string): Promise<number> =>
    server
      .ask('GET', '/api/authenticate', { headers: { Authorization: `Bearer ${value}` } })
      .then(({ status }) => status);
  t.is(await ask(utf8), 200);
  t.is(await ask(`${utf8}x`), 401);
  const narrow = await serve(t, { credentials: 'Grüße' });
  const latin1 = await narrow.ask('GET', '/api/authenticate', {
    headers: { Authorization: 'Bearer Grüße' },
  });
  t.is(latin1.status, 200);
});

test.serial('too many wrong credentials have to wait', async (t) => {
  const server = await serve(t, { auth_failures_per_minute: '3' });
  const headers = { Authorization: 'Bearer wrong' };
  for (let i = 0; i < 3; i += 1) {
    t.is((await server.ask('GET', '/api/hosts', { headers })).status, 401);
  }
  const answer = await server.ask('GET', '/api/hosts', { headers });
  t.is(answer.status, 429);
  t.true(Number(answer.headers['retry-after']) > 0);
  t.like(answer.json, { code: 'RATE_LIMITED' });
});

test.serial('forwarded addresses count only from trusted proxies', async (t) => {
  const server = await serve(t, {
    auth_failures_per_minute: '1',
    trusted_proxies: '127.0.0.0/8',
  });
  const from = (address: string): Promise<number> =>
    server
      .ask('GET', '/api/hosts', {
        headers: { Authorization: 'Bearer wrong', 'X-Forwarded-For': `1.1.1.1, ${address}` },
      })
      .then(({ status }) => status);
  t.is(await from('10.0.0.1'), 401);
  t.is(await from('10.0.0.1'), 429);
  t.is(await from('10.0.0.2'), 401);
});

test.serial('open without credentials: GET /, the page, config.js', async (t) => {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, 'page/assets'), { recursive: true });
  await writeFile(join(folder, 'page/index.html'), '<p>page');
  await writeFile(join(folder, 'page/assets/a.js'), 'export {}');
  await writeFile(join(folder, 'secret.txt'), 'secret');
  const server = await serve(t, {}, { folder, staticDirectory: join(folder, 'page') });
  const headers = { Authorization: '' };
  const page = await server.ask('GET', '/', { headers });
  t.is(page.status, 200);
  t.is(page.text, '<p>page');
  t.regex(page.headers['content-type'] ?? '', /^text\/html/);
  t.regex(String(page.headers['content-security-policy']), /default-src 'self'/);
  t.is(page.headers['x-content-type-options'], 'nosniff');
  const script = await server.ask('GET', '/assets/a.js', { headers });
  t.regex(script.headers['content-type'] ?? '', /javascript/);
  const etag = script.headers.etag ?? '';
  t.is(
    (await server.ask('GET', '/assets/a.js', { headers: { 'If-None-Match': etag } })).status,
    304,
  );
  for (const path of ['/../secret.txt', '/%2e%2e/secret.txt', '/..%2fsecret.txt']) {
    t.is((await server.ask('GET', path, { headers })).status, 400);
  }
  t.is((await server.ask('GET', '/assets', { headers })).status, 404);
  const config = await server.ask('GET', '/config.js', { headers });
  t.is(config.text, 'export default {"path_prefix":""}');
  t.regex(config.headers['content-type'] ?? '', /^text\/javascript/);
});

test.serial(
  'files of another client beside the page, and nothing that is not in their folder',
  async (t) => {
    const folder = await temporaryFolder(t);
    for (const path of ['page', 'other/sub', 'other/.git']) {
      await mkdir(join(folder, path), { recursive: true });
    }
    await writeFile(join(folder, 'secret.txt'), 'secret');
    await writeFile(join(folder, 'page/index.html'), '<p>page');
    await writeFile(join(folder, 'other/index.html'), '<p>other');
    await writeFile(join(folder, 'other/stream.html'), '<p>stream');
    await writeFile(join(folder, 'other/sub/a.js'), 'export {}');
    await writeFile(join(folder, 'other/.git/config'), 'secret');
    await writeFile(join(folder, 'other/.env'), 'secret');
    await symlink('stream.html', join(folder, 'other/inside.html'));
    await symlink('../secret.txt', join(folder, 'other/outside.txt'));
    await symlink(join(folder, 'secret.txt'), join(folder, 'other/sub/absolute.txt'));
    await symlink('.env', join(folder, 'other/hidden.txt'));
    await symlink('..', join(folder, 'other/up'));
    await symlink('nowhere', join(folder, 'other/broken'));
    await symlink('sub', join(folder, 'other/folder'));
    const settings = { static_path: join(folder, 'other') };
    const server = await serve(t, settings, { folder, staticDirectory: join(folder, 'page') });
    const get = (path: string) => server.ask('GET', path, { headers: { Authorization: '' } });
    const stream = await get('/stream.html?hostId=0&appId=1');
    t.is(stream.text, '<p>stream');
    t.regex(stream.headers['content-type'] ?? '', /^text\/html/);
    t.is(stream.headers['x-content-type-options'], 'nosniff');
    t.regex(String(stream.headers['content-security-policy']), /default-src 'self'/);
    t.is((await get('/')).text, '<p>page');
    t.is((await get('/sub/a.js')).text, 'export {}');
    t.is((await get('/inside.html')).text, '<p>stream');
    for (const path of [
      '/outside.txt',
      '/sub/absolute.txt',
      '/hidden.txt',
      '/up/secret.txt',
      '/up',
      '/broken',
      '/.env',
      '/.git/config',
      '/sub',
      '/folder/a.js',
      '/other/stream.html',
    ]) {
      t.is((await get(path)).status, 404, path);
    }
    for (const path of [
      '/../secret.txt',
      '/sub/..%2f..%2fsecret.txt',
      '/sub//a.js',
      '/sub%5ca.js',
    ]) {
      t.is((await get(path)).status, 400, path);
    }
    t.is((await server.ask('POST', '/stream.html')).status, 404);
    await t.throwsAsync(() => serve(t, { static_path: join(folder, 'missing') }), {
      message: /static_path .* cannot be read/,
    });
    await t.throwsAsync(() => serve(t, { static_path: join(folder, 'secret.txt') }), {
      message: /static_path .* cannot be read/,
    });
  },
);

test.serial('GET / answers 200 where no page was built', async (t) => {
  const server = await serve(t);
  t.is((await server.ask('GET', '/', { headers: { Authorization: '' } })).status, 200);
});

test.serial('a path prefix and the doubled /api/api lead to the same routes', async (t) => {
  const server = await serve(t, { web_path_prefix: '/moonlight' });
  for (const path of [
    '/api/streamers',
    '/api/api/streamers',
    '/moonlight/api/streamers',
    '/moonlight/api/api/streamers',
  ]) {
    t.deepEqual((await server.ask('GET', path)).json, { streamers: [] }, path);
    t.is((await server.ask('GET', path, { headers: { Authorization: '' } })).status, 401, path);
  }
  t.is((await server.ask('GET', '/moonlight/')).status, 200);
  // The page's parts are relative to it, so it has to end with a slash.
  for (const [path, location] of [
    ['/moonlight', '/moonlight/'],
    ['/moonlight?a=%2Fb', '/moonlight/?a=%2Fb'],
  ] as const) {
    const answer = await server.ask('GET', path);
    t.is(answer.status, 308);
    t.is(answer.headers['location'], location);
  }
  t.is((await server.ask('GET', '/config.js')).text, 'export default {"path_prefix":"/moonlight"}');
  t.is((await server.ask('GET', '/moonlightly/api/streamers')).status, 404);
});

test.serial('hosts: add, list, get, remove; freed ids are used again', async (t) => {
  const server = await serve(t);
  const host = await FakeHost.start();
  t.teardown(() => host.close());
  const detailed = {
    host_id: 0,
    name: 'Fake',
    paired: 'NotPaired',
    server_state: 'Free',
    address: '127.0.0.1',
    http_port: host.port,
    external_port: host.port,
    version: '7.1.431.-1',
    gfe_version: '3.23.0.74',
    unique_id: '00000000-0000-0000-0000-00000000000f',
    mac: '00:11:22:33:44:55',
    local_ip: '127.0.0.1',
    current_game: 0,
    max_luma_pixels_hevc: 1869449984,
    server_codec_mode_support: 259,
  };
  const body = { address: '127.0.0.1', http_port: host.port };
  const added = await server.ask('PUT', '/api/host', { body });
  t.is(added.status, 200);
  const { https_port: httpsPort, ...rest } = (added.json as { host: Record<string, unknown> }).host;
  t.deepEqual(rest, detailed);
  t.is(typeof httpsPort, 'number');
  t.deepEqual((await server.ask('GET', '/api/host?host_id=0')).json, added.json);
  t.deepEqual((await server.ask('GET', '/api/hosts')).json, {
    hosts: [{ host_id: 0, name: 'Fake', paired: 'NotPaired', server_state: 'Free' }],
  });
  // The same address again is the same host.
  t.deepEqual((await server.ask('PUT', '/api/host', { body })).json, added.json);
  t.regex(await server.data(), /"http_port"/);
  t.notRegex(await server.data(), /"paired"/);
  t.is((await stat(join(server.folder, 'data.json'))).mode & 0o777, 0o600);

  const other = await FakeHost.start();
  t.teardown(() => other.close());
  const second = { address: 'localhost', http_port: other.port };
  t.like((await server.ask('PUT', '/api/host', { body: second })).json, { host: { host_id: 1 } });
  const removed = await server.ask('DELETE', '/api/host?host_id=0');
  t.is(removed.status, 200);
  t.is(removed.text, '');
  t.is((await server.ask('DELETE', '/api/host?host_id=0')).status, 404);
  t.like((await server.ask('PUT', '/api/host', { body })).json, { host: { host_id: 0 } });
});

test.serial(
  'a host that is gone: offline in the list, 500 alone, asked again when told to',
  async (t) => {
    const server = await serve(t);
    const host = await addHost(t, server, false);
    t.is((await server.ask('GET', '/api/host?host_id=0')).status, 200);
    host.busy = true;
    t.like((await server.ask('GET', '/api/host?host_id=0&force_refresh=true')).json, {
      host: { server_state: 'Busy', current_game: 1 },
    });
    await host.close();
    const failed = await server.ask('GET', '/api/host?host_id=0&force_refresh=true');
    t.is(failed.status, 500);
    t.like(failed.json, { code: 'HOST_UNREACHABLE' });
    t.deepEqual((await server.ask('GET', '/api/hosts')).json, {
      hosts: [{ host_id: 0, name: 'Fake', paired: 'NotPaired', server_state: null }],
    });
  },
);

test.serial(
  'adding what is no host: 404 where nobody answers, 400 where nonsense does',
  async (t) => {
    const server = await serve(t);
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as { port: number };
    silent.close();
    await once(silent, 'close');
    const add = (body: unknown): Promise<number> =>
      server.ask('PUT', '/api/host', { body }).then(({ status }) => status);
    t.is(await add({ address: '127.0.0.1', http_port: port }), 404);
    // Moontee itself is no GameStream host.
    t.is(await add({ address: '127.0.0.1', http_port: server.port }), 400);
    t.is(await add({ address: 'a b' }), 400);
    t.is(await add({ address: '../x', http_port: 1 }), 400);
    t.is(await add({ address: '127.0.0.1', http_port: 70_000 }), 400);
    t.is(await add({ address: '127.0.0.1', http_port: 1.5 }), 400);
    t.is(await add({ http_port: 1 }), 400);
    t.deepEqual((await server.ask('GET', '/api/hosts')).json, { hosts: [] });
  },
);

test.serial(
  'pairing: two parts in two chunks, the second when the PIN was entered; then 304',
  async (t) => {
    const server = await serve(t);
    const host = await addHost(t, server, false);
    host.pin = null;
    const asking = server.ask('POST', '/api/pair', { body: { host_id: 0 } });
    while (!host.asked.includes('pair')) await new Promise((resolve) => setTimeout(resolve, 5));
    host.enterPin('1234');
    const answer = await asking;
    t.is(answer.status, 200);
    t.is(answer.headers['content-type'], 'application/x-ndjson');
    t.is(answer.headers['transfer-encoding'], 'chunked');
    t.is(answer.chunks.length, 2);
    t.is(answer.chunks[0], '{"Pin":"1234"}');
    t.is(answer.chunks[1]?.[0], '\n');
    t.like(JSON.parse(answer.chunks[1] ?? ''), { Paired: { host_id: 0, paired: 'Paired' } });
    t.like(JSON.parse(await server.data()), { hosts: [{ address: '127.0.0.1' }] });
    t.regex(await server.data(), /"paired": \{\s+"client_private_key": "-----BEGIN/);

    const again = await server.ask('POST', '/api/pair', { body: { host_id: 0 } });
    t.is(again.status, 304);
    t.is(again.text, '');
    t.is((await server.ask('POST', '/api/pair', { body: { host_id: 7 } })).status, 404);
    // A host that has forgotten us may be paired anew.
    host.paired.clear();
    t.is((await server.ask('POST', '/api/pair', { body: { host_id: 0 } })).status, 200);
  },
);

test.serial('pairing with a wrong PIN ends in "PairError"', async (t) => {
  const server = await serve(t);
  const host = await addHost(t, server, false);
  host.pin = '9999';
  const { chunks } = await server.ask('POST', '/api/pair', { body: { host_id: 0 } });
  t.deepEqual(chunks, ['{"Pin":"1234"}', '"PairError"']);
  t.notRegex(await server.data(), /paired/);
});

test.serial('apps and images', async (t) => {
  const server = await serve(t);
  const host = await addHost(t, server, false);
  const unpaired = await server.ask('GET', '/api/apps?host_id=0');
  t.is(unpaired.status, 500);
  t.like(unpaired.json, { code: 'HOST_NOT_PAIRED' });
  t.is((await server.ask('GET', '/api/app/image?host_id=0&app_id=1')).status, 500);
  await server.ask('POST', '/api/pair', { body: { host_id: 0 } });
  host.apps = [{ id: 134906179, title: 'Wolf UI' }];
  const app = { app_id: 134906179, title: 'Wolf UI', is_hdr_supported: false };
  t.deepEqual((await server.ask('GET', '/api/apps?host_id=0')).json, { apps: [app] });
  host.apps = [];
  t.deepEqual((await server.ask('GET', '/api/apps?host_id=0')).json, { apps: [app] });
  t.deepEqual((await server.ask('GET', '/api/apps?host_id=0&force_refresh=true')).json, {
    apps: [],
  });
  t.is((await server.ask('GET', '/api/apps?host_id=5')).status, 404);
  t.is((await server.ask('GET', '/api/apps')).status, 400);
  t.is((await server.ask('GET', '/api/apps?host_id=0&force_refresh=yes')).status, 400);

  host.apps = [{ id: 3, title: 'Game' }];
  const image = await server.ask('GET', '/api/app/image?host_id=0&app_id=3');
  t.is(image.text, 'PNG of Game');
  t.is(image.headers['content-type'], 'application/octet-stream');
  t.is((await server.ask('GET', '/api/app/image?host_id=0&app_id=4')).status, 404);
  t.is((await server.ask('GET', '/api/app/image?host_id=0')).status, 400);
});

test.serial('wake and cancel', async (t) => {
  const server = await serve(t);
  const host = await addHost(t, server);
  const cancelled = await server.ask('POST', '/api/host/cancel', { body: { host_id: 0 } });
  t.deepEqual([cancelled.status, cancelled.json, host.cancelled], [200, { success: true }, 1]);
  t.is((await server.ask('POST', '/api/host/cancel', { body: { host_id: 3 } })).status, 404);
  t.is((await server.ask('POST', '/api/host/wake', { body: { host_id: 3 } })).status, 404);
  // A machine without a broadcast route cannot send it.
  t.true(
    [200, 500].includes(
      (await server.ask('POST', '/api/host/wake', { body: { host_id: 0 } })).status,
    ),
  );
  const nameless = await FakeHost.start();
  t.teardown(() => nameless.close());
  nameless.mac = '00:00:00:00:00:00';
  await server.running.hosts.add('127.0.0.1', nameless.port);
  t.is((await server.ask('POST', '/api/host/wake', { body: { host_id: 1 } })).status, 500);
  await host.close();
  t.is((await server.ask('POST', '/api/host/cancel', { body: { host_id: 0 } })).status, 500);
});

test.serial('streamers: create, get, list in order, delete', async (t) => {
  const server = await serve(t);
  await addHost(t, server);
  const before = Date.now();
  const made = await server.ask('POST', '/api/streamers', { body: createBody('agent-ses_1') });
  t.is(made.status, 200);
  const { created_at: createdAt, ...info } = made.json as Record<string, unknown>;
  t.deepEqual(info, {
    streamer_id: 'agent-ses_1',
    status: 'active',
    moonlight_connected: true,
    outputs: [],
    connected_peers: 0,
    width: 2560,
    height: 1600,
    fps: 60,
    peers: [],
    host_id: 0,
    app_id: 1,
    client_unique_id: 'helix-agent-ses_1',
    codec: 'h264',
    restarts: 0,
    failure: null,
    error: null,
  });
  const created = Date.parse(String(createdAt));
  t.true(created >= before && created <= Date.now());
  t.deepEqual((await server.ask('GET', '/api/streamers/agent-ses_1')).json, made.json);

  const again = await server.ask('POST', '/api/streamers', { body: createBody('agent-ses_1') });
  t.is(again.status, 409);
  t.deepEqual(again.json, { error: 'Streamer already exists', code: 'STREAMER_EXISTS' });

  const nested = createBody('z');
  const { streamer_id, host_id, app_id, client_unique_id, ...settings } = nested;
  const body = { streamer_id, host_id, app_id, client_unique_id, settings };
  t.is((await server.ask('POST', '/api/streamers', { body })).status, 200);
  t.is((await server.ask('POST', '/api/streamers', { body: createBody('a') })).status, 200);
  const list = (await server.ask('GET', '/api/streamers')).json as {
    streamers: { streamer_id: string }[];
  };
  t.deepEqual(
    list.streamers.map((each) => each.streamer_id),
    ['agent-ses_1', 'z', 'a'],
  );

  const stats = await server.ask('GET', '/api/streamers/a/stats');
  t.like(stats.json, { stats: { method: 'stats', peers: [] } });
  t.is((await server.ask('GET', '/api/streamers/a/dot')).text, 'digraph g {}');

  const sessions = (await server.ask('GET', '/api/sessions')).json as { sessions: object[] };
  t.like(sessions.sessions[0], {
    session_id: 'agent-ses_1',
    client_unique_id: 'helix-agent-ses_1',
    mode: 'keepalive',
    has_websocket: false,
    streamer_alive: true,
  });
  t.like((await server.ask('GET', '/api/admin/status')).json, {
    total_clients: 3,
    total_sessions: 3,
    active_websockets: 0,
    clients: [{ client_unique_id: 'helix-agent-ses_1', has_certificate: true }],
  });
  t.regex((await server.ask('GET', '/metrics')).text, /moontee_streamers\{status="active"\} 3/);

  const deleted = await server.ask('DELETE', '/api/streamers/a');
  t.is(deleted.status, 204);
  t.is(deleted.text, '');
  for (const [method, path] of [
    ['DELETE', '/api/streamers/a'],
    ['GET', '/api/streamers/a'],
    ['GET', '/api/streamers/a/stats'],
    ['GET', '/api/streamers/a/peer'],
  ] as const) {
    const gone = await server.ask(method, path);
    t.is(gone.status, 404);
    t.deepEqual(gone.json, NOT_FOUND);
  }
});

test.serial('creating: what can be wrong with the host and the app', async (t) => {
  const server = await serve(t, { pairing_pin: '1234' });
  const create = async (body: Record<string, unknown>): Promise<unknown[]> => {
    const { status, json } = await server.ask('POST', '/api/streamers', { body });
    return [status, json];
  };
  t.deepEqual(await create(createBody('s')), [
    404,
    { error: 'Host not found', code: 'HOST_NOT_FOUND' },
  ]);
  const host = await addHost(t, server, false);
  t.deepEqual(await create(createBody('s')), [
    400,
    { error: 'Host not paired', code: 'HOST_NOT_PAIRED' },
  ]);
  t.deepEqual((await server.ask('GET', '/api/streamers')).json, { streamers: [] });
  await server.ask('POST', '/api/pair', { body: { host_id: 0 } });
  t.deepEqual(await create(createBody('s', 77)), [
    404,
    { error: 'App not found', code: 'APP_NOT_FOUND' },
  ]);
  t.like((await server.ask('GET', '/api/streamers/s')).json, {
    status: 'failed',
    moonlight_connected: false,
    failure: { code: 'APP_NOT_FOUND' },
  });
  t.deepEqual(await create(createBody('s', APP.HOST_BUSY)), [
    409,
    { error: 'The host is running another app', code: 'HOST_BUSY' },
  ]);
  t.like((await create(createBody('s', APP.CRASHES_AT_START)))[1], { code: 'STREAMER_FAILED' });
  t.is((await create(createBody('s')))[0], 200);
  host.pin = '4321';
  const refused = await create(createBody('other'));
  t.is(refused[0], 500);
  t.regex((refused[1] as { error: string }).error, /^Auto-pairing failed: /);
});

test.serial('an app that the host lists late is waited for', async (t) => {
  const server = await serve(t, { app_wait_ms: '50000' });
  const host = await addHost(t, server);
  const { apps } = host;
  host.apps = [];
  const making = server.ask('POST', '/api/streamers', { body: createBody('late') });
  const looks = (): number => host.asked.filter((verb) => verb === 'applist').length;
  while (looks() < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  t.like((await server.ask('GET', '/api/streamers/late')).json, {
    status: 'starting',
    moonlight_connected: false,
  });
  host.apps = apps;
  t.is((await making).status, 200);
});

test.serial('without a PIN the host’s own pairing serves one streamer at a time', async (t) => {
  const server = await serve(t);
  const host = await addHost(t, server);
  const { folder } = server;
  await server.running.close();
  const second = await serve(t, { pairing_pin: null }, { folder });
  t.is((await second.ask('POST', '/api/streamers', { body: createBody('one') })).status, 200);
  const refused = await second.ask('POST', '/api/streamers', { body: createBody('two') });
  t.is(refused.status, 500);
  t.deepEqual(refused.json, {
    error: 'Auto-pairing PIN not configured',
    code: 'PAIRING_PIN_MISSING',
  });
  await second.ask('DELETE', '/api/streamers/one');
  t.is((await second.ask('POST', '/api/streamers', { body: createBody('two') })).status, 200);
  t.is(host.paired.size, 1);
});

test.serial('one identity for each client_unique_id, kept over restarts', async (t) => {
  const server = await serve(t);
  const host = await addHost(t, server);
  for (const id of ['one', 'two']) {
    t.is((await server.ask('POST', '/api/streamers', { body: createBody(id) })).status, 200);
  }
  t.is(host.paired.size, 3);
  await server.ask('DELETE', '/api/streamers/one');
  t.is((await server.ask('POST', '/api/streamers', { body: createBody('one') })).status, 200);
  t.is(host.paired.size, 3);
  await server.running.close();
  t.is((await stat(join(server.folder, 'identities.json'))).mode & 0o777, 0o600);
  const second = await serve(t, {}, { folder: server.folder });
  t.is((await second.ask('POST', '/api/streamers', { body: createBody('one') })).status, 200);
  t.is(host.paired.size, 3);
  // A host that has forgotten the identity is paired with again.
  await second.ask('DELETE', '/api/streamers/one');
  host.paired.clear();
  t.is((await second.ask('POST', '/api/streamers', { body: createBody('one') })).status, 200);
  t.is(host.paired.size, 1);
});

test.serial('two streamers of one client_unique_id do not get into each other’s way', async (t) => {
  const server = await serve(t);
  const host = await addHost(t, server);
  const create = (id: string): Promise<number> =>
    server
      .ask('POST', '/api/streamers', { body: { ...createBody(id), client_unique_id: 'same' } })
      .then(({ status }) => status);
  t.is(await create('one'), 200);
  t.is(host.paired.size, 2);
  // Under the same certificate the host would take it for the first one, resumed.
  t.is(await create('two'), 200);
  t.is(host.paired.size, 3);
  await server.ask('DELETE', '/api/streamers/one');
  t.is(await create('one'), 200);
  t.is(await create('three'), 200);
  t.is(host.paired.size, 4);
});

test.serial('wait=false answers at once; an idempotent retry waits for what it made', async (t) => {
  const server = await serve(t);
  await addHost(t, server);
  const quick = await server.ask('POST', '/api/streamers?wait=false', {
    body: createBody('q', APP.NEVER_CONNECTS),
  });
  t.is(quick.status, 200);
  t.like(quick.json, { status: 'starting', moonlight_connected: false });
  t.is(
    (await server.ask('POST', '/api/streamers?wait=maybe', { body: createBody('w') })).status,
    400,
  );

  const headers = { 'Idempotency-Key': 'k1' };
  const first = await server.ask('POST', '/api/streamers', { body: createBody('i'), headers });
  const retry = await server.ask('POST', '/api/streamers', { body: createBody('i'), headers });
  t.is(retry.status, 200);
  t.deepEqual(retry.json, first.json);
  const other = { ...createBody('i'), fps: 30 };
  t.is((await server.ask('POST', '/api/streamers', { body: other, headers })).status, 409);
});

test.serial('bad bodies: a clear 400, and nothing happens', async (t) => {
  const server = await serve(t);
  await addHost(t, server);
  const { ask } = { ask: server.ask.bind(server) };
  const good = createBody('bad');
  const raws: [string | Buffer, Record<string, string>][] = [
    ['{', {}],
    ['', {}],
    ['null', {}],
    ['[]', {}],
    ['"text"', {}],
    [JSON.stringify(good), { 'Content-Type': 'text/plain' }],
    [JSON.stringify(good), { 'Content-Type': 'application/x-www-form-urlencoded' }],
    [Buffer.from([0xff, 0xfe, 0x00]), {}],
    [JSON.stringify(good), { 'Content-Encoding': 'gzip' }],
  ];
  for (const [raw, headers] of raws) {
    const answer = await ask('POST', '/api/streamers', { raw, headers });
    t.is(answer.status, 400, `${raw.toString()} ${JSON.stringify(headers)}`);
    t.like(answer.json, { code: 'BAD_REQUEST' });
  }
  for (const name of Object.keys(good)) {
    if (name === 'client_unique_id') continue;
    const wrong = await ask('POST', '/api/streamers', { body: { ...good, [name]: { a: 1 } } });
    t.is(wrong.status, 400, `wrong ${name}`);
    t.regex(wrong.text, new RegExp(`${name}: must be `));
    if (name !== 'host_id' && name !== 'app_id') continue;
    const partial = Object.fromEntries(Object.entries(good).filter(([key]) => key !== name));
    const missing = await ask('POST', '/api/streamers', { body: partial });
    t.is(missing.status, 400, `without ${name}`);
    t.regex(missing.text, new RegExp(`${name}: missing`));
  }
  const wrong = [
    { fps: 59.94 },
    { width: 0 },
    { height: -2 },
    { bitrate: 1e12 },
    { packet_size: 7 },
    { video_colorspace: 'Rec2100' },
    { streamer_id: '' },
    { streamer_id: '..' },
    { streamer_id: 'a/b' },
    { streamer_id: 'a b' },
    { streamer_id: 'x'.repeat(129) },
    { streamer_id: 'a\n' },
    { client_unique_id: '../../etc' },
    { app_id: 2 ** 33 },
    { audio_channels: 3 },
  ];
  for (const change of wrong) {
    const answer = await ask('POST', '/api/streamers', { body: { ...good, ...change } });
    t.is(answer.status, 400, JSON.stringify(change));
  }
  const large = await ask('POST', '/api/streamers', { raw: `"${'x'.repeat(3 << 20)}"` });
  t.is(large.status, 413);
  t.like(large.json, { code: 'BODY_TOO_LARGE' });
  t.deepEqual((await ask('GET', '/api/streamers')).json, { streamers: [] });
});

test.serial('paths that are no paths', async (t) => {
  const server = await serve(t);
  for (const path of [
    '/api/streamers/%zz',
    '/%zz',
    '/api//streamers',
    '//x',
    '/api/streamers/a%00b',
  ]) {
    const { status } = await server.ask('GET', path);
    t.true(status === 404 || status === 400, `${path} ${status}`);
  }
  t.is((await server.upgrade('http://[/api/streamers/x/peer')).status, 400);
});

test.serial('limits: streamers, and creations in a minute', async (t) => {
  const server = await serve(t, { max_streamers: '1', creations_per_minute: '3' });
  await addHost(t, server);
  const create = (id: string): Promise<number> =>
    server.ask('POST', '/api/streamers', { body: createBody(id) }).then(({ status }) => status);
  t.is(await create('1'), 200);
  t.is(await create('2'), 503);
  t.is(await create('3'), 503);
  t.is(await create('4'), 429);
});

test.serial(
  'other origins: no CORS unless configured; names that others may point at us',
  async (t) => {
    const server = await serve(t);
    const headers = { Origin: 'https://evil.example' };
    const plain = await server.ask('GET', '/api/hosts', { headers });
    t.is(plain.headers['access-control-allow-origin'], undefined);
    const open = await serve(t, { allowed_origins: 'https://good.example' });
    const allowed = await open.ask('GET', '/api/hosts', {
      headers: { Origin: 'https://good.example' },
    });
    t.is(allowed.headers['access-control-allow-origin'], 'https://good.example');
    const refused = await open.ask('GET', '/api/hosts', { headers });
    t.is(refused.headers['access-control-allow-origin'], undefined);
    const preflight = await open.ask('OPTIONS', '/api/streamers', {
      headers: {
        Authorization: '',
        Origin: 'https://good.example',
        'Access-Control-Request-Method': 'POST',
      },
    });
    t.is(preflight.status, 204);

    const loopback = await serve(t, { credentials: null });
    t.is(
      (await loopback.ask('GET', '/api/hosts', { headers: { Host: 'localhost:1' } })).status,
      200,
    );
    const rebound = await loopback.ask('GET', '/api/hosts', { headers: { Host: 'evil.example' } });
    t.is(rebound.status, 403);
    t.like(rebound.json, { code: 'FORBIDDEN' });
  },
);
