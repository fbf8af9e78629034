import test from 'ava';
import { refusedSound, withoutLipSync, withStereo } from '../../client/sdp.js';

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

const answer = (...sound: string[]): string =>
  [
    'v=0',
    'm=video 9 UDP/TLS/RTP/SAVPF 96',
    'a=rtpmap:96 H264/90000',
    'a=fmtp:96 packetization-mode=1',
    'm=audio 9 UDP/TLS/RTP/SAVPF 111 112 0',
    ...sound,
    'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    '',
  ].join('\r\n');

test('stereo is asked for wherever Opus is taken, and nothing else changes', (t) => {
  const opus = ['a=rtpmap:111 opus/48000/2', 'a=rtpmap:112 OPUS/48000/2', 'a=rtpmap:0 PCMU/8000'];
  const asking = answer(
    ...['a=rtpmap:111 opus/48000/2', 'a=rtpmap:112 OPUS/48000/2'],
    ...['a=fmtp:112 stereo=1', 'a=rtpmap:0 PCMU/8000', 'a=fmtp:111 minptime=10;stereo=1'],
  );
  t.is(
    withStereo(
      answer(
        'a=rtpmap:111 opus/48000/2',
        ...['a=rtpmap:112 OPUS/48000/2', 'a=rtpmap:0 PCMU/8000', 'a=fmtp:111 stereo=0;minptime=10'],
      ),
    ),
    asking,
  );
  t.is(withStereo(asking), asking);
  t.is(
    withStereo(answer(...opus)).match(/^a=fmtp:11[12] stereo=1\r$/gm)?.length,
    2,
    'no format of its own',
  );
  const surround = answer('a=rtpmap:111 multiopus/48000/6', 'a=fmtp:111 num_streams=4');
  t.is(withStereo(surround), surround);
  t.is(withStereo(''), '');
});

test('sprop-stereo is another thing, and line ends stay what they were', (t) => {
  const lines = 'm=audio 9 RTP 111\na=rtpmap:111 opus/48000/2\na=fmtp:111 sprop-stereo=0';
  t.is(withStereo(lines), `${lines};stereo=1`);
});

test('why a browser takes no sound', (t) => {
  const stereo = 'm=audio 9 UDP/TLS/RTP/SAVPF 97\r\na=rtpmap:97 OPUS/48000/2\r\n';
  const surround = 'm=audio 0 UDP/TLS/RTP/SAVPF 97\r\na=rtpmap:97 multiopus/48000/6\r\n';
  const taken = 'v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\nm=audio 9 UDP/TLS/RTP/SAVPF 97\r\n';
  const refused = 'v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\nm=audio 0 UDP/TLS/RTP/SAVPF 97\r\n';
  const silent = 'v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n';
  t.is(refusedSound(stereo, taken), undefined);
  t.is(refusedSound(surround, taken), undefined);
  t.is(refusedSound(silent, silent), undefined);
  t.regex(refusedSound(surround, refused) ?? '', /surround/);
  const both = `${surround}a=rtpmap:112 opus/48000/2\r\n`;
  t.is(refusedSound(both, taken), undefined);
  t.regex(refusedSound(both, refused) ?? '', /cannot play the sound/);
  t.regex(refusedSound(stereo, refused) ?? '', /cannot play the sound/);
});
