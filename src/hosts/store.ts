import { MoonteeError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { createIdentity } from '../moonlight/identity.js';
import { pair } from '../moonlight/pairing/pair.js';
import { AtomicFile } from '../storage/atomic-file.js';
import { formatDataFile, parseDataFile, type StoredHost } from './data-file.js';
import { Host } from './host.js';
import { PictureCache } from './picture-cache.js';

const MAX_HOSTS = 1_000;

/** The hosts in `data.json`. Ids are slots: 0…n−1 in file order, freed ones are used again. */
export class HostStore {
  readonly #file: AtomicFile;
  readonly #log: Log;
  readonly #slots: (Host | null)[] = [];
  readonly #pictures = new PictureCache();
  /** Hosts that are being paired now. */
  readonly #pairing = new Set<Host>();
  #written = formatDataFile([]);
  #writing: Promise<void> = Promise.resolve();

  private constructor(path: string, log: Log) {
    this.#file = new AtomicFile(path);
    this.#log = log;
  }

  /** @throws CONFIG_INVALID if the file does not have the right form */
  static async open(path: string, log: Log): Promise<HostStore> {
    const store = new HostStore(path, log);
    const text = await store.#file.read();
    if (text !== null) {
      for (const stored of parseDataFile(text, path)) {
        store.#slots.push(new Host(store.#slots.length, stored, log, null, store.#pictures));
      }
      store.#written = text;
    }
    return store;
  }

  list(): Host[] {
    return this.#slots.filter((host) => host !== null);
  }

  /** @throws HOST_NOT_FOUND */
  require(id: number): Host {
    const host = this.#slots[id] ?? null;
    if (host === null) throw new MoonteeError('HOST_NOT_FOUND');
    return host;
  }

  /**
   * Adds a host that answers; one with the same address and port is returned as it is.
   *
   * @throws HOST_UNREACHABLE and other errors of talking to it
   */
  async add(address: string, httpPort: number): Promise<Host> {
    const known = this.#find(address, httpPort);
    if (known !== undefined) {
      known.clearCache();
      await known.info();
      return known;
    }
    if (this.list().length >= MAX_HOSTS) throw new MoonteeError('LIMIT_REACHED');
    const stored: StoredHost = { address, httpPort, uniqueId: null, cache: null, paired: null };
    // It gets its slot only when it has answered.
    const probe = new Host(-1, stored, this.#log);
    await probe.info();
    const raced = this.#find(address, httpPort);
    if (raced !== undefined) return raced;
    const free = this.#slots.indexOf(null);
    const id = free === -1 ? this.#slots.length : free;
    const host = new Host(id, probe.stored, this.#log, probe.knownInfo, this.#pictures);
    this.#slots[id] = host;
    await this.#saveOr(() => {
      this.#slots[id] = null;
      this.#trim();
    });
    this.#log.info({ host_id: id, address, http_port: httpPort }, 'host added');
    return host;
  }

  /** @throws HOST_NOT_FOUND */
  async remove(id: number): Promise<void> {
    const host = this.require(id);
    this.#slots[id] = null;
    this.#trim();
    await this.#saveOr(() => {
      while (this.#slots.length < id) this.#slots.push(null);
      this.#slots[id] ??= host;
    });
    host.close();
    this.#log.info({ host_id: id }, 'host removed');
  }

  /**
   * Pairs with a fresh identity and keeps it.
   *
   * @throws PAIRING_FAILED, PAIRING_WRONG_PIN, PAIRING_IN_PROGRESS, …
   */
  async pair(host: Host, pin: string, signal?: AbortSignal): Promise<void> {
    if (this.#pairing.has(host)) throw new MoonteeError('PAIRING_IN_PROGRESS');
    this.#pairing.add(host);
    try {
      const identity = await createIdentity();
      const { address, httpPort } = host.stored;
      const { certificatePem } = await pair({
        address,
        httpPort,
        identity,
        pin,
        signal,
        log: this.#log,
      });
      const before = host.stored.paired;
      host.setPairing({
        privateKey: identity.privateKeyPem,
        certificate: identity.certificatePem,
        hostCertificate: certificatePem,
      });
      await this.#saveOr(() => host.setPairing(before));
    } finally {
      this.#pairing.delete(host);
    }
  }

  /** Forgets a pairing. */
  async unpair(host: Host): Promise<void> {
    const before = host.stored.paired;
    host.setPairing(null);
    await this.#saveOr(() => host.setPairing(before));
  }

  /** Writes what changed; resolves when it is on the disk. */
  save(): Promise<void> {
    const text = formatDataFile(this.list().map(({ stored }) => stored));
    if (text === this.#written) return this.#writing;
    this.#written = text;
    this.#writing = this.#file.write(text).catch((error: unknown) => {
      // The next one tries again.
      this.#written = '';
      throw error;
    });
    return this.#writing;
  }

  /** What cannot be kept on the disk did not happen: callers see the same before and after a restart. */
  async #saveOr(undo: () => void): Promise<void> {
    try {
      await this.save();
    } catch (error) {
      undo();
      throw error;
    }
  }

  #trim(): void {
    while (this.#slots.length > 0 && this.#slots.at(-1) === null) this.#slots.pop();
  }

  #find(address: string, httpPort: number): Host | undefined {
    return this.list().find(
      ({ stored }) => stored.address === address && stored.httpPort === httpPort,
    );
  }
}
