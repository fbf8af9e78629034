import test, { type ExecutionContext } from 'ava';
import type { Socket } from 'node:net';
import { MoonteeError } from '../../../src/core/errors.js';
import { httpGet, type HttpAnswer } from '../../../src/moonlight/nvhttp/http.js';
import { rawServer, twoIdentities } from './fake-host.js';

const PATH = '/launch?rikey=00112233445566778899aabbccddeeff';

async function ask(
  t: ExecutionContext,
  onRequest: (socket: Socket) => void,
  options: { timeout?: number; maxBytes?: number; signal?: AbortSignal } = {},
): Promise<HttpAnswer> {
  const server = await rawServer((socket) => socket.once('data', () => onRequest(socket)));
  t.teardown(server.close);
  return httpGet({
    address: '127.0.0.1',
    port: server.port,
    path: PATH,
    timeout: 30_000,
    maxBytes: 1000,
    ...options,
  });
}

async function code(t: ExecutionContext, answer: Promise<unknown>): Promise<string> {
  const error = await t.throwsAsync(answer, { instanceOf: MoonteeError });
  t.false(JSON.stringify([error.message, error.details, error.cause]).includes('aabbcc'));
  return error.code;
}

test('an answer may end with its length, with the connection, or in chunks', async (t) => {
  const bodies = [
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
    'HTTP/1.1 200 OK\r\n\r\nhello',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  ];
  for (const text of bodies) {
    const answer = await ask(t, (socket) => socket.end(text));
    t.is(answer.status, 200);
    t.is(answer.body.toString(), 'hello');
  }
});

test('junk after a complete answer is ignored', async (t) => {
  const answer = await ask(t, (socket) =>
    socket.end(
      'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 404 Not Found\r\n\r\n',
    ),
  );
  t.is(answer.body.toString(), 'hello');
});

test('the request asks to close and names the host', async (t) => {
  let request = '';
  const server = await rawServer((socket) =>
    socket.once('data', (data) => {
      request = data.toString();
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    }),
  );
  t.teardown(server.close);
  const { port } = server;
  await httpGet({ address: '127.0.0.1', port, path: PATH, timeout: 30_000, maxBytes: 10 });
  t.true(request.startsWith(`GET ${PATH} HTTP/1.1\r\n`));
  t.regex(request, /\r\nConnection: close\r\n/);
  t.true(request.includes(`\r\nHost: 127.0.0.1:${port}\r\n`));
});

test('a body beyond the limit is refused, announced or endless', async (t) => {
  const endless = (socket: Socket): void => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    const pump = (): void => {
      while (!socket.destroyed && socket.write(Buffer.alloc(4096))) {
        // Until the socket is full.
      }
    };
    socket.on('drain', pump);
    pump();
  };
  const long = (socket: Socket): void => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n${'x'.repeat(5000)}`);
  };
  t.is(await code(t, ask(t, endless)), 'HOST_ANSWER_INVALID');
  t.is(await code(t, ask(t, long)), 'HOST_ANSWER_INVALID');
});

test('silence, a dripping header and a dripping body end with the deadline', async (t) => {
  const drip = (head: string) => (socket: Socket) => {
    socket.write(head);
    const timer = setInterval(() => socket.write('x'), 20);
    socket.on('close', () => clearInterval(timer));
  };
  const options = { timeout: 300 };
  t.is(
    await code(
      t,
      ask(t, () => undefined, options),
    ),
    'HOST_UNREACHABLE',
  );
  t.is(await code(t, ask(t, drip('HTTP/1.1 200 OK\r\nX-Slow: '), options)), 'HOST_UNREACHABLE');
  const body = 'HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n';
  t.is(await code(t, ask(t, drip(body), options)), 'HOST_UNREACHABLE');
});

test('a closed, cut or garbled answer is invalid', async (t) => {
  const answers = [
    '',
    'HTTP/1.1 200 OK\r\nContent-Len',
    'HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort',
    'SSH-2.0-OpenSSH\r\n',
    `HTTP/1.1 200 OK\r\nX-Long: ${'y'.repeat(40_000)}\r\n\r\n`,
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
  ];
  for (const text of answers) {
    t.is(
      await code(
        t,
        ask(t, (socket) => socket.end(text)),
      ),
      'HOST_ANSWER_INVALID',
      text,
    );
  }
  t.is(
    await code(
      t,
      ask(t, (socket) => socket.resetAndDestroy()),
    ),
    'HOST_ANSWER_INVALID',
  );
});

test('nobody listens: unreachable', async (t) => {
  const server = await rawServer(() => undefined);
  await server.close();
  const query = { address: '127.0.0.1', port: server.port, path: '/', timeout: 30_000 };
  t.is(await code(t, httpGet({ ...query, maxBytes: 1 })), 'HOST_UNREACHABLE');
});

test('a TLS handshake that fails is a refusal, and nothing was asked', async (t) => {
  const [us, them] = await twoIdentities();
  const tls = { identity: us, certificatePem: them.certificatePem };
  const heard: Buffer[] = [];
  const replies: ((socket: Socket) => void)[] = [
    (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    (socket) => socket.destroy(),
  ];
  for (const reply of replies) {
    const server = await rawServer((socket) =>
      socket.once('data', (data: Buffer) => {
        heard.push(data);
        reply(socket);
      }),
    );
    t.teardown(server.close);
    const { port } = server;
    const query = { address: '127.0.0.1', port, path: PATH, timeout: 30_000, maxBytes: 10, tls };
    t.is(await code(t, httpGet(query)), 'HOST_REFUSED');
  }
  t.false(Buffer.concat(heard).includes('rikey'));
  const broken = { ...tls, certificatePem: 'no PEM' };
  const query = { address: '127.0.0.1', port: 1, path: PATH, timeout: 30_000, maxBytes: 10 };
  t.is(await code(t, httpGet({ ...query, tls: broken })), 'CONFIG_INVALID');
});

test('an abort ends the wait, before it and in its midst', async (t) => {
  const controller = new AbortController();
  const waiting = ask(t, () => controller.abort(), { signal: controller.signal });
  t.is(await code(t, waiting), 'CLOSED');
  t.is(
    await code(
      t,
      ask(t, () => undefined, { signal: controller.signal }),
    ),
    'CLOSED',
  );
});
