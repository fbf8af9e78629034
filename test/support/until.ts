/** Milliseconds until something that must happen counts as not happening. */
export const PATIENCE = 60_000;

/** Polls until `condition` gives something; fails with `what` when patience is over. */
export async function until<T>(
  what: string,
  condition: () => Promise<T | false | undefined | null> | T | false | undefined | null,
  patience = PATIENCE,
): Promise<T> {
  const deadline = performance.now() + patience;
  for (;;) {
    const result = await condition();
    if (result !== false && result !== undefined && result !== null) return result;
    if (performance.now() > deadline) throw new Error(`not within ${patience} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
