import type { Log } from '../core/log.js';
import type { Doors } from '../streamer/doors.js';
import type { StreamerRegistry } from '../streamer/registry.js';

/** Lets nobody else in, and waits for who is here. */
export class Drain {
  /** Resolves when nobody is left, or the time is over: the server may end. */
  readonly over: Promise<void>;
  readonly #doors: Doors;
  readonly #streamers: StreamerRegistry;
  readonly #log: Log;
  readonly #timers = new Set<NodeJS.Timeout>();
  #isOver = false;
  #end: () => void = () => undefined;

  constructor(doors: Doors, streamers: StreamerRegistry, log: Log) {
    this.#doors = doors;
    this.#streamers = streamers;
    this.#log = log;
    this.over = new Promise((resolve) => {
      this.#end = () => {
        this.#isOver = true;
        this.close();
        resolve();
      };
    });
  }

  /**
   * Begins it, or joins the one that goes on; the earliest time of all wins.
   *
   * @param timeout milliseconds; null: as long as it takes
   * @param onCount gets how many are left, now and when that changes
   * @param signal ends the wait, and not the drain
   */
  async run(
    timeout: number | null,
    onCount: (viewers: number) => void,
    signal: AbortSignal,
  ): Promise<void> {
    if (this.#doors.isOpen) this.#log.info({ timeout_ms: timeout }, 'server drains');
    this.#doors.close();
    if (timeout !== null) this.#timers.add(setTimeout(() => this.#overdue(), timeout));
    let told = -1;
    const look = (): void => {
      if (this.#isOver) return;
      const viewers = this.#count();
      if (viewers !== told && !signal.aborted) onCount(viewers);
      told = viewers;
      if (viewers === 0) this.#end();
    };
    this.#streamers.on('viewer', look);
    this.#streamers.on('removed', look);
    try {
      look();
      await this.over;
    } finally {
      this.#streamers.off('viewer', look);
      this.#streamers.off('removed', look);
    }
  }

  /** Forgets its times. Idempotent. */
  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #count(): number {
    return this.#streamers.list().reduce((sum, { viewers }) => sum + viewers.length, 0);
  }

  #overdue(): void {
    this.#log.warn({ viewers: this.#count() }, 'viewers are not waited for any more');
    this.#end();
  }
}
