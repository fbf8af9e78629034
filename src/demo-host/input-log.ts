import { closeSync, openSync, writeSync } from 'node:fs';
import type { HostInput } from '../moonlight/types.js';

/** Appends one JSON line for every decoded input event, each written at once. */
export class InputLog {
  readonly #fd: number;
  #closed = false;

  /** @throws the system's error if the file cannot be opened */
  constructor(file: string) {
    this.#fd = openSync(file, 'a', 0o600);
  }

  write(sessionId: string, input: HostInput): void {
    if (this.#closed) return;
    const line = { time: new Date().toISOString(), session_id: sessionId, ...input };
    writeSync(this.#fd, `${JSON.stringify(line)}\n`);
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#fd);
  }
}
