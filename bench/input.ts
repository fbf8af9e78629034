import { setTimeout as delay } from 'node:timers/promises';
import type { Benchmark } from './benchmark.js';
import { Moontee } from './support/moontee.js';
import { PointerViewer } from './support/pointer-viewer.js';
import { quantile, round } from './support/statistics.js';
import type { PositionArrival } from './support/timed-host-process.js';

const VIEWERS = 3;
/** Positions of one viewer in a second. */
const RATE = 1_000;
const MBIT = 20;

/** Milliseconds. */
const FULL = { rounds: 3, window: 20_000 };
const QUICK = { rounds: 1, window: 4_000 };
const SETTLE_MS = 2_000;
/** After the last message, for the datagrams that are still under way. */
const REST_MS = 500;

interface Round {
  readonly sent: number;
  /** Milliseconds of each datagram that came, from the message that it carries. */
  readonly carried: readonly number[];
  /** Milliseconds of each message, until the host had it or a later one. */
  readonly known: readonly number[];
}

/** How long Moontee holds input. */
export const input: Benchmark = {
  name: 'input',
  description: "a viewer's data-channel message leaves → its datagram is at the host",
  async run({ quick }) {
    const { rounds, window } = quick ? QUICK : FULL;
    const found: Round[] = [];
    for (let i = 0; i < rounds; i += 1) found.push(await measure(window));
    const row = (of: string, samples: readonly number[]): Record<string, string | number> => ({
      of,
      samples: samples.length,
      'p50 ms': round(quantile(samples, 0.5)),
      'p90 ms': round(quantile(samples, 0.9)),
      'p99 ms': round(quantile(samples, 0.99)),
      'max ms': round(quantile(samples, 1)),
    });
    const carried = found.flatMap((each) => each.carried);
    const known = found.flatMap((each) => each.known);
    const sent = found.reduce((sum, each) => sum + each.sent, 0);
    return {
      rows: [row('datagrams', carried), row('messages', known)],
      notes: [
        `${VIEWERS} viewers, ${round(sent / (rounds * window), 2)} positions a millisecond together, beside ${MBIT} Mbit/s of video.`,
        'CLOCK_MONOTONIC on both sides, from libdatachannel’s send to the decoded input in the host’s process.',
        'Positions that come within a millisecond are one datagram with the latest of them. A message counts until the host has it or a later one.',
        'Goal: p50 1 ms, p99 4 ms.',
      ],
    };
  },
};

async function measure(window: number): Promise<Round> {
  const moontee = await Moontee.start({ mbit: MBIT });
  const viewers: PointerViewer[] = [];
  try {
    for (let index = 0; index < VIEWERS; index += 1) {
      viewers.push(await PointerViewer.join(moontee, `viewer-${index}`));
    }
    await delay(SETTLE_MS);
    await moontee.host.positions();
    const times = await Promise.all(viewers.map((viewer, lane) => viewer.move(window, RATE, lane)));
    await delay(REST_MS);
    return judge(times, await moontee.host.positions());
  } finally {
    await moontee.stop();
    await Promise.all(viewers.map((viewer) => viewer.stop()));
  }
}

/** @param times by viewer and number */
function judge(times: readonly (readonly number[])[], arrivals: readonly PositionArrival[]): Round {
  const came = arrivals.flatMap(({ x, y, at }) => {
    const left = times[y]?.[x];
    return left === undefined ? [] : [{ left, at }];
  });
  const carried = came.map(({ left, at }) => at - left);
  // From the end: when the host first had a message that left at that time or later.
  const byDeparture = came.toSorted((a, b) => b.left - a.left);
  const sent = times.flat().sort((a, b) => b - a);
  const known: number[] = [];
  let next = 0;
  let earliest = Infinity;
  for (const left of sent) {
    for (; (byDeparture[next]?.left ?? -Infinity) >= left; next += 1) {
      earliest = Math.min(earliest, byDeparture[next]?.at ?? Infinity);
    }
    if (earliest < Infinity) known.push(earliest - left);
  }
  return { sent: sent.length, carried, known };
}
