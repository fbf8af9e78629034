/** What a benchmark found: a table, and what the reader must know to read it. */
export interface BenchmarkResult {
  readonly rows: Record<string, string | number>[];
  readonly notes: string[];
}

export interface BenchmarkOptions {
  /** Trades accuracy for seconds. */
  readonly quick: boolean;
  /** Length, for a benchmark with a variable one. */
  readonly minutes?: number;
  /** Seed of random choices, if there are any. */
  readonly seed?: number;
  /** Viewers that come and go, if they are counted. */
  readonly joins?: number;
}

/** One benchmark of `npm run bench -- NAME`. */
export interface Benchmark {
  readonly name: string;
  readonly description: string;
  run(options: BenchmarkOptions): Promise<BenchmarkResult>;
}
