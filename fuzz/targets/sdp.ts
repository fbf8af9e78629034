import {
  sanitizeAnswer,
  sanitizeOffer,
  formatCandidate,
  parseCandidate,
  offerLayout,
} from '../../src/media/sdp.js';
import type { StreamFormats } from '../../src/media/codec-choice.js';
import { parseIceFragment } from '../../src/media/ice-fragment.js';
import { answerTo, readViewerOffer, sanitizedOffer } from '../../src/media/viewer-offer.js';
import { isDeepStrictEqual } from 'node:util';
import { expect, tolerate, type FuzzTarget } from '../target.js';

const TRANSPORT = [
  'c=IN IP4 0.0.0.0',
  'a=ice-ufrag:abcd',
  'a=ice-pwd:0123456789012345678901',
  `a=fingerprint:sha-256 ${new Array<string>(32).fill('AB').join(':')}`,
];
const CANDIDATE = 'candidate:1 1 udp 2130706431 192.168.1.2 50000 typ host generation 0';
const media = (setup: string): string[] => [
  'm=video 9 UDP/TLS/RTP/SAVPF 96',
  ...TRANSPORT,
  `a=setup:${setup}`,
  'a=mid:video0',
  setup === 'actpass' ? 'a=sendonly' : 'a=recvonly',
  'a=rtcp-mux',
  'a=rtpmap:96 H264/90000',
  'a=fmtp:96 packetization-mode=1;profile-level-id=42e01f',
  'a=rtcp-fb:96 nack pli',
  `a=${CANDIDATE}`,
  'm=audio 9 UDP/TLS/RTP/SAVPF 97',
  ...TRANSPORT,
  `a=setup:${setup}`,
  'a=mid:audio1',
  setup === 'actpass' ? 'a=sendonly' : 'a=recvonly',
  'a=rtcp-mux',
  'a=rtpmap:97 OPUS/48000/2',
  ...data(setup),
];
const data = (setup: string): string[] => [
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  ...TRANSPORT,
  `a=setup:${setup}`,
  'a=mid:application2',
  'a=sctp-port:5000',
];
const HEAD = ['v=0', 'o=- 1 1 IN IP4 0.0.0.0', 's=-', 't=0 0'];
const text = (...lines: string[]): string => `${lines.join('\r\n')}\r\n`;

const OFFER = text(...HEAD, 'a=group:BUNDLE video0 audio1 application2', ...media('actpass'));
const SHAPE = offerLayout(OFFER);
/** What is sent to viewers that make the offer. */
const FORMATS: StreamFormats = {
  video: { name: 'H.264', codec: 'h264', profile: 66 },
  audio: { channels: 2, streams: 1, coupledStreams: 1, mapping: [0, 1], packetDuration: 10 },
  hasStereo: false,
};
/** Any line that may stand in a description that is handed on. */
const CLEAN_LINE = /^[a-z]=[\x20-\x7e]*$/;

/** Descriptions and candidates of browsers, before they reach GStreamer. */
export const sdp: FuzzTarget = {
  name: 'sdp',
  seeds: [
    text(...HEAD, 'a=group:BUNDLE video0 audio1 application2', ...media('active')),
    text(...HEAD, ...data('actpass')),
    OFFER.replaceAll('a=sendonly', 'a=recvonly'),
    text('a=ice-ufrag:abcd', 'a=ice-pwd:0123456789012345678901', 'a=mid:0', `a=${CANDIDATE}`),
    CANDIDATE,
    'candidate:2 1 tcp 1518280447 ::1 9 typ srflx raddr 0.0.0.0 rport 0 tcptype active',
  ].map((one) => Buffer.from(one)),
  words: ['\r\n', 'm=video 0 ', 'a=mid:', 'a=candidate:', 'a=setup:', ' typ relay', 'a=rtpmap:96 '],
  run: (input) => {
    const received = input.toString('utf8');
    const answer = tolerate(() => sanitizeAnswer(received, SHAPE));
    const offer = tolerate(() => sanitizeOffer(received));
    const media = tolerate(() => readViewerOffer(received, FORMATS));
    const accepted = media && sanitizedOffer(media, null);
    for (const clean of [answer, offer, accepted]) {
      if (clean === null) continue;
      const lines = clean.sdp.split('\r\n');
      expect(lines.pop() === '', 'no end of the last line');
      expect(
        lines.every((line) => CLEAN_LINE.test(line)),
        'a line that is none',
      );
    }
    if (answer !== null) {
      expect(tolerate(() => sanitizeAnswer(answer.sdp, SHAPE)) !== null, 'refuses its own words');
    }
    if (media !== null && accepted !== null) {
      const sections = answerTo(media, accepted.sdp).match(/^m=/gm)?.length;
      expect(sections === media.sections.length, 'an answer of other sections than the offer');
    }
    tolerate(() => parseIceFragment(received));
    const candidate = parseCandidate(received);
    if (candidate !== null) {
      const again = parseCandidate(formatCandidate(candidate));
      expect(isDeepStrictEqual(again, candidate), 'a candidate that does not survive');
    }
  },
};
