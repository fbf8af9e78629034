import test, { type ExecutionContext } from 'ava';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { VideoPacketizer } from '../../../src/demo-host/media/video-packetizer.js';
import { silentLog } from '../../../src/core/log.js';
import type { AccessUnit } from '../../../src/moonlight/types.js';
import { OFFSET } from '../../../src/moonlight/video/packet.js';
import type { VideoStreamOptions } from '../../../src/moonlight/video/types.js';
import { VideoStream } from '../../../src/moonlight/video/video-stream.js';
import { CAPTURES, hashOf, packetsOf } from './captures.js';
import { FakeHost, until } from './fake-host.js';
import { frameTypeOf, picture } from './pictures.js';

const KEY = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');

function optionsFor(host: FakeHost): VideoStreamOptions {
  return {
    remote: { address: '127.0.0.1', port: host.port },
    pingPayload: null,
    key: KEY,
    encrypted: false,
    codec: 'h264',
    fps: 60,
    packetSize: 1024,
    referenceFrameInvalidation: false,
    log: silentLog(),
  };
}

async function open(
  t: ExecutionContext,
  changes: Partial<VideoStreamOptions> = {},
): Promise<{ host: FakeHost; stream: VideoStream }> {
  const host = await FakeHost.open();
  const stream = new VideoStream({ ...optionsFor(host), ...changes });
  t.teardown(() => {
    stream.close();
    host.close();
  });
  return { host, stream };
}

for (const capture of CAPTURES) {
  test(`${capture.file} over a socket`, async (t) => {
    const { host, stream } = await open(t, { packetSize: capture.packetSize });
    const units: AccessUnit[] = [];
    stream.on('access-unit', (unit) => units.push(unit));
    await stream.start();
    await host.pinged();
    t.is(host.pings[0]?.toString(), 'PING');
    const packets = packetsOf(capture, 'video').map((packet) => packet.data);
    for (let at = 0; at < packets.length; at += 32) {
      await host.send(packets.slice(at, at + 32));
      // Loopback drops what its buffers cannot take: wait for the receiver.
      await until(() => stream.stats.packets >= Math.min(packets.length, at + 32));
    }
    await until(() => units.length >= capture.frames);
    const whole = units.filter((unit) => unit.frameNumber < capture.frames);
    t.is(hashOf(whole.map((unit) => unit.data)), capture.hash);
    t.is(stream.stats.packets, packets.length);
    t.is(stream.stats.packetsInvalid, 0);
  });
}

test('encrypted: forged packets are counted and dropped, and the stream asks for an IDR', async (t) => {
  const { host, stream } = await open(t, {
    encrypted: true,
    pingPayload: '0123456789ABCDEF',
  });
  const units: AccessUnit[] = [];
  let asked = 0;
  stream.on('access-unit', (unit) => units.push(unit));
  stream.on('idr-needed', () => asked++);
  await stream.start();
  await host.pinged(2);
  t.is(host.pings[0]?.toString('hex'), '30313233343536373839414243444546' + '00000001');
  t.is(host.pings[1]?.readUInt32BE(16), 2);

  const packetizer = new VideoPacketizer({
    packetSize: 1024,
    style: 'sunshine',
    encryptionKey: KEY,
  });
  const frame = (frameNumber: number, idr: boolean): Buffer[] =>
    packetizer.packetize({
      data: picture('h264', idr, 3000, frameNumber),
      frameNumber,
      frameType: frameTypeOf(idr),
      rtpTimestamp: 1500 * frameNumber,
      hostLatency: 4,
    });
  await host.send(frame(1, false));
  await until(() => asked === 1);
  t.is(units.length, 0);
  const forged = frame(2, true).map((datagram, at) => {
    if (at === 1) datagram.writeUInt8(datagram.readUInt8(500) ^ 4, 500);
    return datagram;
  });
  await host.send([...forged, Buffer.from('garbage'), Buffer.alloc(0), Buffer.alloc(9000)]);
  await until(() => units.length === 1);
  t.deepEqual(units[0]?.data, picture('h264', true, 3000, 2));
  t.true(units[0]?.idr);
  t.is(units[0]?.rtpTimestamp, 3000);
  t.is(units[0]?.hostLatency, 4);
  await until(() => stream.stats.packetsInvalid === 3);
  t.is(stream.stats.packetsForged, 1);
  t.is(stream.stats.packetsRecovered, 1);
  t.true(stream.stats.idrRequests >= 1);
});

