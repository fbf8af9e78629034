import test from 'ava';
import fc from 'fast-check';
import { PresentationClock } from '../../../src/moonlight/presentation-clock.js';
import { SeededRandom } from '../../../src/moonlight/random.js';

const MILLISECOND = 1e6;
const ORIGIN = 5000;

interface Shown {
  /** Milliseconds. */
  readonly pts: number;
  readonly captured: number;
  readonly arrived: number;
}

interface Network {
  readonly fps: number;
  /** The host counts 90 kHz, or stands still. */
  readonly clocked: boolean;
  /** Milliseconds, uniform. */
  readonly jitter: number;
  readonly seed: number;
  /** The host's clock runs faster than ours by this share. */
  readonly drift?: number;
}

/** Shows frames that the host captures at the given times (milliseconds). */
function show(captured: readonly number[], network: Network): Shown[] {
  const clock = new PresentationClock({ origin: ORIGIN, fps: network.fps, packetDuration: 5 });
  const random = new SeededRandom(network.seed);
  let arrived = 0;
  return captured.map((time, frame) => {
    // Frames come whole and in order, however late.
    arrived = Math.max(arrived, ORIGIN + time + 10 + random.next() * network.jitter);
    const host = time * (1 + (network.drift ?? 0)) * 90;
    const pts = clock.video({
      frameNumber: frame,
      rtpTimestamp: network.clocked ? (4_294_900_000 + Math.round(host)) >>> 0 : 0,
      receivedAt: arrived,
    });
    return { pts: pts / MILLISECOND, captured: time, arrived: arrived - ORIGIN };
  });
}

const steady = (frames: number, interval: number, from = 0): number[] =>
  Array.from({ length: frames }, (_, at) => from + at * interval);

function rises(shown: readonly Shown[]): boolean {
  return shown.every(({ pts }, at) => at === 0 || pts > (shown[at - 1]?.pts ?? 0));
}

/** Largest deviation of a step from the true interval. */
function unsteadiness(shown: readonly Shown[]): number {
  return Math.max(
    ...shown.slice(1).map((frame, at) => {
      const before = shown[at] ?? frame;
      return Math.abs(frame.pts - before.pts - (frame.captured - before.captured));
    }),
  );
}

const distance = (frame: Shown | undefined): number =>
  frame === undefined ? NaN : Math.abs(frame.pts - frame.arrived);

for (const clocked of [true, false]) {
  const kind = clocked ? 'a host with a clock' : 'a host whose clock stands still';

  test(`${kind}: jitter of the network does not show`, (t) => {
    for (const fps of [30, 60, 120]) {
      const shown = show(steady(20 * fps, 1000 / fps), { fps, clocked, jitter: 20, seed: fps });
      t.true(rises(shown));
      const settled = shown.slice(2 * fps);
      t.true(unsteadiness(settled) < (clocked ? 0.4 : 2), `${unsteadiness(settled)} ms`);
      for (const frame of settled) t.true(distance(frame) < 20);
    }
  });

  test(`${kind}: drift of its clock is followed`, (t) => {
    for (const drift of [-0.0005, 0.0005]) {
      const network = { fps: 60, clocked, jitter: 5, seed: 1, drift };
      const shown = show(steady(60 * 600, 1000 / 60), network);
      t.true(rises(shown));
      t.true(distance(shown.at(-1)) < 15, `${distance(shown.at(-1))}`);
    }
  });

  test(`${kind}: pauses do not pile up`, (t) => {
    let time = 0;
    const captured: number[] = [];
    const afterPause: number[] = [];
    for (let pause = 0; pause < 20; pause++) {
      captured.push(...steady(30, 1000 / 60, time));
      time += 500 + pause * 700;
      afterPause.push(captured.length + 10);
    }
    const shown = show(captured, { fps: 60, clocked, jitter: 5, seed: 2 });
    t.true(rises(shown));
    for (const at of afterPause.slice(0, -1)) t.true(distance(shown[at]) < 30, `${at}`);
  });

  test(`${kind}: half the promised rate is as good`, (t) => {
    const captured = steady(600, 1000 / 30);
    const shown = show(captured, { fps: 60, clocked, jitter: 8, seed: 4 });
    t.true(rises(shown));
    const settled = shown.slice(150);
    t.true(unsteadiness(settled) < 2.5, `${unsteadiness(settled)}`);
    t.true(distance(shown.at(-1)) < 25);
  });

  test(`${kind}: a stall is made up for`, (t) => {
    const clock = new PresentationClock({ origin: 0, fps: 60, packetDuration: 5 });
    let last = -1;
    for (let frame = 0; frame < 600; frame++) {
      const captured = frame * (1000 / 60);
      // Nothing gets through for a while, then all of it at once.
      const arrived = captured > 3000 && captured < 3700 ? 3700 : captured;
      const rtpTimestamp = clocked ? Math.round(captured * 90) + 1 : 0;
      const pts = clock.video({ frameNumber: frame, rtpTimestamp, receivedAt: arrived });
      t.true(pts > last);
      last = pts;
    }
    t.true(Math.abs(last / MILLISECOND - 599 * (1000 / 60)) < 40, `${last}`);
  });
}

