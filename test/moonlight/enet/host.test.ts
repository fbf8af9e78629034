import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import test from 'ava';
import { silentLog } from '../../../src/core/log.js';
import { EnetHost, type EnetHostOptions } from '../../../src/moonlight/enet/host.js';
import type { EnetPeer } from '../../../src/moonlight/enet/peer.js';

const LOOPBACK = { address: '127.0.0.1' } as const;

async function listening(options: Partial<EnetHostOptions> = {}): Promise<EnetHost> {
  const host = new EnetHost({ log: silentLog(), accepts: true, local: LOOPBACK, ...options });
  await host.open();
  return host;
}

async function pair(options: Partial<EnetHostOptions> = {}, faults?: EnetHostOptions['faults']) {
  const server = await listening({ maxPeers: 4, ...options });
  const accepted = once(server, 'peer');
  const { host: client, peer: near } = await EnetHost.dial(
    { host: '127.0.0.1', port: server.port },
    { log: silentLog(), faults },
    { data: 0xdeadbeef },
  );
  const [far] = (await accepted) as [EnetPeer];
  if (near.state !== 'connected') await once(near, 'connect');
  const close = (): void => {
    client.close();
    server.close();
  };
  return { server, client, near, far, close };
}

test('client and host talk over real sockets, in all three ways', async (t) => {
  const { near, far, close } = await pair();
  t.is(far.connectData, 0xdeadbeef);
  t.is(near.channelCount, 48);
  const received: string[] = [];
  const all = new Promise<void>((resolve) => {
    far.on('message', ({ channel, data }) => {
      received.push(`${channel} ${data.toString()}`);
      if (received.length === 3) resolve();
    });
  });
  near.send(1, Buffer.from('reliable'), 'reliable');
  near.send(2, Buffer.from('unreliable'), 'unreliable');
  near.send(3, Buffer.from('unsequenced'), 'unsequenced');
  await all;
  t.deepEqual(received.sort(), ['1 reliable', '2 unreliable', '3 unsequenced']);

  const answer = once(near, 'message');
  const large = Buffer.alloc(100_000, 'x');
  far.send(0, large, 'reliable');
  const [{ data }] = (await answer) as [{ data: Buffer }];
  t.true(data.equals(large));
  t.true(near.roundTrip >= 1);
  close();
});

test('a thousand messages cross a bad network in order', async (t) => {
  const profile = { loss: 0.1, jitter: 5, duplicate: 0.1, reorder: 0.1 };
  const { near, far, close } = await pair({}, { seed: 4, incoming: profile, outgoing: profile });
  const received: number[] = [];
  const all = new Promise<void>((resolve) => {
    far.on('message', ({ data }) => {
      received.push(data.readUInt16BE(0));
      if (received.length === 1000) resolve();
    });
  });
  for (let number = 0; number < 1000; number += 1) {
    const data = Buffer.alloc(50);
    data.writeUInt16BE(number, 0);
    t.true(near.send(0, data, 'reliable'));
    if (number % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await all;
  t.deepEqual(
    received,
    Array.from({ length: 1000 }, (_, index) => index),
  );
  t.true(near.retransmissions > 0);
  close();
});

test('close says goodbye to every peer, once, and is idempotent', async (t) => {
  const { server, client, near, far, close } = await pair();
  const local: unknown[] = [];
  near.on('disconnect', (event) => local.push(event));
  const gone = once(far, 'disconnect');
  client.close();
  client.close();
  t.deepEqual(await gone, [{ data: 0, reason: 'remote' }]);
  t.deepEqual(local, [{ data: 0, reason: 'local' }]);
  t.is(server.peers.length, 0);
  t.throws(() => client.connect({ ...LOOPBACK, port: 9 }), { message: 'This ENet host is closed' });
  close();
  t.is(client.port, 0);
});

test('graceful and later disconnects reach the other side with their number', async (t) => {
  for (const how of ['graceful', 'later', 'now'] as const) {
    const { near, far, close } = await pair();
    const gone = once(near, 'disconnect');
    const done = once(far, 'disconnect');
    far.disconnect(how, 42);
    t.deepEqual(await gone, [{ data: 42, reason: 'remote' }]);
    t.deepEqual(await done, [{ data: 42, reason: 'local' }]);
    close();
  }
});

test('nobody answers: the connection attempt ends', async (t) => {
  const silent = createSocket('udp4');
  silent.bind(0, LOOPBACK.address);
  await once(silent, 'listening');
  const { host, peer } = await EnetHost.dial(
    { host: 'localhost', port: silent.address().port },
    { log: silentLog() },
    { timeout: 100 },
  );
  t.deepEqual(await once(peer, 'disconnect'), [{ data: 0, reason: 'timeout' }]);
  host.close();
  silent.close();
});

test('a name that does not resolve', async (t) => {
  await t.throwsAsync(
    EnetHost.dial({ host: 'no-such-host.invalid', port: 1 }, { log: silentLog() }),
    { name: 'MoonteeError' },
  );
});

test('garbage on the port is counted and disturbs nobody', async (t) => {
  const { server, near, far, close } = await pair();
  const stranger = createSocket('udp4');
  const garbage = ['', '00', 'ffff', '8fff', '000006000001ffff', '0000ff'.repeat(50)];
  const before = server.counters.malformed;
  for (const hex of garbage) stranger.send(Buffer.from(hex, 'hex'), server.port, LOOPBACK.address);
  while (server.counters.malformed < before + garbage.length) {
    const message = once(far, 'message');
    near.send(0, Buffer.from('still here'), 'reliable');
    await message;
  }
  t.is(near.state, 'connected');
  stranger.close();
  close();
});

test('several clients at one host', async (t) => {
  const server = await listening({ maxPeers: 3 });
  const peers: EnetPeer[] = [];
  server.on('peer', (peer) => {
    peers.push(peer);
    peer.on('message', ({ channel, data }) => peer.send(channel, data, 'reliable'));
  });
  const clients = await Promise.all(
    [1, 2, 3].map((data) =>
      EnetHost.dial({ host: '127.0.0.1', port: server.port }, { log: silentLog() }, { data }),
    ),
  );
  for (const { peer } of clients) {
    if (peer.state !== 'connected') await once(peer, 'connect');
  }
  const echoes = clients.map(({ peer }) => once(peer, 'message'));
  clients.forEach(({ peer }, index) => peer.send(5, Buffer.from([index]), 'reliable'));
  const answers = (await Promise.all(echoes)) as [{ channel: number; data: Buffer }][];
  t.deepEqual(
    answers.map(([{ channel, data }]) => [channel, data[0]]),
    [
      [5, 0],
      [5, 1],
      [5, 2],
    ],
  );
  t.deepEqual(peers.map((peer) => peer.connectData).sort(), [1, 2, 3]);
  for (const { host } of clients) host.close();
  server.close();
});
