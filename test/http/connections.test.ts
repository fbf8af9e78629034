/** One address, whatever it opens, does not keep out another. */
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { once } from 'node:events';
import http from 'node:http';
import { connect, type Socket } from 'node:net';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WebSocket, type ClientOptions } from 'ws';
import { AddressQuota, type Place } from '../../src/access/address-quota.js';
import { createIdentity } from '../../src/moonlight/identity.js';
import {
  addHost,
  AUTHORIZATION,
  createBody,
  PASSWORD,
  RawViewer,
  serve,
  temporaryFolder,
  type TestServer,
} from '../support/server.js';
import { until } from '../support/until.js';

const INIT = { AuthenticateAndInit: { credentials: PASSWORD } };
const ATTACKER = '127.0.0.66';

async function serving(
  t: ExecutionContext,
  flags: Parameters<typeof serve>[1],
): Promise<TestServer> {
  const server = await serve(t, { auth_timeout_ms: '86400000', ...flags });
  await addHost(t, server);
  const body = { ...createBody('s'), client_unique_id: null };
  t.is((await server.ask('POST', '/api/streamers', { body })).status, 200);
  return server;
}

/** Raw connections, that may be ended at any time. */
function flood(t: ExecutionContext, port: number, localAddress: string, count: number): Socket[] {
  const sockets = Array.from({ length: count }, () => {
    const socket = connect({ port, host: '127.0.0.1', localAddress });
    socket.on('error', () => undefined);
    socket.resume();
    return socket;
  });
  t.teardown(() => sockets.forEach((socket) => socket.destroy()));
  return sockets;
}

/** What is refused has been accepted by the kernel before. */
async function untilRefused(sockets: readonly Socket[], limit: number): Promise<void> {
  await until('the rest is refused', () => {
    const open = sockets.filter(({ destroyed, readableEnded }) => !destroyed && !readableEnded);
    return open.length <= limit;
  });
}

async function viewer(
  server: TestServer,
  localAddress: string,
  headers: Record<string, string> = {},
): Promise<RawViewer> {
  const url = `ws://127.0.0.1:${server.port}/api/streamers/s/peer`;
  const options: ClientOptions = { localAddress, headers, perMessageDeflate: false };
  const socket = new WebSocket(url, options);
  const raw = new RawViewer(socket);
  await once(socket, 'open');
  return raw;
}

function pendingSockets(
  t: ExecutionContext,
  server: TestServer,
  count: number,
  options: ClientOptions,
): Promise<string[]> {
  const url = `ws://127.0.0.1:${server.port}/api/streamers/s/peer`;
  const outcomes = Array.from({ length: count }, () => {
    const socket = new WebSocket(url, options);
    t.teardown(() => socket.terminate());
    return new Promise<string>((resolve) => {
      socket.once('open', () => resolve('open'));
      socket.on('error', ({ message }) => resolve(message));
    });
  });
  return Promise.all(outcomes);
}

test('connections: a flood of one address ends its own, never a viewer nor a newcomer', async (t) => {
  const server = await serving(t, { max_connections: '60' });
  const seated = await viewer(server, '127.0.0.1', AUTHORIZATION);
  await seated.until('WebRtcConfig');
  for (let round = 0; round < 2; round += 1) {
    await untilRefused(flood(t, server.port, ATTACKER, 520), 60);
    const newcomer = await viewer(server, '127.0.0.3');
    newcomer.send(INIT);
    await newcomer.until('offer');
    const { status } = await server.ask('GET', '/api/streamers');
    t.is(status, 200);
  }
  seated.answer();
  await seated.until('ConnectionComplete');
});

test('connections of one address have a limit of their own', async (t) => {
  const server = await serve(t, { max_connections_per_address: '5' });
  const sockets = flood(t, server.port, ATTACKER, 50);
  await untilRefused(sockets, 5);
  t.is((await server.ask('GET', '/')).status, 200);
  // Those that show credentials are not counted: a company behind one address.
  const agents = Array.from({ length: 20 }, () => new http.Agent({ keepAlive: true }));
  t.teardown(() => agents.forEach((agent) => agent.destroy()));
  for (const agent of agents) {
    const request = http.get({
      port: server.port,
      path: '/api/hosts',
      agent,
      headers: AUTHORIZATION,
    });
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    response.resume();
    t.is(response.statusCode, 200);
    await once(response, 'end');
  }
});

test('viewer sockets without credentials: one address does not keep out another', async (t) => {
  const server = await serving(t, { max_pending_sockets: '50' });
  const outcomes = await pendingSockets(t, server, 520, { localAddress: ATTACKER });
  t.is(outcomes.filter((outcome) => outcome === 'open').length, 50);
  t.true(outcomes.some((outcome) => outcome.includes('503')));
  for (const address of ['127.0.0.3', '127.0.0.4', '127.0.0.5']) {
    const right = await viewer(server, address);
    right.send(INIT);
    await right.until('offer');
  }
  t.is(server.running.streamers.require('s').viewers.length, 3);
});

