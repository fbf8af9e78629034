import type { ExecutionContext } from 'ava';

/** Before the last one counts. */
const ATTEMPTS = 3;

/**
 * For what a machine without time to spare may spoil although nothing is wrong, e.g. a browser that is
 * silent for so long that the server lets go of what it holds. The first attempt that passes counts, and
 * what is really wrong fails each time.
 */
export async function severalAttempts(
  t: ExecutionContext,
  attempt: (t: ExecutionContext) => Promise<void>,
): Promise<void> {
  for (let left = ATTEMPTS; left > 0; left -= 1) {
    const result = await t.try(attempt);
    if (result.passed || left === 1) {
      result.commit();
      return;
    }
    t.log(result.errors.map(({ message }) => message).join('; '));
    result.discard();
  }
}
