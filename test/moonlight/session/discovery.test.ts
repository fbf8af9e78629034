import test from 'ava';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { MoonteeError } from '../../../src/core/errors.js';
import { silentLog } from '../../../src/core/log.js';
import { discoverHosts, type DiscoveredHost } from '../../../src/moonlight/discovery.js';
import { magicPacket, wakeOnLan, wakeTargets } from '../../../src/moonlight/wake-on-lan.js';

const MAC = '00:11:22:aa:BB:cc';

/** A UDP port on loopback that receives, until the test is over. */
async function receiver(): Promise<{ port: number; next: Promise<Buffer>; close: () => void }> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const next = once(socket, 'message').then(([message]: Buffer[]) => message ?? Buffer.alloc(0));
  return { port: socket.address().port, next, close: () => socket.close() };
}

/** An mDNS response that announces one instance of a service (RFC 6763 §4, RFC 1035 §4). */
function announcement(instance: string, service: string, port: number): Buffer {
  const name = (...labels: string[]): Buffer =>
    Buffer.concat([
      ...labels.map((label) => Buffer.from([label.length, ...Buffer.from(label)])),
      Buffer.from([0]),
    ]);
  const record = (owner: Buffer, type: number, data: Buffer): Buffer => {
    const fixed = Buffer.alloc(10);
    fixed.writeUInt16BE(type, 0);
    fixed.writeUInt16BE(1, 2);
    fixed.writeUInt32BE(120, 4);
    fixed.writeUInt16BE(data.length, 8);
    return Buffer.concat([owner, fixed, data]);
  };
  const type = [service, '_tcp', 'local'];
  const target = name('host', 'local');
  const srv = Buffer.alloc(6);
  srv.writeUInt16BE(port, 4);
  const header = Buffer.from('000084000000000400000000', 'hex');
  return Buffer.concat([
    header,
    record(name(...type), 12, name(instance, ...type)),
    record(name(instance, ...type), 33, Buffer.concat([srv, target])),
    record(name(instance, ...type), 16, Buffer.from([0])),
    record(target, 1, Buffer.from([10, 1, 2, 3])),
  ]);
}

test('hosts that announce themselves are found', async (t) => {
  const { port, close } = await receiver();
  close();
  const announcer = createSocket('udp4');
  const packets = [
    Buffer.from('garbage'),
    announcement('Printer', '_ipp', 631),
    announcement('Test\nhost', '_nvstream', 47_123),
    announcement('No port', '_nvstream', 0),
  ];
  const timer = setInterval(() => {
    for (const packet of packets) announcer.send(packet, port, '127.0.0.1');
  }, 50);
  t.teardown(() => {
    clearInterval(timer);
    announcer.close();
  });
  const multicast = { port, interface: '127.0.0.1' };
  let hosts: DiscoveredHost[] = [];
  for (let round = 0; hosts.length === 0 && round < 20; round++) {
    hosts = await discoverHosts({ log: silentLog(), time: 500, multicast });
  }
  t.deepEqual(hosts, [{ name: 'Test host', address: '10.1.2.3', httpPort: 47_123 }]);
});

test('a search can be aborted', async (t) => {
  const controller = new AbortController();
  const { port, close } = await receiver();
  close();
  const multicast = { port, interface: '127.0.0.1' };
  const { signal } = controller;
  const search = discoverHosts({ log: silentLog(), time: 60_000, multicast, signal });
  controller.abort();
  const error = await t.throwsAsync(search, { instanceOf: MoonteeError });
  t.is(error.code, 'CLOSED');
});

test('the magic packet repeats the hardware address', async (t) => {
  const packet = magicPacket(MAC);
  t.is(packet.length, 102);
  t.is(packet.toString('hex'), 'ff'.repeat(6) + '001122aabbcc'.repeat(16));
  for (const bad of ['', '00:11:22:33:44', '00:11:22:33:44:5g', '001122334455']) {
    t.throws(() => magicPacket(bad), { instanceOf: MoonteeError });
  }
  const { port, next, close } = await receiver();
  t.teardown(close);
  // One address that cannot be sent to does not spoil it.
  await wakeOnLan(MAC, ['255.255.255.256', '127.0.0.1'], [port]);
  t.deepEqual(await next, packet);
});

test('waking goes to the last addresses and to every network', (t) => {
  const at = (address: string, netmask: string, internal = false) => ({
    address,
    netmask,
    family: 'IPv4' as const,
    internal,
  });
  const targets = wakeTargets(['192.168.7.9', 'fd00::9'], {
    lo: [at('127.0.0.1', '255.0.0.0', true)],
    eth0: [
      at('192.168.7.20', '255.255.255.0'),
      { address: 'fe80::1', netmask: 'ffff:ffff::', family: 'IPv6', internal: false },
    ],
    eth1: [at('10.1.2.3', '255.255.240.0')],
    tun0: [at('10.8.0.2', '255.255.255.255'), at('10.9.0.2', '255.255.255.254')],
    gone: undefined,
  });
  t.deepEqual(targets, [
    '192.168.7.9',
    'fd00::9',
    '255.255.255.255',
    '192.168.7.255',
    '10.1.15.255',
  ]);
});
