import { readFileSync } from 'node:fs';

/**
 * How the main thread of a process spent the time between two measurements. `starved` wanted to
 * run, or waits for a disk, and was not let. `stopped` was stopped by a signal. `other` ran or
 * slept by itself, as in a lock.
 */
export type Spent = 'starved' | 'stopped' | 'other';

/**
 * Parts of the time between two measurements that make it a starved one: in the queue for a
 * processor, or on none.
 */
const WAITED = 0.25;
const RAN = 0.5;

interface Clocks {
  /** Milliseconds on a processor, and in the queue for one, since its start. */
  readonly ran: number;
  readonly waited: number;
}

/**
 * The scheduler's account of a process's main thread (proc(5): `stat` and `schedstat`). It is the
 * only witness that distinguishes a process that hangs from one that the machine does not let run.
 */
export class MainThread {
  readonly #folder: string;
  #last: Clocks | null = null;
  readonly #startedAt = performance.now();
  #lastAt = this.#startedAt;
  /** Milliseconds that were spent starving. */
  #starved = 0;

  constructor(pid: number) {
    this.#folder = `/proc/${pid}/task/${pid}`;
  }

  /** Part of the time from the first look to the last, 0 to 1, that it was starved. */
  get starvation(): number {
    return this.#starved / Math.max(1, this.#lastAt - this.#startedAt);
  }

  measure(now = performance.now()): Spent {
    const elapsed = now - this.#lastAt;
    const spent = this.#spent(elapsed);
    this.#lastAt = now;
    if (spent === 'starved') this.#starved += elapsed;
    return spent;
  }

  #spent(elapsed: number): Spent {
    const state = this.#state();
    const clocks = this.#clocks();
    const last = this.#last;
    this.#last = clocks ?? last;
    if (state === 'T' || state === 't') return 'stopped';
    const isWaiting = state === 'R' || state === 'D';
    if (clocks === null || last === null) return isWaiting ? 'starved' : 'other';
    if (clocks.waited - last.waited > WAITED * elapsed) return 'starved';
    // It may have waited all the time: the queue's time is counted when it gets its turn.
    return isWaiting && clocks.ran - last.ran < RAN * elapsed ? 'starved' : 'other';
  }

  #state(): string {
    const stat = this.#read('stat');
    // The name, in parentheses, may contain anything.
    return stat.charAt(stat.lastIndexOf(')') + 2);
  }

  /** Null if the kernel keeps no such account, or the process is gone. */
  #clocks(): Clocks | null {
    const [ran, waited] = this.#read('schedstat').split(' ').map(Number);
    if (ran === undefined || waited === undefined || Number.isNaN(ran + waited)) return null;
    return { ran: ran / 1e6, waited: waited / 1e6 };
  }

  #read(name: string): string {
    try {
      return readFileSync(`${this.#folder}/${name}`, 'utf8');
    } catch {
      return '';
    }
  }
}
