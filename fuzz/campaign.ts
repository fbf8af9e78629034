import { createHash } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { SeededRandom } from '../src/moonlight/random.js';
import { Coverage } from './coverage.js';
import { mutate } from './mutate.js';
import type { FuzzTarget } from './target.js';

interface FoundInput {
  readonly input: Buffer;
  readonly error: string;
  /** Equal for inputs that go wrong at the same place. */
  readonly key: string;
}

export interface CampaignOptions {
  readonly target: FuzzTarget;
  readonly seed: number;
  /** Milliseconds. */
  readonly duration: number;
  /** Inputs after which to stop, whatever time is left. */
  readonly inputs?: number;
  /** Milliseconds of CPU that one input may take. */
  readonly slow?: number;
  /** Called before an input is run, for an observer. */
  readonly before?: (input: Buffer) => void;
  readonly found?: (finding: FoundInput) => void;
}

export interface CampaignResult {
  readonly inputs: number;
  /** Blocks of code reached. */
  readonly blocks: number;
  /** Inputs that each reached something for the first time. */
  readonly corpus: readonly Buffer[];
  readonly findings: readonly FoundInput[];
  /** MiB between the first third and the end, after collections. */
  readonly growth: number;
}

/** Inputs, and milliseconds, between two looks at the coverage. */
const BATCH = 64;
const BATCH_TIME = 100;

/** Milliseconds of CPU that one input may take, by default. */
const SLOW = 1500;

/** MiB by which memory may grow; a corpus is at most a few. */
const MAX_GROWTH = 48;

const MAX_CORPUS = 1500;
const MAX_FINDINGS = 20;
const MINIMISE_RUNS = 400;

/** Feeds a target with mutants of what reached new code, for a while. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  return new Campaign(options).run();
}

class Campaign {
  readonly #options: CampaignOptions;
  readonly #random: SeededRandom;
  readonly #coverage = new Coverage();
  readonly #words: readonly Buffer[];
  readonly #corpus: Buffer[] = [];
  readonly #findings = new Map<string, FoundInput>();
  #inputs = 0;

  constructor(options: CampaignOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
    this.#words = (options.target.words ?? []).map((word) => Buffer.from(word as string));
  }

  async run(): Promise<CampaignResult> {
    const { duration, inputs = Infinity, target } = this.#options;
    const start = performance.now();
    const left = (): boolean =>
      performance.now() - start < duration &&
      this.#inputs < inputs &&
      this.#findings.size < MAX_FINDINGS;
    let settledMemory: number | null = null;
    try {
      await this.#batch([...target.seeds]);
      if (this.#corpus.length === 0) this.#corpus.push(target.seeds[0] ?? Buffer.alloc(0));
      while (left()) {
        await this.#batch(null);
        // Timers and handles that were closed are let go of between two turns only.
        await turn();
        if (settledMemory === null && performance.now() - start > duration / 3) {
          settledMemory = memory();
        }
      }
    } finally {
      this.#coverage.close();
    }
    await turn();
    const growth = settledMemory === null ? 0 : memory() - settledMemory;
    if (growth > MAX_GROWTH) {
      this.#note(Buffer.alloc(0), `Memory grew by ${Math.round(growth)} MiB`, 'memory');
    }
    return {
      inputs: this.#inputs,
      blocks: this.#coverage.size,
      corpus: this.#corpus,
      findings: [...this.#findings.values()],
      growth,
    };
  }

  /** Runs some inputs, and keeps those of them that reached new code. */
  async #batch(given: readonly Buffer[] | null): Promise<void> {
    const batch: Buffer[] = [];
    const start = performance.now();
    const count = given?.length ?? BATCH;
    while (batch.length < count && (given !== null || performance.now() - start < BATCH_TIME)) {
      const input = given?.[batch.length] ?? this.#mutant();
      batch.push(input);
      await this.#try(input);
    }
    this.#coverage.take();
    const fresh = new Set(this.#coverage.fresh());
    if (fresh.size > 0) await this.#attribute(batch, fresh);
    // What does not show again in a second run depends on time or on what came before.
    this.#coverage.learn(fresh);
  }

  /** Halves a batch until single inputs are left that reach the new blocks. */
  async #attribute(batch: readonly Buffer[], fresh: Set<string>): Promise<void> {
    const [only] = batch;
    if (batch.length === 1 && only !== undefined) {
      if (this.#corpus.length >= MAX_CORPUS) {
        this.#corpus.splice(this.#random.below(this.#corpus.length), 1);
      }
      this.#corpus.push(only);
      return;
    }
    const middle = Math.ceil(batch.length / 2);
    for (const half of [batch.slice(0, middle), batch.slice(middle)]) {
      if (half.length === 0 || fresh.size === 0) continue;
      for (const input of half) await this.#try(input);
      this.#coverage.take();
      const reached = this.#coverage.reached(fresh);
      if (reached.size === 0) continue;
      await this.#attribute(half, reached);
      this.#coverage.learn(reached);
      for (const block of reached) fresh.delete(block);
    }
  }

  #mutant(): Buffer {
    const pick = (): Buffer => {
      // The newest have been mutated least.
      const recent = this.#random.chance(0.3) ? Math.min(16, this.#corpus.length) : Infinity;
      const span = Math.min(recent, this.#corpus.length);
      const index = this.#corpus.length - 1 - this.#random.below(Math.max(1, span));
      return this.#corpus[index] ?? Buffer.alloc(0);
    };
    return mutate(pick(), pick(), this.#words, this.#random);
  }

  async #try(input: Buffer): Promise<void> {
    this.#inputs++;
    const failure = await this.#failure(input);
    if (failure === null || this.#findings.has(failure.key)) return;
    const smallest = failure.key === 'slow' ? input : await this.#minimise(input, failure.key);
    this.#note(smallest, failure.error, failure.key);
  }

  async #failure(input: Buffer): Promise<{ error: string; key: string } | null> {
    this.#options.before?.(input);
    const start = process.cpuUsage();
    try {
      const running = this.#options.target.run(Buffer.from(input));
      if (running !== undefined) await running;
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      return { error: text, key: keyOf(text) };
    }
    const { user, system } = process.cpuUsage(start);
    const time = (user + system) / 1000;
    return time > (this.#options.slow ?? SLOW)
      ? { error: `It took ${Math.round(time)} ms`, key: 'slow' }
      : null;
  }

  /** Leaves out what is not needed to go wrong in the same way. */
  async #minimise(input: Buffer, key: string): Promise<Buffer> {
    let smallest = input;
    let runs = 0;
    for (let size = Math.ceil(smallest.length / 2); size >= 1; size = Math.floor(size / 2)) {
      for (let at = 0; at < smallest.length && runs < MINIMISE_RUNS;) {
        const shorter = Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + size)]);
        runs++;
        if ((await this.#failure(shorter))?.key === key) smallest = shorter;
        else at += size;
      }
    }
    return smallest;
  }

  #note(input: Buffer, error: string, key: string): void {
    const finding = { input, error, key };
    this.#findings.set(key, finding);
    this.#options.found?.(finding);
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Message without its numbers, and the first places of Moontee's own code. */
function keyOf(text: string): string {
  const [message = '', ...frames] = text.split('\n');
  const places = frames.filter((frame) => /\/(src|fuzz)\//.test(frame)).slice(0, 2);
  const name = [message.replace(/\d+/g, '#'), ...places].join('\n');
  return createHash('sha256').update(name).digest('hex').slice(0, 12);
}

/** MiB in use after a collection. */
function memory(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1024 / 1024;
}
