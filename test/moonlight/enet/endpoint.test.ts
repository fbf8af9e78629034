import test from 'ava';
import type { EnetPeer } from '../../../src/moonlight/enet/peer.js';
import { encodeCommand, encodeDatagram } from '../../../src/moonlight/enet/encode.js';
import { TRACE } from './trace.js';
import { addressOf, CALM, connectedPair, inbox, VirtualNetwork } from './virtual-network.js';

function ends(peer: EnetPeer): { data: number; reason: string }[] {
  const seen: { data: number; reason: string }[] = [];
  peer.on('disconnect', (event) => seen.push(event));
  return seen;
}

test('handshake: both sides know channels, data and number', (t) => {
  const network = new VirtualNetwork();
  const { near, far } = connectedPair(network, { host: { maxChannels: 40 } });
  t.is(near.channelCount, 40);
  t.is(far.channelCount, 40);
  t.is(far.connectData, 0x12345678);
  t.is(far.connectId, near.connectId);
  t.deepEqual(far.address, addressOf(1));
});

test('a second connection through the same slots uses other session numbers', (t) => {
  const network = new VirtualNetwork();
  const peers: EnetPeer[] = [];
  const client = network.endpoint(1);
  network.endpoint(2, { accepts: true, peers });
  const sessions: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const near = client.connect(addressOf(2));
    network.run(1000, () => near.state === 'connected');
    network.run(5);
    near.send(0, Buffer.from('hello'), 'reliable');
    network.run(5);
    const last = network.sent.findLast(({ from, bytes }) => from === 1 && bytes.length > 10);
    sessions.push(((last?.bytes[0] ?? 0) >> 4) & 3);
    near.disconnect('graceful');
    network.run(100, () => near.closed);
  }
  t.deepEqual(sessions, [0, 1, 2, 3, 0]);
  t.is(peers.length, 5);
});

test('a repeated CONNECT makes no second peer, before or after the handshake', (t) => {
  const network = new VirtualNetwork();
  const { host, far } = connectedPair(network);
  const connect = network.sent[0]?.bytes ?? Buffer.alloc(0);
  const before = network.sent.length;
  for (let count = 0; count < 10; count += 1) host.receive(connect, addressOf(1));
  network.settle();
  t.deepEqual(host.peers, [far]);
  t.is(network.sent.length, before);
  host.receive(connect, addressOf(3));
  t.is(host.peers.length, 2);
});

test('unfinished handshakes are bounded and given up after five seconds', (t) => {
  const network = new VirtualNetwork();
  const host = network.endpoint(2, { accepts: true, maxPeers: 100, maxHalfOpen: 3 });
  for (let port = 10; port < 30; port += 1) host.receive(TRACE.connect, addressOf(port));
  t.is(host.peers.length, 3);
  t.is(host.counters.refused, 17);
  network.run(5100);
  t.is(host.peers.length, 0);
  host.receive(TRACE.connect, addressOf(10));
  t.is(host.peers.length, 1);
});

test('who is not admitted, or finds no slot, gets no answer', (t) => {
  const network = new VirtualNetwork();
  const host = network.endpoint(2, { accepts: true, admit: ({ data }) => data === 7 });
  const client = network.endpoint(1, { maxPeers: 3 });
  const wrong = client.connect(addressOf(2), { data: 6, timeout: 300 });
  const right = client.connect(addressOf(2), { data: 7 });
  const seen = ends(wrong);
  network.run(400);
  t.deepEqual(seen, [{ data: 0, reason: 'timeout' }]);
  t.is(right.state, 'connected');
  t.is(host.peers.length, 1);
  const late = client.connect(addressOf(2), { data: 7, timeout: 300 });
  network.run(400);
  t.true(late.closed);
});

