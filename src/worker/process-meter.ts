import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';
import type { ProcessStats } from '../protocol/statistics.js';

/** Milliseconds between the samples of the event loop. */
const RESOLUTION_MS = 20;
/** Milliseconds that one set of samples covers. */
const WINDOW_MS = 10_000;
/** Nanoseconds in a millisecond. */
const NANOSECONDS = 1e6;

type EventLoopDelay = ProcessStats['eventLoopDelay'];

/** Measures what this process costs, and how late its event loop is. */
export class ProcessMeter {
  readonly #histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #timer: NodeJS.Timeout;
  /** Null until the first window is over. */
  #lastWindow: EventLoopDelay | null = null;

  constructor() {
    this.#histogram.enable();
    this.#timer = setInterval(() => {
      this.#lastWindow = this.#read();
      this.#histogram.reset();
    }, WINDOW_MS).unref();
  }

  stats(): ProcessStats {
    const { user, system } = process.cpuUsage();
    return {
      heapUsed: process.memoryUsage().heapUsed,
      cpuTime: (user + system) / 1000,
      eventLoopDelay: this.#worst(),
    };
  }

  /** Milliseconds by which timers were late in the last seconds. */
  lateness(): { readonly p50: number; readonly p99: number; readonly max: number } {
    const { count } = this.#histogram;
    const p50 = count === 0 ? 0 : delay(this.#histogram.percentile(50));
    return { p50, ...this.#worst() };
  }

  /** Idempotent. */
  close(): void {
    clearInterval(this.#timer);
    this.#histogram.disable();
  }

  /** The last complete window is enough; the current one may have seen something worse. */
  #worst(): EventLoopDelay {
    const now = this.#read();
    const last = this.#lastWindow ?? now;
    return { p99: last.p99, max: Math.max(last.max, now.max) };
  }

  #read(): EventLoopDelay {
    const { count, max } = this.#histogram;
    if (count === 0) return { p99: 0, max: 0 };
    return { p99: delay(this.#histogram.percentile(99)), max: delay(max) };
  }
}

/** A sample is the whole time between two timers. */
function delay(nanoseconds: number): number {
  return Math.max(0, nanoseconds / NANOSECONDS - RESOLUTION_MS);
}
