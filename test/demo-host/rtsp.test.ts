import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import test from 'ava';
import fc from 'fast-check';
import { openMessage, sealMessage } from '../../src/moonlight/rtsp/envelope.js';
import { parseAnnounce, parseAttributes } from '../../src/demo-host/rtsp/announce.js';
import { describeBody, surroundParams } from '../../src/demo-host/rtsp/describe.js';
import { openUnit } from '../../src/demo-host/rtsp/envelope.js';
import { formatAnswer, parseRequest } from '../../src/demo-host/rtsp/message.js';
import {
  announceBody,
  header,
  launch,
  pairedIdentity,
  rtspExchange,
  rtspRequest,
  startHost,
  until,
} from './support.js';

/** Appendix A.4, the ANNOUNCE of the reference client. */
const A4 = readFileSync(new URL('announce-a4.txt', import.meta.url), 'latin1').replace(
  /\n/g,
  '\r\n',
);

const ENCRYPTION = { control: 2, video: 'off', audio: 'off' } as const;
const CONTEXT = {
  style: 'sunshine',
  formats: [{ codec: 'h264', bitDepth: 8 }],
  encryption: ENCRYPTION,
  fecPercentage: 20,
} as const;

test('the ANNOUNCE of appendix A.4', (t) => {
  const parsed = parseRequest(Buffer.from(A4, 'latin1'));
  if (parsed.kind !== 'request') return t.fail(parsed.kind);
  t.is(parsed.length, A4.length);
  t.is(parsed.request.headers.get('content-length'), '1496');
  const result = parseAnnounce(parsed.request.body, CONTEXT);
  if (result.kind !== 'stream') return t.fail(result.why);
  t.like(result.stream, {
    codec: 'h264',
    width: 1280,
    height: 720,
    fps: 60,
    packetSize: 1392,
    channels: 2,
    packetDuration: 5,
    minRequiredFecPackets: 2,
    controlVersion: 2,
    encryptVideo: false,
    encryptAudio: false,
  });
  // 20000 less 20 %, 192 for sound and 500.
  t.is(result.stream.bitrate, 16000 - 192 - 500);
});

test('what a client leaves out or garbles is refused', (t) => {
  const refusal = (changes: Record<string, string | number | null>, context = {}) => {
    const result = parseAnnounce(announceBody(changes), { ...CONTEXT, ...context });
    return result.kind === 'refused' ? result.status : 200;
  };
  t.is(refusal({}), 200);
  t.is(refusal({ 'x-nv-video[0].maxFPS': null }), 400);
  t.is(refusal({ 'x-nv-audio.surround.AudioQuality': null }), 400);
  t.is(refusal({ 'x-nv-audio.surround.AudioQuality': null }, { style: 'wolf' }), 200);
  t.is(refusal({ 'x-nv-video[0].maxFPS': 'many' }), 400);
  t.is(refusal({ 'x-nv-video[0].clientViewportWd': 100000 }), 400);
  t.is(refusal({ 'x-nv-vqos[0].bitStreamFormat': 1 }), 400);
  t.is(refusal({ 'x-nv-vqos[0].bitStreamFormat': 9 }), 400);
  t.is(refusal({ 'x-nv-audio.surround.numChannels': 5 }), 400);
  t.is(refusal({ 'x-nv-aqos.packetDuration': 7 }), 400);
  const required = { encryption: { ...ENCRYPTION, video: 'required' } } as const;
  t.is(refusal({}, required), 403);
  t.is(refusal({ 'x-ss-general.encryptionEnabled': 3 }, required), 200);
});

test('audio is encrypted where either side asks for it', (t) => {
  const encrypted = (changes: Record<string, string | number | null>, context = {}) => {
    const result = parseAnnounce(announceBody(changes), { ...CONTEXT, ...context });
    return result.kind === 'stream' && result.stream.encryptAudio;
  };
  t.false(encrypted({}));
  t.true(encrypted({ 'x-nv-general.featureFlags': 167 }));
  t.true(encrypted({ 'x-ss-general.encryptionEnabled': 5 }));
  t.true(encrypted({ 'x-nv-general.featureFlags': null }, { style: 'wolf' }));
});

test('surround parameters come out of the client’s rotation right', (t) => {
  t.is(surroundParams(2), '21101');
  t.is(surroundParams(6), '642014235');
  t.is(surroundParams(8), '85301467235');
  for (const channels of [6, 8] as const) {
    const listed = Array.from(surroundParams(channels).slice(3), Number);
    const rotated = [...listed.slice(0, 3), listed.at(-1), ...listed.slice(3, -1)];
    t.deepEqual(rotated, channels === 6 ? [0, 1, 4, 5, 2, 3] : [0, 1, 4, 5, 6, 7, 2, 3]);
  }
});

