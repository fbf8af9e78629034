import test from 'ava';
import fc from 'fast-check';
import { MoonteeError } from '../../src/core/errors.js';
import {
  sanitizeAnswer,
  sanitizeOffer,
  sanitizeReoffer,
  mungeLocalDescription,
  formatCandidate,
  parseCandidate,
  offerLayout,
  withCredentials,
} from '../../src/media/sdp.js';
import { SDP_LIMIT } from '../../src/media/sdp-reading.js';

const TRANSPORT = [
  'c=IN IP4 0.0.0.0',
  'a=ice-ufrag:abcd',
  'a=ice-pwd:abcdefghijklmnopqrstuvwx',
  `a=fingerprint:sha-256 ${Array(32).fill('ab').join(':')}`,
  'a=setup:active',
];
const HEAD = ['v=0', 'o=- 1 2 IN IP4 127.0.0.1', 's=-', 't=0 0'];
const ANSWER = [
  ...HEAD,
  'a=group:BUNDLE video0 application1',
  'm=video 9 UDP/TLS/RTP/SAVPF 102 96',
  ...TRANSPORT,
  'a=mid:video0',
  'a=recvonly',
  'a=rtcp-mux',
  'a=rtpmap:102 H264/90000',
  'a=rtcp-fb:102 nack pli',
  'a=rtcp-fb:102 goog-remb',
  'a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
  'a=rtpmap:96 rtx/90000',
  'a=fmtp:96 apt=102',
  'a=candidate:1 1 udp 2113937151 192.0.2.7 50000 typ host generation 0 ufrag abcd',
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  ...TRANSPORT,
  'a=mid:application1',
  'a=sctp-port:5000',
  'a=max-message-size:262144',
  '',
].join('\r\n');
const SHAPE = {
  sections: [
    { kind: 'video', mid: 'video0', payloads: [102, 96] },
    { kind: 'application', mid: 'application1', payloads: [] },
  ],
};

test('an answer is written anew from what is needed of it', (t) => {
  const { sdp, candidates } = sanitizeAnswer(ANSWER, SHAPE);
  t.regex(sdp, /^m=video 9 UDP\/TLS\/RTP\/SAVPF 102 96\r$/m);
  t.regex(sdp, /^a=fmtp:102 level-asymmetry-allowed=1/m);
  t.regex(sdp, /^a=rtcp-fb:102 nack pli\r$/m);
  t.notRegex(sdp, /goog-remb|candidate/);
  t.deepEqual(candidates, ['candidate:1 1 udp 2113937151 192.0.2.7 50000 typ host']);
  t.notThrows(() => sanitizeAnswer(sdp, SHAPE));
});

const refused = (t: import('ava').ExecutionContext, text: string, about: RegExp): void => {
  const error = t.throws(() => sanitizeAnswer(text, SHAPE), { instanceOf: MoonteeError });
  t.is(error.code, 'VIEWER_SDP_INVALID');
  t.regex(error.message, about);
};

test('what does not answer the offer is refused with the reason', (t) => {
  refused(t, '', /v=0|SDP line/);
  refused(t, 'nonsense', /SDP line/);
  refused(t, 'v=0\r\n', /no media/);
  refused(t, 'x'.repeat(SDP_LIMIT + 1), /too long/);
  refused(t, ANSWER.replace('s=-', 's=\u0000'), /unprintable/);
  refused(t, ANSWER.replace('s=-', `s=${'-'.repeat(5000)}`), /line is too long/);
  refused(t, ANSWER + 'a=x\r\n'.repeat(1000), /too many lines/);
  refused(t, ANSWER.replace('m=video', 'm=audio'), /order/);
  refused(t, ANSWER.replace('a=mid:video0', 'a=mid:other'), /mid/);
  refused(t, ANSWER.replace('102 96', '100'), /payload/);
  refused(t, ANSWER.replaceAll('a=ice-ufrag:abcd', 'a=ice-ufrag:a'), /ICE/);
  refused(t, ANSWER.replaceAll('a=setup:active', 'a=setup:actpass'), /role/);
  refused(t, ANSWER.replaceAll('sha-256', 'sha-257'), /fingerprint/);
  refused(t, ANSWER.replaceAll('sha-256', '__proto__'), /fingerprint/);
  refused(t, ANSWER.replace('UDP/TLS/RTP/SAVPF', 'RTP/AVP'), /secure/);
  refused(t, ANSWER.slice(0, ANSWER.indexOf('m=application')), /sections/);
});

test('a refused medium stays refused', (t) => {
  const { sdp, payloads } = sanitizeAnswer(ANSWER.replace('m=video 9', 'm=video 0'), SHAPE);
  t.deepEqual(payloads, { video: null, audio: null });
  t.regex(sdp, /^m=video 0 /m);
  t.regex(sdp, /BUNDLE application1\r$/m);
});

