import test from 'ava';
import { MediaFigures, type MediaCounters } from '../../web/media-figures.js';

const ZERO: MediaCounters = {
  ...{ codec: 'avc1.640028', width: 640, height: 360, bytes: 0, messages: 0, decoded: 0 },
  ...{ keys: 0, dropped: 0, milliseconds: 0, energy: 0, roundTrip: 0 },
};

test('rates are over a second, and stay until the next one', (t) => {
  const figures = new MediaFigures();
  t.like(figures.sample(ZERO, 5_000), { codec: 'H264', width: 640, fps: 0, bitrate: 0 });
  const later = { ...ZERO, decoded: 120, bytes: 250_000, milliseconds: 600 };
  t.like(figures.sample(later, 5_500), { fps: 0, framesDecoded: 120 });
  t.like(figures.sample(later, 7_000), { fps: 60, bitrate: 1_000, decodeTime: 5 });
  t.like(figures.sample(later, 7_100), { fps: 60, bitrate: 1_000 });
});

test('codecs have the names that WebRTC gives them', (t) => {
  const name = (codec: string): string => new MediaFigures().sample({ ...ZERO, codec }, 0).codec;
  t.is(name('hvc1.1.6.L120.B0'), 'H265');
  t.is(name('hev1.1.6.L120.B0'), 'H265');
  t.is(name('av01.0.08M.08'), 'AV1');
});
