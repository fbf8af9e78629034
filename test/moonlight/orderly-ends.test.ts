/** Connections to a host end in order: it sees a FIN, whatever became of the exchange, and never a reset. */
import test, { type ExecutionContext } from 'ava';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { MoonteeError } from '../../src/core/errors.js';
import { hostSocketsClosed, openHostSockets } from '../../src/moonlight/host-connections.js';
import { httpGet } from '../../src/moonlight/nvhttp/http.js';
import { exchange, RTSP_TIMERS } from '../../src/moonlight/rtsp/exchange.js';
import { PATIENCE } from '../support/until.js';
import { twoIdentities } from './nvhttp/fake-host.js';

type End = 'FIN' | 'RST';

interface Observer {
  readonly port: number;
  /** How the client ended its connection, and whether it took what was said after that. */
  readonly ended: Promise<{ first: End; then: End | 'closed' }>;
  readonly asked: Promise<void>;
}

/**
 * A host that answers a request with `answer` (null: not at all), and goes on talking for a while
 * after the client has ended.
 */
async function observe(t: ExecutionContext, answer: Buffer | null, tls = false): Promise<Observer> {
  const [, host] = await twoIdentities();
  let raw: Socket | null = null;
  let onAsked: () => void = () => undefined;
  let onEnd: (end: { first: End; then: End | 'closed' }) => void = () => undefined;
  const asked = new Promise<void>((resolve) => (onAsked = resolve));
  const ended = new Promise<{ first: End; then: End | 'closed' }>((resolve) => (onEnd = resolve));
  const serve = (socket: Socket | TLSSocket): void => {
    let first: End | null = null;
    socket.on('data', () => {
      onAsked();
      if (answer !== null) socket.write(answer);
    });
    socket.on('end', () => {
      first ??= 'FIN';
      // Hosts finish what they are at; each of these would be answered by a reset.
      void (async () => {
        for (let i = 0; i < 5 && !socket.destroyed; i += 1) {
          socket.write('RTSP/1.0 200 OK\r\n');
          await sleep(20);
        }
        socket.end();
      })();
    });
    socket.on('error', () => undefined);
    (raw ?? socket).on('error', () => {
      if (first === null) onEnd({ first: 'RST', then: 'RST' });
      else onEnd({ first, then: 'RST' });
    });
    (raw ?? socket).on('close', () => onEnd({ first: first ?? 'RST', then: 'closed' }));
  };
  const server = tls
    ? createTlsServer(
        { key: host.privateKeyPem, cert: host.certificatePem, allowHalfOpen: true },
        serve,
      )
    : createServer({ allowHalfOpen: true }, serve);
  server.on('connection', (socket: Socket) => (raw = tls ? socket : null));
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return { port: (server.address() as AddressInfo).port, ended, asked };
}

function rtsp(port: number, signal: AbortSignal): Promise<Buffer> {
  return exchange({
    address: '127.0.0.1',
    port,
    request: Buffer.from('OPTIONS rtsp://127.0.0.1 RTSP/1.0\r\nCSeq: 1\r\n\r\n'),
    isComplete: (bytes) => bytes.length >= 4,
    timers: { ...RTSP_TIMERS, silence: 200 },
    signal,
  });
}

async function http(
  port: number,
  signal: AbortSignal,
  tls: boolean,
  maxBytes = 10_000,
): Promise<unknown> {
  const [identity, host] = await twoIdentities();
  return httpGet({
    address: '127.0.0.1',
    port,
    path: '/serverinfo',
    timeout: PATIENCE,
    maxBytes,
    signal,
    ...(tls ? { tls: { identity, certificatePem: host.certificatePem } } : {}),
  });
}

const ORDERLY = { first: 'FIN', then: 'closed' } as const;
const OK = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');

test.serial('RTSP that is broken off in the middle', async (t) => {
  const { port, asked, ended } = await observe(t, null);
  const ending = new AbortController();
  const failed = t.throwsAsync(rtsp(port, ending.signal), { instanceOf: MoonteeError });
  await asked;
  ending.abort();
  t.is((await failed).code, 'CLOSED');
  t.true(openHostSockets() > 0);
  t.deepEqual(await ended, ORDERLY);
  await hostSocketsClosed(PATIENCE);
  t.is(openHostSockets(), 0);
});

test.serial('RTSP that is not answered in time, and one whose answer is enough', async (t) => {
  const silent = await observe(t, null);
  await t.throwsAsync(rtsp(silent.port, new AbortController().signal), {
    instanceOf: MoonteeError,
  });
  t.deepEqual(await silent.ended, ORDERLY);
  const talking = await observe(t, Buffer.from('RTSP/1.0 200 OK\r\n\r\n'));
  await rtsp(talking.port, new AbortController().signal);
  t.deepEqual(await talking.ended, ORDERLY);
});

for (const tls of [false, true]) {
  const name = tls ? 'HTTPS' : 'HTTP';

  test.serial(`${name} that is broken off in the middle`, async (t) => {
    const { port, asked, ended } = await observe(t, null, tls);
    const ending = new AbortController();
    const failed = t.throwsAsync(http(port, ending.signal, tls), { instanceOf: MoonteeError });
    await asked;
    ending.abort();
    t.is((await failed).code, 'CLOSED');
    t.deepEqual(await ended, ORDERLY);
  });

  test.serial(`${name} that is answered, at length, or with what is none`, async (t) => {
    const good = await observe(t, OK, tls);
    t.like(await http(good.port, new AbortController().signal, tls), { status: 200 });
    t.deepEqual(await good.ended, ORDERLY);
    const long = await observe(t, OK, tls);
    await t.throwsAsync(http(long.port, new AbortController().signal, tls, 1));
    t.deepEqual(await long.ended, ORDERLY);
    const nonsense = await observe(t, Buffer.from('nonsense\r\n\r\n'), tls);
    await t.throwsAsync(http(nonsense.port, new AbortController().signal, tls));
    t.deepEqual(await nonsense.ended, ORDERLY);
  });
}

test.serial('another certificate than the pinned one', async (t) => {
  const { port, ended } = await observe(t, OK, true);
  const [identity] = await twoIdentities();
  const tls = { identity, certificatePem: identity.certificatePem };
  const query = { address: '127.0.0.1', port, path: '/', timeout: PATIENCE, maxBytes: 100, tls };
  const error = await t.throwsAsync(httpGet(query), { instanceOf: MoonteeError });
  t.is(error.code, 'HOST_CERTIFICATE_CHANGED');
  t.deepEqual(await ended, ORDERLY);
});

test.serial(
  'a host that never ends its side is waited for no longer than five seconds',
  async (t) => {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => undefined);
      socket.resume();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.teardown(() => server.close());
    await t.throwsAsync(rtsp((server.address() as AddressInfo).port, new AbortController().signal));
    t.is(openHostSockets(), 1);
    await hostSocketsClosed(PATIENCE);
    t.is(openHostSockets(), 0);
  },
);
