import { SeededRandom } from '../../src/moonlight/random.js';

type Factors = Readonly<Record<string, readonly unknown[]>>;
export type Row<F extends Factors> = { readonly [Name in keyof F]: F[Name][number] };

/** Rows drawn for each one that is kept. */
const CANDIDATES = 40;

/**
 * Few rows in which every two values of different factors meet at least once. The same factors
 * give the same rows.
 */
export function pairwise<const F extends Factors>(factors: F): Row<F>[] {
  const names = Object.keys(factors);
  const random = new SeededRandom(1);
  const missing = new Set<string>();
  names.forEach((a, i) => {
    for (const b of names.slice(i + 1)) {
      factors[a]?.forEach((_, x) => factors[b]?.forEach((__, y) => missing.add(pair(a, x, b, y))));
    }
  });
  const met = (row: Readonly<Record<string, number>>): string[] =>
    names.flatMap((a, i) => names.slice(i + 1).map((b) => pair(a, row[a] ?? 0, b, row[b] ?? 0)));
  const rows: Row<F>[] = [];
  while (missing.size > 0) {
    // Each row has at least one missing pair, and of some such rows the best.
    const [open = ''] = missing;
    const fixed = JSON.parse(open) as [string, number, string, number];
    let best: Record<string, number> = {};
    let most = -1;
    for (let draw = 0; draw < CANDIDATES; draw++) {
      const row: Record<string, number> = Object.fromEntries(
        names.map((name) => [name, random.below(factors[name]?.length ?? 1)]),
      );
      row[fixed[0]] = fixed[1];
      row[fixed[2]] = fixed[3];
      const gain = met(row).filter((one) => missing.has(one)).length;
      if (gain > most) [best, most] = [row, gain];
    }
    for (const one of met(best)) missing.delete(one);
    rows.push(
      Object.fromEntries(names.map((name) => [name, factors[name]?.[best[name] ?? 0]])) as Row<F>,
    );
  }
  return rows;
}

const pair = (a: string, x: number, b: string, y: number): string => JSON.stringify([a, x, b, y]);
