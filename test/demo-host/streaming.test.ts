import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import type { AppOptions } from '../../src/demo-host/options.js';
import { readFrameCode } from '../../src/demo-host/picture/frame-code.js';
import { parseAnnounce } from '../../src/demo-host/rtsp/announce.js';
import { installedFormats } from '../../src/demo-host/media/encoder.js';
import { encodeHostMessage } from '../../src/moonlight/control/host-messages.js';
import {
  announceBody,
  http,
  https,
  launch,
  pairedIdentity,
  post,
  startHost,
  until,
} from './support.js';
import { StreamClient } from './stream-client.js';

const run = promisify(execFile);

function directory(t: ExecutionContext): string {
  const path = mkdtempSync(join(tmpdir(), 'demo-host-'));
  t.teardown(() => rmSync(path, { recursive: true }));
  return path;
}

/** The frame numbers that the decoded pictures of an H.264 stream show. */
async function shownNumbers(
  t: ExecutionContext,
  units: readonly Buffer[],
  width: number,
  height: number,
): Promise<(number | null)[]> {
  const folder = directory(t);
  const [stream, raw] = [join(folder, 'stream.h264'), join(folder, 'raw')];
  writeFileSync(stream, Buffer.concat(units));
  await run(
    'gst-launch-1.0',
    `-q filesrc location=${stream} ! h264parse ! avdec_h264 ! videoconvert ! video/x-raw,format=I420 ! filesink location=${raw}`.split(
      ' ',
    ),
    { timeout: 60_000 },
  );
  const pixels = readFileSync(raw);
  const size = (width * height * 3) / 2;
  return Array.from({ length: Math.floor(pixels.length / size) }, (_, index) =>
    readFrameCode(pixels.subarray(index * size), width, height),
  );
}

test.serial('frames, sound and input go through, and an IDR comes on request', async (t) => {
  const log = join(directory(t), 'input.log');
  const host = await startHost(t, { inputLog: log });
  const inputs: unknown[] = [];
  host.on('input', ({ input }) => inputs.push(input));
  const client = await StreamClient.start(t, host, await pairedIdentity(host));

  await client.frames(30);
  t.true(client.units[0]?.idr);
  t.is(client.units[0]?.frameNumber, 1);
  t.deepEqual(
    client.units.map(({ frameNumber }) => frameNumber),
    client.units.map((_, index) => index + 1),
  );
  const times = client.units.map(({ rtpTimestamp }) => rtpTimestamp);
  t.true(times.every((time, index) => index === 0 || time !== times[index - 1]));

  for (const type of ['request-idr', 'invalidate-reference-frames'] as const) {
    const known = client.units.length;
    client.send(type === 'request-idr' ? { type } : { type, first: 1, last: 5 });
    await until(`an IDR after ${type}`, () => client.units.slice(known).some(({ idr }) => idr));
  }
  await client.sound(50);
  t.true(client.packets.every(({ data }) => data.length === client.packets[0]?.data.length));

  client.input({ type: 'key', down: true, keyCode: 0x41, modifiers: 0 });
  client.input({ type: 'mouse-button', down: true, button: 1 });
  client.input({ type: 'text', text: 'é' });
  await until('the input', () => inputs.length >= 3);
  t.like(inputs[0], { type: 'key', down: true, keyCode: 0x41 });
  t.like(inputs[1], { type: 'mouse-button', down: true, button: 1 });
  const lines = readFileSync(log, 'utf8').trimEnd().split('\n');
  t.like(JSON.parse(lines[2] ?? ''), { session_id: '1', type: 'text', text: 'é' });
  t.is(host.sessions[0]?.game.desktop.text, 'aé');

  const numbers = await shownNumbers(
    t,
    client.units.map(({ data }) => data),
    640,
    360,
  );
  t.true(numbers.length >= 25);
  t.true(numbers.every((number, index) => number === (numbers[0] ?? 0) + index));

  const [session] = host.sessions;
  client.close();
  await until('the end of the session', () => session?.state === 'closed');
  t.is(session?.game.desktop.keys.size, 0);
});

