/** What to begin anew, each time more, when nothing is seen. */
export type Repair = 'sink' | 'decoder' | 'socket';

const REPAIRS: readonly Repair[] = ['sink', 'decoder', 'socket'];

/** Milliseconds in which pictures arrive and none is seen. */
const PATIENCE = 5_000;

/**
 * Watches what is painted, since a picture may be decoded and handed on, and still not be seen.
 * All times are milliseconds of one clock.
 */
export class PaintWatch {
  /** When the first picture came that no painted one has followed. */
  #waitsSince: number | undefined;
  #step = 0;

  arrived(now: number): void {
    this.#waitsSince ??= now;
  }

  painted(): void {
    this.#waitsSince = undefined;
    this.#step = 0;
  }

  /** Nothing is to be seen for now, e.g. of a hidden page. */
  pause(): void {
    this.#waitsSince = undefined;
  }

  /** @returns what is to be begun anew */
  look(now: number): Repair | undefined {
    if (this.#waitsSince === undefined || now - this.#waitsSince < PATIENCE) return undefined;
    this.#waitsSince = undefined;
    const repair = REPAIRS[Math.min(this.#step, REPAIRS.length - 1)];
    this.#step += 1;
    return repair;
  }
}
