import { setTimeout as sleep } from 'node:timers/promises';
import { MoonteeError } from '../../core/errors.js';
import type { StreamerStats } from '../../protocol/statistics.js';
import { CHILD_COUNTERS } from './child-metrics.js';
import { RunningTotals } from './running-totals.js';

/** A streamer, as far as it is asked for statistics. */
export interface StatisticsSource {
  readonly pid: number | null;
  request(method: 'stats', data: null): Promise<StreamerStats>;
}

export interface FiguresTiming {
  /** Milliseconds between two questions to one child. */
  readonly interval: number;
  /** Milliseconds that a scrape waits for all answers together. */
  readonly deadline: number;
}

const TIMING: FiguresTiming = { interval: 3_000, deadline: 1_000 };

interface Entry {
  readonly totals: RunningTotals;
  /** Of the last answer; null if the last question got none. */
  latest: StreamerStats | null;
  /** Milliseconds of `performance.now()`. */
  askedAt: number;
  pending: Promise<void> | null;
  /** It kept a scrape waiting: it is asked, and not waited for, until it answers. */
  slow: boolean;
}

/** The figures of all children. Each is asked seldom, and one that hangs holds nothing up. */
export class ChildFigures {
  readonly #timing: FiguresTiming;
  /** An entry is removed with its streamer. */
  readonly #entries = new WeakMap<StatisticsSource, Entry>();

  constructor(timing: FiguresTiming = TIMING) {
    this.#timing = timing;
  }

  /** Asks those whose figures are old. Never rejects, and returns within the deadline. */
  async refresh(streamers: readonly StatisticsSource[]): Promise<void> {
    const now = performance.now();
    const waiting = streamers.map((streamer) => this.#ask(streamer, now));
    const answers = waiting.flatMap(({ pending, slow }) =>
      pending === null || slow ? [] : [pending],
    );
    if (answers.length === 0) return;
    const done = new AbortController();
    const late = sleep(this.#timing.deadline, undefined, { signal: done.signal });
    await Promise.race([Promise.all(answers), late.catch(() => undefined)]);
    done.abort();
    for (const entry of waiting) entry.slow ||= entry.pending !== null;
  }

  /** Null if the child did not answer the last time. */
  latest(streamer: StatisticsSource): StreamerStats | null {
    return this.#entries.get(streamer)?.latest ?? null;
  }

  totals(streamer: StatisticsSource, metric: string): ReturnType<RunningTotals['list']> {
    return this.#entries.get(streamer)?.totals.list(metric) ?? [];
  }

  #ask(streamer: StatisticsSource, now: number): Entry {
    const entry = this.#entry(streamer);
    const { pid } = streamer;
    if (pid === null) entry.latest = null;
    if (pid === null || entry.pending !== null) return entry;
    if (now - entry.askedAt < this.#timing.interval) return entry;
    entry.askedAt = now;
    entry.pending = streamer
      .request('stats', null)
      .then((stats) => {
        entry.latest = stats;
        entry.slow = false;
        entry.totals.take(pid, childSamples(stats));
      })
      .catch((error: unknown) => {
        entry.latest = null;
        // One without a session refuses at once.
        entry.slow = MoonteeError.from(error).code === 'TIMEOUT';
      })
      .finally(() => {
        entry.pending = null;
      });
    return entry;
  }

  #entry(streamer: StatisticsSource): Entry {
    const entry = this.#entries.get(streamer) ?? {
      ...{ totals: new RunningTotals(), latest: null, askedAt: -Infinity },
      ...{ pending: null, slow: false },
    };
    this.#entries.set(streamer, entry);
    return entry;
  }
}

function childSamples(stats: StreamerStats): Parameters<RunningTotals['take']>[1] {
  return CHILD_COUNTERS.flatMap(({ name, read }) =>
    read(stats).map((reading) => ({ metric: name, ...reading })),
  );
}