test('a VERIFY_CONNECT for another connection is ignored, one with other terms ends it', (t) => {
  const network = new VirtualNetwork();
  const client = network.endpoint(1, { connectId: () => 0xe0d0e13f });
  const peer = client.connect(addressOf(9));
  const seen = ends(peer);
  const other = Buffer.from(TRACE.verify);
  other.writeUInt32BE(5, other.length - 4);
  client.receive(other, addressOf(9));
  network.settle();
  t.is(peer.state, 'connecting');
  const terms = Buffer.from(TRACE.verify);
  terms.writeUInt32BE(5001, terms.length - 16);
  client.receive(terms, addressOf(9));
  network.settle();
  t.deepEqual(seen, [{ data: 0, reason: 'refused' }]);
  t.is(client.peers.length, 0);
});

test('a lost CONNECT is sent again after 504 ms, then at growing distance', (t) => {
  const network = new VirtualNetwork({ ...CALM, loss: 1 });
  const client = network.endpoint(1);
  const start = network.now;
  const peer = client.connect(addressOf(2), {
    timeout: 4000,
    timeouts: { limit: 32, minimum: 5000, maximum: 30_000 },
  });
  const times: number[] = [];
  let seen = 0;
  while (!peer.closed && network.now < start + 5000) {
    network.run(1);
    if (network.sent.length > seen) times.push(network.now - start - 1);
    seen = network.sent.length;
  }
  t.deepEqual(times.slice(1), [504 - 1, 504 + 1008 - 1, 504 + 1008 + 1512 - 1]);
  t.is(network.now, start + 4000);
});

test('duplicates are acknowledged again and delivered once', (t) => {
  const network = new VirtualNetwork();
  const { host, near, far } = connectedPair(network);
  network.run(20);
  const received = inbox(far);
  near.send(3, Buffer.from('once'), 'reliable');
  network.settle();
  const bytes = network.sent.at(-1)?.bytes ?? Buffer.alloc(0);
  network.run(5);
  const before = network.sent.length;
  host.receive(bytes, addressOf(1));
  host.receive(bytes, addressOf(1));
  network.settle();
  t.deepEqual(received, [{ channel: 3, text: 'once' }]);
  const answers = network.sent.slice(before);
  t.is(answers.length, 1);
  t.regex(answers[0]?.bytes.toString('hex') ?? '', /^0000(010300010001....){2}$/);
});

test('all that one turn sends shares a datagram', (t) => {
  const network = new VirtualNetwork();
  const { near, far } = connectedPair(network);
  network.run(20);
  const received = inbox(far);
  const before = network.sent.length;
  for (const channel of [1, 2, 3]) near.send(channel, Buffer.from('x'), 'reliable');
  near.send(4, Buffer.from('y'), 'unreliable');
  network.settle();
  t.is(network.sent.length, before + 1);
  network.run(5);
  t.is(received.length, 4);
});

test('a large message travels in fragments whatever the delivery asked for', (t) => {
  const network = new VirtualNetwork();
  const { near, far } = connectedPair(network);
  const received: Buffer[] = [];
  far.on('message', ({ data }) => received.push(data));
  const large = Buffer.alloc(200_000, 'moontee');
  t.true(near.send(0, large, 'reliable'));
  t.true(near.send(0, large.subarray(0, 873), 'unreliable'));
  t.true(near.send(0, Buffer.alloc(0), 'reliable'));
  network.run(3000, () => received.length === 3);
  t.deepEqual(received, [large, large.subarray(0, 873), Buffer.alloc(0)]);
  t.is(far.bufferedBytes, 0);
});

test('unacknowledged bytes stay within the window of the other side', (t) => {
  const network = new VirtualNetwork();
  const { near } = connectedPair(network);
  network.run(20);
  network.weather = { ...CALM, loss: 1 };
  const before = network.sent.length;
  for (let count = 0; count < 200; count += 1) near.send(0, Buffer.alloc(872), 'reliable');
  network.settle();
  const sent = network.sent.slice(before).reduce((sum, { bytes }) => sum + bytes.length - 10, 0);
  t.true(sent <= 65_536, `${sent}`);
  t.true(sent > 60_000, `${sent}`);
});

