import { MoonteeError } from '../errors.js';
import type { Log } from '../log.js';
import { HostClient, SHARED_UNIQUE_ID } from '../moonlight/nvhttp/host-client.js';
import type { HostApp, ServerInfo } from '../moonlight/nvhttp/server-info.js';
import type { ClientIdentity } from '../moonlight/types.js';
import type { StoredHost, StoredPairing } from './data-file.js';

/** Milliseconds for one look at a host: a list of hosts must not wait for dead ones. */
const INFO_TIMEOUT = 2_000;
/** Milliseconds that a host counts as offline without being asked. */
const OFFLINE_MEMORY = 15_000;
const MAX_IMAGES = 200;

/** A host that we know: what is stored of it, and what it said last. */
export class Host {
  readonly id: number;
  readonly #log: Log;
  #stored: StoredHost;
  #client: HostClient;
  #info: ServerInfo | null = null;
  #asking: Promise<ServerInfo> | null = null;
  /** It did not answer: not asked again for a while, unless the cache is cleared. */
  #offline: { readonly error: MoonteeError; readonly at: number } | null = null;
  #apps: HostApp[] | null = null;
  readonly #images = new Map<number, Buffer>();

  /** @param info what it has just said */
  constructor(id: number, stored: StoredHost, log: Log, info: ServerInfo | null = null) {
    this.id = id;
    this.#info = info;
    this.#stored = stored;
    this.#log = log.child({ host_id: id });
    this.#client = this.#makeClient();
  }

  get stored(): StoredHost {
    return this.#stored;
  }

  /** A pairing is stored; whether the host still honours it, its info tells. */
  get paired(): boolean {
    return this.#stored.paired !== null;
  }

  /** The identity of its own pairing. @throws HOST_NOT_PAIRED */
  identity(): ClientIdentity & { hostCertificatePem: string } {
    const { paired, uniqueId } = this.#stored;
    if (paired === null) throw new MoonteeError('HOST_NOT_PAIRED');
    return {
      uniqueId: uniqueId ?? SHARED_UNIQUE_ID,
      privateKeyPem: paired.privateKey,
      certificatePem: paired.certificate,
      hostCertificatePem: paired.hostCertificate,
    };
  }

  setPairing(paired: StoredPairing | null): void {
    this.#stored = { ...this.#stored, paired };
    this.#client = this.#makeClient();
    this.clearCache();
  }

  /** What was remembered is asked for again. */
  clearCache(): void {
    this.#info = null;
    this.#offline = null;
    this.#apps = null;
  }

  /** The last known facts without asking. */
  get knownInfo(): ServerInfo | null {
    return this.#info;
  }

  /** @throws HOST_UNREACHABLE and others of {@link HostClient} */
  async info(): Promise<ServerInfo> {
    if (this.#info !== null) return this.#info;
    if (this.#offline !== null && performance.now() - this.#offline.at < OFFLINE_MEMORY) {
      throw this.#offline.error;
    }
    this.#asking ??= this.#askInfo().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  async apps(): Promise<HostApp[]> {
    this.#apps ??= await this.#client.apps();
    return this.#apps;
  }

  /** The list as it is now. */
  async freshApps(signal?: AbortSignal): Promise<HostApp[]> {
    this.#apps = await this.#client.apps(signal);
    return this.#apps;
  }

  async appImage(appId: number, refresh: boolean): Promise<Buffer> {
    const known = refresh ? undefined : this.#images.get(appId);
    if (known !== undefined) return known;
    const image = await this.#client.appAsset(appId);
    if (this.#images.size >= MAX_IMAGES) this.#images.clear();
    this.#images.set(appId, image);
    return image;
  }

  /** Quits the app that runs. */
  async cancel(): Promise<void> {
    await this.#client.cancel();
    this.clearCache();
  }

  async #askInfo(): Promise<ServerInfo> {
    try {
      const info = await this.#client.serverInfo(undefined, INFO_TIMEOUT);
      this.#info = info;
      const name = info.name === '' ? this.#stored.address : info.name;
      // Sunshine tells the MAC only over TLS: a known one is not forgotten.
      const mac = info.mac ?? this.#stored.cache?.mac ?? null;
      this.#stored = { ...this.#stored, cache: { name, mac } };
      return info;
    } catch (thrown) {
      const error = MoonteeError.from(thrown, 'HOST_UNREACHABLE');
      this.#offline = { error, at: performance.now() };
      this.#log.info({ code: error.code, reason: error.message }, 'host does not answer');
      throw error;
    }
  }

  #makeClient(): HostClient {
    const { address, httpPort, uniqueId, paired } = this.#stored;
    return new HostClient({
      address,
      httpPort,
      log: this.#log,
      uniqueId: uniqueId ?? SHARED_UNIQUE_ID,
      ...(paired === null
        ? {}
        : { tls: { identity: this.identity(), certificatePem: paired.hostCertificate } }),
    });
  }
}
