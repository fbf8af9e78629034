import { setTimeout as delay } from 'node:timers/promises';
import { SeededRandom } from '../src/moonlight/random.js';
import type { Benchmark } from './benchmark.js';
import { flatness } from './support/flatness.js';
import { Moontee } from './support/moontee.js';
import { ReceiverProcess, type Receiver } from './support/receiver.js';
import { round } from './support/statistics.js';
import { footprint, type Footprint } from './support/usage.js';

const CYCLES = 2_000;
const QUICK_CYCLES = 100;
/** Cycles between two rows. */
const REPORT_EVERY = 100;
/** Cycles that run at the same time. */
const PARALLEL = 4;
/** Cycles that a process of receivers lives, unless it is killed before. */
const RECEIVER_LIFE = 250;
const DEFAULT_SEED = 1;
/** Milliseconds between two cycles if the length is given in minutes: a soak, not a race. */
const SOAK_PACE = 2_000;

/** Milliseconds. */
const LONGEST_WATCH = 800;
const LONGEST_NEGOTIATION = 60;
/** Between two collections of garbage. */
const REST = 250;
/** Collections for a row, and those in a row that must find nothing. */
const MOST_COLLECTIONS = 20;
const SETTLED_AFTER = 4;

/** How a viewer leaves; the numbers are their shares of 100. */
const WAYS = {
  /** The viewer closes, and its socket's end removes it. */
  graceful: 40,
  /** The server removes it while the other side still watches. */
  abrupt: 30,
  /** It leaves before the connection is up. */
  'mid-negotiation': 25,
  /** Its process is killed, and with it all others that it holds. */
  killed: 5,
} as const;
type Way = keyof typeof WAYS;

interface Mark extends Footprint {
  readonly cycles: number;
}

/** Viewers that come and go in every way, and what they leave behind in the streamer. */
export const churn: Benchmark = {
  name: 'churn',
  description: 'random joins and leaves (seeded), and what the streamer holds while nobody watches',
  async run({ quick, minutes, seed = DEFAULT_SEED }) {
    const session = await Churn.start(seed);
    try {
      const deadline = performance.now() + (minutes ?? Infinity) * 60_000;
      const cycles = minutes === undefined ? (quick ? QUICK_CYCLES : CYCLES) : Infinity;
      const pace = minutes === undefined ? 0 : SOAK_PACE;
      const every = quick ? REPORT_EVERY / 5 : REPORT_EVERY;
      const marks: Mark[] = [];
      const mark = async (): Promise<void> => {
        const latest = await session.mark();
        marks.push(latest);
        // A run of hours prints its progress.
        if (minutes !== undefined) process.stderr.write(`${JSON.stringify(rowOf(latest))}\n`);
      };
      await mark();
      let failure = '';
      while (failure === '' && session.cycles < cycles && performance.now() < deadline) {
        try {
          await session.run(every, pace);
          await mark();
        } catch (error) {
          // What was measured until then is worth showing.
          failure = `FAILED after ${session.cycles} cycles: ${String(error)}`;
          process.exitCode = 1;
        }
      }
      return {
        rows: marks.map(rowOf),
        notes: [
          ...(failure === '' ? [] : [failure]),
          `seed ${seed}; ${session.summary()}`,
          flatness(marks),
          'Each row is taken without viewers, after a collection of garbage.',
        ],
      };
    } finally {
      await session.stop();
    }
  },
};

function rowOf({ cycles, threads, descriptors, rss }: Mark): Record<string, number> {
  return { cycles, threads, descriptors, 'rss MiB': round(rss, 1) };
}

class Churn {
  cycles = 0;
  readonly #moontee: Moontee;
  readonly #random: SeededRandom;
  readonly #counts = new Map<Way | 'watched', number>();
  #receivers: ReceiverProcess;
  #starting: Promise<void> | null = null;
  #used = 0;
  #next = 0;

  private constructor(moontee: Moontee, receivers: ReceiverProcess, seed: number) {
    this.#moontee = moontee;
    this.#receivers = receivers;
    this.#random = new SeededRandom(seed);
  }

  static async start(seed: number): Promise<Churn> {
    const receivers = await ReceiverProcess.start();
    try {
      return new Churn(await Moontee.start(), receivers, seed);
    } catch (error) {
      await receivers.stop();
      throw error;
    }
  }

  /**
   * So many cycles, some at a time; afterwards there is no viewer.
   *
   * @param pace milliseconds between the beginnings of two cycles, at least
   */
  async run(count: number, pace: number): Promise<void> {
    let left = count;
    let next = performance.now();
    const worker = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        const wait = next - performance.now();
        next = Math.max(next, performance.now()) + pace;
        if (wait > 0) await delay(wait);
        await this.#cycle();
        this.cycles += 1;
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, worker));
  }

  /** What the streamer holds at rest: once collections of garbage find nothing more. */
  async mark(): Promise<Mark> {
    let last = Infinity;
    let same = 0;
    for (let i = 0; i < MOST_COLLECTIONS && same < SETTLED_AFTER; i += 1) {
      await this.#moontee.collectGarbage();
      await delay(REST);
      const { descriptors } = footprint(this.#moontee.pid);
      same = descriptors < last ? 0 : same + 1;
      last = descriptors;
    }
    return { cycles: this.cycles, ...footprint(this.#moontee.pid) };
  }

  summary(): string {
    return [...this.#counts].map(([way, count]) => `${count} ${way}`).join(', ');
  }

  async stop(): Promise<void> {
    await this.#moontee.stop();
    await this.#receivers.stop();
  }

  async #cycle(): Promise<void> {
    const way = this.#way();
    const watch = this.#random.next() * LONGEST_WATCH;
    const negotiation = this.#random.next() * LONGEST_NEGOTIATION;
    if (this.#used >= RECEIVER_LIFE) await this.#replaceReceivers();
    this.#used += 1;
    this.#next += 1;
    const id = `viewer-${this.#next}`;
    const receivers = this.#receivers;
    const receiver = this.#moontee.open(id, receivers);
    this.#count(way);

    if (way === 'mid-negotiation') {
      await delay(negotiation);
    } else if (await this.#watching(receiver, receivers)) {
      this.#count('watched');
      await delay(watch);
    }
    if (way === 'graceful' || way === 'mid-negotiation') receiver.close();
    if (way === 'killed') await this.#replaceReceivers(receivers);
    await this.#moontee.remove(id);
    receiver.close();
  }

  #way(): Way {
    let at = this.#random.next() * 100;
    for (const [way, share] of Object.entries(WAYS)) {
      if (at < share) return way as Way;
      at -= share;
    }
    return 'graceful';
  }

  #count(what: Way | 'watched'): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  /** Kills the process of receivers, with whatever else it holds. */
  async #replaceReceivers(victim = this.#receivers): Promise<void> {
    if (victim === this.#receivers) await this.#freshReceivers();
    await victim.kill();
  }

  /**
   * Several cycles may ask at the same time. It starts one process: a second one would have no
   * owner.
   */
  #freshReceivers(): Promise<void> {
    this.#starting ??= ReceiverProcess.start()
      .then((receivers) => {
        this.#used = 0;
        this.#receivers = receivers;
      })
      .finally(() => {
        this.#starting = null;
      });
    return this.#starting;
  }

  /** Whether media came; it does not if another cycle killed the receiver. */
  async #watching(receiver: Receiver, receivers: ReceiverProcess): Promise<boolean> {
    try {
      await this.#moontee.orFailure(receiver.untilMedia());
      return true;
    } catch (error) {
      if (receivers.killed) return false;
      throw error;
    }
  }
}
