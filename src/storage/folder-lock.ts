import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { isRight } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { MoonteeError } from '../core/errors.js';
import type { Log } from '../core/log.js';

const FILE = 'moontee.lock';
/** Milliseconds for the program that takes the lock: it asks the kernel and ends. */
const LOCK_TIMEOUT_MS = 10_000;
/** The exit code of `flock -n` if another process has the lock. */
const TAKEN = 1;
/** Bytes of a note; a longer one is not ours. */
const MAX_NOTE = 1_000;

/** The owner writes this into the file, for a process that comes second. */
const Note = t.type({ pid: t.number, machine: t.string, since: t.string });

/**
 * One process owns a data folder. It holds a lock of the kernel (flock(2)) on a file in it, which
 * ends with the process. No reused process number, restart of the machine or container with the
 * same numbers can make it look taken. Of two that start at once, one gets it.
 */
export class FolderLock {
  #file: FileHandle | null;

  private constructor(file: FileHandle | null) {
    this.#file = file;
  }

  /**
   * Makes the folder if it is missing. A folder that cannot be written, or a file system without
   * locks, is used without a lock, with a warning.
   *
   * @throws DATA_IN_USE where another process owns it
   */
  static async take(folder: string, log: Log): Promise<FolderLock> {
    const file = await openLock(folder);
    if (file === null) {
      log.warn({ folder }, 'data folder cannot be written, and is not locked');
      return new FolderLock(null);
    }
    try {
      const outcome = await flock(file);
      if (outcome === TAKEN) throw await inUse(file, folder);
      if (outcome !== 0) {
        log.warn({ folder, exit_code: outcome }, 'data folder cannot be locked: keep others away');
        await file.close();
        return new FolderLock(null);
      }
      await writeNote(file);
      return new FolderLock(file);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** False if the file system has no locks, or nothing can be written. */
  get isHeld(): boolean {
    return this.#file !== null;
  }

  /** Lets others have it. Idempotent; the kernel does the same for a process that ends. */
  async release(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    await file?.close();
  }
}

/** @returns null if nothing can be written there */
async function openLock(folder: string): Promise<FileHandle | null> {
  const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants;
  try {
    await mkdir(folder, { recursive: true });
    return await open(join(folder, FILE), O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return null;
    throw new MoonteeError('INTERNAL', `${join(folder, FILE)} cannot be opened: ${code ?? ''}`, {
      cause: error,
    });
  }
}

/**
 * The lock belongs to the open file, which the program shares with us: it stays when the program
 * ends.
 *
 * @returns its exit code, or null if it cannot be run
 */
async function flock(file: FileHandle): Promise<number | null> {
  const program = spawn('flock', ['-x', '-n', '3'], {
    stdio: ['ignore', 'ignore', 'ignore', file.fd],
    timeout: LOCK_TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  try {
    const [code] = (await once(program, 'exit')) as [number | null];
    return code;
  } catch {
    return null;
  }
}

/** Only for a message; the lock does not depend on it. */
async function writeNote(file: FileHandle): Promise<void> {
  const note = { pid: process.pid, machine: hostname(), since: new Date().toISOString() };
  try {
    await file.truncate(0);
    await file.write(`${JSON.stringify(note)}\n`, 0);
  } catch {
    // A full disk does not keep anybody from starting.
  }
}

async function inUse(file: FileHandle, folder: string): Promise<MoonteeError> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_NOTE), 0, MAX_NOTE, 0);
  let owner = '';
  try {
    const note = Note.decode(JSON.parse(buffer.toString('utf8', 0, bytesRead)));
    if (isRight(note)) {
      const { pid, machine, since } = note.right;
      owner = `, process ${pid} on ${machine}, since ${since}`;
    }
  } catch {
    // It has not written its note yet.
  }
  return new MoonteeError('DATA_IN_USE', `Another Moontee uses the data folder ${folder}${owner}`);
}
