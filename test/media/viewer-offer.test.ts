/** Offers of strangers, and what becomes of them. */
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { MoonteeError } from '../../src/core/errors.js';
import type { StreamFormats } from '../../src/media/codec-choice.js';
import {
  answerTo,
  offerMunging,
  readViewerOffer,
  sanitizedOffer,
  transportOfAnswer,
  withCandidates,
} from '../../src/media/viewer-offer.js';

const H264: StreamFormats = {
  video: { name: 'H.264', codec: 'h264', profile: 66 },
  audio: { channels: 2, streams: 1, coupledStreams: 1, mapping: [0, 1], packetDuration: 10 },
  hasStereo: false,
};
const SURROUND: StreamFormats = {
  ...H264,
  audio: {
    ...{ channels: 6, streams: 4, coupledStreams: 2, packetDuration: 10 },
    mapping: [0, 1, 4, 5, 2, 3],
  },
  hasStereo: true,
};
const H265: StreamFormats = {
  ...H264,
  video: { name: 'H.265 (HEVC)', codec: 'h265', profile: 2 },
};

const FINGERPRINT = `a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`;
const TRANSPORT = [
  ...['c=IN IP4 0.0.0.0', 'a=ice-ufrag:abcd', 'a=ice-pwd:0123456789012345678901'],
  ...[FINGERPRINT, 'a=setup:actpass'],
];
const VIDEO = [
  'm=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103 104 39 127',
  ...TRANSPORT,
  ...['a=mid:0', 'a=recvonly', 'a=rtcp-mux'],
  ...['a=rtpmap:96 VP8/90000', 'a=rtpmap:97 rtx/90000', 'a=fmtp:97 apt=96'],
  'a=rtpmap:102 H264/90000',
  ...['a=rtcp-fb:102 goog-remb', 'a=rtcp-fb:102 transport-cc', 'a=rtcp-fb:102 nack'],
  'a=rtcp-fb:102 nack pli',
  'a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f',
  ...['a=rtpmap:103 rtx/90000', 'a=fmtp:103 apt=104'],
  'a=rtpmap:104 H264/90000',
  'a=rtcp-fb:104 nack pli',
  'a=fmtp:104 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
  'a=rtpmap:39 H264/90000',
  'a=fmtp:39 packetization-mode=1;profile-level-id=42e01f',
  'a=rtpmap:127 H264/90000',
  'a=fmtp:127 packetization-mode=1;profile-level-id=640c1f',
];
const AUDIO = [
  'm=audio 9 UDP/TLS/RTP/SAVPF 111 63 114 9',
  ...TRANSPORT,
  ...['a=mid:1', 'a=recvonly', 'a=rtcp-mux'],
  ...['a=rtpmap:111 opus/48000/2', 'a=fmtp:111 minptime=10;useinbandfec=1'],
  ...['a=rtpmap:63 red/48000/2', 'a=rtpmap:114 multiopus/48000/6', 'a=rtpmap:9 G722/8000'],
];
const DATA = [
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  ...TRANSPORT,
  ...['a=mid:2', 'a=sctp-port:5000', 'a=max-message-size:262144'],
];

function offer(...sections: readonly (readonly string[])[]): string {
  const mids = sections.map((lines) => lines.find((line) => line.startsWith('a=mid:'))?.slice(6));
  const head = ['v=0', 'o=- 1 2 IN IP4 127.0.0.1', 's=-', 't=0 0'];
  return `${[...head, `a=group:BUNDLE ${mids.join(' ')}`, ...sections.flat()].join('\r\n')}\r\n`;
}

function refused(t: ExecutionContext, text: string, formats: StreamFormats, message: RegExp): void {
  const error = t.throws(() => readViewerOffer(text, formats), { instanceOf: MoonteeError });
  t.regex(error.message, message);
}

test('one payload type of each medium is kept, and nothing else of the offer', (t) => {
  const read = readViewerOffer(offer(AUDIO, DATA, VIDEO), H264);
  t.like(read.video, { payload: 104, repeats: 103, feedback: ['nack pli'] });
  t.like(read.audio, { payload: 111, variant: 'own' });
  const { sdp, payloads } = sanitizedOffer(read, null);
  t.deepEqual(payloads, { video: 104, audio: 111 });
  t.deepEqual(sdp.match(/^m=.*$/gm), [
    'm=audio 9 UDP/TLS/RTP/SAVPF 111',
    'm=video 9 UDP/TLS/RTP/SAVPF 104 103',
  ]);
  t.regex(sdp, /^a=group:BUNDLE 1 0\r$/m);
  t.notRegex(sdp, /VP8|transport-cc|profile-level-id|webrtc-datachannel|multiopus/);
});

