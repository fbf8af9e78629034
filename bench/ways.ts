import { setTimeout as delay } from 'node:timers/promises';
import { SeededRandom } from '../src/moonlight/random.js';
import type { Benchmark } from './benchmark.js';
import { flatness } from './support/flatness.js';
import { ReceiverProcess } from './support/receiver.js';
import { BenchServer } from './support/server.js';
import { round } from './support/statistics.js';
import { footprint, type Footprint } from './support/usage.js';
import { visitors, WAYS, type Way } from './support/visitors.js';

const JOINS = 600;
const QUICK_JOINS = 40;
/** Milliseconds between the beginnings of two visits. */
const PACE_MS = 1_000;
const QUICK_PACE_MS = 250;
const ROWS = 10;
/** Visits that run at the same time, at most. */
const PARALLEL = 6;
/** Milliseconds. */
const LONGEST_WATCH_MS = 4_000;
const REST_MS = 1_500;
const DEFAULT_SEED = 1;
/** Of visits, those that leave before there is a picture. */
const EARLY_SHARE = 0.2;
const LONGEST_EARLY_MS = 120;

const PROCESSES = ['server', 'streamer'] as const;

interface Mark {
  readonly joins: number;
  readonly of: Readonly<Record<(typeof PROCESSES)[number], Footprint>>;
}

/** Viewers who come and go over all transports, and what they leave behind. */
export const ways: Benchmark = {
  name: 'ways',
  description:
    'random joins and leaves (seeded) over WebRTC, WebSockets, WHEP and the desktop socket, and what server and streamer hold while nobody watches',
  async run({ quick, joins = quick ? QUICK_JOINS : JOINS, seed = DEFAULT_SEED }) {
    const server = await BenchServer.start();
    const receivers = await ReceiverProcess.start();
    const visits = new Visits(server, receivers, seed, quick ? QUICK_PACE_MS : PACE_MS);
    try {
      // The first of each kind load plugins and fill pools.
      await visits.run(WAYS.length * 2);
      const marks = [await mark(server, 0)];
      for (let row = 1; row <= ROWS; row += 1) {
        await visits.run(Math.round(joins / ROWS));
        marks.push(await mark(server, visits.done));
      }
      return {
        rows: marks.map(rowOf),
        notes: [
          `seed ${seed}; ${visits.summary()}`,
          ...PROCESSES.map(
            (process) => `${process}: ${flatness(marks.map(({ of }) => of[process]))}`,
          ),
          'Each row is taken without viewers, after a collection of garbage.',
        ],
      };
    } finally {
      await server.stop();
      await receivers.stop();
    }
  },
};

class Visits {
  done = 0;
  readonly #open: ReturnType<typeof visitors>;
  readonly #random: SeededRandom;
  readonly #pace: number;
  readonly #counts = new Map<string, number>();
  #next = 0;

  constructor(server: BenchServer, receivers: ReceiverProcess, seed: number, pace: number) {
    this.#open = visitors(server, receivers);
    this.#random = new SeededRandom(seed);
    this.#pace = pace;
  }

  /** So many visits, some at a time; afterwards there is no viewer. */
  async run(count: number): Promise<void> {
    let left = count;
    let next = performance.now();
    const worker = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        const wait = next - performance.now();
        next = Math.max(next, performance.now()) + this.#pace;
        if (wait > 0) await delay(wait);
        await this.#visit();
        this.done += 1;
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, worker));
  }

  summary(): string {
    return [...this.#counts].map(([what, count]) => `${count} ${what}`).join(', ');
  }

  async #visit(): Promise<void> {
    const way = WAYS[this.#random.below(WAYS.length)] as Way;
    const isEarly = this.#random.next() < EARLY_SHARE;
    const isAbrupt = this.#random.next() < 0.5;
    const time = this.#random.next() * (isEarly ? LONGEST_EARLY_MS : LONGEST_WATCH_MS);
    this.#next += 1;
    const visitor = this.#open[way](`visitor-${this.#next}`);
    try {
      if (!isEarly) await visitor.untilPicture();
      await delay(time);
    } finally {
      await visitor.leave(isAbrupt);
    }
    const what = `${way}${isEarly ? ' early' : ''}`;
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }
}

/** What is held at rest, without viewers. */
async function mark(server: BenchServer, joins: number): Promise<Mark> {
  await server.untilEmpty();
  for (let count = 0; count < 3; count += 1) {
    await server.collectGarbage();
    await delay(REST_MS);
  }
  const of = { server: footprint(server.pid), streamer: footprint(server.streamerPid) };
  return { joins, of };
}

function rowOf({ joins, of }: Mark): Record<string, number> {
  const row: Record<string, number> = { joins };
  for (const process of PROCESSES) {
    const { threads, descriptors, rss } = of[process];
    row[`${process} threads`] = threads;
    row[`${process} fds`] = descriptors;
    row[`${process} rss MiB`] = round(rss, 1);
  }
  return row;
}
