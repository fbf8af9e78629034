import { readFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { MoonteeError, type ErrorCode } from '../../../src/core/errors.js';
import { silentLog } from '../../../src/core/log.js';
import { RTSP_TIMERS } from '../../../src/moonlight/rtsp/exchange.js';
import {
  performHandshake,
  type AudioSetup,
  type HandshakeOptions,
  type HandshakeResult,
} from '../../../src/moonlight/rtsp/handshake.js';
import { VIDEO_FORMAT, type StreamSettings } from '../../../src/moonlight/types.js';
import { streamSettings } from '../../../src/worker/stream-settings.js';
import { STREAM_SETTINGS, STREAMER_SETTINGS } from '../../support/stream-settings.js';
import { rawServer } from '../nvhttp/fake-host.js';
import { readCapturedRtsp } from './captured.js';
import { startRtspHost, usualReply, type ReceivedRequest, type RtspReply } from './rtsp-host.js';

const KEY = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');

const SETTINGS: StreamSettings = {
  ...STREAM_SETTINGS,
  bitrate: 5000,
  audioPacketDuration: 5,
  encryptAudio: true,
};

const WOLF = 'a=fmtp:97 surround-params=21101\r\na=x-ss-general.featureFlags: 3\r\n';

function options(port: number, changes: Partial<HandshakeOptions> = {}): HandshakeOptions {
  return {
    url: { text: `rtsp://10.1.2.3:48010`, encrypted: false, host: '10.1.2.3', port },
    address: '127.0.0.1',
    rikey: KEY,
    settings: SETTINGS,
    serverModes: 1,
    playable: ['h264', 'h265', 'av1'],
    onAudio: () => undefined,
    log: silentLog(),
    signal: new AbortController().signal,
    timers: { ...RTSP_TIMERS, retry: 20 },
    ...changes,
  };
}

async function shake(
  t: ExecutionContext,
  describe: string,
  changes: Partial<HandshakeOptions> = {},
  reply?: (request: ReceivedRequest) => RtspReply | null,
): Promise<{ result: HandshakeResult; requests: ReceivedRequest[]; audio: AudioSetup[] }> {
  const key = changes.url?.encrypted === true ? KEY : null;
  const host = await startRtspHost(
    (request) => reply?.(request) ?? usualReply(request, describe, 47_000),
    () => key,
  );
  t.teardown(host.close);
  const audio: AudioSetup[] = [];
  const onAudio = (setup: AudioSetup): number => audio.push(setup);
  const url = { ...options(host.port).url, ...changes.url, port: host.port };
  const result = await performHandshake(options(host.port, { onAudio, ...changes, url }));
  return { result, requests: host.requests, audio };
}

async function failure(t: ExecutionContext, work: Promise<unknown>): Promise<MoonteeError> {
  return t.throwsAsync(work, { instanceOf: MoonteeError });
}

test('the captured conversation is reproduced byte for byte', async (t) => {
  const captured = readCapturedRtsp();
  t.is(captured.length, 7);
  const host = await startRtspHost(() => captured[host.requests.length - 1]?.response ?? '');
  t.teardown(host.close);
  const { port } = host;
  const url = { text: 'rtsp://0.0.0.0:48010', encrypted: false, host: '0.0.0.0', port };
  const audio: AudioSetup[] = [];
  const result = await performHandshake(
    options(port, { url, serverModes: 65793, onAudio: (setup) => audio.push(setup) }),
  );
  t.deepEqual(
    host.requests.map(({ text }) => text),
    captured.map(({ request }) => request),
  );
  t.deepEqual(result, {
    stream: {
      video: {
        codec: 'h264',
        bitDepth: 8,
        chroma: '4:2:0',
        width: 1280,
        height: 720,
        fps: 60,
        colorSpace: 'Rec709',
        colorRangeFull: false,
      },
      audio: { channels: 2, streams: 1, coupledStreams: 1, mapping: [0, 1], packetDuration: 5 },
      encryption: { rtsp: false, control: 1, audio: true, video: false },
      hostFeatures: {
        touchAndPen: true,
        padTouchAndMotion: true,
        referenceFrameInvalidation: false,
        sessionsByAddress: true,
      },
    },
    video: { port: 48100, pingPayload: null },
    control: { port: 47999, connectData: 0 },
    packetSize: 1024,
  });
  t.deepEqual(audio, [
    { port: 48200, pingPayload: null, layout: result.stream.audio, encrypted: true },
  ]);
});

test('rtspenc carries the same conversation encrypted, with Sunshine’s extensions', async (t) => {
  const describe =
    'sprop-parameter-sets=AAAAAU\na=x-nv-video[0].refPicInvalidation:1\n' +
    'a=x-ss-general.encryptionSupported:7\na=x-ss-general.encryptionRequested:1\n';
  const { result, requests, audio } = await shake(t, describe, {
    url: { text: 'rtspenc://10.1.2.3:48010', encrypted: true, host: '10.1.2.3', port: 0 },
    settings: {
      ...SETTINGS,
      encryptVideo: true,
      encryptAudio: false,
      videoFormats: VIDEO_FORMAT.H264 | VIDEO_FORMAT.H265,
    },
  });
  t.deepEqual(
    requests.map(({ method }) => method),
    ['OPTIONS', 'DESCRIBE', 'SETUP', 'SETUP', 'SETUP', 'ANNOUNCE', 'PLAY'],
  );
  t.true(requests.every(({ headers }) => headers.get('Host') === '10.1.2.3'));
  t.is(requests[0]?.target, 'rtspenc://10.1.2.3:48010');
  t.deepEqual(result.stream.encryption, { rtsp: true, control: 2, audio: false, video: true });
  t.is(result.stream.video.codec, 'h265');
  t.true(result.stream.hostFeatures.referenceFrameInvalidation);
  t.false(result.stream.hostFeatures.touchAndPen);
  t.false(result.stream.hostFeatures.sessionsByAddress);
  t.is(result.packetSize, 992);
  t.deepEqual(result.control, { port: 47_000, connectData: 42 });
  t.is(audio[0]?.pingPayload, '0123456789ABCDEF');
  const announce = requests[5]?.body ?? '';
  t.true(announce.includes('a=x-ss-general.encryptionEnabled:3 \r\n'));
  t.true(announce.includes('a=x-nv-general.featureFlags:135 \r\n'));
  t.true(announce.includes('a=x-nv-video[0].packetSize:992 \r\n'));
  t.true(announce.includes('a=x-nv-video[0].maxNumReferenceFrames:0 \r\n'));
});

const WITHOUT_SWITCHES = readFileSync(
  new URL('../../fixtures/describe-without-switches.txt', import.meta.url),
  'latin1',
);

test('sound is encrypted unless asked otherwise, also on hosts without switches', async (t) => {
  const settings = streamSettings(STREAMER_SETTINGS);
  const unmarked = { settings, serverModes: 65_793 };
  const { result, requests, audio } = await shake(t, WITHOUT_SWITCHES, unmarked, wolfReply);
  t.true(requests[5]?.body.includes('a=x-nv-general.featureFlags:167 \r\n'));
  t.true(requests[5]?.body.includes('a=x-ss-general.encryptionEnabled:0 \r\n'));
  t.true(result.stream.encryption.audio);
  t.true(audio[0]?.encrypted);
  t.true(result.stream.hostFeatures.sessionsByAddress);
});

test('a host that marks no sessions is asked for six channels at most', async (t) => {
  for (const [asked, got] of [
    [2, 2],
    [6, 6],
    [8, 6],
  ] as const) {
    const settings = { ...SETTINGS, audioChannels: asked };
    const { result, requests, audio } = await shake(t, WITHOUT_SWITCHES, { settings }, wolfReply);
    t.is(result.stream.audio.channels, got);
    t.is(audio[0]?.layout.channels, got);
    t.true(requests[5]?.body.includes(`a=x-nv-audio.surround.numChannels:${got} \r\n`));
    t.true(
      requests[5]?.body.includes(
        `a=x-nv-audio.surround.channelMask:${got === 6 ? 0x3f : 0x3} \r\n`,
      ),
    );
  }
  // One mark is enough to tell another host.
  const settings = { ...SETTINGS, audioChannels: 8 as const };
  const marked = await shake(t, WITHOUT_SWITCHES, { settings });
  t.is(marked.result.stream.audio.channels, 8);
  t.false(marked.result.stream.hostFeatures.sessionsByAddress);
});

/** As {@link usualReply}, without the marks of a session. */
function wolfReply(request: ReceivedRequest): RtspReply {
  return usualReply(request, WITHOUT_SWITCHES, 47_000).replace(/X-SS-[^\r]*\r\n/g, '');
}

test('what a host requires is always given, or the session is refused', async (t) => {
  const mandatory = 'a=x-ss-general.encryptionSupported:7\na=x-ss-general.encryptionRequested:7\n';
  const settings = { ...SETTINGS, encryptAudio: false };
  const { result } = await shake(t, mandatory, { settings });
  t.deepEqual(result.stream.encryption, { rtsp: false, control: 2, audio: true, video: true });
  const unknown = 'a=x-ss-general.encryptionSupported:15\na=x-ss-general.encryptionRequested:8\n';
  t.is((await failure(t, shake(t, unknown))).code, 'ENCRYPTION_REQUIRED');
  const strict = shake(t, WOLF, {}, ({ method }) =>
    method === 'ANNOUNCE' ? 'RTSP/1.0 403 Forbidden\r\nCSeq: 6\r\n\r\n' : null,
  );
  t.is((await failure(t, strict)).code, 'ENCRYPTION_REQUIRED');
});

test('a name in the session URL is replaced by the address: Wolf refuses names', async (t) => {
  const { requests } = await shake(t, WOLF, {
    url: { text: 'rtsp://wolf.local:48010', encrypted: false, host: 'wolf.local', port: 0 },
  });
  t.is(requests[0]?.target, 'rtsp://127.0.0.1:48010');
  t.is(requests[0]?.headers.get('Host'), '127.0.0.1');
});

test('every answer of a host that goes wrong has its error', async (t) => {
  const cases: [string, RtspReply, ErrorCode, number][] = [
    ['OPTIONS', 'RTSP/1.0 400 Bad Request\r\nCSeq: 1\r\n\r\n', 'RTSP_FAILED', 400],
    ['DESCRIBE', 'RTSP/1.0 200 OK\r\nCSeq: 2\r\n\r\n', 'RTSP_FAILED', -1],
    ['DESCRIBE', 'RTSP/1.0 200 OK\r\nContent-Length: 900\r\n\r\nshort', 'RTSP_FAILED', -1],
    ['DESCRIBE', '', 'RTSP_FAILED', -1],
    ['DESCRIBE', 'HTTP/1.1 200 OK\r\n\r\n', 'RTSP_FAILED', -1],
    ['DESCRIBE', (socket) => socket.resetAndDestroy(), 'RTSP_FAILED', 104],
    ['DESCRIBE', `RTSP/1.0 200 OK\r\n\r\n${'x'.repeat(70_000)}`, 'RTSP_FAILED', -1],
    ['SETUP', 'RTSP/1.0 200 OK\r\nCSeq: 3\r\n\r\n', 'RTSP_FAILED', -1],
    ['SETUP', 'RTSP/1.0 200 OK\r\nSession: a b\r\n\r\n', 'RTSP_FAILED', -1],
    ['SETUP', `RTSP/1.0 200 OK\r\nSession: ${'a'.repeat(500)}\r\n\r\n`, 'RTSP_FAILED', -1],
    ['PLAY', 'RTSP/1.0 500 Internal\r\n\r\n', 'RTSP_FAILED', 500],
  ];
  for (const [method, reply, code, number] of cases) {
    const work = shake(t, WOLF, {}, (request) => (request.method === method ? reply : null));
    const error = await failure(t, work);
    t.is(error.code, code, method);
    t.is(error.details['error_code'], number, `${method} ${error.message}`);
  }
});

test('answers that are not encrypted or not ours are refused on rtspenc', async (t) => {
  const url = { text: 'rtspenc://1.2.3.4:1', encrypted: true, host: '1.2.3.4', port: 0 };
  const forged = Buffer.alloc(60, 1);
  forged.writeUInt32BE(0x80000000 + 36, 0);
  const replies: Buffer[] = [
    Buffer.from('RTSP/1.0 200 OK\r\n\r\n'),
    forged,
    Buffer.concat([forged, Buffer.alloc(1)]),
    Buffer.from('80', 'hex'),
  ];
  for (const bytes of replies) {
    const work = shake(t, WOLF, { url }, () => (socket) => socket.end(bytes));
    t.is((await failure(t, work)).code, 'RTSP_FAILED');
  }
});

test('a complete answer is enough, a silent or dripping host is not', async (t) => {
  const patient = await shake(t, WOLF, {}, (request) => (socket) => {
    // Never closes by itself.
    const text = usualReply(request, WOLF, 4000);
    const [head = '', body = ''] = text.split('\r\n\r\n');
    socket.write(`${head}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  });
  t.is(patient.requests.length, 7);

  const timers = { ...RTSP_TIMERS, silence: 200 };
  const silent = await failure(
    t,
    shake(t, WOLF, { timers }, () => () => undefined),
  );
  t.is(silent.details['error_code'], 110);

  const controller = new AbortController();
  const dripping = shake(t, WOLF, { signal: controller.signal }, () => (socket) => {
    const timer = setInterval(() => socket.write('x'), 10);
    socket.on('close', () => clearInterval(timer));
    setTimeout(() => controller.abort(), 100);
  });
  t.is((await failure(t, dripping)).code, 'CLOSED');
});

test('a port that is still closed is tried again, then given up', async (t) => {
  const taken = await rawServer(() => undefined);
  const { port } = taken;
  await taken.close();
  const timers = { ...RTSP_TIMERS, retry: 20, refusals: 100 };
  const error = await failure(t, performHandshake(options(port, { timers })));
  t.is(error.details['error_code'], 111);
});
