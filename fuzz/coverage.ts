import { Session, type Profiler } from 'node:inspector';

/** Scripts whose blocks count. */
const OURS = /\/src\/(?!gst\/generated)[^?]*$/;

interface Range {
  readonly start: number;
  readonly end: number;
  readonly count: number;
}

/** Which blocks of Moontee's own code have run, by V8's own count. */
export class Coverage {
  readonly #session = new Session();
  readonly #seen = new Set<string>();
  /** By script, outer ranges before inner ones. */
  #ranges = new Map<string, readonly Range[]>();

  constructor() {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** Blocks known so far. */
  get size(): number {
    return this.#seen.size;
  }

  /** Begins a new count, and keeps the one that ends for {@link fresh} and {@link reached}. */
  take(): void {
    this.#ranges = new Map(
      this.#results()
        .filter(({ url }) => OURS.test(url))
        .map(({ scriptId, functions }) => [
          scriptId,
          functions
            .flatMap(({ ranges }) => ranges)
            .map(({ startOffset, endOffset, count }) => ({
              start: startOffset,
              end: endOffset,
              count,
            }))
            .sort((a, b) => a.start - b.start || b.end - a.end),
        ]),
    );
  }

  /** Blocks that ran in the last count and are not known yet. */
  fresh(): string[] {
    const blocks: string[] = [];
    for (const [script, ranges] of this.#ranges) {
      for (const { start, count } of ranges) {
        const block = `${script}:${start}`;
        if (count > 0 && !this.#seen.has(block)) blocks.push(block);
      }
    }
    return blocks;
  }

  /** Those of the given blocks that ran in the last count. */
  reached(blocks: Iterable<string>): Set<string> {
    return new Set([...blocks].filter((block) => this.#ran(block)));
  }

  learn(blocks: Iterable<string>): void {
    for (const block of blocks) this.#seen.add(block);
  }

  close(): void {
    this.#session.disconnect();
  }

  /** A block that ran as often as the one around it is not listed on its own. */
  #ran(block: string): boolean {
    const [script = '', offset = ''] = block.split(':');
    const at = Number(offset);
    let innermost = 0;
    for (const { start, end, count } of this.#ranges.get(script) ?? []) {
      if (start > at) break;
      if (at < end) innermost = count;
    }
    return innermost > 0;
  }

  /** The inspector of one's own thread answers before `post` returns. */
  #results(): readonly Profiler.ScriptCoverage[] {
    let result: readonly Profiler.ScriptCoverage[] = [];
    this.#session.post('Profiler.takePreciseCoverage', (_error, answer) => {
      result = answer.result;
    });
    return result;
  }
}
