/** How a command asks the running server for a graph, and what it says if that fails. */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import http from 'node:http';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { resolveConfig } from '../../src/config/load.js';
import type { Config } from '../../src/config/schema.js';
import { MoonteeError, type ErrorCode } from '../../src/core/errors.js';
import { fetchDot } from '../../src/commands/live-graph.js';
import { createIdentity } from '../../src/moonlight/identity.js';
import { addHost, createBody, PASSWORD, serve, temporaryFolder } from '../support/server.js';

function configOf(port: number, flags: Readonly<Record<string, string>> = {}): Config {
  const bind_address = `127.0.0.1:${port}`;
  return resolveConfig({ flags: { bind_address, credentials: PASSWORD, ...flags } }).config;
}

/** Files of a certificate, as the configuration names them. */
async function certificate(t: ExecutionContext): Promise<string> {
  const folder = await temporaryFolder(t);
  const { privateKeyPem, certificatePem } = await createIdentity();
  const paths = {
    private_key_pem: join(folder, 'key.pem'),
    certificate_pem: join(folder, 'cert.pem'),
  };
  await writeFile(paths.private_key_pem, privateKeyPem, { mode: 0o600 });
  await writeFile(paths.certificate_pem, certificatePem);
  return JSON.stringify(paths);
}

async function fails(
  t: ExecutionContext,
  work: Promise<unknown>,
  code: ErrorCode,
  message: RegExp,
): Promise<void> {
  const error = await t.throwsAsync(work, { instanceOf: MoonteeError, message });
  t.is(error.code, code);
}

/** The port of something that is no Moontee. */
async function listen(t: ExecutionContext, answer: http.RequestListener | null): Promise<number> {
  const server = answer === null ? createServer(() => undefined) : http.createServer(answer);
  const sockets = new Set<{ destroy(): void }>();
  server.on('connection', (socket: { destroy(): void }) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

for (const prefix of ['', '/below']) {
  test.serial(`the graph comes over HTTP, below "${prefix}"`, async (t) => {
    const flags = prefix === '' ? {} : { web_path_prefix: prefix };
    const server = await serve(t, flags);
    await addHost(t, server);
    const create = { body: createBody('desk') };
    t.is((await server.ask('POST', `${prefix}/api/streamers`, create)).status, 200);
    t.is(await fetchDot(configOf(server.port, flags), 'desk'), 'digraph g {}');
    await fails(
      t,
      fetchDot(configOf(server.port, flags), 'other'),
      'STREAMER_NOT_FOUND',
      /Streamer not found/,
    );
    const wrong = configOf(server.port, { ...flags, credentials: 'guessed' });
    await fails(t, fetchDot(wrong, 'desk'), 'UNAUTHORIZED', /./);
  });
}

test.serial(
  'the graph comes over HTTPS, from who has the configured certificate alone',
  async (t) => {
    const [own, other] = [await certificate(t), await certificate(t)];
    const server = await serve(t, { certificate: own });
    await addHost(t, server);
    const create = { body: createBody('desk') };
    t.is((await server.ask('POST', '/api/streamers', create)).status, 200);
    t.is(await fetchDot(configOf(server.port, { certificate: own }), 'desk'), 'digraph g {}');
    await fails(
      t,
      fetchDot(configOf(server.port, { certificate: other }), 'desk'),
      'CONFIG_INVALID',
      /another certificate/,
    );
  },
);

test.serial('who does not answer, is silent or speaks otherwise is told apart', async (t) => {
  const secure = { certificate: await certificate(t) };
  const gone = createServer().listen(0, '127.0.0.1');
  await once(gone, 'listening');
  const { port: closed } = gone.address() as AddressInfo;
  gone.close();
  await once(gone, 'close');
  const silent = await listen(t, null);
  for (const flags of [{}, secure]) {
    const unreachable = fetchDot(configOf(closed, flags), 'desk');
    await fails(t, unreachable, 'HOST_UNREACHABLE', /No server answers on this machine, port \d+/);
    const late = fetchDot(configOf(silent, flags), 'desk', 500);
    await fails(t, late, 'TIMEOUT', /does not answer/);
  }
  const stranger = await listen(t, (_request, response) => {
    response.writeHead(418).end('a teapot');
  });
  const answer = fetchDot(configOf(stranger), 'desk');
  await fails(t, answer, 'HOST_ANSWER_INVALID', /The server answers 418: a teapot/);
  // Without TLS on the other side there is nobody who could have the certificate.
  await fails(t, fetchDot(configOf(stranger, secure), 'desk'), 'HOST_UNREACHABLE', /No server/);
});
