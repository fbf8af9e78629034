import test from 'ava';
import { parseDescription } from '../../src/gst/binding.js';
import { descriptionText } from '../../src/gst/webrtc/description-text.js';
import { gstRuntime } from '../../src/gst/runtime.js';

/** As webrtcbin makes them. */
const OFFER = [
  'v=0',
  'o=- 4611732914711731206 0 IN IP4 0.0.0.0',
  's=-',
  't=0 0',
  'a=ice-options:trickle',
  'a=group:BUNDLE video0 audio1 application2',
  'm=video 9 UDP/TLS/RTP/SAVPF 96 97',
  'c=IN IP4 0.0.0.0',
  'a=setup:actpass',
  'a=ice-ufrag:abcd/+',
  'a=rtcp-mux',
  'a=rtcp-rsize',
  'a=sendonly',
  'a=rtpmap:96 H264/90000',
  'a=rtcp-fb:96 nack pli',
  'a=fmtp:96 packetization-mode=1;profile-level-id=42e01f',
  'a=ssrc:1 msid:user1 moontee',
  'a=mid:video0',
  'm=audio 0 UDP/TLS/RTP/SAVPF 111',
  'c=IN IP4 0.0.0.0',
  'a=inactive',
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  'c=IN IP6 ::',
  'a=sctp-port:5000',
  'a=fingerprint:sha-256 00:11:22',
].join('\r\n');

test('a description is written as GStreamer writes it', (t) => {
  const { sdp } = parseDescription(gstRuntime(), 'offer', `${OFFER}\r\n`);
  t.is(descriptionText(sdp), `${OFFER}\r\n`);
  t.is(descriptionText(sdp), sdp.asText());
});
