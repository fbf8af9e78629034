/** What a benchmark found: a table, and what the reader must know to read it. */
export interface BenchmarkResult {
  readonly rows: Record<string, string | number>[];
  readonly notes: string[];
}

/** One benchmark of `npm run bench -- NAME`. */
export interface Benchmark {
  readonly name: string;
  readonly description: string;
  /** @param options `quick` trades accuracy for seconds */
  run(options: { quick: boolean }): Promise<BenchmarkResult>;
}
