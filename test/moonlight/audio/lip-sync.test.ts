/** Sound and picture after whatever held them up: both at the same distance from their arrivals. */
import test from 'ava';
import fc from 'fast-check';
import { PresentationClock } from '../../../src/moonlight/presentation-clock.js';
import { SeededRandom } from '../../../src/moonlight/random.js';

const MILLISECOND = 1e6;
const ORIGIN = 2000;
/** Milliseconds on the way at least. */
const DELAY = 10;
/** Milliseconds after the last disturbance in which all must be well again. */
const HEALED = 10_000;
/** Milliseconds that sound and picture may be apart then. */
const APART = 30;

interface Disturbance {
  /**
   * `held`: this process stands still, what comes meanwhile piles up. `hole`: the network delivers
   * nothing. `mute`: the host's sound pauses, and its numbers with it. `frozen`: both media pause.
   * `leap`: the host's sound goes on with other numbers.
   */
  readonly kind: 'held' | 'hole' | 'mute' | 'frozen' | 'leap';
  /** Milliseconds since the one before. */
  readonly after: number;
  /** Milliseconds; of `leap`, packets. */
  readonly length: number;
}

interface Scene {
  readonly fps: number;
  readonly duration: 5 | 10;
  readonly clocked: boolean;
  /** Milliseconds, uniform. */
  readonly jitter: number;
  readonly loss: number;
  /** Datagrams of sound, and frames, that the kernel keeps for a process that stands still. */
  readonly buffer: number;
  readonly seed: number;
  readonly disturbances: readonly Disturbance[];
}

interface Sent {
  readonly medium: 'sound' | 'picture';
  readonly captured: number;
  readonly number: number;
}

interface Span {
  readonly kind: Disturbance['kind'];
  readonly from: number;
  readonly to: number;
  readonly length: number;
}

/** @returns milliseconds by which sound is shown before the picture of the same moment */
function apart(scene: Scene): number {
  const { spans, end } = lay(scene.disturbances);
  const random = new SeededRandom(scene.seed);
  const clock = new PresentationClock({
    origin: ORIGIN,
    fps: scene.fps,
    packetDuration: scene.duration,
  });
  const shown = { sound: [] as number[], picture: [] as number[] };
  const last = { sound: 0, picture: 0 };
  for (const { sent, arrival } of deliver(scene, spans, end, random)) {
    const host = sent.captured + ORIGIN;
    const pts =
      sent.medium === 'sound'
        ? clock.audio(sent.number, arrival)
        : clock.video({
            frameNumber: sent.number,
            rtpTimestamp: scene.clocked ? (900_000 + Math.round(sent.captured * 90)) >>> 0 : 0,
            receivedAt: arrival,
          });
    if (pts === null) continue;
    if (pts < last[sent.medium]) throw new Error(`${sent.medium} went back`);
    last[sent.medium] = pts;
    if (sent.captured >= end - 1000) {
      shown[sent.medium].push(pts / MILLISECOND + ORIGIN - host);
    }
  }
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  // Half of a second of sound at least: leaving everything out would be in step as well.
  if (shown.sound.length < 500 / scene.duration) throw new Error('the sound has gone');
  return mean(shown.picture) - mean(shown.sound);
}

function lay(disturbances: readonly Disturbance[]): { spans: Span[]; end: number } {
  let at = 1000;
  const spans: Span[] = [];
  for (const { kind, after, length } of disturbances) {
    const from = at + after;
    at = kind === 'leap' ? from : from + length;
    spans.push({ kind, from, to: at, length });
  }
  return { spans, end: at + HEALED + 1000 };
}

function deliver(
  scene: Scene,
  spans: readonly Span[],
  end: number,
  random: SeededRandom,
): { sent: Sent; arrival: number }[] {
  const within = (time: number, ...kinds: Disturbance['kind'][]): Span | undefined =>
    spans.find(({ kind, from, to }) => kinds.includes(kind) && time >= from && time < to);
  const arrivals: { sent: Sent; arrival: number }[] = [];
  for (const medium of ['sound', 'picture'] as const) {
    const interval = medium === 'sound' ? scene.duration : 1000 / scene.fps;
    const piled = new Map<Span, number>();
    const leaps = spans.filter(({ kind }) => kind === 'leap');
    let number = 0;
    let before = 0;
    for (let captured = 0; captured < end; captured += interval) {
      if (within(captured, 'frozen') !== undefined) continue;
      if (medium === 'sound' && within(captured, 'mute') !== undefined) continue;
      number += 1;
      if (medium === 'sound' && (leaps[0]?.from ?? Infinity) <= captured) {
        number += leaps.shift()?.length ?? 0;
      }
      const onTheWay = captured + DELAY + random.next() * scene.jitter;
      if (random.chance(scene.loss) || within(onTheWay, 'hole') !== undefined) continue;
      const held = within(onTheWay, 'held');
      if (held !== undefined) {
        const waiting = (piled.get(held) ?? 0) + 1;
        piled.set(held, waiting);
        if (waiting > scene.buffer) continue;
      }
      // In order, however late; what waits is read at once, but not in no time.
      before = Math.max(before + 0.02, held?.to ?? onTheWay);
      arrivals.push({ sent: { medium, captured, number }, arrival: before + ORIGIN });
    }
  }
  return arrivals.sort((a, b) => a.arrival - b.arrival);
}

const QUIET: Scene = {
  fps: 60,
  duration: 10,
  clocked: true,
  jitter: 5,
  loss: 0,
  buffer: 2000,
  seed: 1,
  disturbances: [],
};

for (const kind of ['held', 'hole', 'mute', 'frozen'] as const) {
  test(`${kind}: sound and picture are together again, however long it was`, (t) => {
    for (const length of [80, 300, 450, 600, 1000, 2500, 8000, 25_000]) {
      for (const clocked of [true, false]) {
        for (const duration of [5, 10] as const) {
          const disturbances = [{ kind, after: 3000, length }];
          const distance = apart({ ...QUIET, clocked, duration, disturbances });
          t.true(Math.abs(distance) < APART, `${length} ms, ${duration}: ${distance} ms apart`);
        }
      }
    }
  });
}

test('together after any stalls, jitter, loss and numbers', (t) => {
  const disturbance: fc.Arbitrary<Disturbance> = fc.oneof(
    fc.record({
      kind: fc.constantFrom('held' as const, 'hole' as const, 'mute' as const, 'frozen' as const),
      after: fc.integer({ min: 0, max: 4000 }),
      length: fc.integer({ min: 1, max: 9000 }),
    }),
    fc.record({
      kind: fc.constant('leap' as const),
      after: fc.integer({ min: 0, max: 4000 }),
      length: fc.integer({ min: 1, max: 65_535 }),
    }),
  );
  fc.assert(
    fc.property(
      fc.record({
        fps: fc.constantFrom(30, 60, 120),
        duration: fc.constantFrom(5 as const, 10 as const),
        clocked: fc.boolean(),
        jitter: fc.integer({ min: 0, max: 40 }),
        loss: fc.constantFrom(0, 0.01, 0.05),
        buffer: fc.constantFrom(40, 200, 5000),
        seed: fc.nat(),
        disturbances: fc.array(disturbance, { maxLength: 5 }),
      }),
      (scene) => {
        const distance = apart(scene);
        if (!(Math.abs(distance) < APART)) throw new Error(`${distance} ms apart`);
      },
    ),
    { seed: 11, numRuns: 400 },
  );
  t.pass();
});
