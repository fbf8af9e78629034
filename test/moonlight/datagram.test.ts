import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import test from 'ava';
import { silentLog } from '../../src/core/log.js';
import { FaultInjector, type FaultProfile } from '../../src/moonlight/datagram-faults.js';
import { DatagramSocket, type Endpoint } from '../../src/moonlight/datagram.js';

const log = silentLog();

/** A host and a client of it on loopback, and what each has heard. */
async function pair() {
  const heard: string[] = [];
  const answers: string[] = [];
  const sources: Endpoint[] = [];
  let wake = (): void => undefined;
  const host = new DatagramSocket({
    remote: null,
    local: { address: '127.0.0.1', port: 0 },
    receive: (datagram, from) => {
      heard.push(datagram.toString());
      sources.push({ address: from.address, port: from.port });
      host.send(Buffer.from(`${datagram.toString()}!`), from);
    },
    log,
  });
  await host.open();
  const client = new DatagramSocket({
    remote: { address: '127.0.0.1', port: host.localPort },
    receive: (datagram) => {
      answers.push(datagram.toString());
      wake();
    },
    log,
  });
  await client.open();
  const answered = async (count: number): Promise<void> => {
    while (answers.length < count) await new Promise<void>((resolve) => (wake = resolve));
  };
  return { host, client, heard, answers, sources, answered };
}

test('sends, answers, and says who asked', async (t) => {
  const { host, client, heard, answers, sources, answered } = await pair();
  client.send(Buffer.from('one'));
  await answered(1);
  t.deepEqual(heard, ['one']);
  t.deepEqual(answers, ['one!']);
  t.is(sources[0]?.port, client.localPort);
  t.is(client.stats.received, 1);
  t.is(client.stats.receivedBytes, 4);
  t.is(client.stats.sent, 1);
  client.close();
  client.close();
  host.close();
  t.true(client.closed);
  t.is(client.localPort, 0);
  client.send(Buffer.from('late'));
  t.is(client.stats.sent, 1);
});

