/**
 * For what a browser may lack, forbid or fail at: that costs the feature and nothing else.
 *
 * @returns undefined if it did not work out
 */
export function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/** The same for a function that may return a promise, or in older browsers does not. */
export async function attemptAsync<T>(work: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch {
    return undefined;
  }
}