test('only data channels can be offered to us', (t) => {
  const offer = [
    ...HEAD,
    'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    ...TRANSPORT.map((line) => line.replace('active', 'actpass')),
    'a=mid:0',
    'a=sctp-port:5000',
    '',
  ].join('\r\n');
  t.regex(sanitizeOffer(offer).sdp, /a=setup:actpass/);
  t.throws(() => sanitizeOffer(ANSWER), { message: /data channels alone/ });
});

test('what was agreed may be offered again, and nothing else', (t) => {
  const offer = ANSWER.replaceAll('a=setup:active', 'a=setup:actpass').replaceAll('abcd', 'efgh');
  const clean = sanitizeReoffer(offer, SHAPE, 'active');
  t.is(clean.ufrag, 'efgh');
  // A browser has one part in DTLS for as long as it lasts.
  t.regex(clean.sdp, /a=setup:active/);
  t.notRegex(clean.sdp, /actpass/);
  t.regex(sanitizeReoffer(offer, SHAPE, 'passive').sdp, /a=setup:passive/);
  t.regex(sanitizeReoffer(offer, SHAPE, null).sdp, /a=setup:actpass/);
  const section = offer.slice(offer.indexOf('m=video'), offer.indexOf('m=application'));
  for (const other of [
    offer + section,
    offer.replace(section, ''),
    offer.replace('a=mid:video0', 'a=mid:x'),
  ]) {
    t.throws(() => sanitizeReoffer(other, SHAPE, null), { instanceOf: MoonteeError });
  }
});

test('credentials are replaced in every section, and nothing else', (t) => {
  const text = withCredentials(ANSWER, { ufrag: '$&xy', pwd: '$1'.repeat(12) });
  t.is(text.match(/^a=ice-ufrag:\$&xy\r$/gm)?.length, 2);
  t.is(text.match(/^a=ice-pwd:(\$1){12}\r$/gm)?.length, 2);
  t.is(text.split('\r\n').length, ANSWER.split('\r\n').length);
});

const PORT = { video: [102], audio: [111], application: [] } as const;
type Kind = keyof typeof PORT;

/** One section of an answer. */
interface Choice {
  readonly kind: Kind;
  readonly refused: boolean;
  /** A refused section says nothing of its transport, as most do not. */
  readonly bare: boolean;
  /** Port 0 in the bundle, which is no refusal. */
  readonly bundleOnly: boolean;
}

function sectionOf(
  { kind, refused: isRefused, bare, bundleOnly }: Choice,
  tagged: boolean,
): string[] {
  const zero = isRefused || (bundleOnly && !tagged);
  return [
    kind === 'application'
      ? `m=application ${zero ? 0 : 9} UDP/DTLS/SCTP webrtc-datachannel`
      : `m=${kind} ${zero ? 0 : 9} UDP/TLS/RTP/SAVPF ${PORT[kind].join(' ')}`,
    ...(isRefused ? (bare ? TRANSPORT.slice(0, 1) : TRANSPORT) : tagged || !bare ? TRANSPORT : []),
    ...(isRefused && bare ? [] : [`a=mid:${kind}`]),
    ...(zero && !isRefused ? ['a=bundle-only'] : []),
    ...(kind === 'video' ? ['a=rtpmap:102 H264/90000', 'a=recvonly'] : []),
    ...(kind === 'audio' ? ['a=rtpmap:111 opus/48000/2', 'a=recvonly'] : []),
    ...(kind === 'application' ? ['a=sctp-port:5000'] : []),
  ];
}