test('send refuses what is out of bounds', (t) => {
  const network = new VirtualNetwork();
  const limits = { maxMessageSize: 2000, maxQueuedBytes: 5000, maxBacklog: 10 };
  const { near } = connectedPair(network, { client: { limits } });
  network.run(20);
  const small = Buffer.alloc(10);
  t.false(near.send(48, small, 'reliable'));
  t.false(near.send(-1, small, 'reliable'));
  t.false(near.send(0, Buffer.alloc(2001), 'reliable'));
  let taken = 0;
  while (taken < 100 && near.send(0, small, 'reliable')) taken += 1;
  t.is(taken, 10);
  near.disconnect('now');
  t.false(near.send(0, small, 'reliable'));
});

test('a silent peer is lost after ten seconds, not earlier', (t) => {
  const network = new VirtualNetwork();
  const { near } = connectedPair(network);
  network.run(20);
  const seen = ends(near);
  network.weather = { ...CALM, loss: 1 };
  const start = network.now;
  near.send(0, Buffer.from('anybody?'), 'reliable');
  network.run(30_000, () => near.closed);
  t.deepEqual(seen, [{ data: 0, reason: 'timeout' }]);
  t.true(network.now - start >= 10_000 && network.now - start < 10_300, `${network.now - start}`);
});

test('an idle connection is kept alive by pings of both sides', (t) => {
  const network = new VirtualNetwork();
  const { near, far } = connectedPair(network);
  network.run(20);
  const before = network.sent.length;
  network.run(60_000);
  t.is(near.state, 'connected');
  t.is(far.state, 'connected');
  const pings = network.sent
    .slice(before)
    .filter(({ bytes }) => bytes.includes(Buffer.from('85ff', 'hex'))).length;
  t.true(pings > 220 && pings <= 240, `${pings}`);
});

test('disconnect now: one datagram, both gone', (t) => {
  const network = new VirtualNetwork();
  const { near, far, client, host } = connectedPair(network);
  network.run(20);
  const local = ends(near);
  const remote = ends(far);
  near.send(0, Buffer.from('never sent'), 'reliable');
  near.disconnect('now', 9);
  near.disconnect('now', 9);
  network.settle();
  t.is(network.sent.at(-1)?.bytes.toString('hex'), '000044ff000300000009');
  network.run(5);
  t.deepEqual(local, [{ data: 9, reason: 'local' }]);
  t.deepEqual(remote, [{ data: 9, reason: 'remote' }]);
  t.deepEqual([client.peers, host.peers], [[], []]);
});

test('disconnect later delivers what is queued, graceful drops it', (t) => {
  for (const how of ['later', 'graceful'] as const) {
    const network = new VirtualNetwork();
    const { near, far } = connectedPair(network);
    network.run(20);
    const received = inbox(far);
    const remote = ends(far);
    for (let count = 0; count < 300; count += 1) near.send(0, Buffer.alloc(800), 'reliable');
    near.disconnect(how, 3);
    t.false(near.send(0, Buffer.from('too late'), 'reliable'));
    network.run(5000, () => near.closed && far.closed);
    t.is(received.length, how === 'later' ? 300 : 0);
    t.deepEqual(remote, [{ data: 3, reason: 'remote' }]);
    t.true(near.closed);
  }
});

test('a DISCONNECT that is ignored at first is sent again', (t) => {
  const network = new VirtualNetwork();
  const { near, far } = connectedPair(network);
  network.run(20);
  network.weather = { ...CALM, loss: 1 };
  far.disconnect('graceful');
  network.run(100);
  t.false(far.closed);
  network.weather = CALM;
  network.run(1000, () => far.closed);
  t.true(near.closed && far.closed);
});

test('a DISCONNECT whose acknowledgement was lost is acknowledged again', (t) => {
  const network = new VirtualNetwork();
  const { host, near, far } = connectedPair(network);
  network.run(20);
  near.disconnect('graceful', 4);
  network.settle();
  network.run(1, () => far.closed);
  t.true(far.closed);
  const [disconnect, acknowledgement] = network.sent.slice(-2);
  if (disconnect === undefined || acknowledgement === undefined) return t.fail();
  t.is(host.peers.length, 0);
  host.receive(disconnect.bytes, addressOf(1));
  t.deepEqual(network.sent.at(-1), acknowledgement);
  const before = network.sent.length;
  host.receive(disconnect.bytes, addressOf(2));
  host.receive(Buffer.from('8000dd2a85ff0002', 'hex'), addressOf(1));
  network.settle();
  t.is(network.sent.length, before);
});