test('behind a trusted proxy the address is that of its client, an IPv6 one by its /64', async (t) => {
  const proxy = '127.0.0.9';
  const server = await serving(t, { max_pending_sockets: '40', trusted_proxies: proxy });
  const through = (client: string): Record<string, string> => ({ 'X-Forwarded-For': client });
  let index = 0;
  for (const client of [
    () => '203.0.113.66',
    () => `2001:db8:1:2:${(index += 1).toString(16)}::${index.toString(16)}`,
  ]) {
    const outcomes: string[] = [];
    for (let i = 0; i < 60; i += 1) {
      const headers = through(client());
      outcomes.push(...(await pendingSockets(t, server, 1, { localAddress: proxy, headers })));
    }
    t.true(
      outcomes.some((outcome) => outcome.includes('503')),
      'it has reached a limit',
    );
    const right = await viewer(server, proxy, through('203.0.113.7'));
    right.send(INIT);
    await right.until('offer');
  }
  // A header of somebody whom we do not trust says nothing.
  const outcomes: string[] = [];
  for (let i = 0; i < 60; i += 1) {
    const headers = through(`198.51.100.${i}`);
    outcomes.push(...(await pendingSockets(t, server, 1, { localAddress: ATTACKER, headers })));
  }
  t.true(outcomes.filter((outcome) => outcome === 'open').length <= 40);
});

test('requests of one address that wait to be read are limited, those of others answered', async (t) => {
  const page = await temporaryFolder(t);
  await writeFile(join(page, 'index.html'), 'x'.repeat(8 << 20));
  const server = await serve(t, { max_requests_per_address: '10' }, { staticDirectory: page });
  const deaf = flood(t, server.port, ATTACKER, 30);
  for (const socket of deaf) {
    socket.pause();
    socket.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
  }
  await until('one is refused', async () => {
    const request = http.get({ port: server.port, host: '127.0.0.1', localAddress: ATTACKER });
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    response.destroy();
    return response.statusCode === 503;
  });
  t.is((await server.ask('GET', '/config.js', { headers: { Authorization: '' } })).status, 200);
});

test('a connection that never finishes its TLS handshake is closed, with or without a byte', async (t) => {
  const folder = await temporaryFolder(t);
  const { certificatePem, privateKeyPem } = await createIdentity();
  const paths = {
    private_key_pem: join(folder, 'key.pem'),
    certificate_pem: join(folder, 'cert.pem'),
  };
  await writeFile(paths.private_key_pem, privateKeyPem);
  await writeFile(paths.certificate_pem, certificatePem);
  const flags = { certificate: JSON.stringify(paths), request_timeout_ms: '1000' };
  const server = await serve(t, flags, { folder });
  const sockets = flood(t, server.port, ATTACKER, 3);
  // Not by `once`, which a reset would reject: either way it is closed.
  const closed = sockets.map(
    (socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())),
  );
  // The beginning of a ClientHello, and a trickle.
  sockets[1]?.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]));
  const trickle = setInterval(() => sockets[2]?.write(Buffer.of(0x16)), 100);
  await Promise.all(closed);
  clearInterval(trickle);
  t.is((await server.ask('GET', '/api/hosts')).status, 200);
});

test('places: never more than allowed, the worst address pays, a known one is not touched', (t) => {
  const address = fc.integer({ min: 0, max: 4 });
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ enter: address }) },
    { weight: 1, arbitrary: fc.record({ leave: fc.nat(40) }) },
  );
  const property = fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
    const quota = new AddressQuota({ what: 'x', perAddress: 6, inAll: 10 });
    const held: { address: number; place: Place }[] = [];
    const count = (of: number): number => held.filter(({ address: its }) => its === of).length;
    for (const each of steps) {
      if ('leave' in each) {
        const [gone] = held.splice(each.leave % Math.max(1, held.length), 1);
        gone?.place.leave();
        gone?.place.leave();
        continue;
      }
      const before = [0, 1, 2, 3, 4].map(count);
      const own = before[each.enter] ?? 0;
      const entry = { address: each.enter, place: { leave: () => undefined } as Place };
      let entered = true;
      try {
        entry.place = quota.enter(`10.0.0.${each.enter}`, () => {
          held.splice(held.indexOf(entry), 1);
        });
        held.push(entry);
      } catch {
        entered = false;
      }
      const others = Math.max(...before);
      const isFull = before.reduce((sum, each_) => sum + each_, 0) >= 10;
      // Refused only at its own limit, or where nobody has more than it.
      t.is(entered, own < 6 && (!isFull || others > own));
      t.true(held.length <= 10);
      t.is(quota.size, held.length);
      if (entered && isFull) {
        const loser = before.findIndex((was, who) => who !== each.enter && count(who) < was);
        t.is(before[loser], others);
      }
    }
  });
  fc.assert(property);
});
