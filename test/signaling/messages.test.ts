import test from 'ava';
import fc from 'fast-check';
import { isRight } from 'fp-ts/lib/Either.js';
import type * as io from 'io-ts';
import { StreamClientMessage, StreamServerMessage } from '../../src/protocol/viewer-messages.js';
import { ChildMessage, ParentMessage } from '../../src/protocol/ipc.js';

/** b.1, literally. */
const FROM_BROWSER = [
  '{"AuthenticateAndInit":{"credentials":"helix","client_unique_id":null,"host_id":0,"app_id":1,"bitrate":20000,"packet_size":1024,"fps":60,"width":1920,"height":1080,"video_sample_queue_size":6,"play_audio_local":false,"audio_sample_queue_size":20,"video_supported_formats":1,"video_colorspace":"Rec709","video_color_range_full":true}}',
  '{"Signaling":{"Description":{"ty":"offer","sdp":"v=0\\r\\n..."}}}',
  '{"Signaling":{"AddIceCandidate":{"candidate":"candidate:1 1 udp ...","sdp_mid":"0","sdp_mline_index":0,"username_fragment":"abcd"}}}',
];
const TO_BROWSER = [
  '{"WebRtcConfig":{"ice_servers":[{"urls":["stun:stun.l.google.com:19302"],"username":"","credential":""}]}}',
  '{"UpdateApp":{"app":{"app_id":1,"title":"Desktop","is_hdr_supported":false}}}',
  '{"StageStarting":{"stage":"Moonlight Stream"}}',
  '{"StageComplete":{"stage":".."}}',
  '{"StageFailed":{"stage":"RTSP handshake","error_code":-1}}',
  '{"ConnectionComplete":{"capabilities":{"touch":true},"width":1920,"height":1080}}',
  '{"ConnectionTerminated":{"error_code":-100}}',
  '"InternalServerError"',
  '"HostNotFound"',
  '"AppNotFound"',
  '"HostNotPaired"',
  '"AlreadyStreaming"',
  '"PeerDisconnect"',
];

test('the messages of the protocol decode, each way', (t) => {
  for (const text of FROM_BROWSER) {
    t.true(isRight(StreamClientMessage.decode(JSON.parse(text))), text);
  }
  for (const text of [...TO_BROWSER, ...FROM_BROWSER.slice(1)]) {
    t.true(isRight(StreamServerMessage.decode(JSON.parse(text))), text);
  }
});

test('near misses do not', (t) => {
  const wrong = [
    '{"AuthenticateAndInit":{"credentials":7}}',
    '{"AuthenticateAndInit":{"credentials":"x","fps":59.94}}',
    '{"AuthenticateAndInit":{"credentials":"x","mode":"steal"}}',
    '{"Signaling":{"Description":{"ty":"Offer","sdp":""}}}',
    '{"Signaling":{"Description":{"ty":"offer"}}}',
    '{"Signaling":{"AddIceCandidate":{"candidate":"x","sdp_mline_index":"0"}}}',
    '{"WebRtcConfig":{"ice_servers":[]}}',
    '"RestartIce"',
    'null',
  ];
  for (const text of wrong) t.false(isRight(StreamClientMessage.decode(JSON.parse(text))), text);
});

test('decoders take anything and never throw', (t) => {
  const codecs: io.Mixed[] = [
    StreamClientMessage,
    StreamServerMessage,
    ParentMessage,
    ChildMessage,
  ];
  const keys = fc.constantFrom(
    'Signaling',
    'Description',
    'AddIceCandidate',
    'AuthenticateAndInit',
    'ToPeer',
    'Reply',
    'Init',
    'ty',
    'sdp',
    'peer_id',
    'message',
    '__proto__',
    'constructor',
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof({ depthSize: 'small' }, fc.jsonValue(), tie('object')),
    object: fc.dictionary(keys, tie('value'), { noNullPrototype: true }),
  }));
  fc.assert(
    fc.property(value, (message) => {
      for (const codec of codecs) {
        const decoded = codec.decode(message);
        if (isRight(decoded)) t.true(codec.is(decoded.right));
      }
    }),
    { seed: 7, numRuns: 2_000 },
  );
  t.pass();
});
