import test from 'ava';
import fc from 'fast-check';
import { MoonteeError } from '../../../src/core/errors.js';
import { silentLog } from '../../../src/core/log.js';
import { HostClient } from '../../../src/moonlight/nvhttp/host-client.js';
import { RTSP_TIMERS } from '../../../src/moonlight/rtsp/exchange.js';
import { performHandshake } from '../../../src/moonlight/rtsp/handshake.js';
import { VIDEO_FORMAT } from '../../../src/moonlight/types.js';
import { STREAM_SETTINGS } from '../../support/stream-settings.js';
import { rawServer } from '../nvhttp/fake-host.js';
import { startRtspHost } from '../rtsp/rtsp-host.js';

/** Whatever the host says, the answer is a result or a MoonteeError. */
async function settles(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof MoonteeError)) throw error;
  }
}

const LINE_END = fc.constantFrom('\r\n', '\n', '\r\n\r\n', '');

const RTSP_ANSWER = fc
  .array(
    fc.tuple(
      fc.oneof(
        fc.constantFrom(
          'CSeq: 1',
          'Session: DEADBEEFCAFE;timeout = 90',
          'Session:',
          'Transport: server_port=48000',
          'Transport: server_port=0',
          'Transport: server_port=99999-1;x',
          'X-SS-Ping-Payload: 0123456789ABCDEF',
          'X-SS-Connect-Data: 0xffffffffff',
          'Content-Length: 10',
          'Content-length: -1',
          'a=fmtp:97 surround-params=642012453',
          'a=fmtp:97 surround-params=6999999999',
          'a=x-ss-general.encryptionRequested:7',
          'a=x-ss-general.featureFlags: 3',
          'a=rtpmap:98 AV1/90000',
        ),
        fc.string({ maxLength: 40 }),
      ),
      LINE_END,
    ),
    { maxLength: 14 },
  )
  .chain((lines) =>
    fc
      .constantFrom('RTSP/1.0 200 OK\r\n', 'RTSP/1.0 200 OK\n', 'RTSP/1.0 404\r\n', 'RTSP')
      .map((first) => first + lines.map(([line, end]) => line + end).join('')),
  );

test('RTSP: any answers to a handshake', async (t) => {
  let answers: readonly string[] = [];
  let index = 0;
  const host = await startRtspHost(() => answers[index++ % answers.length] ?? '');
  t.teardown(host.close);
  const handshake = (channels: 2 | 6 | 8): Promise<unknown> =>
    performHandshake({
      url: { text: 'rtsp://1.2.3.4:5', encrypted: false, host: '1.2.3.4', port: host.port },
      address: '127.0.0.1',
      rikey: Buffer.alloc(16),
      settings: {
        ...STREAM_SETTINGS,
        videoFormats: VIDEO_FORMAT.H264 | VIDEO_FORMAT.AV1_MAIN8,
        audioChannels: channels,
      },
      serverModes: 0x1_0101,
      playable: ['h264', 'av1'],
      onAudio: ({ port, layout }) => {
        t.true(port >= 1 && port <= 0xffff);
        t.is(layout.mapping.length, channels);
      },
      log: silentLog(),
      signal: AbortSignal.timeout(60_000),
      timers: RTSP_TIMERS,
    });
  await fc.assert(
    fc.asyncProperty(
      fc.array(RTSP_ANSWER, { minLength: 1, maxLength: 7 }),
      fc.constantFrom(2, 6, 8),
      async (given, channels) => {
        answers = given;
        index = 0;
        await settles(handshake(channels));
      },
    ),
    { seed: 21, numRuns: 150 },
  );
  t.true(host.requests.length > 150);
});

const HTTP_ANSWER = fc
  .tuple(
    fc.constantFrom(
      'HTTP/1.1 200 OK\r\n\r\n',
      'HTTP/1.0 500 x\r\nContent-Length: 40\r\n\r\n',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n',
      'HTTP/1.1 100 Continue\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n',
      '',
    ),
    fc.array(
      fc.oneof(
        fc.constantFrom(
          '<root status_code="200">',
          '<root status_code="401"/>',
          '</root>',
          '<appversion>7.1.431.-1</appversion>',
          '<appversion>7.1.431.-1.</appversion>',
          '<HttpsPort>99999</HttpsPort>',
          '<currentgame>99999999999</currentgame>',
          '<state>SUNSHINE_SERVER_BUSY</state>',
          '<![CDATA[',
          '&lt;&#0;&bogus;',
        ),
        fc.string({ maxLength: 30 }),
      ),
      { maxLength: 10 },
    ),
  )
  .map(([head, pieces]) => head + pieces.join(''));

test('HTTP: any answers to server info', async (t) => {
  let answer = '';
  const server = await rawServer((socket) => socket.once('data', () => socket.end(answer)));
  t.teardown(server.close);
  const client = new HostClient({ address: '127.0.0.1', httpPort: server.port, log: silentLog() });
  let understood = 0;
  await fc.assert(
    fc.asyncProperty(HTTP_ANSWER, async (given) => {
      answer = given;
      await settles(
        client.serverInfo(undefined, 60_000).then(({ httpsPort, trust }) => {
          understood++;
          t.true(httpsPort >= 1 && httpsPort <= 0xffff);
          t.is(trust, 'unpaired');
        }),
      );
    }),
    { seed: 22, numRuns: 400 },
  );
  t.true(understood > 0);
});
