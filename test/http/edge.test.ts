import test from 'ava';
import { connect } from 'node:net';
import { once } from 'node:events';
import { ask, exchange } from '../support/raw-http.js';
import { addHost, createBody, PASSWORD, serve } from '../support/server.js';
import { until } from '../support/until.js';

const BEARER = `Authorization: Bearer ${PASSWORD}`;
const WEBSOCKET = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];
const HTTP2 = [
  'Connection: Upgrade, HTTP2-Settings',
  'Upgrade: h2c',
  'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA',
];
const UNAUTHORIZED = '{"error":"Unauthorized","code":"UNAUTHORIZED"}';
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND'];

test.serial('targets with two readings: 400 before anything else, also for upgrades', async (t) => {
  const server = await serve(t);
  const targets = [
    'http://127.0.0.1/api/hosts',
    'http://?x',
    'http://[',
    '//%@a/api/host/stream',
    '/api/../metrics',
    '/api/%2e%2e/x',
    '/api%2fhosts',
    '/api//hosts',
    '/%00',
    '/api\\hosts',
    '/\u00e9',
    `/${'a'.repeat(5_000)}`,
    '127.0.0.1:80',
    '/api?a=%zz',
  ];
  for (const target of targets) {
    for (const method of [...METHODS, 'CONNECT']) {
      for (const headers of [[], [BEARER], WEBSOCKET, HTTP2, [BEARER, ...WEBSOCKET]]) {
        const { status } = await ask(server.port, method, target, headers);
        t.is(status, 400, `${method} ${target} ${headers.join()}`);
      }
    }
  }
  for (const method of METHODS) {
    const { status } = await ask(server.port, method, '*');
    t.is(status, method === 'OPTIONS' ? 204 : 400, method);
  }
  t.is((await server.ask('GET', '/api/authenticate')).status, 200);
});

test.serial('a stranger cannot ask what exists: routes, methods, streamers', async (t) => {
  const server = await serve(t);
  await addHost(t, server);
  for (const id of ['s', 'peer']) {
    const made = await server.ask('POST', '/api/streamers', { body: createBody(id) });
    t.is(made.status, 200, made.text);
  }
  const paths = [
    '/api/hosts',
    '/API/hosts',
    '/Api/streamers',
    '/api/hosts/',
    '/api',
    '/api/',
    '/api/api/hosts',
    '/%61pi/hosts',
    '/api/nothing',
    '/metrics',
    '/METRICS',
    '/metrics/',
    '/metrics/x',
    '/api/streamers/s',
    '/api/streamers/peer',
    '/api/streamers/none',
    '/api/streamers/s/peer',
    '/api/streamers/none/peer',
    '/api/host?host_id=0',
    '/api/host?host_id=1',
    '/api/host/stream',
  ];
  for (const path of paths) {
    for (const method of METHODS) {
      for (const headers of [
        [],
        HTTP2,
        ['X-HTTP-Method-Override: GET'],
        ['Authorization: Basic eDp5'],
      ]) {
        const answer = await ask(server.port, method, path, headers);
        t.is(answer.status, 401, `${method} ${path} ${headers.join()}`);
        t.is(answer.body, method === 'HEAD' ? '' : UNAUTHORIZED);
        t.is(answer.headers['www-authenticate'], 'Bearer realm="moontee"');
      }
    }
  }
  t.is((await ask(server.port, 'GET', '/nothing')).status, 404);
  // Upgrades: every streamer may be there, everything else is closed.
  for (const id of ['s', 'none', 'peer', 'a%20b']) {
    t.is((await ask(server.port, 'GET', `/api/streamers/${id}/peer`, WEBSOCKET)).status, 101, id);
  }
  t.is((await ask(server.port, 'GET', '/api/host/stream', WEBSOCKET)).status, 101);
  for (const path of [
    '/api/streamers/s',
    '/api/nothing',
    '/api/streamers/s/peer/',
    '/API/host/stream',
  ]) {
    const refused = await ask(server.port, 'GET', path, WEBSOCKET);
    t.is(refused.status, 401, path);
    t.is(refused.body, UNAUTHORIZED);
    t.is(refused.headers['www-authenticate'], 'Bearer realm="moontee"');
  }
  // Neither does the socket tell, before credentials were shown.
  for (const id of ['s', 'none']) {
    const viewer = await server.viewer(id, { headers: {} });
    viewer.send({ AuthenticateAndInit: { credentials: 'wrong' } });
    t.is((await viewer.closed).code, 4401, id);
    t.deepEqual(viewer.names(), ['StageFailed', 'PeerClosed', 'Wrong credentials'], id);
  }
  const right = await server.viewer('none', { headers: {} });
  right.send({ AuthenticateAndInit: { credentials: PASSWORD } });
  t.is((await right.closed).code, 4404);
});

