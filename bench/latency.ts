import { setTimeout as delay } from 'node:timers/promises';
import type { Benchmark } from './benchmark.js';
import { Moontee } from './support/moontee.js';
import { match, type Latencies } from './support/picture-match.js';
import { ReceiverProcess } from './support/receiver.js';
import { BenchServer } from './support/server.js';
import { quantile, round } from './support/statistics.js';
import type { FrameDeparture } from './support/timed-host-process.js';

const SIZES = [1, 10];
const TRANSPORTS = ['webrtc', 'websocket'] as const;
type Transport = (typeof TRANSPORTS)[number];

/** Milliseconds; 60 pictures a second. */
const FULL = { rounds: 3, window: 20_000 };
const QUICK = { rounds: 1, window: 4_000 };
const SETTLE_MS = 2_000;

/** What sends to viewers. */
interface Sender {
  join(id: string, receivers: ReceiverProcess): Promise<void>;
  departures(): Promise<readonly FrameDeparture[]>;
  stop(): Promise<void>;
}

type Found = ReadonlyMap<number, Latencies>;

/** How long Moontee holds a picture. */
export const latency: Benchmark = {
  name: 'latency',
  description:
    "a picture's datagram leaves the host → its first RTP packet, or all of it over a WebSocket, is at a peer process",
  async run({ quick }) {
    const { rounds, window } = quick ? QUICK : FULL;
    const found: Record<Transport, Found> = { webrtc: noLatencies(), websocket: noLatencies() };
    for (let i = 0; i < rounds; i += 1) {
      for (const transport of TRANSPORTS) await measure(transport, found[transport], window);
    }
    return {
      rows: TRANSPORTS.flatMap((over) => rowsOf(over, found[over])),
      notes: [
        'CLOCK_MONOTONIC on both sides; pictures are matched by their size, in order.',
        'With ten viewers every viewer counts: the last one in the row waits for the nine before it.',
        'The time includes the kernel, the wake-up of a Node process and its callback at the peer.',
        'A picture over a WebSocket is one message, and counts when all of it has come.',
      ],
    };
  },
};

function noLatencies(): Found {
  return new Map(SIZES.map((size) => [size, { fromFirst: [], fromLast: [], unmatched: 0 }]));
}

function rowsOf(over: Transport, found: Found): Record<string, string | number>[] {
  return [...found].flatMap(([viewers, { fromFirst, fromLast, unmatched }]) =>
    (
      [
        ['last data datagram', fromLast],
        ['first datagram', fromFirst],
      ] as const
    ).map(([since, samples]) => ({
      over,
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
}

async function startSender(transport: Transport): Promise<Sender> {
  if (transport === 'webrtc') {
    const moontee = await Moontee.start();
    return {
      join: async (id, receivers) => {
        await moontee.join(id, receivers);
      },
      departures: () => moontee.host.departures(),
      stop: () => moontee.stop(),
    };
  }
  const server = await BenchServer.start();
  return {
    join: (id, receivers) => receivers.watch(id, server.peerUrl).untilMedia(),
    departures: () => server.departures(),
    stop: () => server.stop(),
  };
}

async function measure(transport: Transport, found: Found, window: number): Promise<void> {
  const receivers = await ReceiverProcess.start();
  const sender = await startSender(transport);
  try {
    const joined: string[] = [];
    for (const [viewers, latencies] of found) {
      while (joined.length < viewers) {
        const id = `viewer-${joined.length}`;
        await sender.join(id, receivers);
        joined.push(id);
      }
      await delay(SETTLE_MS);
      receivers.reset();
      await delay(window);
      const departures = await sender.departures();
      for (const id of joined) match(departures, await receivers.arrivals(id), latencies);
    }
  } finally {
    await sender.stop();
    await receivers.stop();
  }
}
