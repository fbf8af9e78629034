import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MoonteeError } from '../core/errors.js';
import { fingerprint, parseCertificate } from './http/certificate.js';
import { writeState } from './identity.js';

const FILE = 'clients.json';
/** More clients than anybody pairs; a bound against a loop that pairs for ever. */
const MAX_CLIENTS = 1024;

/** The certificates that may use the paired interface; in memory, and in a file if requested. */
export class PairedClients {
  readonly #directory: string | null;
  /** Fingerprint → PEM. */
  readonly #clients = new Map<string, string>();
  #saved: Promise<void> = Promise.resolve();

  private constructor(directory: string | null) {
    this.#directory = directory;
  }

  static async load(directory: string | null): Promise<PairedClients> {
    const clients = new PairedClients(directory);
    if (directory === null) return clients;
    try {
      const stored: unknown = JSON.parse(await readFile(join(directory, FILE), 'utf8'));
      for (const pem of Array.isArray(stored) ? (stored as unknown[]) : []) {
        if (typeof pem === 'string')
          clients.#clients.set(fingerprint(parseCertificate(pem).raw), pem);
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    return clients;
  }

  has(name: string): boolean {
    return this.#clients.has(name);
  }

  /** Resolves once the client is on disk, if a directory was given. */
  async add(pem: string): Promise<void> {
    if (this.#clients.size >= MAX_CLIENTS) throw new MoonteeError('LIMIT_REACHED');
    this.#clients.set(fingerprint(parseCertificate(pem).raw), pem);
    await this.#save();
  }

  async remove(name: string): Promise<void> {
    if (this.#clients.delete(name)) await this.#save();
  }

  #save(): Promise<void> {
    const directory = this.#directory;
    if (directory === null) return Promise.resolve();
    const write = (): Promise<void> => writeState(directory, FILE, [...this.#clients.values()]);
    this.#saved = this.#saved.then(write, write);
    return this.#saved;
  }
}