test('encrypted: parity of whole frames is neither opened nor counted as lost', async (t) => {
  const { host, stream } = await open(t, { encrypted: true });
  await stream.start();
  await host.pinged();
  const packetizer = new VideoPacketizer({
    packetSize: 1024,
    style: 'sunshine',
    encryptionKey: KEY,
  });
  let sent = 0;
  for (let frameNumber = 1; frameNumber <= 20; frameNumber++) {
    const idr = frameNumber === 1;
    const datagrams = packetizer.packetize({
      data: picture('h264', idr, 3000, frameNumber),
      frameNumber,
      frameType: frameTypeOf(idr),
      rtpTimestamp: 0,
    });
    const survivors = datagrams.slice(frameNumber === 10 ? 1 : 0);
    sent += survivors.length;
    await host.send(survivors);
  }
  await until(() => stream.stats.framesDelivered === 20 && stream.stats.packets === sent);
  t.true(stream.stats.packetsLost <= 1, `${stream.stats.packetsLost}`);
  t.is(stream.stats.packetsRecovered, 1);
});

for (const usable of [true, false]) {
  test(`long-term references are ${usable ? '' : 'not '}acknowledged`, async (t) => {
    const { host, stream } = await open(t, { referenceFrameInvalidation: usable });
    const kept: number[] = [];
    stream.on('long-term-reference', (frame) => kept.push(frame));
    await stream.start();
    await host.pinged();
    const packetizer = new VideoPacketizer({ packetSize: 1024, style: 'sunshine' });
    for (let frameNumber = 1; frameNumber <= 9; frameNumber++) {
      const idr = frameNumber === 1;
      const datagrams = packetizer.packetize({
        data: picture('h264', idr, 700, frameNumber),
        frameNumber,
        frameType: frameTypeOf(idr),
        rtpTimestamp: 0,
      });
      if (frameNumber % 4 === 0) datagrams[0]?.writeUInt8(1, OFFSET.EXTRA_FLAGS);
      await host.send(datagrams);
    }
    await until(() => stream.stats.framesDelivered === 9);
    t.deepEqual(kept, usable ? [4, 8] : []);
  });
}

test('a bad network on the way in, the same with the same seed', async (t) => {
  const receive = async (seed: number): Promise<string> => {
    const { host, stream } = await open(t, {
      referenceFrameInvalidation: true,
      faults: { seed, incoming: { loss: 0.05, burst: { probability: 0.003, length: 8 } } },
    });
    const packetizer = new VideoPacketizer({ packetSize: 1024, style: 'wolf' });
    const sent: Buffer[] = [];
    stream.on('access-unit', (unit) => {
      t.true(unit.data.equals(sent[unit.frameNumber] ?? Buffer.alloc(0)));
    });
    await stream.start();
    await host.pinged();
    let packets = 0;
    for (let frameNumber = 0; frameNumber < 200; frameNumber++) {
      const data = picture('h264', frameNumber % 20 === 0, 5000, frameNumber);
      sent.push(data);
      const datagrams = packetizer.packetize({
        data,
        frameNumber,
        frameType: frameTypeOf(frameNumber % 20 === 0),
        rtpTimestamp: 0,
      });
      packets += datagrams.length;
      await host.send(datagrams);
    }
    await until(() => stream.stats.framesComplete + stream.stats.framesLost >= 199);
    t.true(stream.stats.framesComplete > 120);
    t.true(stream.stats.packetsRecovered > 10);
    stream.close();
    return `${packets} ${stream.stats.packets}`;
  };
  t.is(await receive(4), await receive(4));
});

test('a listener that throws costs nothing but its own call', async (t) => {
  const { host, stream } = await open(t);
  let seen = 0;
  stream.on('access-unit', () => {
    seen++;
    throw new Error('on purpose');
  });
  await stream.start();
  await host.pinged();
  const packetizer = new VideoPacketizer({ packetSize: 1024, style: 'sunshine' });
  for (let frameNumber = 1; frameNumber <= 5; frameNumber++) {
    const data = picture('h264', frameNumber === 1, 100, frameNumber);
    const frameType = frameTypeOf(frameNumber === 1);
    await host.send(packetizer.packetize({ data, frameNumber, frameType, rtpTimestamp: 0 }));
  }
  await until(() => seen === 5);
  t.is(stream.stats.framesDelivered, 5);
});

