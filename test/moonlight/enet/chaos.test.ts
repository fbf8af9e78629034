import test from 'ava';
import fc from 'fast-check';
import type { EnetPeer } from '../../../src/moonlight/enet/peer.js';
import { addressOf, CALM, connectedPair, VirtualNetwork } from './virtual-network.js';

test('loss, duplication, reordering, corruption: reliable messages arrive once and in order', (t) => {
  const weather = fc.record({
    loss: fc.constantFrom(0, 0.05, 0.2, 0.4),
    duplicate: fc.constantFrom(0, 0.1, 0.5),
    corrupt: fc.constant(0),
    jitter: fc.constantFrom(0, 5, 60, 300),
  });
  fc.assert(
    fc.property(
      weather,
      fc.nat(0xffff),
      fc.array(fc.nat(4000), { maxLength: 60 }),
      (sky, seed, sizes) => {
        const network = new VirtualNetwork(CALM, seed);
        const { near, far } = connectedPair(network);
        network.weather = sky;
        const received = new Map<EnetPeer, number[]>([
          [near, []],
          [far, []],
        ]);
        const unordered: string[] = [];
        for (const [peer, list] of received) {
          peer.on('message', ({ channel, data }) => {
            if (channel === 1) list.push(data.readUInt32BE(0));
            else unordered.push(`${peer.id} ${channel} ${data.readUInt32BE(0)}`);
          });
        }
        sizes.forEach((size, index) => {
          for (const peer of [near, far]) {
            const data = Buffer.alloc(4 + size);
            data.writeUInt32BE(index, 0);
            peer.send(1, data, 'reliable');
            const short = data.subarray(0, 4);
            peer.send(2, short, index % 2 === 0 ? 'unreliable' : 'unsequenced');
          }
          network.run(seed % 7);
        });
        const done = (): boolean =>
          [...received.values()].every((list) => list.length === sizes.length);
        network.run(9000, done);
        const expected = sizes.map((_, index) => index);
        if (near.state === 'connected' && far.state === 'connected') {
          t.deepEqual([...received.values()], [expected, expected]);
        } else {
          // So much loss may end a connection; what arrived is still a beginning.
          for (const list of received.values()) t.deepEqual(list, expected.slice(0, list.length));
        }
        // Unsequenced and unreliable messages come at most once. Ids of both ends are 0.
        for (const entry of new Set(unordered)) {
          t.true(unordered.filter((other) => other === entry).length <= 2, entry);
        }
        network.weather = CALM;
        network.run(15_000);
        for (const peer of [near, far]) {
          t.is(peer.bufferedBytes, 0);
          t.true(peer.backlog <= 1);
        }
      },
    ),
    { seed: 11, numRuns: 25 },
  );
});

test('corruption never throws and nothing grows without bound', (t) => {
  for (let seed = 0; seed < 6; seed += 1) {
    const network = new VirtualNetwork(CALM, seed);
    const limits = { maxBufferedBytes: 50_000, maxBacklog: 500, maxQueuedBytes: 50_000 };
    const { client, host, near, far } = connectedPair(network, {
      client: { limits },
      host: { limits },
    });
    network.weather = { loss: 0.1, duplicate: 0.1, corrupt: 0.5, jitter: 20 };
    for (let round = 0; round < 300; round += 1) {
      for (const peer of [near, far]) {
        peer.send(
          round % 48,
          Buffer.alloc((round * 37) % 3000),
          round % 3 === 0 ? 'unreliable' : 'reliable',
        );
        t.true(peer.bufferedBytes <= 50_000 && peer.backlog <= 500);
      }
      network.run(3);
    }
    t.true(client.counters.malformed + host.counters.malformed > 0);
    t.true(client.peers.length <= 1 && host.peers.length <= 4);
  }
});

test('random datagrams never throw at either end and leave the connection alone', (t) => {
  const network = new VirtualNetwork();
  const { client, host, near, far } = connectedPair(network, { host: { maxHalfOpen: 2 } });
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 100 }),
      fc.constantFrom('', '0000', '8000dd2a', '8fffdd2a'),
      (random, head) => {
        const bytes = Buffer.concat([Buffer.from(head, 'hex'), random]);
        client.receive(bytes, addressOf(50));
        host.receive(bytes, addressOf(50));
        // From the right address too, but there it may say anything, goodbye included.
        network.settle();
        return near.state === 'connected';
      },
    ),
    { seed: 5, numRuns: 3000 },
  );
  t.true(host.peers.length <= 4);
  t.is(near.state, 'connected');
  t.true(far.bufferedBytes <= 1024 * 1024);
});

test('random commands from the true address never throw', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 3, maxLength: 60 }), { maxLength: 40 }),
      (list) => {
        const network = new VirtualNetwork();
        const { client, host, near, far } = connectedPair(network);
        list.forEach((random, index) => {
          const kind =
            [0x86, 0x07, 0x88, 0x49, 0x0c, 0x01, 0x83, 0x8a, 0x8b, 0x85][index % 10] ?? 0;
          const bytes = Buffer.concat([
            Buffer.from('8000dd2a', 'hex'),
            Buffer.from([kind]),
            random,
          ]);
          client.receive(bytes, addressOf(2));
          host.receive(bytes, addressOf(1));
          network.run(1);
        });
        t.true(near.bufferedBytes <= 1024 * 1024 && far.bufferedBytes <= 1024 * 1024);
      },
    ),
    { seed: 9, numRuns: 150 },
  );
});
