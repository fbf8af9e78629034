/** Whether streamer processes can be started on this machine, found out by starting one. */
import { once } from 'node:events';
import { MoonteeError } from '../../core/errors.js';
import type { Log } from '../../core/log.js';
import { launchChild, PROBE } from './launch.js';

/** Milliseconds for a process to load GStreamer and end. */
const PROBE_TIMEOUT_MS = 20_000;
/** Milliseconds for which a result counts: a machine that worked goes on working. */
const GOOD_AGE_MS = 300_000;
const BAD_AGE_MS = 10_000;

interface Result {
  readonly works: boolean;
  /** `performance.now()`. */
  readonly at: number;
}

export class WorkerProbe {
  readonly #module: string | URL;
  readonly #log: Log;
  #last: Result | null = null;
  #running: Promise<boolean> | null = null;

  constructor(module: string | URL, log: Log) {
    this.#module = module;
    this.#log = log;
  }

  /** A result of before counts for a while; of many that ask one process is made. Never rejects. */
  works(): Promise<boolean> {
    const last = this.#last;
    const age = last === null ? Infinity : performance.now() - last.at;
    if (last !== null && age < (last.works ? GOOD_AGE_MS : BAD_AGE_MS)) {
      return Promise.resolve(last.works);
    }
    this.#running ??= this.#try().finally(() => (this.#running = null));
    return this.#running;
  }

  async #try(): Promise<boolean> {
    let works = false;
    try {
      await tryWorker(this.#module, this.#log);
      works = true;
    } catch (error) {
      this.#log.error({ err: error }, 'streamer processes cannot be started');
    }
    this.#last = { works, at: performance.now() };
    return works;
  }
}

/** @throws INTERNAL, TIMEOUT, or the operating system's error */
async function tryWorker(module: string | URL, log: Log): Promise<void> {
  const child = launchChild(module, 0, log, [PROBE]);
  const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS);
  try {
    const [code, end] = (await once(child, 'exit', { signal })) as [number | null, string | null];
    if (code === 0) return;
    const how = code === null ? `by ${end ?? 'a signal'}` : `with ${code}`;
    throw new MoonteeError('INTERNAL', `A streamer process ended ${how} before it was ready`);
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new MoonteeError('TIMEOUT', 'A streamer process did not get ready in time');
  } finally {
    child.kill('SIGKILL');
  }
}
