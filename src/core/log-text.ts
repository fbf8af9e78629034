/** Lines of the log as text for people. */
import { createRequire } from 'node:module';
import type PinoPretty from 'pino-pretty';

/** Characters that a terminal obeys; line ends and tabs are wanted where stacks are printed. */
const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/**
 * Makes text of a JSON line of ours or of a child's. What is no JSON, as native libraries print it,
 * passes without what a terminal would obey.
 *
 * @param colored for a terminal that has colors
 */
export function textFormat(colored: boolean): (line: string) => string {
  // Loaded by the process that prints, and not by the streamers, which only write JSON.
  const { prettyFactory } = createRequire(import.meta.url)('pino-pretty') as typeof PinoPretty;
  const pretty = prettyFactory({
    colorize: colored,
    colorizeObjects: false,
    singleLine: true,
    translateTime: 'SYS:HH:MM:ss',
    ignore: 'pid,hostname',
  });
  return (line) => {
    const facts = factsOf(line);
    if (facts === null) return line.replace(OBEYED, '');
    return pretty(withoutOrders(facts));
  };
}

function factsOf(line: string): object | null {
  if (!line.startsWith('{')) return null;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && 'level' in value ? value : null;
  } catch {
    return null;
  }
}

/** JSON escapes what a terminal would obey, and text does not. */
function withoutOrders(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(OBEYED, '');
  if (Array.isArray(value)) return value.map(withoutOrders);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key.replace(OBEYED, ''), withoutOrders(each)]),
  );
}
