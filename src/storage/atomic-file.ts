import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { getSystemErrorMap } from 'node:util';
import { MoonteeError } from '../core/errors.js';

/**
 * A small file that is always whole: written beside, flushed, then renamed over the old one.
 * Mode 0600, for it holds private keys. Writes follow one another; of several that wait only
 * the last is done.
 */
export class AtomicFile {
  /** Of all files of this process: what is being replaced, and what further replacements wait for. */
  static readonly #underWay = new Set<Promise<void>>();
  static #stillness: Promise<void> | null = null;

  readonly path: string;
  #content = '';
  #queued: Promise<void> | null = null;
  #current: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.path = path;
  }

  /** Runs `work` while no such file of this process changes; it must not write one, nor take long. */
  static async whileStill<T>(work: () => Promise<T>): Promise<T> {
    while (AtomicFile.#stillness !== null) await AtomicFile.#stillness;
    let resume = (): void => undefined;
    AtomicFile.#stillness = new Promise((resolve) => (resume = resolve));
    try {
      await Promise.allSettled(AtomicFile.#underWay);
      return await work();
    } finally {
      AtomicFile.#stillness = null;
      resume();
    }
  }

  /** @returns the content, or null if the file is missing */
  async read(): Promise<string | null> {
    try {
      return await readFile(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw new MoonteeError('INTERNAL', `${this.path} cannot be read${reason(error)}`, {
        cause: error,
      });
    }
  }

  /** Resolves when this content, or a later one, is on the disk. */
  write(content: string): Promise<void> {
    this.#content = content;
    this.#queued ??= this.#current
      // A failed write rejects for those who waited for it.
      .catch(() => undefined)
      .then(() => {
        this.#queued = null;
        this.#current = this.#replace(this.#content);
        return this.#current;
      });
    return this.#queued;
  }

  async #replace(content: string): Promise<void> {
    while (AtomicFile.#stillness !== null) await AtomicFile.#stillness;
    const replacing = this.#write(content);
    AtomicFile.#underWay.add(replacing);
    try {
      await replacing;
    } finally {
      AtomicFile.#underWay.delete(replacing);
    }
  }

  async #write(content: string): Promise<void> {
    const temporary = `${this.path}.${randomBytes(6).toString('hex')}.tmp`;
    try {
      await mkdir(dirname(this.path), { recursive: true });
      const file = await open(temporary, 'wx', 0o600);
      try {
        await file.writeFile(content);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, this.path);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      throw new MoonteeError('INTERNAL', `${this.path} cannot be written${reason(error)}`, {
        cause: error,
      });
    }
  }
}

/** The operating system's reason, without the name of a temporary file. */
function reason(error: unknown): string {
  const { errno } = error as NodeJS.ErrnoException;
  const [, text] = (errno === undefined ? undefined : getSystemErrorMap().get(errno)) ?? [];
  return text === undefined ? '' : `: ${text}`;
}
