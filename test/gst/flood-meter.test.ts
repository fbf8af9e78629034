import test from 'ava';
import fc from 'fast-check';
import { FloodMeter, type FloodVerdict, type InboundFigures } from '../../src/media/flood-meter.js';

const NOTHING: InboundFigures = {
  packets: 0,
  bytes: 0,
  channelPackets: 0,
  channelBytes: 0,
  rtcpPackets: 0,
  rtcpBytes: 0,
  sources: 5,
  repeatsAsked: 0,
  repeatsSent: 0,
  videoPackets: 0,
};
type Rates = Partial<Omit<InboundFigures, 'sources'>>;

/** Milliseconds between two looks. */
const TICK = 150;

/** Lets figures grow by rates per second. @returns the first verdict that is not `fine`, and when */
function run(rates: Rates, seconds: number, sources = 5, meter = new FloodMeter()) {
  const figures = { ...NOTHING, sources };
  for (let now = 0; now <= seconds * 1000; now += TICK) {
    for (const [name, rate] of Object.entries(rates)) {
      figures[name as keyof Rates] = Math.round((rate * now) / 1000);
    }
    const verdict = meter.judge(figures, now);
    if (verdict.kind !== 'fine') return { verdict, at: now };
  }
  return { verdict: { kind: 'fine' } satisfies FloodVerdict as FloodVerdict, at: Infinity };
}

test('a player at its wildest is fine, for as long as it likes', (t) => {
  const wild: Rates = {
    packets: 1_100,
    bytes: 130_000,
    channelPackets: 1_000,
    channelBytes: 100_000,
    rtcpPackets: 60,
    rtcpBytes: 10_000,
    repeatsAsked: 900,
    repeatsSent: 300,
    videoPackets: 1_000,
  };
  t.is(run(wild, 600).verdict.kind, 'fine');
});

test('each kind of flood ends the viewer within seconds, by a reason of its own', (t) => {
  const floods: readonly (readonly [Rates, RegExp])[] = [
    [{ channelPackets: 10_000 }, /data channels/],
    [{ channelBytes: 1_000_000 }, /data channels/],
    [{ rtcpPackets: 1_000 }, /RTCP/],
    [{ rtcpBytes: 100_000 }, /RTCP/],
    [{ repeatsAsked: 20_000 }, /once more/],
    [{ packets: 20_000 }, /packets/],
    [{ bytes: 2_000_000 }, /packets/],
  ];
  for (const [rates, about] of floods) {
    const { verdict, at } = run(rates, 10);
    t.is(verdict.kind, 'end', JSON.stringify(rates));
    t.regex(verdict.kind === 'end' ? verdict.reason : '', about);
    t.true(at <= 3_000, `${JSON.stringify(rates)}: ${at} ms`);
  }
  t.like(run({}, 1, 100).verdict, { kind: 'end', reason: 'it reports from too many RTP sources' });
});

test('what is sent again stops for a while, and comes back', (t) => {
  const meter = new FloodMeter();
  const { verdict, at } = run({ repeatsSent: 2_000, videoPackets: 500 }, 10, 5, meter);
  t.is(verdict.kind, 'no-repeats');
  const figures = { ...NOTHING, repeatsSent: 2 * at, videoPackets: at / 2 };
  let now = at;
  const still = (): FloodVerdict => meter.judge({ ...figures, videoPackets: now / 2 }, now);
  now += TICK;
  t.is(still().kind, 'no-repeats', 'not as soon as it is below the limit');
  while (still().kind !== 'fine') {
    now += TICK;
    t.true(now < at + 5_000);
  }
});

test('on a link that loses half of everything, all is sent again', (t) => {
  const rates = { repeatsAsked: 3_000, repeatsSent: 1_000, videoPackets: 1_000, rtcpPackets: 60 };
  t.is(run(rates, 60).verdict.kind, 'fine');
});

test('what stays below every rate is never judged, however it is spread', (t) => {
  const share = fc.double({ min: 0, max: 0.9, noNaN: true });
  const steps = fc.array(fc.record({ after: fc.integer({ min: 1, max: 400 }), share }), {
    maxLength: 200,
  });
  fc.assert(
    fc.property(steps, (all) => {
      const meter = new FloodMeter();
      const figures = { ...NOTHING };
      let now = 0;
      for (const { after, share: part } of all) {
        now += after;
        const seconds = after / 1000;
        figures.channelPackets += 3_000 * part * seconds;
        figures.channelBytes += 256 * 1024 * part * seconds;
        figures.rtcpPackets += 250 * part * seconds;
        figures.packets += 3_250 * part * seconds;
        figures.bytes += 288 * 1024 * part * seconds;
        t.is(meter.judge(figures, now).kind, 'fine');
      }
    }),
  );
});
