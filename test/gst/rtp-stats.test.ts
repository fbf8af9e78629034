import test from 'ava';
import { RTP } from '../../src/gst/media-format.js';
import { parseSessionStats } from '../../src/gst/webrtc/rtp-stats.js';

interface Block {
  readonly ssrc: number;
  readonly lost: number;
  readonly highest: number;
}

/** A source of an RTP session in GStreamer's text form, as far as it is read. */
function source(internal: boolean, block: Block | null, sent = 0): string {
  return [
    'application/x-rtp-source-stats, ssrc=(uint)1',
    `internal=(boolean)${String(internal)}`,
    `octets-sent=(guint64)${sent * 100}`,
    `packets-sent=(guint64)${sent}`,
    'recv-pli-count=(uint)2',
    'recv-fir-count=(uint)0',
    'recv-nack-count=(uint)3',
    `have-rb=(boolean)${String(block !== null)}`,
    `rb-ssrc=(uint)${block?.ssrc ?? 0}`,
    `rb-fractionlost=(uint)${block?.lost ?? 0}`,
    `rb-exthighestseq=(uint)${block?.highest ?? 0}`,
    'rb-jitter=(uint)900',
    'rb-lsr=(uint)7',
    'rb-dlsr=(uint)8',
    'rb-round-trip=(uint)6553;',
  ].join(', ');
}

const session = (...sources: readonly string[]): string =>
  `application/x-rtp-session-stats, source-stats=(GValueArray)< ${sources
    .map((text) => `"${text.replaceAll(/([(),;=<> ])/g, '\\$1')}"`)
    .join(', ')} >;`;

const video = { ssrc: RTP.video.ssrc, lost: 64, highest: 10 };
const sound = { ssrc: RTP.audio.ssrc, lost: 128, highest: 20 };
const retransmission = { ssrc: 5, lost: 255, highest: 30 };

test('what was sent is summed over our sources alone', (t) => {
  const figures = parseSessionStats(
    session(source(true, null, 5), source(false, video, 100), source(true, null, 7)),
  );
  t.is(figures.packetsSent, 12);
  t.is(figures.bytesSent, 1200);
  t.is(figures.nackCount, 6);
  t.is(figures.pliCount, 4);
});

test('the block about the video counts, wherever it stands', (t) => {
  // Before 1.25 the browser's source carries one block; later each source of ours carries its own.
  for (const text of [
    session(source(true, null), source(false, video)),
    session(source(true, video), source(true, sound), source(true, retransmission)),
    session(source(true, sound), source(true, video), source(false, retransmission)),
  ]) {
    const figures = parseSessionStats(text);
    t.is(figures.fractionLost, 0.25);
    t.is(figures.jitter, 10);
    t.is(Math.round(figures.roundTrip), 100);
    t.is(figures.reportMark, '10.7.8');
    t.is(figures.highestVideo, 10);
  }
});

test('a block about sound alone is read by the clock of sound', (t) => {
  const figures = parseSessionStats(session(source(false, sound)));
  t.is(figures.fractionLost, 0.5);
  t.is(figures.jitter, 900 / 48);
});

test('before the first report there is no mark', (t) => {
  t.is(parseSessionStats(session(source(true, null, 1))).reportMark, '');
});
