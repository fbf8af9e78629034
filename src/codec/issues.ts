import type { ContextEntry, Errors } from 'io-ts';
import { DescribedType, meaningOf } from './described.js';

/** Issues in one line; the others are mostly branches of the same mistake. */
const MAX_ISSUES = 4;

/** Types as people call them. */
const WORDS: Readonly<Record<string, string>> = {
  Integer: 'an integer',
  string: 'a text',
  number: 'a number',
  boolean: 'true or false',
};

/**
 * What did not decode and its place, in one line: `bitrate: missing; kbit/s, for example 20000`.
 * Values are left out: they may be secrets.
 */
export function describeIssues(errors: Errors): string {
  const lines = new Set<string>();
  for (const { context } of errors) {
    const named = context.filter(({ key }) => key !== '' && !/^\d+$/.test(key));
    const path = named.map(({ key }) => key).join('.');
    lines.add(`${path === '' ? 'value' : path}: ${problemOf(context)}`);
    if (lines.size >= MAX_ISSUES) break;
  }
  return [...lines].join('; ');
}

function problemOf(context: readonly ContextEntry[]): string {
  const types = context.map(({ type }) => type);
  const known = types.findLast((type) => type instanceof DescribedType);
  const last = context.at(-1);
  const expected = known === undefined ? last?.type.name : known.name;
  const problem =
    last !== undefined && last.actual === undefined
      ? 'missing'
      : `must be ${wordsOf(expected ?? 'a value')}`;
  return known instanceof DescribedType ? `${problem}; ${meaningOf(known)}` : problem;
}

/** io-ts writes `(Integer | null | undefined)` for one that may be left out. */
function wordsOf(name: string): string {
  const plain = name.replace(/[()]/g, '').replace(/ \| (null|undefined)/g, '');
  return WORDS[plain] ?? plain.replaceAll(' | ', ' or ');
}
