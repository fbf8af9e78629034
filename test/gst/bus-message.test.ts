import test from 'ava';
import { outermostBin } from '../../src/gst/bus.js';

test('an error belongs to the outermost bin that contains its element', (t) => {
  const path = '/GstPipeline:pipeline0/GstBin:webrtc-7';
  t.is(outermostBin(`${path}/GstWebRTCBin:webrtc/GstBin:bin3/GstNiceSink:sink`), 'webrtc-7');
  t.is(outermostBin(path), 'webrtc-7');
});

test('an error that is read after its bin was taken out of the pipeline is still the bin’s', (t) => {
  t.is(outermostBin('/GstBin:webrtc-39/GstWebRTCBin:webrtc/GstSctpEnc:sctpenc34'), 'webrtc-39');
});

test('an element of the pipeline itself is in no bin, whatever it is called', (t) => {
  t.is(outermostBin('/GstPipeline:pipeline0/GstTee:video-tee'), null);
  t.is(outermostBin('/GstPipeline:pipeline0/GstQueue:GstBin'), null);
  t.is(outermostBin('/GstPipeline:pipeline0'), null);
  t.is(outermostBin(''), null);
});