test('DESCRIBE tells what each kind of host can', (t) => {
  const all = { control: 2, video: 'required', audio: 'offered' } as const;
  const codecs = new Set(['h264', 'h265', 'av1'] as const);
  const sunshine = describeBody('sunshine', codecs, all, false);
  t.regex(sunshine, /^a=x-ss-general\.encryptionSupported:7$/m);
  t.regex(sunshine, /^a=x-ss-general\.encryptionRequested:3$/m);
  t.regex(sunshine, /sprop-parameter-sets=AAAAAU/);
  t.regex(sunshine, /^a=rtpmap:98 AV1\/90000$/m);
  t.notRegex(sunshine, /\r|refPicInvalidation/);
  const repairs = describeBody('sunshine', codecs, all, true);
  t.regex(repairs, /^a=x-nv-video\[0\]\.refPicInvalidation:1$/m);
  const wolf = describeBody('wolf', codecs, ENCRYPTION, true);
  t.is(
    wolf,
    'sprop-parameter-sets=AAAAAU\r\na=a=rtpmap:98 AV1/90000\r\n' +
      'a=fmtp:97 surround-params=21101\r\na=fmtp:97 surround-params=642014235\r\n' +
      'a=fmtp:97 surround-params=85301467235\r\na=x-ss-general.featureFlags: 3\r\n',
  );
});

test('encrypted units of §3.4', (t) => {
  const key = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
  const answer = formatAnswer({ status: 200, headers: [['CSeq', '1']] });
  t.is(
    sealMessage(key, 'host', 1, answer).toString('hex'),
    '8000001c00000001f1734c68fca6356daf5717bc54c6f6a2600872b43a271f6b4fc685cedf9a7cb84351077c0cc521456e1d06e9',
  );
  const unit = sealMessage(key, 'client', 7, Buffer.from('OPTIONS'));
  t.is(openUnit(key, unit)?.toString(), 'OPTIONS');
  t.is(openUnit(Buffer.alloc(16), unit), null);
});

const plainSet = (url: string): string[] => [
  rtspRequest('OPTIONS', url, 1),
  rtspRequest('DESCRIBE', url, 2, ['Accept: application/sdp']),
  rtspRequest('SETUP', 'streamid=audio/0/0', 3, [
    'Transport: unicast;X-GS-ClientPort=50000-50001',
    'If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT',
  ]),
  rtspRequest('SETUP', 'streamid=video/0/0', 4, ['Session: DEADBEEFCAFE']),
  rtspRequest('SETUP', 'streamid=control/13/0', 5, ['Session: DEADBEEFCAFE']),
  A4,
  rtspRequest('PLAY', '/', 7, ['Session: DEADBEEFCAFE']),
];

test('one connection a request, in pieces, after empty probes', async (t) => {
  const host = await startHost(t);
  await launch(host, await pairedIdentity(host));
  const probe = connect(host.rtspPort, '127.0.0.1');
  await once(probe, 'connect');
  probe.destroy();
  const answers: string[] = [];
  for (const request of plainSet(`rtsp://127.0.0.1:${host.rtspPort}`)) {
    const pieces = request.match(/[\s\S]{1,120}/g) ?? [];
    answers.push(await rtspExchange(host.rtspPort, pieces));
  }
  t.true(answers.every((answer) => answer.startsWith('RTSP/1.0 200 OK\r\nCSeq: ')));
  t.deepEqual(
    answers.map((answer) => header(answer, 'CSeq')),
    ['1', '2', '3', '4', '5', '6', '7'],
  );
  const [, , audio = '', video = '', control = ''] = answers;
  t.regex(header(audio, 'Session') ?? '', /^[0-9A-F]{12};timeout = 90$/);
  t.is(header(audio, 'Transport'), `server_port=${host.audioPort}`);
  t.is(header(video, 'Transport'), `server_port=${host.videoPort}`);
  t.is(header(control, 'Transport'), `server_port=${host.controlPort}`);
  t.is(header(audio, 'X-SS-Ping-Payload')?.length, 16);
  t.is(header(audio, 'X-SS-Ping-Payload'), header(video, 'X-SS-Ping-Payload'));
  t.regex(header(control, 'X-SS-Connect-Data') ?? '', /^\d+$/);
  t.is(host.sessions[0]?.stream?.packetSize, 1392);
});

test('header names in any case', async (t) => {
  const host = await startHost(t, { lowerCaseRtspHeaders: true });
  await launch(host, await pairedIdentity(host));
  const lower = A4.replace('Content-length', 'CONTENT-LENGTH').replace('CSeq', 'cseq');
  await rtspExchange(host.rtspPort, [rtspRequest('SETUP', 'streamid=audio', 3)]);
  const answer = await rtspExchange(host.rtspPort, [lower]);
  t.is(answer, 'RTSP/1.0 200 OK\r\ncseq: 6\r\n\r\n');
  t.is(host.sessions[0]?.state, 'announced');
});