test('a jump of the host clock is one step, not a lasting error', (t) => {
  const clock = new PresentationClock({ origin: 0, fps: 60, packetDuration: 5 });
  let last = -1;
  for (let frame = 0; frame < 300; frame++) {
    const time = frame * (1000 / 60);
    const rtpTimestamp = (Math.round(time * 90) + (frame < 100 ? 9 : 123_456_789)) >>> 0;
    const back = frame >= 200 ? 77 + frame * 1500 : rtpTimestamp;
    const pts = clock.video({ frameNumber: frame, rtpTimestamp: back, receivedAt: time });
    t.true(pts > last);
    last = pts;
    t.true(Math.abs(pts / MILLISECOND - time) < 30, `frame ${frame}`);
  }
});

test('lost frames leave their time', (t) => {
  const clock = new PresentationClock({ origin: 0, fps: 50, packetDuration: 5 });
  const times: number[] = [];
  for (let frame = 0; frame < 200; frame++) {
    if (frame % 10 === 3) continue;
    const pts = clock.video({ frameNumber: frame, rtpTimestamp: 0, receivedAt: frame * 20 });
    times.push(pts / MILLISECOND - frame * 20);
  }
  t.true(Math.max(...times.map(Math.abs)) < 0.01);
});

test('sound and picture that arrive together are shown together', (t) => {
  const clock = new PresentationClock({ origin: ORIGIN, fps: 60, packetDuration: 5 });
  const random = new SeededRandom(9);
  const sound = new Map<number, number>();
  for (let packet = 0; packet < 4000; packet++) {
    // A hole of two seconds in the sequence takes as long as it says.
    const sequence = packet < 2000 ? packet : packet + 400;
    const time = sequence * 5;
    const pts = clock.audio(sequence, ORIGIN + time + 20 + random.next() * 6);
    t.not(pts, null);
    sound.set(time, pts ?? 0);
  }
  for (let frame = 0; frame < 900; frame++) {
    const time = frame * 20;
    const receivedAt = ORIGIN + time + 20 + random.next() * 6;
    const pts = clock.video({ frameNumber: frame, rtpTimestamp: frame * 1800 + 1, receivedAt });
    const heard = sound.get(time);
    if (frame > 100 && heard !== undefined) {
      t.true(Math.abs(pts - heard) < 8 * MILLISECOND, `${frame}: ${(pts - heard) / MILLISECOND}`);
    }
  }
});

test('whatever comes in: whole nanoseconds that rise, and never far from now', (t) => {
  const step = fc.record({
    frames: fc.integer({ min: -3, max: 40 }),
    ticks: fc.oneof(fc.constant(0), fc.integer({ min: -5000, max: 9000 }), fc.nat(0xffffffff)),
    wait: fc.oneof(
      fc.double({ min: 0, max: 40, noNaN: true }),
      fc.integer({ min: 0, max: 60_000 }),
    ),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.boolean(), (steps, clocked) => {
      const clock = new PresentationClock({ origin: 0, fps: 60, packetDuration: 5 });
      let frameNumber = 1;
      let rtp = 0;
      let now = 0;
      let last = -1;
      for (const { frames, ticks, wait } of steps) {
        frameNumber = (frameNumber + frames) >>> 0;
        rtp = clocked ? (rtp + ticks) >>> 0 : 0;
        now += wait;
        const pts = clock.video({ frameNumber, rtpTimestamp: rtp, receivedAt: now });
        t.true(Number.isSafeInteger(pts) && pts > last);
        t.true(Math.abs(pts / MILLISECOND - now) < 2100 + steps.length);
        last = pts;
      }
    }),
    { seed: 5, numRuns: 300 },
  );
});
