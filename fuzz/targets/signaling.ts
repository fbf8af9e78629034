import { isRight } from 'fp-ts/lib/Either.js';
import { parseCandidate } from '../../src/media/sdp.js';
import { StreamClientMessage } from '../../src/protocol/viewer-messages.js';
import { describeIssues } from '../../src/codec/issues.js';
import { expect, type FuzzTarget } from '../target.js';

const MESSAGES = [
  { AuthenticateAndInit: { credentials: 'x', host_id: 1, app_id: 2, mode: 'create', fps: 60 } },
  { AuthenticateAndInit: { credentials: null, video_colorspace: 'Rec709', width: 1920 } },
  { Signaling: { Description: { ty: 'answer', sdp: 'v=0\r\n' } } },
  {
    Signaling: {
      AddIceCandidate: {
        candidate: 'candidate:1 1 udp 2 10.0.0.1 5000 typ host',
        sdp_mid: '0',
        sdp_mline_index: 0,
        username_fragment: null,
      },
    },
  },
  { RestartIce: {} },
];

/** Messages that a browser may send on the viewer socket. */
export const signaling: FuzzTarget = {
  name: 'signaling',
  seeds: MESSAGES.map((message) => Buffer.from(JSON.stringify(message))),
  words: [
    '"__proto__":',
    '"constructor":',
    '"Signaling":',
    '"AddIceCandidate":',
    'null',
    '1e400',
    '-0',
    '[]',
    '{}',
    '""',
    '[[[[[[[[',
    '"\\u0000"',
  ],
  run: (input) => {
    let value: unknown;
    try {
      value = JSON.parse(input.toString('utf8'));
    } catch {
      return;
    }
    const decoded = StreamClientMessage.decode(value);
    if (!isRight(decoded)) {
      const text = describeIssues(decoded.left);
      expect(text.length > 0 && text.length < 4000, 'an answer nobody can read');
      return;
    }
    const message = decoded.right;
    if ('Signaling' in message && 'AddIceCandidate' in message.Signaling) {
      parseCandidate(message.Signaling.AddIceCandidate.candidate);
    }
    expect(isRight(StreamClientMessage.decode(JSON.parse(JSON.stringify(message)))), 'no return');
  },
};
