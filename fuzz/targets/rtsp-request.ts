import { AppCatalogue } from '../../src/demo-host/apps.js';
import { VideoPacketizer } from '../../src/demo-host/media/video-packetizer.js';
import { Handshake } from '../../src/demo-host/rtsp/handshake.js';
import { formatAnswer, parseRequest } from '../../src/demo-host/rtsp/message.js';
import { looksEncrypted, openUnit, unitLength } from '../../src/demo-host/rtsp/envelope.js';
import { Sessions } from '../../src/demo-host/sessions.js';
import { silentLog } from '../../src/core/log.js';
import { parseResponse } from '../../src/moonlight/rtsp/message.js';
import { announceBody, rtspRequest as request } from '../../test/demo-host/support.js';
import { expect, type FuzzTarget } from '../target.js';

const KEY = Buffer.alloc(16, 5);
const STYLES = ['sunshine', 'wolf'] as const;
const CONTROL = 'streamid=control/13/0';

/** The demo host's RTSP: requests one after another, as they come over one connection. */
export const rtspRequest: FuzzTarget = {
  name: 'rtsp-request',
  seeds: [
    request('OPTIONS', 'rtsp://127.0.0.1:48010', 1),
    request('DESCRIBE', 'rtsp://127.0.0.1:48010', 2, ['Accept: application/sdp']),
    request('SETUP', 'streamid=audio/0/0', 3) + request('SETUP', 'streamid=video/0/0', 4),
    request('SETUP', CONTROL, 5, ['Session: DEADBEEFCAFE']),
    request('SETUP', CONTROL, 5) + request('ANNOUNCE', CONTROL, 6, [], announceBody()),
    request('ANNOUNCE', CONTROL, 6, [], announceBody({ 'x-nv-vqos[0].bitStreamFormat': 2 })),
    request('PLAY', '/', 7),
  ].map((text) => Buffer.from(text)),
  words: [
    '\r\n',
    '\r\n\r\n',
    'Content-length: ',
    'a=',
    ':',
    'streamid=',
    'x-nv-video[0].',
    ' \r\n',
  ],
  run: (input) => {
    if (looksEncrypted(input)) {
      unitLength(input);
      openUnit(KEY, input);
    }
    for (const style of STYLES) answerAll(input, style);
  },
};

function answerAll(input: Buffer, style: 'sunshine' | 'wolf'): void {
  const log = silentLog();
  const formats = [
    { codec: 'h264', bitDepth: 8 },
    { codec: 'av1', bitDepth: 10 },
  ] as const;
  const catalogue = new AppCatalogue([{ title: 'Blocks', source: { kind: 'blocks' } }], formats);
  const sessions = new Sessions(style, log);
  const app = catalogue.apps.at(-1);
  if (app === undefined) return;
  const session = sessions.launch(app, {
    client: 'A',
    address: '127.0.0.1',
    width: 1280,
    height: 720,
    fps: 60,
    channels: 2,
    key: KEY,
    keyId: 1,
    encryptedRtsp: true,
  });
  const handshake = new Handshake({
    style,
    sessions,
    codecs: catalogue.codecs,
    formatsOf: () => formats,
    encryption: { control: 2, video: 'offered', audio: 'offered' },
    fecPercentage: 20,
    byAddress: false,
    markSessions: style === 'sunshine',
    silentWithoutSession: false,
    port: () => 48_000,
  });
  try {
    let pending = input;
    for (let count = 0; count < 20 && pending.length > 0; count++) {
      let parsed = parseRequest(pending);
      if (parsed.kind === 'incomplete') parsed = parseRequest(pending, true);
      if (parsed.kind !== 'request') break;
      expect(parsed.length > 0 && parsed.length <= pending.length, 'a length out of bounds');
      pending = pending.subarray(parsed.length);
      const { answer } = handshake.reply(parsed.request, '127.0.0.1', null);
      if (answer === null) break;
      const read = parseResponse(formatAnswer(answer));
      expect(read.status === answer.status, 'an answer that reads as another');
      expect(read.headers.has('cseq') && read.headers.size <= 5, 'headers of the client come back');
    }
    const { stream } = session;
    if (stream === null) return;
    const datagrams = new VideoPacketizer({
      packetSize: stream.packetSize,
      style,
      fecPercentage: 20,
      minFecPackets: stream.minRequiredFecPackets,
    }).packetize({ data: Buffer.alloc(9000), frameNumber: 1, frameType: 2, rtpTimestamp: 0 });
    expect(datagrams.length > 0, 'a stream that cannot be sent');
    expect([2, 6, 8].includes(stream.channels), 'a number of channels that is none');
  } finally {
    session.close('over');
    sessions.close('over');
  }
}