test('close is final at any time, and a second start is refused', async (t) => {
  const host = await FakeHost.open();
  t.teardown(() => host.close());
  const stream = new VideoStream(optionsFor(host));
  const starting = stream.start();
  stream.close();
  stream.close();
  await t.throwsAsync(starting, { code: 'CLOSED' });
  await t.throwsAsync(stream.start(), { code: 'CLOSED' });
  t.true(stream.closed);
  t.is(stream.localPort, 0);

  const unknown = new VideoStream({ ...optionsFor(host), remote: { address: 'no host', port: 1 } });
  await t.throwsAsync(unknown.start(), { code: 'HOST_UNREACHABLE' });
  unknown.close();
});

test('no datagram in time is −100, datagrams without an IDR are −101', async (t) => {
  for (const code of [-100, -101]) {
    // The datagram of the second round must come before the first deadline, on any machine.
    const startDeadline = code === -101 ? 3000 : 300;
    const { host, stream } = await open(t, { startDeadline });
    const failures: number[] = [];
    stream.on('failed', (failure) => failures.push(failure.code));
    await stream.start();
    await host.pinged();
    if (code === -101) await host.send([Buffer.alloc(50)]);
    await until(() => failures.length > 0);
    // It is said once.
    await new Promise((resolve) => setTimeout(resolve, 100));
    t.deepEqual(failures, [code]);
  }
});

test('what waits in the kernel while this process is held up is not late', async (t) => {
  const { host, stream } = await open(t);
  const units: AccessUnit[] = [];
  stream.on('access-unit', (unit) => units.push(unit));
  await stream.start();
  await host.pinged();
  const packetizer = new VideoPacketizer({ packetSize: 1024, style: 'sunshine', fecPercentage: 0 });
  const frames = [1, 2, 3].map((frameNumber) =>
    packetizer.packetize({
      data: picture('h264', frameNumber === 1, 3000, frameNumber),
      frameNumber,
      frameType: frameTypeOf(frameNumber === 1),
      rtpTimestamp: 0,
    }),
  );
  const [first = [], [held, ...second] = [], third = []] = frames;
  if (held === undefined) throw new Error('an empty frame');
  await host.send(first);
  await until(() => units.length === 1);
  const before = stream.stats.packets + second.length + third.length;
  await host.send([...second, ...third]);
  await until(() => stream.stats.packets === before);
  // A connected socket sends at once: the datagram is in the kernel when the pause begins.
  const sender = createSocket('udp4');
  t.teardown(() => sender.close());
  sender.connect(stream.localPort, '127.0.0.1');
  await once(sender, 'connect');
  sender.send(held);
  const end = performance.now() + 400;
  while (performance.now() < end);
  await until(() => units.length === 3);
  t.is(stream.stats.framesLost, 0);
  const last = units[2]?.receivedAt ?? 0;
  t.true(last <= performance.now() && last > end - 1000);
});

test('a frame that is refused is not counted and told as one that the network lost', async (t) => {
  const { host, stream } = await open(t);
  let asked = 0;
  stream.on('idr-needed', () => (asked += 1));
  await stream.start();
  await host.pinged();
  const packetizer = new VideoPacketizer({ packetSize: 1024, style: 'sunshine' });
  const send = (frameNumber: number, data: Buffer): Promise<void> =>
    host.send(
      packetizer.packetize({
        data,
        frameNumber,
        frameType: frameTypeOf(frameNumber === 1),
        rtpTimestamp: 0,
      }),
    );
  const delivered: number[] = [];
  stream.on('access-unit', ({ frameNumber }) => delivered.push(frameNumber));
  await send(1, picture('h264', true, 3000, 1));
  // No byte stream, as a host that cannot encode what it agreed to might send.
  for (let frameNumber = 2; frameNumber <= 60; frameNumber++) {
    await send(frameNumber, Buffer.alloc(3000, 0x55));
  }
  await until(() => stream.stats.framesRefused === 59);
  t.is(stream.stats.framesLost, 0);
  t.is(stream.stats.packetsLost, 0);
  // Its successors refer to it all the same: a key frame is asked for.
  t.true(asked > 0);
  await send(61, picture('h264', false, 300, 61));
  await send(62, picture('h264', true, 300, 62));
  await until(() => delivered.includes(62));
  t.deepEqual(delivered, [1, 62]);
});
