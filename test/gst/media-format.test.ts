import test from 'ava';
import { mediaFormat, missingForStereo } from '../../src/gst/media-format.js';
import { fillTemplate, loadTemplate } from '../../src/gst/launch-template.js';
import { CLIP_SURROUND } from '../support/clip.js';
import { STREAM } from '../support/receiver-connect.js';

const ALL = { hasElement: () => true };

test('stereo beside surround: channels in the order that each side counts in', (t) => {
  const { stereo, munging, audioCaps } = mediaFormat(ALL, STREAM.video, CLIP_SURROUND);
  t.deepEqual(Object.keys(munging.audio), ['111', '112']);
  t.is(audioCaps.split('; ').length, 2);
  const text = fillTemplate(loadTemplate(stereo?.template ?? ''), stereo?.values);
  // What encoders write whose channels are in Vorbis' order.
  t.regex(text, /channels=6,.* stream-count=4, coupled-count=2, channel-mapping=<0,4,1,2,3,5>/);
  // FL FR FC LFE BL BR.
  t.regex(text, /<<(?:\(float\)0\.(?:5000|3540|0000),?){6}>,/);
  const eight = mediaFormat(ALL, STREAM.video, {
    channels: 8,
    streams: 5,
    coupledStreams: 3,
    // FL FR FC LFE BL BR SL SR.
    mapping: [0, 1, 6, 7, 4, 5, 2, 3],
    packetDuration: 10,
  });
  // FL FC FR SL SR BL BR LFE.
  t.deepEqual(eight.stereo?.values['mapping'], [0, 6, 1, 2, 3, 4, 5, 7]);
});

test('a stereo stream has nothing beside it', (t) => {
  const { stereo, munging, audioCaps } = mediaFormat(ALL, STREAM.video, STREAM.audio);
  t.is(stereo, null);
  t.deepEqual(Object.keys(munging.audio), ['111']);
  t.false(audioCaps.includes(';'));
});

for (const element of ['opusdec', 'audioconvert', 'opusenc']) {
  test(`without ${element} surround is offered alone`, (t) => {
    const runtime = { hasElement: (name: string) => name !== element };
    t.is(missingForStereo(runtime), element);
    const { stereo, munging, audioCaps } = mediaFormat(runtime, STREAM.video, CLIP_SURROUND);
    t.is(stereo, null);
    t.deepEqual(Object.keys(munging.audio), ['111']);
    t.false(audioCaps.includes(';'));
  });
}
