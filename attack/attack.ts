import type { SeededRandom } from '../src/moonlight/random.js';
import type { Scene } from './support/scene.js';

/** How much of an attack is wanted. */
export interface Budget {
  readonly random: SeededRandom;
  /** Requests, inputs or milliseconds of a flood: what a full campaign takes is 1. */
  readonly share: number;
}

/** One row of the table. */
export interface Outcome {
  readonly attack: string;
  /** Requests, inputs or messages. */
  readonly tried: number;
  /** What must not happen, in words; none is a success. */
  readonly findings: readonly string[];
  readonly note: string;
}

export interface Attack {
  readonly name: string;
  run(scene: Scene, budget: Budget): Promise<Outcome>;
}

/** Findings that are reported of one attack; more of a kind add nothing. */
const MAX_FINDINGS = 10;

/** Collects what must not happen. */
export class Findings {
  readonly #found: string[] = [];
  #more = 0;

  add(finding: string): void {
    if (this.#found.length < MAX_FINDINGS) this.#found.push(finding);
    else this.#more += 1;
  }

  list(): readonly string[] {
    return this.#more === 0 ? this.#found : [...this.#found, `and ${this.#more} more`];
  }
}
