import test from 'ava';
import fc from 'fast-check';
import { isDesktopInput } from '../../src/input/desktop-messages.js';
import type { NegotiatedVideo } from '../../src/moonlight/types.js';
import { readDesktopInit, readDesktopMessage } from '../../src/protocol/desktop-client.js';
import {
  connectionComplete,
  cursorName,
  desktopCodec,
  errorText,
  pong,
  remoteCursor,
  remoteTouch,
  selfId,
  streamError,
  streamInit,
  userJoined,
  userLeft,
  writeFrameHead,
} from '../../src/protocol/desktop-socket.js';

const VIDEO: NegotiatedVideo = {
  codec: 'h264',
  bitDepth: 8,
  chroma: '4:2:0',
  width: 1_920,
  height: 1_080,
  fps: 60,
  colorSpace: 'Rec709',
  colorRangeFull: false,
};
const ANN = { client: 0x01020304, name: 'Ann', color: '#ff0080', avatarUrl: 'https://a/b' };
const text = (characters: string): string => Buffer.from(characters).toString('hex');

/** Every message of the sheet, byte by byte. */
const MESSAGES: readonly [string, Buffer, string][] = [
  ['StreamInit', streamInit(1, VIDEO, true), '30 01 0780 0438 3c 00 0000bb80 01'],
  [
    'StreamInit of a fast stream',
    streamInit(0x11, { ...VIDEO, fps: 480 }, false),
    '30 11 0780 0438 ff 00 0000bb80 00',
  ],
  ['StreamError', streamError('no é'), '31 0005 6e6f20c3a9'],
  [
    'Pong',
    pong({
      echo: Buffer.from('000000070000000000abcdef', 'hex'),
      now: 1_700_000_000_000.5,
      encoderLatency: 4.4,
      lateness: { p50: 1, p99: 2.6, max: 1e9 },
    }),
    '41 00000007 0000000000abcdef 00060a24181e41f4 0004 0001 0003 ffff',
  ],
  ['CursorName', cursorName(), `51 00000000 00000000 00000000 07 ${text('default')}`],
  ['SelfId', selfId(7), '58 07000000'],
  [
    'RemoteUser joined',
    userJoined(ANN),
    `54 01 04030201 03 ${text('Ann')} 07 ${text('#ff0080')} 0b00 ${text('https://a/b')}`,
  ],
  ['RemoteUser left', userLeft(7), '54 00 07000000'],
  [
    'RemoteCursor',
    remoteCursor(ANN, 320, -1),
    `53 04030201 40010000 ffffffff 07 ${text('#ff0080')}`,
  ],
  [
    'RemoteTouch',
    remoteTouch(ANN, { phase: 'move', slot: 2, x: 1, y: 2 }),
    `56 04030201 02000000 01 01000000 02000000 ffff0000 07 ${text('#ff0080')}`,
  ],
];

for (const [name, data, bytes] of MESSAGES) {
  test(`encodes ${name}`, (t) => {
    t.is(data.toString('hex'), bytes.replaceAll(' ', ''));
  });
}

test('encodes the header of a frame', (t) => {
  const data = Buffer.alloc(16);
  writeFrameHead(data, 1, { codec: 1, keyframe: true, time: 1_234_567, width: 640, height: 360 });
  t.is(data.toString('hex'), '00' + '0101' + '01' + '000000000012d687' + '0280' + '0168');
});

test('texts are those of the frontend', (t) => {
  t.is(
    connectionComplete(640, 360, false),
    '{"ConnectionComplete":{"capabilities":{"touch":false},"width":640,"height":360}}',
  );
  t.is(errorText('no'), '{"error":"no"}');
});

test('long names and errors end at whole characters', (t) => {
  const joined = userJoined({ ...ANN, name: 'é'.repeat(200) });
  t.is(joined[6], 254);
  t.is(joined.subarray(7, 261).toString(), 'é'.repeat(127));
  t.is(streamError('é'.repeat(40_000)).readUInt16BE(1), 65_534);
});