for (const [name, change] of [
  ['no Content-length', (text: string) => text.replace(/Content-length: \d+\r\n/, '')],
  ['one that is too large', (text: string) => text.replace(/(Content-length: )\d+/, '$12000')],
  ['one that is too small', (text: string) => text.replace(/(Content-length: )\d+/, '$11485')],
  ['one without a space', (text: string) => text.replace(/Content-length: /, 'content-Length:')],
] as const) {
  for (const ends of [true, false]) {
    test(`ANNOUNCE with ${name}, ${ends ? 'half-closed' : 'and silence'}`, async (t) => {
      const host = await startHost(t);
      await launch(host, await pairedIdentity(host));
      await rtspExchange(host.rtspPort, [rtspRequest('SETUP', 'streamid=audio', 3)]);
      const pieces = change(A4).match(/[\s\S]{1,700}/g) ?? [];
      const answer = await rtspExchange(host.rtspPort, pieces, ends);
      t.is(answer, 'RTSP/1.0 200 OK\r\nCSeq: 6\r\n\r\n');
      t.is(host.sessions[0]?.state, 'announced');
      t.is(host.sessions[0]?.stream?.width, 1280);
    });
  }
}

test('a Content-length that is no number is refused, an unfinished header waits', async (t) => {
  const host = await startHost(t);
  await launch(host, await pairedIdentity(host));
  const odd = A4.replace(/(Content-length: )\d+/, '$1many');
  t.regex(await rtspExchange(host.rtspPort, [odd]), /^RTSP\/1\.0 400 /);
  t.is(await rtspExchange(host.rtspPort, ['OPTIONS / RTSP/1.0\r\nCSeq: 1\r\n'], true), '');
});

test('targets with the session URL in front, and the older names', async (t) => {
  const host = await startHost(t);
  await launch(host, await pairedIdentity(host));
  const url = `rtsp://127.0.0.1:${host.rtspPort}`;
  for (const [target, port] of [
    [`${url}/streamid=audio/0/0`, host.audioPort],
    [`${url}/streamid=video`, host.videoPort],
    ['streamid=control/1/0', host.controlPort],
    ['STREAMID=Video/0/0', host.videoPort],
  ] as const) {
    const answer = await rtspExchange(host.rtspPort, [rtspRequest('SETUP', target, 3)]);
    t.is(header(answer, 'Transport'), `server_port=${port}`, target);
  }
  const other = await rtspExchange(host.rtspPort, [rtspRequest('SETUP', 'streamid=text', 3)]);
  t.regex(other, /^RTSP\/1\.0 404 /);
  const play = await rtspExchange(host.rtspPort, [rtspRequest('PLAY', 'streamid=video', 7)]);
  t.regex(play, /^RTSP\/1\.0 200 /);
  const teardown = await rtspExchange(host.rtspPort, [rtspRequest('TEARDOWN', url, 8)]);
  t.regex(teardown, /^RTSP\/1\.0 404 /);
});

test('one connection for all requests, one after the other', async (t) => {
  const host = await startHost(t);
  await launch(host, await pairedIdentity(host));
  const socket = connect({ port: host.rtspPort, host: '127.0.0.1', noDelay: true });
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
  await once(socket, 'connect');
  const set = plainSet(`rtsp://127.0.0.1:${host.rtspPort}`);
  for (const [index, request] of set.entries()) {
    socket.write(request);
    await until(`answer ${index + 1}`, () => received.includes(`CSeq: ${index + 1}\r\n`));
    if (index === 1) {
      const length = Number(header(received, 'Content-length'));
      await until('the description', () => received.split('\r\n\r\n')[2]?.length === length);
    }
  }
  t.is(received.match(/RTSP\/1\.0 200 OK/g)?.length, 7);
  t.is(host.sessions[0]?.state, 'announced');
  socket.destroy();
});

test('all requests at once on one connection', async (t) => {
  const host = await startHost(t);
  await launch(host, await pairedIdentity(host));
  const set = plainSet(`rtsp://127.0.0.1:${host.rtspPort}`);
  const answer = await rtspExchange(host.rtspPort, [set.join('')], true);
  t.is(answer.match(/RTSP\/1\.0 200 OK/g)?.length, 7);
});

