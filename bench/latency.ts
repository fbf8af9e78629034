import { setTimeout as delay } from 'node:timers/promises';
import type { Benchmark } from './benchmark.js';
import { Moontee } from './support/moontee.js';
import { ReceiverProcess, type FrameArrival } from './support/receiver.js';
import { quantile, round } from './support/statistics.js';
import type { FrameDeparture } from './support/timed-host-process.js';

const SIZES = [1, 10];

/** Milliseconds; 60 pictures a second. */
const FULL = { rounds: 3, window: 20_000 };
const QUICK = { rounds: 1, window: 4_000 };
const SETTLE = 2_000;

/** What GStreamer's payloader (a FU-A header) and SRTP (its tag) add to a packet, in bytes. */
const PACKET_OVERHEAD = 12;
/** Bytes by which start codes and parameter sets may make the rest differ. */
const SIZE_TOLERANCE = 64;
/** Pictures that may lie between two that are matched. */
const SEARCH = 60;
/** Pictures in a row whose sizes must fit to begin with. */
const ALIGNMENT_RUN = 12;
/** Milliseconds that a picture may have been on its way. */
const LONGEST_LATENCY = 2_000;

interface Latencies {
  readonly fromFirst: number[];
  readonly fromLast: number[];
  unmatched: number;
}

/** How long Moontee holds a picture. */
export const latency: Benchmark = {
  name: 'latency',
  description: "a picture's datagram leaves the host → its first RTP packet is at a peer process",
  async run({ quick }) {
    const { rounds, window } = quick ? QUICK : FULL;
    const found = new Map<number, Latencies>(
      SIZES.map((size) => [size, { fromFirst: [], fromLast: [], unmatched: 0 }]),
    );
    for (let i = 0; i < rounds; i += 1) await measure(found, window);
    const rows = [...found].flatMap(([viewers, { fromFirst, fromLast, unmatched }]) =>
      (
        [
          ['last data datagram', fromLast],
          ['first datagram', fromFirst],
        ] as const
      ).map(([since, samples]) => ({
        viewers,
        since,
        frames: samples.length,
        unmatched,
        'p50 ms': round(quantile(samples, 0.5)),
        'p90 ms': round(quantile(samples, 0.9)),
        'p99 ms': round(quantile(samples, 0.99)),
        'max ms': round(quantile(samples, 1)),
      })),
    );
    return {
      rows,
      notes: [
        'CLOCK_MONOTONIC on both sides; pictures are matched by their size, in order.',
        'With ten viewers every viewer counts: the last one in the row waits for the nine before it.',
        'The time includes the kernel, the wake-up of a Node process and its dgram callback at the peer.',
      ],
    };
  },
};

async function measure(found: ReadonlyMap<number, Latencies>, window: number): Promise<void> {
  const receivers = await ReceiverProcess.start();
  const moontee = await Moontee.start();
  try {
    const joined: string[] = [];
    for (const [viewers, latencies] of found) {
      while (joined.length < viewers) {
        const id = `viewer-${joined.length}`;
        await moontee.join(id, receivers);
        joined.push(id);
      }
      await delay(SETTLE);
      receivers.reset();
      await delay(window);
      const departures = await moontee.host.departures();
      for (const id of joined) match(departures, await receivers.arrivals(id), latencies);
    }
  } finally {
    await moontee.stop();
    await receivers.stop();
  }
}

/** Walks both lists at once; what is lost on the way leaves a hole in the second. */
function match(
  departures: readonly FrameDeparture[],
  arrivals: readonly FrameArrival[],
  latencies: Latencies,
): void {
  // The first picture after a reset may have lost its beginning.
  const whole = arrivals.slice(1);
  const offset = alignment(departures, whole);
  let next = offset;
  for (const arrival of offset < 0 ? [] : whole) {
    let at = next;
    const last = Math.min(departures.length, at + SEARCH);
    while (at < last && !fits(departures[at], arrival)) at += 1;
    const departure = departures[at];
    if (at === last || !departure) {
      latencies.unmatched += 1;
      continue;
    }
    next = at + 1;
    latencies.fromFirst.push(arrival.at - departure.first);
    latencies.fromLast.push(arrival.at - departure.lastData);
  }
  if (offset < 0) latencies.unmatched += whole.length;
}

/** Where in the departures a run of arrivals begins, by the sizes of all of the run. */
function alignment(
  departures: readonly FrameDeparture[],
  arrivals: readonly FrameArrival[],
): number {
  const run = arrivals.slice(0, ALIGNMENT_RUN);
  const earliest = (run[0]?.at ?? 0) - LONGEST_LATENCY;
  return departures.findIndex(
    ({ first }, at) =>
      first >= earliest && run.every((arrival, i) => fits(departures[at + i], arrival)),
  );
}

function fits(departure: FrameDeparture | undefined, arrival: FrameArrival): boolean {
  if (!departure || departure.first > arrival.at) return false;
  const size = arrival.bytes - arrival.packets * PACKET_OVERHEAD;
  return Math.abs(departure.bytes - size) <= SIZE_TOLERANCE;
}
