import test from 'ava';
import { silentLog } from '../../../src/core/log.js';
import { EnetEndpoint } from '../../../src/moonlight/enet/endpoint.js';
import type { EnetPeer } from '../../../src/moonlight/enet/peer.js';
import { LARGE, TRACE } from './trace.js';
import { addressOf } from './virtual-network.js';

/** An endpoint whose clock and connection number are those of the trace. */
function endpoint(accepts: boolean) {
  const clock = { now: 0xdd23 };
  const sent: Buffer[] = [];
  const accepted: EnetPeer[] = [];
  const subject = new EnetEndpoint({
    log: silentLog(),
    now: () => clock.now,
    transmit: (bytes) => sent.push(bytes),
    touched: () => undefined,
    accepted: (peer) => accepted.push(peer),
    accepts,
    connectId: () => 0xe0d0e13f,
  });
  const take = (): string[] => {
    subject.settle();
    return sent.splice(0).map((bytes) => bytes.toString('hex'));
  };
  const receive = (bytes: Buffer): string[] => {
    subject.receive(bytes, addressOf(9));
    return take();
  };
  return { subject, clock, accepted, take, receive };
}

function hex(...datagrams: Buffer[]): string[] {
  return datagrams.map((bytes) => bytes.toString('hex'));
}

test("our client's datagrams are those of the reference client", (t) => {
  const { subject, clock, take, receive } = endpoint(false);
  const peer = subject.connect(addressOf(9), { data: 0x12345678 });
  t.deepEqual(take(), hex(TRACE.connect));

  clock.now = 0xdd2a;
  t.deepEqual(receive(TRACE.verify), hex(TRACE.acknowledgeAndPing));
  t.is(peer.state, 'connected');
  t.true(peer.send(0, Buffer.from('ABCD'), 'reliable'));
  t.deepEqual(take(), hex(TRACE.reliable));
  t.deepEqual(receive(TRACE.acknowledgePing), []);
  t.deepEqual(receive(TRACE.acknowledgeReliable), []);
  t.true(peer.isIdle());

  t.true(peer.send(0, Buffer.from('UNSQ'), 'unsequenced'));
  t.deepEqual(take(), hex(TRACE.unsequenced));

  clock.now = 0xddf9;
  t.true(peer.send(1, LARGE, 'reliable'));
  t.deepEqual(take(), hex(TRACE.fragment0, TRACE.fragment1, TRACE.fragment2));

  t.deepEqual(receive(TRACE.bandwidthLimit), hex(TRACE.acknowledgeBandwidthLimit));
});

test('"disconnect now" is one datagram that wants no answer, and counts like others', (t) => {
  const { subject, clock, take, receive } = endpoint(false);
  const peer = subject.connect(addressOf(9));
  take();
  clock.now = 0xdd2a;
  receive(TRACE.verify);
  receive(TRACE.acknowledgePing);
  clock.now += 1000;
  subject.service();
  t.is(take().length, 1);
  peer.disconnect('now');
  t.deepEqual(take(), ['000044ff000400000000']);
});

test("an unreliable message carries its channel's reliable number", (t) => {
  const { subject, clock, take, receive } = endpoint(false);
  const peer = subject.connect(addressOf(9), { data: 0x12345678 });
  take();
  clock.now = 0xdd2a;
  receive(TRACE.verify);
  peer.send(0x10, Buffer.from('x'), 'reliable');
  take();
  t.true(peer.send(0x10, Buffer.from('UNRL'), 'unreliable'));
  t.deepEqual(take(), hex(TRACE.unreliable));
});

test("our host's answers are those of the reference host", (t) => {
  const { clock, accepted, receive } = endpoint(true);
  clock.now = 0xdd2a;
  t.deepEqual(receive(TRACE.connect), hex(TRACE.verify));
  // The acknowledgement in the same datagram opens the connection for the PING behind it.
  t.deepEqual(receive(TRACE.acknowledgeAndPing), hex(TRACE.acknowledgePing));
  const [peer] = accepted;
  if (peer === undefined) return t.fail('not accepted');
  t.is(peer.connectData, 0x12345678);
  const messages: Buffer[] = [];
  const ends: unknown[] = [];
  peer.on('message', ({ data }) => messages.push(data));
  peer.on('disconnect', (event) => ends.push(event));

  t.deepEqual(receive(TRACE.reliable), hex(TRACE.acknowledgeReliable));
  t.deepEqual(receive(TRACE.unsequenced), []);
  for (const fragment of [TRACE.fragment2, TRACE.fragment0, TRACE.fragment1]) {
    t.is(receive(fragment).length, 1);
  }
  t.deepEqual(messages, [Buffer.from('ABCD'), Buffer.from('UNSQ'), LARGE]);

  t.deepEqual(receive(TRACE.disconnect), hex(TRACE.acknowledgeDisconnect));
  t.deepEqual(ends, [{ data: 0, reason: 'remote' }]);
  t.is(peer.state, 'closed');
});