for (const variant of [
  { name: 'nothing but control 1', host: { controlEncryption: 1 }, bits: 0, version: 1 },
  { name: 'control 2 not enabled', host: {}, bits: 0, version: 1 },
  { name: 'video', host: { videoEncryption: 'offered' }, bits: 3, version: 2 },
  { name: 'audio', host: { audioEncryption: 'required' }, bits: 5, version: 2 },
  {
    name: 'everything',
    host: { videoEncryption: 'required', audioEncryption: 'required' },
    bits: 7,
    version: 2,
  },
] as const) {
  test.serial(`encryption: ${variant.name}`, async (t) => {
    const host = await startHost(t, variant.host);
    const client = await StreamClient.start(t, host, await pairedIdentity(host), {
      controlVersion: variant.version,
      encryptVideo: (variant.bits & 2) !== 0,
      encryptAudio: (variant.bits & 4) !== 0,
      announce: {
        'x-ss-general.encryptionEnabled': variant.bits,
        'x-nv-video[0].packetSize': (variant.bits & 2) !== 0 ? 992 : 1024,
      },
    });
    await client.frames(10);
    await client.sound(20);
    // What was deciphered wrongly would differ in size.
    t.is(new Set(client.packets.map(({ data }) => data.length)).size, 1);
    t.is(client.video.stats.packetsForged + client.video.stats.packetsInvalid, 0);
  });
}

test.serial('the habits of Wolf', async (t) => {
  const host = await startHost(t, { style: 'wolf' });
  const client = await StreamClient.start(t, host, await pairedIdentity(host), {
    controlVersion: 1,
    encryptAudio: true,
    announce: {
      'x-ml-general.featureFlags': null,
      'x-ss-general.encryptionEnabled': null,
      'x-nv-general.featureFlags': null,
    },
  });
  await client.frames(10);
  await client.sound(20);
  t.is(client.units[0]?.frameNumber, 0);
  t.true(client.units.every(({ rtpTimestamp }) => rtpTimestamp === 0));
  t.is(host.videoPort, null);
  const rumble = { type: 'rumble', pad: 1, low: 0x1234, high: 0x5678 } as const;
  for (const session of host.sessions) session.send(rumble);
  for (const session of host.sessions) session.send(rumble);
  await until('both messages', () => client.messages.length === 2);
  t.deepEqual(client.messages, [rumble, rumble]);
});

for (const [channels, mask] of [
  [6, 0x3f],
  [8, 0x63f],
] as const) {
  test.serial(`${channels} channels of sound`, async (t) => {
    const host = await startHost(t);
    const client = await StreamClient.start(t, host, await pairedIdentity(host), {
      surround: mask * 0x10000 + channels,
      packetDuration: 10,
      announce: {
        'x-nv-audio.surround.numChannels': channels,
        'x-nv-audio.surround.channelMask': mask,
        'x-nv-aqos.packetDuration': 10,
      },
    });
    await client.sound(30);
    t.is(new Set(client.packets.map(({ data }) => data.length)).size, 1);
  });
}

test.serial('messages on order reach the client', async (t) => {
  const host = await startHost(t);
  const client = await StreamClient.start(t, host, await pairedIdentity(host));
  const order = async (value: object): Promise<void> => {
    t.is((await post(host.httpPort, '/demo/control', JSON.stringify(value))).status, 200);
  };
  await order({ order: 'rumble', pad: 1, low: 2, high: 3 });
  await order({ order: 'trigger-rumble', pad: 1, left: 2, right: 3 });
  await order({ order: 'led', pad: 1, r: 2, g: 3, b: 4 });
  await order({ order: 'motion-request', pad: 1, rate: 100, sensor: 'gyro' });
  await order({ order: 'hdr', enabled: true });
  const ten = '01'.repeat(10);
  await order({
    order: 'adaptive-triggers',
    pad: 1,
    flags: 12,
    typeLeft: 1,
    typeRight: 2,
    left: ten,
    right: ten,
  });
  await until('the messages', () => client.messages.length === 7);
  t.deepEqual(
    client.messages.map(({ type }) => type),
    ['hdr', 'rumble', 'trigger-rumble', 'led', 'motion-request', 'hdr', 'adaptive-triggers'],
  );
  t.deepEqual(client.messages[1], { type: 'rumble', pad: 1, low: 2, high: 3 });
  // At the start, and on order; with the figures of the display either way.
  t.like(client.messages[0], { enabled: false, metadata: { maxDisplayLuminance: 0 } });
  t.like(client.messages[5], {
    enabled: true,
    metadata: { whitePoint: [15_635, 16_450], maxDisplayLuminance: 1000, minDisplayLuminance: 50 },
  });
  t.truthy(encodeHostMessage(client.messages[6] ?? { type: 'termination', code: 0 }));

  await order({ order: 'terminate', code: 0x800e9302 });
  await until('the termination', () => client.messages.length === 8);
  t.deepEqual(client.messages[7], { type: 'termination', code: 0x800e9302 });
  await until('the disconnect', () => client.disconnected !== null);
});