test('any sections can be refused, in any order, with and without a bundle', (t) => {
  const choice = (kind: Kind): fc.Arbitrary<Choice> =>
    fc.record({
      kind: fc.constant(kind),
      refused: fc.boolean(),
      bare: fc.boolean(),
      bundleOnly: fc.boolean(),
    });
  const sections = fc
    .tuple(choice('video'), choice('audio'), choice('application'))
    .chain((choices) =>
      fc.shuffledSubarray(choices, { minLength: choices.length, maxLength: choices.length }),
    );
  fc.assert(
    fc.property(sections, fc.boolean(), fc.boolean(), (all, bundled, backwards) => {
      // Without a bundle every section speaks for itself.
      const choices = bundled
        ? all
        : all.map((one) => ({ ...one, bundleOnly: false, bare: one.refused && one.bare }));
      const taken = choices.filter((one) => !one.refused).map(({ kind }) => kind);
      const mids = backwards ? [...taken].reverse() : taken;
      const tag = bundled ? mids[0] : undefined;
      const text = [
        ...HEAD,
        ...(bundled ? [`a=group:BUNDLE ${mids.join(' ')}`] : []),
        ...choices.flatMap((one) => sectionOf(one, one.kind === tag || !bundled)),
        '',
      ].join('\r\n');
      const shape = {
        sections: choices.map(({ kind }) => ({ kind, mid: kind, payloads: PORT[kind] })),
      };
      if (taken.length === 0) {
        const error = t.throws(() => sanitizeAnswer(text, shape), { instanceOf: MoonteeError });
        t.is(error.code, 'VIEWER_CODEC_UNSUPPORTED');
        return;
      }
      const { sdp, payloads } = sanitizeAnswer(text, shape);
      t.deepEqual(payloads, {
        video: taken.includes('video') ? 102 : null,
        audio: taken.includes('audio') ? 111 : null,
      });
      const [session = '', ...written] = sdp.split(/^(?=m=)/m);
      t.is(/^a=group:BUNDLE (.*)\r$/m.exec(session)?.[1], taken.join(' '));
      t.deepEqual(
        written.map((section) => section.startsWith(`m=`) && / 0 (UDP|RTP)/.test(section)),
        choices.map((one) => one.refused),
      );
      // webrtcbin wants a transport in every section, refused or not.
      for (const section of written) {
        t.regex(section, /^a=ice-ufrag:abcd\r$/m);
        t.regex(section, /^a=ice-pwd:/m);
        t.regex(section, /^a=setup:active\r$/m);
        t.regex(section, /^a=fingerprint:/m);
        t.regex(section, /^a=mid:/m);
      }
      t.is(sanitizeReoffer(text, shape, null).sdp, sdp);
    }),
    { seed: 7, numRuns: 500 },
  );
});

test('a section outside the bundle with a transport of its own is no answer to us', (t) => {
  const other = ANSWER.replace('a=group:BUNDLE video0 application1', 'a=group:BUNDLE video0');
  t.notThrows(() => sanitizeAnswer(other, SHAPE));
  const second = other.lastIndexOf('a=ice-ufrag:abcd');
  const apart = `${other.slice(0, second)}a=ice-ufrag:efgh${other.slice(second + 16)}`;
  t.throws(() => sanitizeAnswer(apart, SHAPE), { message: /not bundled/ });
});

test('sound that a browser refuses, or does not want, leaves the picture', (t) => {
  const text = [
    ...HEAD,
    `a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`,
    'a=group:BUNDLE video0 application2',
    'm=video 9 UDP/TLS/RTP/SAVPF 102',
    'a=recvonly',
    'a=ice-pwd:0123456789abcdef0123456789abcdef',
    'a=ice-ufrag:0123abcd',
    'a=mid:video0',
    'a=rtpmap:102 H264/90000',
    'a=setup:active',
    'm=audio 0 UDP/TLS/RTP/SAVPF 111',
    'a=inactive',
    'a=mid:audio1',
    'a=rtpmap:111 opus/48000/2',
    'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    'a=ice-pwd:0123456789abcdef0123456789abcdef',
    'a=ice-ufrag:0123abcd',
    'a=mid:application2',
    'a=setup:active',
    'a=sctp-port:5000',
    '',
  ].join('\r\n');
  const offer = {
    sections: [
      { kind: 'video', mid: 'video0', payloads: [102] },
      { kind: 'audio', mid: 'audio1', payloads: [111, 112] },
      { kind: 'application', mid: 'application2', payloads: [] },
    ],
  };
  const { sdp, payloads } = sanitizeAnswer(text, offer);
  t.deepEqual(payloads, { video: 102, audio: null });
  t.is(sdp.match(/^a=ice-ufrag:0123abcd\r$/gm)?.length, 3);
  const taken = text
    .replace('video0 application2', 'video0 audio1 application2')
    .replace('m=audio 0 UDP/TLS/RTP/SAVPF 111', 'm=audio 9 UDP/TLS/RTP/SAVPF 112 111')
    .replace('a=rtpmap:111', 'a=rtpmap:112 opus/48000/2\r\na=rtpmap:111');
  const inactive = sanitizeAnswer(taken, offer);
  t.is(inactive.payloads.audio, null);
  t.regex(inactive.sdp, /^m=audio 9 UDP\/TLS\/RTP\/SAVPF 112 111\r$/m);
  const wanted = sanitizeAnswer(taken.replace('a=inactive', 'a=recvonly'), offer);
  t.is(wanted.payloads.audio, 112, 'the browser puts the one first that it would rather have');
});

