import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import test, { type ExecutionContext } from 'ava';
import { silentLog } from '../../../src/core/log.js';
import { ControlStream } from '../../../src/moonlight/control/control-stream.js';
import type { ControlStreamOptions } from '../../../src/moonlight/control/types.js';
import type { FrameFecStatus } from '../../../src/moonlight/control/client-messages.js';
import type { HostInput, HostMessage, Termination } from '../../../src/moonlight/types.js';
import { RIKEY, TestHost } from './test-host.js';

interface Fixture {
  host: TestHost;
  stream: ControlStream;
  ends: Termination[];
}

async function start(
  t: ExecutionContext,
  options: Partial<ControlStreamOptions> & { connect?: boolean } = {},
): Promise<Fixture> {
  const host = new TestHost(options.encryption ?? 2, options.rikey ?? RIKEY);
  await host.open();
  const { connect = true, ...rest } = options;
  const stream = new ControlStream({
    host: '127.0.0.1',
    port: host.port,
    rikey: RIKEY,
    encryption: 2,
    connectData: 77,
    hostFeatures: { touchAndPen: true, padTouchAndMotion: true },
    log: silentLog(),
    ...rest,
  });
  const ends: Termination[] = [];
  stream.on('closed', (termination) => ends.push(termination));
  t.teardown(async () => {
    await stream.close();
    host.close();
  });
  if (connect) {
    await stream.connect();
    await host.received((messages) => messages.length >= 3);
  }
  return { host, stream, ends };
}

async function next<Value>(stream: ControlStream, event: 'message' | 'closed'): Promise<Value> {
  const [value] = (await once(stream, event)) as [Value];
  return value;
}

const STATUS: FrameFecStatus = {
  frameNumber: 1,
  highestReceived: 2,
  nextContiguous: 3,
  missingBeforeHighest: 4,
  totalData: 5,
  totalParity: 6,
  receivedData: 7,
  receivedParity: 8,
  fecPercentage: 20,
  blockIndex: 0,
  blockCount: 1,
};

for (const encryption of [1, 2] as const) {
  test(`version ${encryption}: start-up order, pings go on`, async (t) => {
    const { host, stream } = await start(t, { encryption });
    t.true(stream.connected);
    t.is(host.peer?.connectData, 77);
    t.is(host.peer?.channelCount, 48);
    await host.received((messages) => messages.filter(({ type }) => type === 'ping').length >= 4);
    t.deepEqual(
      host.messages.slice(0, 4).map(({ type, channel }) => [type, channel]),
      [
        ['request-idr', 0],
        ['start-b', 0],
        ['ping', 0],
        ['ping', 0],
      ],
    );
    t.true(stream.roundTrip >= 1);
  });
}

test('IDR requests after the first go out on channel 1, as do other urgent ones', async (t) => {
  const { host, stream } = await start(t);
  stream.requestIdr();
  stream.invalidateReferenceFrames(3, 7);
  stream.acknowledgeLongTermReference(9);
  const urgent = () => host.messages.filter(({ channel }) => channel === 1);
  await host.received(() => urgent().length === 3);
  t.deepEqual(urgent(), [
    { channel: 1, type: 'request-idr' },
    { channel: 1, type: 'invalidate-reference-frames', first: 3, last: 7 },
    { channel: 1, type: 'long-term-reference-ack', frameNumber: 9 },
  ]);
});

test('FEC status leaves before the next ping, eight at most, the newest', async (t) => {
  const { host, stream } = await start(t);
  for (let frameNumber = 1; frameNumber <= 12; frameNumber += 1) {
    stream.reportFecStatus({ ...STATUS, frameNumber });
  }
  const frames = (): number[] =>
    host.messages.flatMap((message) =>
      message.type === 'frame-fec-status' ? [message.status.frameNumber] : [],
    );
  await host.received(() => frames().length === 8);
  t.deepEqual(frames(), [5, 6, 7, 8, 9, 10, 11, 12]);
});

test('haptics come before the first input; the pointer goes there and back', async (t) => {
  const { host, stream } = await start(t);
  stream.startInput();
  await host.received(() => host.inputs.length === 2);
  t.deepEqual(host.inputs, [
    { type: 'mouse-move', dx: 1, dy: 1 },
    { type: 'mouse-move', dx: -1, dy: -1 },
  ]);
  const input = host.messages.filter(({ type }) => type === 'input');
  t.is(input.length, 3);
  t.is(input[0]?.channel, 0);
});