test('the conversation of a real client with Wolf', async (t) => {
  const capture = readFileSync(
    new URL('../fixtures/captures/wolf-rtsp.txt', import.meta.url),
    'utf8',
  );
  const requests = clientMessages(capture);
  t.is(requests.length, 7);
  const host = await startHost(t, { style: 'wolf' });
  await launch(host, await pairedIdentity(host));
  const answers: string[] = [];
  for (const request of requests) answers.push(await rtspExchange(host.rtspPort, [request]));
  t.is(answers[0], 'RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n');
  t.regex(answers[1] ?? '', /^RTSP\/1.0 200 OK\r\nCSeq: 2\r\n\r\na=fmtp:97 surround-params=21101/);
  t.notRegex(answers.join(), /X-SS-/);
  t.true(answers.every((answer) => answer.startsWith('RTSP/1.0 200 OK')));
  t.like(host.sessions[0]?.stream, { packetSize: 1024, encryptAudio: true, controlVersion: 1 });
});

/** What the client said, put back into CRLF; hosts' lines are indented by a tab. */
function clientMessages(capture: string): string[] {
  return capture
    .split(/={20,}/)
    .filter((part) => part.includes('Follow:'))
    .map((part) => {
      const body = part.slice(part.indexOf('48010\n') + 6).split(/\n\t\d+\n/)[0] ?? '';
      // Each segment follows its length on a line of its own.
      const segments = body.split(/(?:^|\n)\d+\n/).slice(1);
      return `${segments.join('').trimEnd().replace(/\r?\n/g, '\r\n')}\r\n`;
    })
    .map((text) => (text.includes('Content-length') ? text : `${text}\r\n`))
    .map((text) => {
      const length = Number(/Content-length: (\d+)/.exec(text)?.[1] ?? 0);
      const start = text.indexOf('\r\n\r\n') + 4;
      return length === 0 ? text : text.slice(0, start) + text.slice(start).padEnd(length, '\n');
    });
}

test('rtspenc: the key says whose message it is', async (t) => {
  const host = await startHost(t, { rtspEncryption: 'offered' });
  const identity = await pairedIdentity(host);
  const launched = await launch(host, identity);
  const url = launched.url ?? '';
  t.regex(url, /^rtspenc:\/\/127\.0\.0\.1:\d+$/);
  let sequence = 0;
  for (const request of plainSet(url)) {
    sequence += 1;
    const unit = sealMessage(launched.key, 'client', sequence, Buffer.from(request, 'latin1'));
    const answer = Buffer.from(await rtspExchange(host.rtspPort, [unit]), 'latin1');
    t.is(answer.readUInt32BE(4), sequence);
    t.regex(openMessage(launched.key, 'host', answer).toString(), /^RTSP\/1\.0 200 OK/);
  }
  t.is(host.sessions[0]?.state, 'announced');
  const forged = sealMessage(Buffer.alloc(16), 'client', 8, Buffer.from('x'));
  t.is(await rtspExchange(host.rtspPort, [forged]).catch(() => ''), '');
});

test('nonsense gets an error, and unknown methods 404', async (t) => {
  const host = await startHost(t);
  const say = (text: string): Promise<string> => rtspExchange(host.rtspPort, [text]);
  t.regex(await say('GET / HTTP/1.1\r\n\r\n'), /^RTSP\/1\.0 400/);
  t.regex(await say(rtspRequest('TEARDOWN', '/', 8)), /^RTSP\/1\.0 404/);
  t.regex(await say(rtspRequest('SETUP', 'streamid=video/0/0', 3)), /^RTSP\/1\.0 454/);
  t.regex(await say(rtspRequest('SETUP', 'streamid=nothing', 3)), /^RTSP\/1\.0 404/);
  t.regex(await say('OPTIONS / RTSP/1.0\r\nContent-length: 99999\r\n\r\n'), /^RTSP\/1\.0 400/);
  t.regex(await say('A'.repeat(20_000)), /^RTSP\/1\.0 400/);
});

test('parsers take any bytes', (t) => {
  t.plan(1);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      parseRequest(Buffer.from(bytes));
    }),
  );
  fc.assert(
    fc.property(fc.string({ maxLength: 400 }), (text) => {
      parseAttributes(text);
      parseAnnounce(text, CONTEXT);
    }),
  );
  const names = [...parseAttributes(announceBody()).keys()];
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.string({ maxLength: 30 }), (name, value) => {
      const result = parseAnnounce(announceBody({ [name]: value }), CONTEXT);
      return (
        result.kind === 'refused' ||
        Object.values(result.stream).every((part) => !Number.isNaN(part))
      );
    }),
  );
  t.pass();
});

test('a request is the same whole or with more behind it', (t) => {
  fc.assert(
    fc.property(fc.string({ maxLength: 50 }), (tail) => {
      const result = parseRequest(Buffer.from(A4 + tail, 'latin1'));
      return result.kind === 'request' && result.length === A4.length;
    }),
  );
  for (let cut = 0; cut < A4.length; cut += 97) {
    t.is(parseRequest(Buffer.from(A4.slice(0, cut), 'latin1')).kind, 'incomplete');
  }
});
