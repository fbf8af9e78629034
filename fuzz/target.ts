import { MoonteeError } from '../src/core/errors.js';

/**
 * One thing to be fuzzed. An input is a run of bytes: text, a datagram, or the steps of a play (see
 * ByteReader). The same input always does the same.
 */
export interface FuzzTarget {
  readonly name: string;
  /** Inputs to start from: valid ones reach furthest. */
  readonly seeds: readonly Buffer[];
  /** Pieces that random bytes would hardly hit. */
  readonly words?: readonly (string | Buffer)[];
  /** Throws, or rejects, for a finding. */
  run(input: Buffer): void | Promise<void>;
  /** Lets go of what the target holds. */
  close?(): void | Promise<void>;
}

/** What an input did that nothing may do. */
class Finding extends Error {
  override readonly name = 'Finding';
}

export function expect(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Finding(what);
}

/** The result of `work`; null if it refused with an error that callers are prepared for. */
export function tolerate<T>(work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    if (error instanceof MoonteeError) return null;
    throw error;
  }
}
