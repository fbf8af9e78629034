import test from 'ava';
import { withoutLipSync } from '../../client/sdp.js';

test('the sound gets a stream of its own and nothing else changes', (t) => {
  const offer = (soundStream: string): string =>
    [
      'v=0',
      'a=msid-semantic: WMS stream',
      'm=video 9 UDP/TLS/RTP/SAVPF 96',
      'a=msid:stream picture',
      'a=ssrc:1 msid:stream picture',
      'm=audio 9 UDP/TLS/RTP/SAVPF 111',
      `a=msid:${soundStream} sound`,
      `a=ssrc:2 msid:${soundStream} sound`,
      'a=ssrc:2 cname:host',
      'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
      '',
    ].join('\r\n');
  t.is(withoutLipSync(offer('stream')), offer('stream-sound'));
  t.is(withoutLipSync(''), '');
});
