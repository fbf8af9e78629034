import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { logOutput } from '../log.js';

/** Characters of a line; the rest of a longer one is left out. */
const MAX_LINE = 16_384;

/**
 * Passes on what a child writes to its stderr, line by line: its log and the words of native
 * libraries. A child that had our own stderr would wait for the reader of our log, in threads that
 * carry media.
 */
export function forwardOutput(
  output: Readable,
  write: (line: string) => void = (line) => logOutput().write(line),
): void {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  output.on('data', (chunk: Buffer) => {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = cut(lines.pop() ?? '');
    for (const line of lines) write(`${cut(line)}\n`);
  });
  output.once('end', () => {
    if (rest !== '') write(`${rest}\n`);
  });
  // Its end comes all the same.
  output.on('error', () => undefined);
}

function cut(line: string): string {
  return line.length > MAX_LINE ? line.slice(0, MAX_LINE) : line;
}
