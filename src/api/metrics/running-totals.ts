/** One figure of a metric. */
export interface Sample {
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Total {
  readonly labels: Sample['labels'];
  /** What the children before this one had. */
  before: number;
  now: number;
}

/**
 * Counters of a streamer over all its children. Each child counts from zero: what the one before it
 * had is added, so that no total ever falls.
 */
export class RunningTotals {
  #child: number | null = null;
  /** Metric → labels in one text → total. */
  readonly #totals = new Map<string, Map<string, Total>>();

  /** @param child its process id */
  take(child: number, samples: readonly Sample[]): void {
    if (this.#child !== child) this.#keep();
    this.#child = child;
    for (const { metric, labels, value } of samples) {
      const total = this.#total(metric, labels);
      total.now = Math.max(total.now, value);
    }
  }

  list(metric: string): Omit<Sample, 'metric'>[] {
    return [...(this.#totals.get(metric)?.values() ?? [])].map(({ labels, before, now }) => ({
      labels,
      value: before + now,
    }));
  }

  #keep(): void {
    for (const totals of this.#totals.values()) {
      for (const total of totals.values()) {
        total.before += total.now;
        total.now = 0;
      }
    }
  }

  #total(metric: string, labels: Sample['labels']): Total {
    const totals = this.#totals.get(metric) ?? new Map<string, Total>();
    this.#totals.set(metric, totals);
    const key = Object.values(labels).join();
    const total = totals.get(key) ?? { labels, before: 0, now: 0 };
    totals.set(key, total);
    return total;
  }
}
