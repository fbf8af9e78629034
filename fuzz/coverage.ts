import { Session, type Profiler } from 'node:inspector';

/** Scripts whose blocks count. */
const OURS = /\/src\/(?!gst\/generated)[^?]*$/;

/** Which blocks of Moontee's own code have run, by V8's own count. */
export class Coverage {
  readonly #session = new Session();
  readonly #seen = new Set<string>();

  constructor() {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** Blocks known so far. */
  get size(): number {
    return this.#seen.size;
  }

  /** Blocks that ran since the last call and never before it was told of them. */
  fresh(): string[] {
    const blocks: string[] = [];
    for (const script of this.#take()) {
      if (!OURS.test(script.url)) continue;
      for (const { ranges } of script.functions) {
        for (const { startOffset, endOffset, count } of ranges) {
          if (count === 0) continue;
          const block = `${script.scriptId}:${startOffset}:${endOffset}`;
          if (!this.#seen.has(block)) blocks.push(block);
        }
      }
    }
    return blocks;
  }

  learn(blocks: Iterable<string>): void {
    for (const block of blocks) this.#seen.add(block);
  }

  close(): void {
    this.#session.disconnect();
  }

  /** The inspector of one's own thread answers before `post` returns. */
  #take(): readonly Profiler.ScriptCoverage[] {
    let result: readonly Profiler.ScriptCoverage[] = [];
    this.#session.post('Profiler.takePreciseCoverage', (_error, answer) => {
      result = answer.result;
    });
    return result;
  }
}
