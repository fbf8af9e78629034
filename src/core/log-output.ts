import { openSync } from 'node:fs';
import { isatty } from 'node:tty';
import { LogDestination } from './log-destination.js';
import { textFormat } from './log-text.js';

export interface LogSettings {
  /** `auto`: text on a terminal, JSON elsewhere. */
  readonly format: 'auto' | 'text' | 'json';
  /** Appended to, and made for its owner alone; null: standard error. */
  readonly file: string | null;
}

const STANDARD_ERROR = 2;

/** Where the lines of a process and its children go to, and in which form. */
export class LogOutput {
  readonly #destination: LogDestination;
  readonly #shape: (line: string) => string;

  /** @throws the operating system's error about the file */
  constructor({ format, file }: LogSettings) {
    const fd = file === null ? STANDARD_ERROR : openSync(file, 'a', 0o600);
    const isTerminal = isatty(fd);
    const isText = format === 'text' || (format === 'auto' && isTerminal);
    const isColored = isTerminal && (process.env['NO_COLOR'] ?? '') === '';
    const shape = isText ? textFormat(isColored) : (line: string) => line;
    this.#shape = shape;
    this.#destination = new LogDestination({
      fd,
      describeDrops: (dropped) => shape(describeDrops(dropped)),
    });
    process.on('exit', () => this.flushSync());
  }

  /** Lines that were dropped so far. */
  get dropped(): number {
    return this.#destination.dropped;
  }

  /** @param line of JSON, or what else a child prints, with its line feed */
  write(line: string): void {
    this.#destination.write(this.#shape(line));
  }

  flushSync(): void {
    this.#destination.flushSync();
  }

  /** As of {@link LogDestination}. */
  flush(deadline: number): Promise<void> {
    return this.#destination.flush(deadline);
  }
}

function describeDrops(dropped: number): string {
  const facts = { level: 40, time: new Date().toISOString(), name: 'log', dropped };
  return `${JSON.stringify({ ...facts, msg: 'log lines dropped: nobody reads them fast enough' })}\n`;
}
