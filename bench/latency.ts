import { setTimeout as delay } from 'node:timers/promises';
import type { Benchmark } from './benchmark.js';
import { Moontee } from './support/moontee.js';
import { match, type Latencies } from './support/picture-match.js';
import { ReceiverProcess } from './support/receiver.js';
import { quantile, round } from './support/statistics.js';

const SIZES = [1, 10];

/** Milliseconds; 60 pictures a second. */
const FULL = { rounds: 3, window: 20_000 };
const QUICK = { rounds: 1, window: 4_000 };
const SETTLE_MS = 2_000;

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
      await delay(SETTLE_MS);
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
