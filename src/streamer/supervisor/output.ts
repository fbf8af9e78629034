import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { createLogTo, logOutput } from '../../core/log.js';
import { TokenBucket } from '../../core/token-bucket.js';

/** Characters of a line; the rest of a longer one is left out. */
const MAX_LINE = 16_384;
/** Lines of one child. Native libraries have no measure, and peers can make them complain. */
const LINES = { rate: 100, burst: 1_000 };

/**
 * Passes on the stderr of a child line by line: its log and the output of native libraries. A child
 * with our own stderr would wait for the reader of our log, in threads that carry media. Lines
 * beyond its budget are left out; the next line within it counts them.
 */
export function forwardOutput(
  output: Readable,
  write: (line: string) => void = (line) => logOutput().write(line),
): void {
  const decoder = new StringDecoder('utf8');
  const budget = new TokenBucket(LINES);
  const log = createLogTo({ write }, 'log');
  let rest = '';
  let dropped = 0;
  const pass = (line: string): void => {
    if (!budget.take(1, performance.now())) {
      dropped += 1;
      return;
    }
    if (dropped > 0) log.warn({ dropped }, 'lines of a child process left out');
    dropped = 0;
    write(`${line}\n`);
  };
  output.on('data', (chunk: Buffer) => {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = cut(lines.pop() ?? '');
    for (const line of lines) pass(cut(line));
  });
  output.once('end', () => {
    if (rest !== '') pass(rest);
  });
  // Its end comes all the same.
  output.on('error', () => undefined);
}

function cut(line: string): string {
  return line.length > MAX_LINE ? line.slice(0, MAX_LINE) : line;
}
