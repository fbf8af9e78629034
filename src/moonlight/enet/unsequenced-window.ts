import { distance, isAhead } from './sequence.js';

const SIZE = 1024;

/** Recognises unsequenced messages that came before, by their group number. */
export class UnsequencedWindow {
  readonly #seen = new Uint8Array(SIZE);
  #newest = 0;

  /** True the first time; false for duplicates and for groups that are too old to be known. */
  accept(group: number): boolean {
    if (isAhead(group, this.#newest)) {
      const steps = Math.min(SIZE, distance(group, this.#newest));
      for (let step = 0; step < steps; step += 1) this.#seen[(group - step) & (SIZE - 1)] = 0;
      this.#newest = group;
    } else if (distance(this.#newest, group) >= SIZE) {
      return false;
    }
    const index = group & (SIZE - 1);
    if (this.#seen[index] === 1) return false;
    this.#seen[index] = 1;
    return true;
  }
}