test('the profile nearest to the stream is chosen, and answered as it was offered', (t) => {
  const high = { ...H264, video: { ...H264.video, profile: 100 } };
  const parameters = (formats: StreamFormats): string =>
    readViewerOffer(offer(VIDEO), formats).video.parameters;
  t.is(parameters(H264), 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f');
  t.is(parameters(high), 'packetization-mode=1;profile-level-id=640c1f');
  t.is(readViewerOffer(offer(VIDEO), high).video.payload, 127);
});

test('sound is what the stream has and the viewer takes', (t) => {
  const surround = readViewerOffer(offer(VIDEO, AUDIO), SURROUND).audio;
  t.like(surround, { payload: 114, variant: 'own', map: 'multiopus/48000/6' });
  t.regex(surround?.parameters ?? '', /^channel_mapping=0,1,4,5,2,3;coupled_streams=2;.*=4$/);
  const plain = AUDIO.filter((line) => !line.includes('multiopus'));
  t.like(readViewerOffer(offer(VIDEO, plain), SURROUND).audio, { payload: 111, variant: 'stereo' });
  t.is(readViewerOffer(offer(VIDEO, plain), { ...SURROUND, hasStereo: false }).audio, null);
  t.is(readViewerOffer(offer(VIDEO), H264).audio, null);
  const inStereo = plain.map((line) => line.replace('useinbandfec=1', 'stereo=1'));
  const said = (lines: readonly string[]): string =>
    readViewerOffer(offer(VIDEO, lines), H264).audio?.parameters ?? '';
  t.is(said(plain), 'minptime=10;useinbandfec=1;sprop-stereo=1');
  t.is(said(inStereo), 'minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1');
});

test('what cannot be shown is refused with a sentence', (t) => {
  const without = (pattern: RegExp): string => offer(VIDEO.filter((line) => !pattern.test(line)));
  refused(
    t,
    offer(VIDEO),
    H265,
    /^The stream is H\.265 \(HEVC\), and the player offers VP8, H264$/,
  );
  refused(t, without(/packetization/), H264, /packetization-mode=0 alone$/);
  refused(t, offer(AUDIO), H264, /^The player offers no section in which it could receive video$/);
  refused(t, offer(VIDEO).replace('recvonly', 'sendonly'), H264, /no section/);
  const hevc = offer(VIDEO).replaceAll('H264/', 'H265/');
  refused(t, hevc, H265, /of another profile than the player takes$/);
  const low = VIDEO.map((line) => line.replace(/102|104|127/g, '41'));
  refused(t, offer(low), H264, /no payload type from 96 on; ask with \?offer=server$/);
});

test('names and parameters that are numbers are words like others', (t) => {
  const numbers = offer(VIDEO.map((line) => line.replace('VP8/', '8/').replace('apt=96', '5')));
  t.is(readViewerOffer(numbers, H264).video.payload, 104);
});

test('invalid offers', (t) => {
  refused(t, 'x', H264, /SDP line/);
  refused(t, offer(VIDEO).replace('a=setup:actpass', 'a=setup:holdconn'), H264, /DTLS role/);
  refused(t, offer(VIDEO, VIDEO), H264, /two sections have one mid/);
  refused(t, offer(VIDEO, DATA).replace('webrtc-datachannel', '<x>'), H264, /unknown form/);
  refused(t, offer(VIDEO, DATA).replace('m=application', 'm=xml'), H264, /unknown kind/);
  const clash = AUDIO.map((line) => line.replace('111', '104'));
  refused(t, offer(VIDEO, clash), H264, /one payload type/);
});

test('refused sections are back in the answer, in their places', (t) => {
  const read = readViewerOffer(offer(AUDIO, DATA, VIDEO), H264);
  const made = sanitizedOffer(read, null).sdp.replaceAll('a=recvonly', 'a=sendonly');
  const answer = withCandidates(answerTo(read, made), ['candidate:1 1 udp 1 10.0.0.1 9 typ host']);
  t.deepEqual(answer.match(/^m=\w+ \d+/gm), ['m=audio 9', 'm=application 0', 'm=video 9']);
  t.is(answer.match(/^a=candidate:/gm)?.length, 2);
  t.is(answer.match(/^a=end-of-candidates\r$/gm)?.length, 2);
  t.like(transportOfAnswer(answer), { ufrag: 'abcd', kind: 'audio', mid: '1' });
  t.is(offerMunging(read).audio[111]?.map, 'opus/48000/2');
});

test('a restart repeats what was agreed, with other credentials and the viewer’s role', (t) => {
  const read = readViewerOffer(offer(VIDEO), H264);
  const ice = { ufrag: 'wxyz', pwd: '9876543210987654321098' };
  const { sdp, ufrag, candidates } = sanitizedOffer(read, ice);
  t.is(ufrag, 'wxyz');
  t.deepEqual(candidates, []);
  t.regex(sdp, /^a=setup:passive\r$/m);
  t.notRegex(sdp, /abcd|actpass/);
});

/** Every line that may reach webrtcbin. */
const LINES = [
  /^(?:v=0|o=- 1 1 IN IP4 0\.0\.0\.0|s=-|t=0 0|c=IN IP4 0\.0\.0\.0)$/,
  /^a=group:BUNDLE [\w.+/-]+(?: [\w.+/-]+)?$/,
  /^m=(?:video|audio) 9 UDP\/TLS\/RTP\/SAVPF \d{2,3}(?: \d{2,3})?$/,
  /^a=mid:[\w.+/-]{1,64}$/,
  /^a=(?:ice-ufrag|ice-pwd):[A-Za-z0-9+/]+$/,
  /^a=(?:ice-options:trickle|rtcp-mux|rtcp-rsize|recvonly|setup:(?:actpass|active|passive))$/,
  /^a=fingerprint:sha-(?:256|384|512) [0-9A-F:]+$/,
  /^a=rtpmap:\d{2,3} (?:H264\/90000|rtx\/90000|opus\/48000\/2|multiopus\/48000\/6)$/,
  /^a=fmtp:\d{2,3} (?:packetization-mode=1|apt=\d{2,3})$/,
  /^a=rtcp-fb:\d{2,3} (?:nack|nack pli|ccm fir|goog-remb)$/,
];

const lines = offer(VIDEO, AUDIO, DATA).trimEnd().split('\r\n');
const mutation = fc.oneof(
  fc.record({ at: fc.nat(lines.length - 1), text: fc.string({ maxLength: 40 }) }),
  fc.record({ at: fc.nat(lines.length - 1), text: fc.constantFrom(...lines) }),
  fc.record({
    at: fc.nat(lines.length - 1),
    text: fc
      .tuple(fc.constantFrom('rtpmap', 'fmtp', 'rtcp-fb', 'mid'), fc.nat(200), fc.string())
      .map(([name, number, rest]) => `a=${name}:${number} ${rest}`),
  }),
);

test('whatever is offered, webrtcbin gets lines that are known', (t) => {
  const property = fc.property(
    fc.array(mutation, { maxLength: 4 }),
    fc.boolean(),
    fc.constantFrom(H264, SURROUND),
    (changes, inserts, formats) => {
      const changed = [...lines];
      for (const { at, text } of changes) changed.splice(at, inserts ? 0 : 1, text);
      let read: ReturnType<typeof readViewerOffer>;
      try {
        read = readViewerOffer(`${changed.join('\r\n')}\r\n`, formats);
      } catch (error) {
        if (error instanceof MoonteeError) return true;
        throw error;
      }
      const { sdp } = sanitizedOffer(read, null);
      const answered = answerTo(read, sdp).match(/^m=/gm)?.length;
      const numbers = [...sdp.matchAll(/^m=\w+ 9 \S+ (\d+)/gm)].map(([, first]) => Number(first));
      return (
        sdp
          .trimEnd()
          .split('\r\n')
          .every((line) => LINES.some((known) => known.test(line))) &&
        numbers.every((payload) => payload >= 96 && payload <= 127) &&
        answered === changed.filter((line) => line.startsWith('m=')).length
      );
    },
  );
  t.notThrows(() => fc.assert(property, { numRuns: 3_000 }));
});
