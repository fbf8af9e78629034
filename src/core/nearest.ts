import { distance } from 'fastest-levenshtein';

/** Of a name's letters so many may be wrong: one of three. */
const MISTAKES = 1 / 3;

/** The name that was probably meant; null if none comes close. */
export function nearest(name: string, known: Iterable<string>): string | null {
  let best: string | null = null;
  let least = Math.max(1, Math.floor(name.length * MISTAKES)) + 1;
  for (const candidate of known) {
    const mistakes = distance(name, candidate);
    if (mistakes < least) [best, least] = [candidate, mistakes];
  }
  return best;
}

/** The end of a sentence about an unknown name; empty if none comes close. */
export function suggestion(name: string, known: Iterable<string>): string {
  const meant = nearest(name, known);
  return meant === null ? '' : `; did you mean ${meant}?`;
}