test.serial('an upgrade to anything but WebSocket is a plain request, with its body', async (t) => {
  const server = await serve(t);
  const others = [
    HTTP2,
    ['Connection: upgrade', 'Upgrade: h2c, websocket'],
    ['Connection: Upgrade', 'Upgrade: TLS/1.0'],
    ['Connection: Upgrade', 'Upgrade: websocket/13'],
    ['Connection: Upgrade', 'Upgrade: '],
    ['Upgrade: websocket'],
  ];
  for (const headers of others) {
    const label = headers.join();
    t.is((await ask(server.port, 'GET', '/', headers)).status, 200, label);
    t.is(
      (await ask(server.port, 'GET', '/api/authenticate', [BEARER, ...headers])).status,
      200,
      label,
    );
    const body = '{"host_id":77}';
    const json = [BEARER, ...headers, 'Content-Type: application/json'];
    const length = [...json, `Content-Length: ${body.length}`];
    t.is((await ask(server.port, 'POST', '/api/host/unpair', length, body)).status, 404, label);
    const chunked = `e\r\n${body}\r\n0\r\n\r\n`;
    const coded = [...json, 'Transfer-Encoding: chunked'];
    t.is((await ask(server.port, 'POST', '/api/host/unpair', coded, chunked)).status, 404, label);
  }
  // WebSocket is asked for by GET, and from HTTP/1.1 on.
  t.is((await ask(server.port, 'POST', '/api/host/stream', [BEARER, ...WEBSOCKET])).status, 404);
  const old = `GET / HTTP/1.0\r\n${WEBSOCKET.join('\r\n')}\r\n\r\n`;
  t.is((await exchange(server.port, old)).status, 200);
});

test.serial(
  'the connection of an ignored upgrade goes on, with a body that comes late',
  async (t) => {
    const server = await serve(t);
    const socket = connect(server.port, '127.0.0.1');
    t.teardown(() => socket.destroy());
    let received = '';
    socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
    const answers = async (count: number): Promise<void> => {
      while (received.split('HTTP/1.1 ').length <= count) await once(socket, 'data');
    };
    const head = ['Host: x', BEARER, ...HTTP2, 'Content-Type: application/json'].join('\r\n');
    socket.write(`POST /api/host/unpair HTTP/1.1\r\n${head}\r\nContent-Length: 14\r\n\r\n`);
    setTimeout(() => socket.write('{"host_id":77}'), 50);
    await answers(1);
    t.regex(received, /^HTTP\/1\.1 404/);
    socket.write(`GET /api/authenticate HTTP/1.1\r\n${head}\r\n\r\n`);
    await answers(2);
    t.regex(received, /HTTP\/1\.1 200/);
  },
);

test.serial('an upgrade upon the heels of a request does not get between', async (t) => {
  const server = await serve(t);
  const upgrade = ['GET /api/host/stream HTTP/1.1', 'Host: x', ...WEBSOCKET, '', ''].join('\r\n');
  for (let i = 0; i < 20; i += 1) {
    const { status } = await exchange(server.port, `GET / HTTP/1.1\r\nHost: x\r\n\r\n${upgrade}`);
    t.not(status, 101);
  }
  // One that waits for its answer gets a socket.
  const socket = connect(server.port, '127.0.0.1');
  t.teardown(() => socket.destroy());
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
  while (!received.includes('Moontee is running')) await once(socket, 'data');
  socket.write(upgrade);
  while (!received.includes('HTTP/1.1 101')) await once(socket, 'data');
  t.pass();
});