test('datagrams of other addresses are dropped', async (t) => {
  const received: string[] = [];
  const socket = new DatagramSocket({
    remote: { address: '127.0.0.2', port: 9 },
    receive: (datagram) => received.push(datagram.toString()),
    log,
  });
  await socket.open();
  const [stranger, friend] = [createSocket('udp4'), createSocket('udp4')];
  t.teardown(() => {
    socket.close();
    stranger.close();
    friend.close();
  });
  stranger.bind(0, '127.0.0.1');
  friend.bind(0, '127.0.0.2');
  await Promise.all([once(stranger, 'listening'), once(friend, 'listening')]);
  stranger.send('no', socket.localPort, '127.0.0.1');
  while (socket.stats.foreign === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  // The port may differ: a host may send from another socket of its own.
  friend.send('yes', socket.localPort, '127.0.0.1');
  while (received.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  t.deepEqual(received, ['yes']);
});

test('an IPv6 address may be spelled in any way', async (t) => {
  const answers: string[] = [];
  const host = new DatagramSocket({
    remote: null,
    local: { address: '::1', port: 0 },
    receive: (datagram, from) => host.send(datagram, from),
    log,
  });
  try {
    await host.open();
  } catch {
    t.pass('this machine has no IPv6');
    return;
  }
  const client = new DatagramSocket({
    remote: { address: '0:0:0:0:0:0:0:1', port: host.localPort },
    receive: (datagram) => answers.push(datagram.toString()),
    log,
  });
  t.teardown(() => {
    client.close();
    host.close();
  });
  await client.open();
  client.send(Buffer.from('six'));
  while (answers.length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    t.is(client.stats.foreign, 0);
  }
  t.deepEqual(answers, ['six']);
});

test('what cannot be opened says so, and leaves nothing behind', async (t) => {
  const { host, client } = await pair();
  t.teardown(() => {
    host.close();
    client.close();
  });
  const options = { receive: () => undefined, log };
  const taken = new DatagramSocket({
    ...options,
    remote: null,
    local: { address: '127.0.0.1', port: host.localPort },
  });
  await t.throwsAsync(taken.open(), { code: 'HOST_UNREACHABLE' });
  t.true(taken.closed);
  const nowhere = new DatagramSocket({ ...options, remote: { address: 'no such host', port: 1 } });
  await t.throwsAsync(nowhere.open(), { code: 'HOST_UNREACHABLE' });
  await t.throwsAsync(client.open(), { code: 'CLOSED' });
  t.false(client.closed);
});

test('a port that nobody listens on is no error', async (t) => {
  const { host, client, answers, answered } = await pair();
  t.teardown(() => {
    client.close();
    host.close();
  });
  const gone = createSocket('udp4');
  gone.bind(0, '127.0.0.1');
  await once(gone, 'listening');
  const { port } = gone.address();
  gone.close();
  for (let at = 0; at < 5; at++) client.send(Buffer.from('x'), { address: '127.0.0.1', port });
  client.send(Buffer.from('still here'));
  await answered(1);
  t.deepEqual(answers, ['still here!']);
});

/** What becomes of 0…n−1; the fault injector delivers as it goes. */
function through(profile: FaultProfile, count: number, seed = 1): Buffer[] {
  const out: Buffer[] = [];
  const injector = new FaultInjector<null>(profile, seed, (datagram) => out.push(datagram));
  for (let at = 0; at < count; at++) {
    const datagram = Buffer.alloc(8);
    datagram.writeUInt32BE(at);
    injector.push(datagram, null);
  }
  injector.close();
  return out;
}

const numbers = (datagrams: readonly Buffer[]): number[] =>
  datagrams.map((datagram) => datagram.readUInt32BE(0));

test('faults: random and burst loss, the same for the same seed', (t) => {
  const lossy = through({ loss: 0.1 }, 10_000);
  t.true(lossy.length > 8800 && lossy.length < 9200, `${lossy.length}`);
  t.deepEqual(numbers(lossy), numbers(through({ loss: 0.1 }, 10_000)));
  t.notDeepEqual(numbers(lossy), numbers(through({ loss: 0.1 }, 10_000, 2)));

  const kept = numbers(through({ burst: { probability: 0.01, length: 7 } }, 10_000));
  const gaps = kept.slice(1).map((at, index) => at - (kept[index] ?? 0) - 1);
  t.true(gaps.every((gap) => gap % 7 === 0));
  t.true(gaps.filter((gap) => gap > 0).length > 50);
});

test('faults: duplication, corruption, reordering', (t) => {
  t.true(through({ duplicate: 0.2 }, 1000).length > 1100);
  const corrupt = through({ corrupt: 0.5 }, 1000);
  t.true(
    corrupt.filter((datagram, at) => datagram.readBigUInt64BE() !== BigInt(at) << 32n).length > 400,
  );
  const mixed = numbers(through({ reorder: 0.2, reorderDepth: 4 }, 1000));
  t.true(mixed.some((at, index) => at < (mixed[index - 1] ?? 0)));
  t.true(mixed.every((at, index) => Math.abs(at - index) <= 5));
  t.true(mixed.length >= 999);
});

test('faults: delay and jitter lose nothing, and mix', async (t) => {
  const out: number[] = [];
  const injector = new FaultInjector<null>({ delay: 2, jitter: 40 }, 3, (datagram) =>
    out.push(datagram.readUInt32BE(0)),
  );
  for (let at = 0; at < 200; at++) {
    const datagram = Buffer.alloc(4);
    datagram.writeUInt32BE(at);
    injector.push(datagram, null);
  }
  t.is(out.length, 0);
  while (out.length < 200) await new Promise((resolve) => setTimeout(resolve, 5));
  t.notDeepEqual(
    out,
    [...out].sort((one, other) => one - other),
  );
  injector.push(Buffer.alloc(4), null);
  injector.close();
  injector.push(Buffer.alloc(4), null);
  await new Promise((resolve) => setTimeout(resolve, 60));
  t.is(out.length, 200);
});