test('streams have the codes of the sheet', (t) => {
  const codes = (['h264', 'h265', 'av1'] as const).flatMap((codec) =>
    (['4:2:0', '4:4:4'] as const).flatMap((chroma) =>
      ([8, 10] as const).map((bitDepth) => desktopCodec({ codec, bitDepth, chroma })?.code ?? null),
    ),
  );
  t.deepEqual(codes, [1, null, 2, null, 0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x23]);
});

const init = (fields: Readonly<Record<string, unknown>>): Buffer =>
  Buffer.from(JSON.stringify({ type: 'init', ...fields }));

test('an init of the frontend is read', (t) => {
  const whole = {
    ...{ host_id: 'h', app_id: 1, session_id: 'ses_1', width: 1_920, height: 1_080, fps: 60 },
    ...{
      bitrate: 10_000,
      packet_size: 1_024,
      play_audio_local: false,
      video_supported_formats: 0x101,
    },
    ...{ client_unique_id: 'c-1', user_retry: true, video_mode: 'x', gop_size: 120 },
    ...{ user_name: 'Ann\u202e\n', avatar_url: 'https://example.org/a.png', user_id: 'u' },
  };
  t.deepEqual(readDesktopInit(init(whole)), {
    sessionId: 'ses_1',
    clientId: 'c-1',
    name: 'Ann ',
    avatarUrl: 'https://example.org/a.png',
    videoFormats: 0x101,
  });
  t.deepEqual(
    readDesktopInit(init({ session_id: 5, user_name: null, video_supported_formats: 0 })),
    {
      ...{ sessionId: '5', clientId: '', name: '', avatarUrl: '', videoFormats: null },
    },
  );
});

test('an address that others must not load is left out', (t) => {
  for (const url of [
    'javascript:alert(1)',
    'data:image/png;base64,',
    '/a',
    `https://a/${'b'.repeat(3_000)}`,
  ]) {
    t.is(readDesktopInit(init({ avatar_url: url }))?.avatarUrl, '');
  }
});

test('anything else is no init', (t) => {
  const strange = [
    '',
    'null',
    '[]',
    '{}',
    '{"type":"other"}',
    '{"type":"init","user_name":5}',
    '{"type":"init"',
  ];
  for (const one of strange) t.is(readDesktopInit(Buffer.from(one)), null, one);
  t.is(readDesktopInit(init({ user_name: 'a'.repeat(20_000) })), null);
});

test('pings, control and what is reserved are read', (t) => {
  const ping = Buffer.from('40000000070000000000abcdef', 'hex');
  t.deepEqual(readDesktopMessage(ping), { type: 'ping', echo: ping.subarray(1) });
  const control = (json: string): unknown => readDesktopMessage(Buffer.from(`\u0020${json}`));
  t.deepEqual(control('{"set_video_enabled":false}'), { type: 'control', video: false });
  t.deepEqual(control('{"set_video_enabled":true,"x":1}'), { type: 'control', video: true });
  t.deepEqual(control('{"x":1}'), { type: 'control', video: null });
  for (const strange of ['', '{', '[]', 'null', '1', '{"set_video_enabled":1}'])
    t.is(control(strange), null);
  t.is(readDesktopMessage(ping.subarray(1)), null);
  t.is(readDesktopMessage(ping.subarray(0, 12)), null);
  for (const type of [0x02, 0x03, 0x15, 0x16, 0x17]) {
    t.deepEqual(readDesktopMessage(Buffer.from([type, 1, 2])), { type: 'reserved' });
  }
});

test('any bytes are read or refused, and never throw', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.jsonValue(), (bytes, json) => {
      const message = readDesktopMessage(Buffer.from(bytes));
      readDesktopInit(Buffer.from(bytes));
      readDesktopInit(Buffer.from(JSON.stringify(json)));
      readDesktopMessage(Buffer.concat([Buffer.from([0x20]), Buffer.from(JSON.stringify(json))]));
      return message === null || !isDesktopInput(bytes[0] ?? 0);
    }),
  );
  t.pass();
});