test('input of every device arrives on its channel', async (t) => {
  const { host, stream } = await start(t);
  const inputs: HostInput[] = [
    { type: 'key', down: true, keyCode: 65, modifiers: 0, flags: 0 },
    { type: 'mouse-button', down: true, button: 1 },
    { type: 'pad-battery', pad: 3, state: 1, percent: 50 },
    { type: 'pad-motion', pad: 3, sensor: 'gyro', x: 0, y: 0, z: 0 },
  ];
  for (const input of inputs) t.is(stream.sendInput(input), 'taken');
  await host.received(() => host.inputs.length === 4);
  t.deepEqual(host.inputs, inputs);
  const channels = host.messages.flatMap((m) => (m.type === 'input' ? [m.channel] : []));
  t.deepEqual(channels, [0, 2, 3, 0x13, 0x23]);
});

test('a host of another kind gets everything reliably on channel 0, without extensions', async (t) => {
  const { host, stream } = await start(t, { hostVersion: [7, 1, 431, 0] });
  stream.requestIdr();
  t.is(stream.sendInput({ type: 'horizontal-scroll', amount: 120 }), 'unsupported');
  t.is(stream.sendInput({ type: 'scroll', amount: 120 }), 'taken');
  stream.reportFecStatus(STATUS);
  await host.received((messages) => messages.some(({ type }) => type === 'frame-fec-status'));
  t.true(host.messages.every(({ channel }) => channel === 0));
  t.is(stream.counters.inputRefused, 1);
});

test('loss statistics go to old hosts only', async (t) => {
  const old = await start(t, { hostVersion: [7, 1, 414, 0] });
  old.stream.frameComplete(33);
  const last = () => old.host.messages.filter((message) => message.type === 'loss-stats').at(-1);
  await old.host.received(() => last()?.lastGoodFrame === 33);
  const young = await start(t, { hostVersion: [7, 1, 431, -1] });
  await young.host.received((messages) => messages.length >= 5);
  t.false(young.host.messages.some(({ type }) => type === 'loss-stats'));
});

test("the host's messages are events", async (t) => {
  const { host, stream } = await start(t);
  const messages: HostMessage[] = [
    { type: 'rumble', pad: 1, low: 2, high: 3 },
    { type: 'trigger-rumble', pad: 1, left: 2, right: 3 },
    { type: 'motion-request', pad: 0, rate: 100, sensor: 'accelerometer' },
    { type: 'led', pad: 0, r: 1, g: 2, b: 3 },
    { type: 'hdr', enabled: true, metadata: null },
  ];
  const received: HostMessage[] = [];
  const all = new Promise<void>((resolve) => {
    stream.on('message', (message) => {
      received.push(message);
      if (received.length === messages.length) resolve();
    });
  });
  for (const message of messages) host.send(message);
  await all;
  t.deepEqual(received, messages);
});

test('what is not encrypted, or not with our key, or unknown is dropped and counted', async (t) => {
  const { host, stream } = await start(t);
  const seen: HostMessage[] = [];
  stream.on('message', (message) => seen.push(message));
  host.sendRaw(Buffer.from('0e01010001', 'hex'));
  host.sendRaw(Buffer.alloc(60, 7));
  host.sendRaw(Buffer.alloc(0));
  host.sendPlaintext(Buffer.from('34120000', 'hex'));
  host.send({ type: 'led', pad: 0, r: 1, g: 2, b: 3 });
  await next(stream, 'message');
  t.is(seen.length, 1);
  t.is(stream.counters.undecryptable, 3);
  t.is(stream.counters.unknown, 1);
  t.true(stream.connected);
});

for (const [name, code, frameSeen, expected] of [
  ['closed after a frame', 0x80030023, true, 0],
  ['closed before the first frame', 0x80030023, false, -102],
  ['protected content', 0x800e9302, true, -103],
  ['frame conversion', 0x800e9403, true, -104],
  ['anything else', 0x8000abcd, true, 0x8000abcd | 0],
] as const) {
  test(`termination: ${name}`, async (t) => {
    const { host, stream, ends } = await start(t);
    if (frameSeen) stream.frameComplete(1);
    const gone = host.gone;
    host.send({ type: 'termination', code });
    host.send({ type: 'termination', code });
    const termination = await next<Termination>(stream, 'closed');
    t.is(termination.code, expected);
    t.true(termination.byHost);
    await gone;
    await stream.close();
    t.is(ends.length, 1);
    t.is(stream.sendInput({ type: 'scroll', amount: 1 }), 'closed');
  });
}

test('an ENet disconnect is the end, too', async (t) => {
  for (const how of ['now', 'graceful', 'later'] as const) {
    const { host, stream, ends } = await start(t);
    host.peer?.disconnect(how);
    const termination = await next<Termination>(stream, 'closed');
    t.is(termination.code, -1);
    t.true(termination.byHost);
    await stream.close();
    t.is(ends.length, 1);
  }
});

