/** What is generated from the table of outcomes: docs/errors.md and the client's own table. */
import { CLOSE_CODES } from '../src/core/close-codes.js';
import { CLIENT_OUTCOMES, ENDS, ERRORS, OUTCOMES } from '../src/core/outcomes.js';

const INTRODUCTION = `# Errors

REST answers \`{"error": message, "code": code}\` with the status below; viewers get
\`{"PeerClosed": {"code", "reason"}}\` before their socket closes with the close code below. The fault
names where to look: the caller of the interface, the host, the viewer's side, the media pipeline, or
Moontee itself. A viewer comes back by itself if another attempt may end otherwise. \`PeerClosed\` with
\`retry\` says so of this very end, and wins.
`;

const yesOrNo = (value: boolean): string => (value ? 'yes' : 'no');

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line), ''].join('\n');
}

export function documentOutcomes(): string {
  const errors = Object.entries(ERRORS).map(
    ([code, { status, fault, close, retry, message, remedy }]) => {
      const { number } = CLOSE_CODES[close];
      return [`\`${code}\``, status, fault, number, yesOrNo(retry), message, remedy];
    },
  );
  const ends = Object.entries(ENDS).map(([code, { close, retry, words, remedy }]) => {
    return [`\`${code}\``, CLOSE_CODES[close].number, yesOrNo(retry), words, remedy];
  });
  const own = Object.entries(CLIENT_OUTCOMES).map(([code, { retry, words, remedy }]) => {
    return [`\`${code}\``, yesOrNo(retry), words, remedy];
  });
  const closes = Object.values(CLOSE_CODES).map(({ number, meaning }) => [number, meaning]);
  return [
    INTRODUCTION,
    table(['code', 'status', 'fault', 'close', 'comes back', 'message', 'what to do'], errors),
    '## Ends of viewers that are no errors\n',
    table(['code', 'close', 'comes back', 'meaning', 'what to do'], ends),
    '## Ends that the browser client finds out by itself\n',
    table(['code', 'comes back', 'meaning', 'what to do'], own),
    '## Close codes of the viewer socket\n',
    table(['close', 'meaning'], closes),
  ].join('\n');
}

/** client/outcomes.ts: a browser loads nothing of src. */
export function clientOutcomes(): string {
  const entries = Object.entries({ ...OUTCOMES, ...CLIENT_OUTCOMES });
  const rows = entries.map(
    ([code, { retry, words }]) =>
      `  ${code}: {\n    retry: ${retry},\n    words: ${quoted(words)},\n  },\n`,
  );
  const closes = Object.values(CLOSE_CODES).map(
    ({ number, outcome }) => `  ${number}: '${outcome}',\n`,
  );
  return `/** Generated from src/core/outcomes.ts by \`npm run generate:docs\`: change that file instead. */

interface Outcome {
  /** Whether another attempt may end otherwise. */
  readonly retry: boolean;
  readonly words: string;
}

const ROWS = {
${rows.join('')}} as const satisfies Record<string, Outcome>;

/** Codes of this version; a server of another version may send others. */
export type OutcomeCode = keyof typeof ROWS;
export const OUTCOMES: Readonly<Record<OutcomeCode, Outcome>> = ROWS;

/** What the end of a socket is taken for that the server gave no reason for. */
export const CLOSE_CODES: Readonly<Record<number, OutcomeCode>> = {
${closes.join('')}};
`;
}

function quoted(text: string): string {
  return text.includes("'") ? JSON.stringify(text) : `'${text}'`;
}
