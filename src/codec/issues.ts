import type { Errors } from 'io-ts';

/** What did not decode and its place, in one line. Values are left out: they may be secrets. */
export function describeIssues(errors: Errors): string {
  const lines = new Set<string>();
  for (const error of errors) {
    const path = error.context
      .map((entry) => entry.key)
      .filter((key) => key !== '' && !/^\d+$/.test(key))
      .join('.');
    const expected = error.context.at(-1)?.type.name ?? 'a value';
    lines.add(`${path === '' ? 'value' : path} is not ${expected}`);
    if (lines.size >= 4) break;
  }
  return [...lines].join('; ');
}