test('no text makes it throw anything but the viewer’s error, and what passes is clean', (t) => {
  const lines = ANSWER.split('\r\n');
  const mutation = fc.record({
    at: fc.nat({ max: lines.length - 1 }),
    kind: fc.constantFrom('drop', 'double', 'cut', 'insert', 'swap'),
    text: fc.oneof(fc.string({ maxLength: 60 }), fc.constantFrom(...lines)),
    offset: fc.nat({ max: 60 }),
  });
  fc.assert(
    fc.property(fc.array(mutation, { minLength: 1, maxLength: 6 }), (mutations) => {
      const mutated = [...lines];
      for (const { at, kind, text, offset } of mutations) {
        const line = mutated[at] ?? '';
        if (kind === 'drop') mutated.splice(at, 1);
        else if (kind === 'double') mutated.splice(at, 0, line);
        else if (kind === 'cut') mutated[at] = line.slice(0, offset);
        else if (kind === 'insert') mutated[at] = line.slice(0, offset) + text + line.slice(offset);
        else mutated[at] = text;
      }
      try {
        const { sdp } = sanitizeAnswer(mutated.join('\r\n'), SHAPE);
        return /^([a-z]=[\x20-\x7e]*\r\n)+$/.test(sdp);
      } catch (error) {
        return error instanceof MoonteeError && error.code === 'VIEWER_SDP_INVALID';
      }
    }),
    { seed: 3, numRuns: 3000 },
  );
  t.pass();
});

test('candidates are taken apart and put together', (t) => {
  const line = 'candidate:1 1 UDP 2015363327 192.0.2.2 57637 typ host';
  const parsed = parseCandidate(line);
  t.like(parsed, { transport: 'udp', address: '192.0.2.2', port: 57_637, type: 'host' });
  t.is(parsed && formatCandidate(parsed), 'candidate:1 1 udp 2015363327 192.0.2.2 57637 typ host');
  t.like(parseCandidate('a=candidate:2 1 tcp 1 fd00::2 9 typ host tcptype active'), {
    tcpType: 'active',
  });
  t.truthy(
    parseCandidate('candidate:1 1 udp 1 6d4d8dcb-1d2f-4a3b-9a53-d1fb4f1a2b3c.local 5 typ host'),
  );
  for (const bad of [
    '',
    'candidate:',
    'candidate:1 1 udp 1 example.org 5 typ host',
    'candidate:1 1 udp 1 1.2.3.4 70000 typ host',
    'candidate:1 1 udp 99999999999 1.2.3.4 5 typ host',
    'candidate:1 1 sctp 1 1.2.3.4 5 typ host',
    'candidate:1 1 udp 1 1.2.3.4 5 typ magic',
    'candidate:1 1 tcp 1 1.2.3.4 5 typ host',
    'candidate:1 1 udp 1 1.2.3.4 5 typ host\r\na=x',
    `candidate:1 1 udp 1 1.2.3.4 5 typ host ${'x'.repeat(600)}`,
  ]) {
    t.is(parseCandidate(bad), null, bad);
  }
});

test('no candidate text throws', (t) => {
  fc.assert(
    fc.property(fc.string({ maxLength: 700 }), (text) => {
      parseCandidate(text);
      parseCandidate(`candidate:1 1 udp 1 ${text}`);
    }),
    { seed: 5, numRuns: 2000 },
  );
  t.pass();
});

test('surround is offered in the form that Chromium understands', (t) => {
  const local = [
    'm=audio 9 UDP/TLS/RTP/SAVPF 111 112',
    'a=mid:audio1',
    'a=rtpmap:111 MULTIOPUS/48000/6',
    'a=fmtp:111 num_streams=4',
    'a=rtpmap:112 OPUS/48000/2',
    'a=fmtp:112 sprop-stereo=1',
    'a=rtcp-fb:111 transport-cc',
    'a=ssrc:2 msid:user1 webrtctransceiver1',
    '',
  ].join('\r\n');
  const munged = mungeLocalDescription(local, {
    videoFormat: null,
    audio: {
      111: {
        map: 'multiopus/48000/6',
        format: 'channel_mapping=0,4,1,2,3,5;coupled_streams=2;num_streams=4',
      },
      112: { map: 'opus/48000/2', format: 'stereo=1' },
    },
  });
  t.regex(munged, /^a=rtpmap:111 multiopus\/48000\/6\r$/m);
  t.regex(munged, /^a=fmtp:111 channel_mapping=0,4,1,2,3,5;/m);
  t.regex(munged, /^a=rtpmap:112 opus\/48000\/2\r\na=fmtp:112 stereo=1\r$/m);
  t.regex(munged, /^a=msid:moontee audio\r$/m);
  t.notRegex(munged, /sprop-stereo|transport-cc|webrtctransceiver/);
  t.deepEqual(offerLayout(`v=0\r\n${munged}`).sections, [
    { kind: 'audio', mid: 'audio1', payloads: [111, 112] },
  ]);
});
