import test from 'ava';
import { AudioPacketizer } from '../../../src/demo-host/media/audio-packetizer.js';
import { silentLog } from '../../../src/core/log.js';
import { AudioStream } from '../../../src/moonlight/audio/audio-stream.js';
import type { OpusPacket } from '../../../src/moonlight/types.js';
import { FakeHost, until } from '../video/fake-host.js';

const KEY = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');

for (const encrypted of [false, true]) {
  test(`${encrypted ? 'encrypted' : 'clear'} sound over a socket that loses packets`, async (t) => {
    const host = await FakeHost.open();
    const stream = new AudioStream({
      remote: { address: '127.0.0.1', port: host.port },
      pingPayload: 'abcdefghijklmnop',
      key: KEY,
      keyId: -5,
      encrypted,
      packetDuration: 5,
      log: silentLog(),
    });
    t.teardown(() => {
      stream.close();
      host.close();
    });
    const heard: OpusPacket[] = [];
    stream.on('packet', (packet) => heard.push(packet));
    await stream.start();
    await host.pinged();
    t.is(host.pings[0]?.toString('latin1'), 'abcdefghijklmnop\0\0\0\x01');

    const packetizer = new AudioPacketizer({
      packetDuration: 5,
      style: 'sunshine',
      encryption: encrypted ? { key: KEY, keyId: -5 } : null,
    });
    for (let sequence = 0; sequence < 200; sequence++) {
      const datagrams = packetizer.packetize(Buffer.alloc(80, sequence));
      // Two of every six are lost: the second packet, and the first of parity.
      await host.send(datagrams.filter((_, at) => at !== 1 && (sequence % 4 !== 1 || at > 0)));
    }
    await host.send([Buffer.from('x'), Buffer.alloc(5000), Buffer.alloc(40)]);
    await until(() => heard.length === 200 && stream.stats.invalid === 3);
    heard.forEach((packet, sequence) => {
      t.is(packet.sequence, sequence);
      t.true(packet.data.equals(Buffer.alloc(80, sequence)));
    });
    t.is(stream.stats.recovered, 50);
    t.is(stream.stats.lost, 0);
  });
}

test('sound under another key is not handed out', async (t) => {
  const host = await FakeHost.open();
  const stream = new AudioStream({
    remote: { address: '127.0.0.1', port: host.port },
    pingPayload: null,
    key: KEY,
    keyId: 1,
    encrypted: true,
    packetDuration: 5,
    log: silentLog(),
  });
  t.teardown(() => {
    stream.close();
    host.close();
  });
  stream.on('packet', () => t.fail('a packet came through'));
  await stream.start();
  await host.pinged();
  const packetizer = new AudioPacketizer({ packetDuration: 5, style: 'wolf' });
  for (let at = 0; at < 8; at++) await host.send(packetizer.packetize(Buffer.alloc(61, 1)));
  await until(() => stream.stats.invalid === 8);
  t.is(stream.stats.delivered, 0);
});