test('a disconnect that nobody acknowledges is over after five seconds', (t) => {
  const network = new VirtualNetwork();
  const { host, far } = connectedPair(network);
  network.run(20);
  const seen = ends(far);
  network.weather = { ...CALM, loss: 1 };
  const start = network.now;
  far.disconnect('graceful', 1);
  network.run(20_000, () => far.closed);
  t.is(network.now - start, 5000);
  t.deepEqual(seen, [{ data: 1, reason: 'local' }]);
  t.is(host.peers.length, 0);
});

test('both sides may disconnect at once', (t) => {
  const network = new VirtualNetwork();
  const { near, far } = connectedPair(network);
  network.run(20);
  near.disconnect('graceful');
  far.disconnect('graceful');
  network.run(20);
  t.true(near.closed && far.closed);
});

test('who connected to us may move; whom we called may not', (t) => {
  const network = new VirtualNetwork();
  const { client, host, near, far } = connectedPair(network);
  network.run(20);
  const received = inbox(far);
  near.send(0, Buffer.from('moved'), 'reliable');
  network.settle();
  const bytes = network.sent.at(-1)?.bytes ?? Buffer.alloc(0);
  host.receive(bytes, addressOf(77));
  t.deepEqual(far.address, addressOf(77));
  network.run(5);
  t.is(received.length, 1);

  const foreign = client.counters.foreign;
  client.receive(Buffer.from('000044ff000300000009', 'hex'), addressOf(78));
  network.run(5);
  t.is(near.state, 'connected');
  t.is(client.counters.foreign, foreign + 1);
});

test('the wrong session number or peer number changes nothing', (t) => {
  const network = new VirtualNetwork();
  const { host, far } = connectedPair(network);
  const disconnect = encodeCommand({
    kind: 'disconnect',
    channel: 0xff,
    sequence: 9,
    acknowledge: false,
    unsequenced: true,
    data: 0,
  });
  for (const [peerId, session] of [
    [0, 1],
    [0, 2],
    [1, 0],
    [0xffe, 0],
  ] as const) {
    host.receive(encodeDatagram(peerId, session, undefined, [disconnect]), addressOf(1));
  }
  network.settle();
  t.is(far.state, 'connected');
  t.is(host.counters.foreign, 4);
});

test('an acknowledgement of a time before the command was sent does not spoil the round trip', (t) => {
  const network = new VirtualNetwork();
  const { client, near } = connectedPair(network);
  network.run(20);
  const roundTrip = near.roundTrip;
  near.send(0, Buffer.from('x'), 'reliable');
  network.settle();
  const lie = encodeCommand({
    kind: 'acknowledge',
    channel: 0,
    sequence: 1,
    acknowledge: false,
    unsequenced: false,
    receivedSequence: 1,
    receivedSentTime: (network.now + 100) & 0xffff,
  });
  client.receive(encodeDatagram(0, 0, undefined, [lie]), addressOf(2));
  t.is(near.roundTrip, roundTrip);
  t.true(near.isIdle(0));
});

test('a listener that throws does not disturb the connection', (t) => {
  const network = new VirtualNetwork();
  const { near, far } = connectedPair(network);
  far.once('message', () => {
    throw new Error('bad listener');
  });
  const received = inbox(far);
  near.send(0, Buffer.from('a'), 'reliable');
  near.send(0, Buffer.from('b'), 'reliable');
  network.run(20);
  t.deepEqual(
    received.map(({ text }) => text),
    ['b'],
  );
  t.is(far.state, 'connected');
});

test('no peer is left over: LIMIT_REACHED', (t) => {
  const client = new VirtualNetwork().endpoint(1);
  client.connect(addressOf(2));
  t.throws(() => client.connect(addressOf(2)), { message: 'No ENet peer is free' });
});
