import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import test from 'ava';
import fc from 'fast-check';
import type { DemoHost } from '../../src/demo-host/demo-host.js';
import { http, pairedIdentity, startHost } from './support.js';
import { StreamClient } from './stream-client.js';

const SEED = 42;

function samples(count: number, maxLength: number): Buffer[] {
  return fc
    .sample(fc.uint8Array({ maxLength, minLength: 1 }), { numRuns: count, seed: SEED })
    .map((bytes) => Buffer.from(bytes));
}

/** Writes nonsense to a TCP port; whatever comes back is no matter. */
async function pester(port: number, data: Buffer): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.resume();
  await once(socket, 'connect');
  socket.end(data);
  await once(socket, 'close');
}

async function bombard(port: number, datagrams: readonly Buffer[]): Promise<void> {
  const socket = createSocket('udp4');
  for (const datagram of datagrams) {
    await new Promise((resolve) => socket.send(datagram, port, '127.0.0.1', resolve));
  }
  socket.close();
}

test('nonsense on every port changes nothing for who streams', async (t) => {
  const host: DemoHost = await startHost(t);
  const client = await StreamClient.start(t, host, await pairedIdentity(host));
  await client.frames(5);
  const heads = [
    '',
    'GET /serverinfo HTTP/1.1\r\n',
    'SETUP streamid=video RTSP/1.0\r\nCSeq: 1\r\n',
  ];
  for (const port of [host.httpPort, host.httpsPort, host.rtspPort]) {
    await Promise.all(
      samples(20, 300).flatMap((data) =>
        heads.map((head) => pester(port, Buffer.concat([Buffer.from(head), data]))),
      ),
    );
  }
  const connectRequest = Buffer.from(
    '8fffdd2382ff00010000ffff000003840001000000000030000000000000000000001388000000020000000200000000deadbeef',
    'hex',
  );
  const ping = (text: string): Buffer => Buffer.from(text, 'latin1');
  const datagrams = [
    ...samples(100, 1400),
    ...samples(100, 40).map((data) => Buffer.concat([Buffer.from('8000', 'hex'), data])),
    connectRequest,
    ping('PING'),
    ping('x'.repeat(20)),
    Buffer.alloc(0),
  ];
  for (const port of [host.videoPort, host.audioPort, host.controlPort]) {
    await bombard(port ?? 0, datagrams);
  }
  // On the real control connection, too.
  for (const data of samples(20, 100)) client.sendRaw(data);
  client.send({ type: 'input', packet: Buffer.from('00000006ffffffff0000', 'hex') });
  client.send({ type: 'input', packet: Buffer.alloc(0) });

  await client.frames(20);
  await client.sound(20);
  t.is(host.sessions.length, 1);
  t.is(client.disconnected, null);
  t.is(client.video.stats.framesLost, 0);
  t.is((await http(host.httpPort, '/serverinfo')).status, 200);
});

test('one request that never ends does not keep others waiting', async (t) => {
  const host = await startHost(t);
  const open = [host.httpPort, host.httpsPort, host.rtspPort].flatMap((port) =>
    Array.from({ length: 10 }, () => connect(port, '127.0.0.1')),
  );
  for (const socket of open) socket.on('error', () => undefined);
  t.teardown(() => open.forEach((socket) => socket.destroy()));
  await Promise.all(open.map((socket) => once(socket, 'connect')));
  for (const socket of open) socket.write('G');
  const client = await StreamClient.start(t, host, await pairedIdentity(host));
  await client.frames(3);
  t.pass();
});