test('close lets queued input out, says goodbye, ends once', async (t) => {
  const { host, stream, ends } = await start(t);
  const gone = host.gone;
  for (let count = 0; count < 100; count += 1)
    stream.sendInput({ type: 'mouse-move', dx: 1, dy: 0 });
  stream.sendInput({ type: 'mouse-move', dx: 1, dy: 0 });
  stream.sendInput({ type: 'key', down: false, keyCode: 65, modifiers: 0, flags: 0 });
  stream.sendInput({ type: 'text', text: 'bye' });
  await Promise.all([stream.close(), stream.close()]);
  t.deepEqual(await gone, { data: 0, reason: 'remote' });
  t.deepEqual(ends, [{ code: 0, reason: 'Closed', byHost: false }]);
  const moved = host.inputs.reduce(
    (sum, input) => sum + (input.type === 'mouse-move' ? input.dx : 0),
    0,
  );
  t.is(moved, 101);
  t.deepEqual(
    host.inputs.slice(-4).map(({ type }) => type),
    ['key', 'text', 'text', 'text'],
  );
  t.is(stream.sendInput({ type: 'scroll', amount: 1 }), 'closed');
  await t.throwsAsync(stream.connect(), { code: 'CLOSED' });
});

test('close does not wait for a host that is gone for longer than two seconds', async (t) => {
  const { host, stream, ends } = await start(t);
  host.mute();
  await stream.close();
  t.is(ends.length, 1);
  t.is(ends[0]?.code, 0);
});

test('nobody answers: CONTROL_FAILED, no closed event', async (t) => {
  const silent = createSocket('udp4');
  silent.bind(0, '127.0.0.1');
  await once(silent, 'listening');
  t.teardown(() => silent.close());
  const { stream, ends } = await start(t, {
    connect: false,
    port: silent.address().port,
    connectTimeout: 150,
  });
  await t.throwsAsync(stream.connect(), { code: 'CONTROL_FAILED' });
  await stream.close();
  t.deepEqual(ends, []);
});

test('connecting can be aborted, before and meanwhile, by signal and by close', async (t) => {
  const silent = createSocket('udp4');
  silent.bind(0, '127.0.0.1');
  await once(silent, 'listening');
  t.teardown(() => silent.close());
  const { port } = silent.address();

  const aborted = await start(t, { connect: false, port });
  await t.throwsAsync(aborted.stream.connect(AbortSignal.abort()), { code: 'CLOSED' });

  const controller = new AbortController();
  const signalled = await start(t, { connect: false, port });
  const first = t.throwsAsync(signalled.stream.connect(controller.signal), { code: 'CLOSED' });
  await once(silent, 'message');
  controller.abort();
  await first;

  const closed = await start(t, { connect: false, port });
  const second = t.throwsAsync(closed.stream.connect(), { code: 'CLOSED' });
  await once(silent, 'message');
  await closed.stream.close();
  await second;
  t.deepEqual([...aborted.ends, ...signalled.ends, ...closed.ends], []);
});

test('a name that does not resolve', async (t) => {
  const { stream } = await start(t, { connect: false, host: 'no-such-host.invalid' });
  const error = await t.throwsAsync(stream.connect());
  t.regex((error as { code?: string }).code ?? '', /^(HOST_UNREACHABLE|CONTROL_FAILED)$/);
});

test('the stream works through a bad network', async (t) => {
  const profile = { loss: 0.1, jitter: 10, duplicate: 0.1, reorder: 0.1 };
  const { host, stream } = await start(t, {
    faults: { seed: 3, incoming: profile, outgoing: profile },
  });
  const received: number[] = [];
  const all = new Promise<void>((resolve) => {
    stream.on('message', (message) => {
      if (message.type === 'led') received.push(message.r);
      if (received.length === 50) resolve();
    });
  });
  for (let number = 0; number < 50; number += 1) {
    host.send({ type: 'led', pad: 0, r: number, g: 0, b: 0 });
    const key = { type: 'key', down: true, keyCode: number, modifiers: 0, flags: 0 } as const;
    t.is(stream.sendInput(key), 'taken');
  }
  await all;
  const keys = (): number[] =>
    host.inputs.flatMap((input) => (input.type === 'key' ? [input.keyCode] : []));
  await host.received(() => keys().length === 50);
  const expected = Array.from({ length: 50 }, (_, index) => index);
  t.deepEqual(received, expected);
  t.deepEqual(keys(), expected);
});