test.serial('several clients watch at once, whoever shakes hands first', async (t) => {
  const host = await startHost(t);
  const [one, two] = [await pairedIdentity(host), await pairedIdentity(host, 1)];
  const first = await launch(host, one);
  const second = await launch(host, two, { verb: 'resume' });
  // The second launch comes to RTSP first, which plain RTSP cannot tell.
  const b = await StreamClient.connect(t, host, second, {
    encryptAudio: true,
    announce: { 'x-ss-general.encryptionEnabled': 5 },
  });
  const a = await StreamClient.connect(t, host, first, {
    encryptAudio: true,
    announce: { 'x-ss-general.encryptionEnabled': 5 },
  });
  await Promise.all([a.frames(10), b.frames(10), a.sound(10), b.sound(10)]);
  t.is(new Set(a.packets.map(({ data }) => data.length)).size, 1);
  t.is(new Set(b.packets.map(({ data }) => data.length)).size, 1);
  t.is(host.sessions.length, 2);

  a.input({ type: 'key', down: true, keyCode: 0x42, modifiers: 0 });
  await until('the shared key', () => host.sessions[1]?.game.desktop.keys.has(0x42) === true);
  const [, session] = host.sessions;
  a.close();
  await until('one session', () => host.sessions.length === 1);
  await b.frames(10);
  t.truthy(session);
  await https(host.httpsPort, '/cancel', two);
  await until('the termination', () => b.disconnected !== null);
  t.like(b.messages.at(-1), { type: 'termination', code: 0x80030023 });
});

test.serial('a disconnect leaves the app running, and resume comes back to it', async (t) => {
  const host = await startHost(t);
  const identity = await pairedIdentity(host);
  const client = await StreamClient.start(t, host, identity);
  await client.frames(2);
  client.input({ type: 'text', text: 'x' });
  await until('the text', () => host.sessions[0]?.game.desktop.text === 'x');
  client.close();
  await until('no session', () => host.sessions.length === 0);
  t.regex((await http(host.httpPort, '/serverinfo')).text, /SERVER_BUSY/);
  const again = await StreamClient.start(t, host, identity, { verb: 'resume' });
  await again.frames(2);
  t.is(host.sessions[0]?.game.desktop.text, 'x');
});

test.serial('a clip and a GStreamer description are apps', async (t) => {
  const source = await startHost(t);
  const recorder = await StreamClient.start(t, source, await pairedIdentity(source));
  await recorder.frames(8);
  const units = recorder.units.slice(0, 8).map(({ data }) => data);
  recorder.close();
  const file = join(directory(t), 'clip.h264');
  const prefixed = units.flatMap((unit) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(unit.length);
    return [length, unit];
  });
  writeFileSync(file, Buffer.concat(prefixed));
  const apps: AppOptions[] = [
    { title: 'Clip', source: { kind: 'clip', file, codec: 'h264' } },
    {
      title: 'Snow',
      source: { kind: 'gstreamer', description: 'videotestsrc is-live=true pattern=snow' },
    },
  ];
  const host = await startHost(t, { apps });
  const identity = await pairedIdentity(host);
  const clip = await StreamClient.start(t, host, identity, { appid: 3 });
  await clip.frames(20);
  clip.units.slice(0, 20).forEach(({ data, idr }, index) => {
    t.is(idr, index % 8 === 0);
    // The last packet's padding is cut off by its announced length.
    t.deepEqual(data, units[index % 8]);
  });
  clip.close();
  await https(host.httpsPort, '/cancel', identity);
  const snow = await StreamClient.start(t, host, identity, { appid: 4 });
  await snow.frames(5);
  t.true((snow.units[0]?.data.length ?? 0) > 2000);
});