test.serial('malformed upgrades get a clean answer', async (t) => {
  const server = await serve(t);
  const without = (name: string): string[] => WEBSOCKET.filter((line) => !line.startsWith(name));
  const path = '/api/streamers/s/peer';
  const rows: [string[], number][] = [
    [without('Sec-WebSocket-Key'), 400],
    [[...without('Sec-WebSocket-Key'), 'Sec-WebSocket-Key: short'], 400],
    [[...WEBSOCKET, 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='], 400],
    [without('Sec-WebSocket-Version'), 426],
    [[...without('Sec-WebSocket-Version'), 'Sec-WebSocket-Version: 12'], 426],
    [[...WEBSOCKET, 'Content-Length: 4'], 400],
    [[...WEBSOCKET, 'Transfer-Encoding: chunked'], 400],
    [[...WEBSOCKET, 'Sec-WebSocket-Protocol: ,'], 400],
    [[...WEBSOCKET, 'Authorization: Bearer wrong'], 401],
    [[...WEBSOCKET, BEARER], 404],
    [[...WEBSOCKET, BEARER, BEARER], 400],
  ];
  for (const [headers, status] of rows) {
    t.is((await ask(server.port, 'GET', path, headers, 'abcd')).status, status, headers.join());
  }
  const old = await ask(server.port, 'GET', path, without('Sec-WebSocket-Version'));
  t.is(old.headers['sec-websocket-version'], '13');
  t.like(JSON.parse(old.body), { code: 'BAD_REQUEST' });
});

test.serial('headers that two readers could understand differently are refused', async (t) => {
  const server = await serve(t);
  const rows = [
    [BEARER, 'Authorization: Bearer wrong'],
    ['Authorization: Bearer wrong', BEARER],
    [BEARER, 'Host: other'],
    [BEARER, 'Content-Length: 0', 'Transfer-Encoding: chunked'],
    [BEARER, 'Content-Length: 1', 'Content-Length: 2'],
    [BEARER, 'Transfer-Encoding : chunked'],
    [BEARER, 'Bad\u0000: x'],
  ];
  for (const headers of rows) {
    const { status } = await ask(server.port, 'POST', '/api/host/unpair', headers);
    t.is(status, 400, headers.join());
  }
  const noHost = `GET / HTTP/1.1\r\n\r\n`;
  t.is((await exchange(server.port, noHost)).status, 400);
});

test.serial('a body is asked for where the caller may send it', async (t) => {
  const server = await serve(t);
  const body = '{"host_id":77}';
  const expecting = [
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    'Expect: 100-continue',
  ];
  const socket = connect(server.port, '127.0.0.1');
  t.teardown(() => socket.destroy());
  socket.write(
    `POST /api/host/unpair HTTP/1.1\r\nHost: x\r\n${BEARER}\r\n${expecting.join('\r\n')}\r\n\r\n`,
  );
  const [first] = (await once(socket, 'data')) as [Buffer];
  t.regex(first.toString(), /^HTTP\/1\.1 100/);
  socket.write(body);
  const [second] = (await once(socket, 'data')) as [Buffer];
  t.regex(second.toString(), /^HTTP\/1\.1 404/);

  const refused = connect(server.port, '127.0.0.1');
  t.teardown(() => refused.destroy());
  refused.write(`POST /api/host/unpair HTTP/1.1\r\nHost: x\r\n${expecting.join('\r\n')}\r\n\r\n`);
  const [answer] = (await once(refused, 'data')) as [Buffer];
  t.regex(answer.toString(), /^HTTP\/1\.1 401/);
  t.regex(answer.toString(), /connection: close/i);
  // What nobody knows may be ignored.
  t.is((await ask(server.port, 'GET', '/', ['Expect: tea'])).status, 200);
});

test.serial(
  'preflights tell allowed origins the same of every path, and others nothing',
  async (t) => {
    const server = await serve(t, { allowed_origins: '["https://a.example"]' });
    const preflight = (origin: string): string[] => [
      `Origin: ${origin}`,
      'Access-Control-Request-Method: GET',
    ];
    for (const path of ['/api/hosts', '/api/nothing', '/API/hosts', '/metrics/']) {
      const allowed = await ask(server.port, 'OPTIONS', path, preflight('https://a.example'));
      t.is(allowed.status, 204, path);
      t.is(allowed.headers['access-control-allow-origin'], 'https://a.example');
      const other = await ask(server.port, 'OPTIONS', path, preflight('https://b.example'));
      t.is(other.status, 401, path);
      t.is(other.headers['access-control-allow-origin'], undefined);
    }
  },
);

test.serial('a body that nobody wants is not read on and on', async (t) => {
  const server = await serve(t);
  const chunk = Buffer.from(`10000\r\n${'x'.repeat(65_536)}\r\n`);
  const heads = [
    'POST /api/streamers HTTP/1.1',
    `DELETE /api/streamers/x HTTP/1.1\r\n${BEARER}`,
    `POST /api/pair HTTP/1.1\r\n${BEARER}`,
    'GET / HTTP/1.1',
    'PUT /nowhere HTTP/1.1',
    'POST http://[ HTTP/1.1',
  ];
  for (const head of heads) {
    const socket = connect(server.port, '127.0.0.1');
    // The end may overtake the answer.
    socket.on('error', () => undefined);
    socket.resume();
    socket.write(`${head}\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n`);
    const send = (): void => {
      if (socket.destroyed) return;
      if (socket.write(chunk)) setImmediate(send);
      else socket.once('drain', send);
    };
    send();
    await until('it is closed', () => socket.closed);
    // What the operating system holds is some megabytes at most.
    t.true(socket.bytesWritten < 64 << 20, `${head}: ${socket.bytesWritten}`);
  }
  const again = await server.ask('POST', '/api/streamers', {
    body: {},
    headers: { Connection: 'keep-alive' },
  });
  t.is(again.headers.connection, 'keep-alive');
});
