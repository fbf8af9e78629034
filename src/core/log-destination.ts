import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';

/** What waits for a reader that does not read, in bytes; more is dropped. */
const MAX_QUEUED = 1 << 20;
/** Milliseconds between two tries to write what waits, and between two notes about drops. */
const RETRY_MS = 20;
const NOTE_INTERVAL_MS = 1_000;
/** A line of the queue that is made when its turn comes: how many were dropped until then. */
const NOTE = Symbol('note');

export interface LogDestinationOptions {
  /** An open descriptor: pipe, socket, terminal or file. It stays open. */
  readonly fd: number;
  /** The line that reports drops, with its line feed. */
  readonly describeDrops: (dropped: number) => string;
  readonly maxQueued?: number;
}

/**
 * Writes lines to a descriptor and never waits for its reader.
 *
 * A write to a full pipe blocks the thread, and with it the server, for as long as the reader
 * pleases. Here the descriptor does not block. What fits is written at once, so that a crash loses
 * nothing that could be written. What does not fit waits in a bounded queue. What finds the queue
 * full is dropped and counted, and the count is logged once a second. A reader that is gone (EPIPE)
 * or a full disk costs lines and nothing else.
 */
export class LogDestination {
  readonly #fd: number;
  readonly #owned: boolean;
  readonly #unblock: () => void;
  readonly #describeDrops: (dropped: number) => string;
  readonly #maxQueued: number;
  #queue: (Buffer | typeof NOTE)[] = [];
  #queued = 0;
  #noteQueued = false;
  #retry: NodeJS.Timeout | null = null;
  #notes: NodeJS.Timeout | null = null;
  #untold = 0;
  #dropped = 0;

  constructor(options: LogDestinationOptions) {
    const { fd, owned, unblock } = withoutBlocking(options.fd);
    this.#fd = fd;
    this.#owned = owned;
    this.#unblock = unblock;
    this.#describeDrops = options.describeDrops;
    this.#maxQueued = options.maxQueued ?? MAX_QUEUED;
  }

  /** Lines that were dropped so far. */
  get dropped(): number {
    return this.#dropped;
  }

  /** @param line with its line feed. Never throws and never waits */
  write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#queue.length === 0) {
      const rest = this.#put(bytes);
      if (rest === 'lost') this.#drop();
      else if (rest !== null) this.#enqueue(rest);
      return;
    }
    if (this.#queued + bytes.length > this.#maxQueued) this.#drop();
    else this.#enqueue(bytes);
  }

  /** Writes what the reader takes now. */
  flushSync(): void {
    for (;;) {
      const [head] = this.#queue;
      if (head === undefined) break;
      const reported = this.#untold;
      const bytes = head === NOTE ? Buffer.from(this.#describeDrops(reported)) : head;
      const rest = this.#put(bytes);
      if (rest !== null && rest !== 'lost' && rest.length === bytes.length) break;
      this.#queue.shift();
      if (head === NOTE) {
        this.#noteQueued = false;
        // A note that is lost has reported nothing.
        if (rest !== 'lost') this.#untold -= reported;
      } else {
        this.#queued -= bytes.length;
        if (rest === 'lost') this.#drop();
      }
      if (rest !== null && rest !== 'lost') {
        this.#queue.unshift(rest);
        this.#queued += rest.length;
        break;
      }
    }
    if (this.#queue.length === 0) this.#stopRetrying();
  }

  /**
   * Resolves when everything is written, or after `deadline` milliseconds: a reader that stands
   * still is not waited for.
   */
  async flush(deadline: number): Promise<void> {
    const end = performance.now() + deadline;
    this.flushSync();
    while (this.#queue.length > 0 && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      this.flushSync();
    }
  }

  /** Gives back what it opened; what waits is lost. Idempotent. */
  close(): void {
    this.#queue = [];
    this.#queued = 0;
    this.#stopRetrying();
    if (this.#notes !== null) clearInterval(this.#notes);
    this.#notes = null;
    if (this.#owned) {
      try {
        closeSync(this.#fd);
      } catch {
        // Closed before.
      }
    }
  }

  #enqueue(bytes: Buffer): void {
    this.#queue.push(bytes);
    this.#queued += bytes.length;
    this.#retry ??= setInterval(() => this.flushSync(), RETRY_MS).unref();
  }

  /**
   * @returns what the reader has no room for; null if all is written; lost: it cannot be delivered
   */
  #put(bytes: Buffer): Buffer | 'lost' | null {
    let offset = 0;
    while (offset < bytes.length) {
      try {
        this.#unblock();
        offset += writeSync(this.#fd, bytes, offset);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'EINTR') continue;
        if (code === 'EAGAIN') return offset === 0 ? bytes : bytes.subarray(offset);
        // No reader, no room on the disk: the next line may fare better.
        return 'lost';
      }
    }
    return null;
  }

  #drop(): void {
    this.#dropped += 1;
    this.#untold += 1;
    this.#notes ??= setInterval(() => {
      if (this.#untold === 0) {
        if (this.#notes !== null) clearInterval(this.#notes);
        this.#notes = null;
      } else if (!this.#noteQueued) {
        this.#noteQueued = true;
        this.#queue.push(NOTE);
        this.#retry ??= setInterval(() => this.flushSync(), RETRY_MS).unref();
        this.flushSync();
      }
    }, NOTE_INTERVAL_MS).unref();
  }

  #stopRetrying(): void {
    if (this.#retry !== null) clearInterval(this.#retry);
    this.#retry = null;
  }
}

/**
 * A descriptor of the same file whose writes do not block.
 *
 * Terminals and pipes are opened a second time, since the flag belongs to what all processes that
 * inherited a descriptor share. If that is not possible (sockets; a pipe of another user), Node's
 * own stream of the descriptor sets the flag and takes it back at the process's end. Others who
 * share it may take it back at any time, so it is set again before each write. A file on a disk
 * never blocks for long, and a second opening would have a position of its own.
 */
function withoutBlocking(fd: number): { fd: number; owned: boolean; unblock: () => void } {
  try {
    const kind = fstatSync(fd);
    if (kind.isFIFO() || isatty(fd)) {
      const { O_WRONLY, O_APPEND, O_NONBLOCK, O_NOCTTY } = constants;
      const flags = O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY;
      const opened = openSync(`/proc/self/fd/${fd}`, flags);
      return { fd: opened, owned: true, unblock: () => undefined };
    }
  } catch {
    // Not permitted, or no /proc.
  }
  const stream = fd === 1 ? process.stdout : fd === 2 ? process.stderr : null;
  stream?.on('error', () => undefined);
  // Not documented, and the only way to the flag: libuv's uv_stream_set_blocking.
  const { _handle: handle } = (stream ?? {}) as {
    _handle?: { setBlocking?: (blocking: boolean) => number };
  };
  return { fd, owned: false, unblock: () => void handle?.setBlocking?.(false) };
}