for (const [codec, format, switches] of [
  ['h265', 1, { hevc: true }],
  ['av1', 2, { av1: true }],
] as const) {
  test.serial(`${codec} where its encoder is installed`, async (t) => {
    const host = await startHost(t, switches);
    const { text } = await http(host.httpPort, '/serverinfo');
    const offered = Number(/<ServerCodecModeSupport>(\d+)/.exec(text)?.[1]);
    if (installedFormats([codec]).length === 0) {
      t.is(offered, 1);
      return;
    }
    t.is(offered, codec === 'h265' ? 0x301 : 0x10001);
    const client = await StreamClient.start(t, host, await pairedIdentity(host), {
      codec,
      announce: {
        'x-nv-vqos[0].bitStreamFormat': format,
        'x-nv-video[0].clientViewportWd': 320,
        'x-nv-video[0].clientViewportHt': 240,
        'x-nv-video[0].maxFPS': 10,
      },
    });
    await client.frames(3);
    t.true(client.units[0]?.idr);
    const known = client.units.length;
    client.send({ type: 'request-idr' });
    await until('an IDR', () => client.units.slice(known).some(({ idr }) => idr));
  });
}

/** general_profile_idc of an H.265 access unit's sequence parameter set. */
function profileOf(unit: Buffer): number {
  const at = unit.indexOf(Buffer.from('00000142', 'hex'));
  return at < 0 ? 0 : unit.readUInt8(at + 6) & 0x1f;
}

test.serial('H.265 in 8 or 10 bits where its encoder is installed', async (t) => {
  if (installedFormats(['h265']).length === 0) {
    t.log('x265enc is not installed');
    t.pass();
    return;
  }
  const host = await startHost(t, { hevc: true });
  const identity = await pairedIdentity(host);
  for (const [dynamicRange, profile] of [
    [1, 2],
    [0, 1],
  ] as const) {
    const client = await StreamClient.start(t, host, identity, {
      verb: profile === 2 ? 'launch' : 'resume',
      codec: 'h265',
      announce: {
        'x-nv-vqos[0].bitStreamFormat': 1,
        'x-nv-video[0].dynamicRangeMode': dynamicRange,
        'x-nv-video[0].clientViewportWd': 320,
        'x-nv-video[0].clientViewportHt': 240,
        'x-nv-video[0].maxFPS': 10,
      },
    });
    await client.frames(2);
    t.is(profileOf(client.units[0]?.data ?? Buffer.alloc(0)), profile);
    // 10 bits of a desktop are no HDR.
    t.like(client.messages[0], { type: 'hdr', enabled: false });
    client.close();
  }
});

test('10 bits are given to who asks for them and refused to who does not', (t) => {
  const context = {
    style: 'sunshine',
    encryption: { control: 2, video: 'off', audio: 'off' },
    fecPercentage: 20,
  } as const;
  const ask = (wanted: 0 | 1, ...depths: (8 | 10)[]): number | string => {
    const body = announceBody({
      'x-nv-vqos[0].bitStreamFormat': 2,
      'x-nv-video[0].dynamicRangeMode': wanted,
    });
    const formats = depths.map((bitDepth) => ({ codec: 'av1' as const, bitDepth }));
    const result = parseAnnounce(body, { ...context, formats });
    return result.kind === 'stream' ? result.stream.bitDepth : result.why;
  };
  t.is(ask(1, 8, 10), 10);
  t.is(ask(0, 8, 10), 8);
  t.is(ask(1, 10), 10);
  t.is(ask(1, 8), 8);
  t.is(ask(0, 10), 'Codec not offered');
  t.is(ask(1), 'Codec not offered');
});

test.serial('a host that closes tells its clients', async (t) => {
  const host = await startHost(t);
  const client = await StreamClient.start(t, host, await pairedIdentity(host));
  await client.frames(1);
  await host.close();
  await until('the disconnect', () => client.disconnected !== null);
  t.like(client.messages.at(-1), { type: 'termination', code: 0x80030023 });
  await host.close();
});
