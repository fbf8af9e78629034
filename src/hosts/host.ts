import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import pLimit from 'p-limit';
import { MoonteeError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { HostClient, SHARED_UNIQUE_ID } from '../moonlight/nvhttp/host-client.js';
import type { HostApp, ServerInfo } from '../moonlight/nvhttp/server-info.js';
import type { ClientIdentity } from '../moonlight/types.js';
import type { StoredHost, StoredPairing } from './data-file.js';
import { PictureCache } from './picture-cache.js';

/** Milliseconds for one look at a host: a list of hosts must not wait for dead ones. */
const INFO_TIMEOUT_MS = 2_000;
/** A look is up to three requests; milliseconds for all of them. */
const LOOK_TIMEOUT_MS = 3_000;
/** Milliseconds for which an answer of the host, or its silence, counts without another request. */
const INFO_AGE_MS = 3_000;
const OFFLINE_AGE_MS = 5_000;
/** Milliseconds that a list waits for a host that was offline when it was asked last. */
const OFFLINE_PATIENCE_MS = 300;
const APPS_AGE_MS = 30_000;
/** Downloads of pictures at a time, and those that may wait for their turn. */
const PICTURES_AT_ONCE = 2;
const MAX_WAITING_PICTURES = 200;

/** A host that we know: what is stored of it, and its last answer. */
export class Host {
  readonly id: number;
  readonly #log: Log;
  #stored: StoredHost;
  #client: HostClient;
  #info: ServerInfo | null = null;
  /** `performance.now()` of {@link #info} and {@link #apps}; they have an age. */
  #infoAt = -Infinity;
  #appsAt = -Infinity;
  #asking: Promise<ServerInfo> | null = null;
  /** It did not answer: not asked again for a while, unless the cache is cleared. */
  #offline: { readonly error: MoonteeError; readonly at: number } | null = null;
  #apps: HostApp[] | null = null;
  #listing: Promise<HostApp[]> | null = null;
  readonly #pictures: PictureCache;
  readonly #downloads = pLimit(PICTURES_AT_ONCE);
  readonly #downloading = new Map<number, Promise<Buffer>>();

  /**
   * @param info its answer of just now
   * @param pictures shared by all hosts
   */
  constructor(
    id: number,
    stored: StoredHost,
    log: Log,
    info: ServerInfo | null = null,
    pictures = new PictureCache(),
  ) {
    this.id = id;
    this.#pictures = pictures;
    this.#info = info;
    if (info !== null) this.#infoAt = performance.now();
    this.#stored = stored;
    this.#log = log.child({ host_id: id });
    this.#client = this.#makeClient();
  }

  get stored(): StoredHost {
    return this.#stored;
  }

  /** A pairing is stored; the host's info shows whether the host still honours it. */
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

  /** Whether that is the certificate it was paired with last. PEM texts differ in their line ends. */
  shows(certificatePem: string): boolean {
    const bare = (pem: string): string => pem.replace(/\s+/g, '');
    return bare(this.#stored.paired?.hostCertificate ?? '') === bare(certificatePem);
  }

  setPairing(paired: StoredPairing | null): void {
    this.#stored = { ...this.#stored, paired };
    this.#client = this.#makeClient();
    this.clearCache();
  }

  /** What was remembered is asked for again. */
  clearCache(): void {
    this.#infoAt = -Infinity;
    this.#offline = null;
    this.#appsAt = -Infinity;
  }

  /** The last known facts without asking, however old. */
  get knownInfo(): ServerInfo | null {
    return this.#info;
  }

  /** The addresses of its last answer, numeric, most certain first. */
  get lastAddresses(): string[] {
    const { address, cache } = this.#stored;
    const known = [address, cache?.address ?? '', this.#info?.localIp ?? ''];
    return [...new Set(known)].filter((each) => isIP(each) !== 0 && !isOwn(each, address));
  }

  /** @throws HOST_UNREACHABLE and others of {@link HostClient} */
  async info(): Promise<ServerInfo> {
    const now = performance.now();
    if (this.#info !== null && now - this.#infoAt < INFO_AGE_MS) return this.#info;
    if (this.#offline !== null && now - this.#offline.at < OFFLINE_AGE_MS)
      throw this.#offline.error;
    return this.#fetchInfo();
  }

  /** For lists: {@link info}, or null for an offline host, which is not waited for long. */
  async infoIfOnline(): Promise<ServerInfo | null> {
    const wasOffline = this.#offline !== null;
    const info = this.info().catch(() => null);
    if (!wasOffline) return info;
    const patience = new AbortController();
    const { signal } = patience;
    try {
      return await Promise.race([info, sleep(OFFLINE_PATIENCE_MS, null, { signal })]);
    } finally {
      patience.abort();
    }
  }

  async apps(): Promise<HostApp[]> {
    if (this.#apps !== null && performance.now() - this.#appsAt < APPS_AGE_MS) return this.#apps;
    return this.freshApps();
  }

  /** The list as it is now. */
  async freshApps(): Promise<HostApp[]> {
    this.#listing ??= this.#list().finally(() => (this.#listing = null));
    return this.#listing;
  }

  /**
   * The picture of an app of the list.
   *
   * @throws NOT_FOUND for other apps and for one without a picture, LIMIT_REACHED, and others of talking to the host
   */
  async appImage(appId: number, refresh: boolean): Promise<Buffer> {
    if (!hasApp(await this.apps(), appId) && !hasApp(await this.freshApps(), appId)) {
      throw new MoonteeError('NOT_FOUND', 'The host has no such app');
    }
    const key = `${this.#pictureKey}${appId | 0}`;
    const known = refresh ? undefined : this.#pictures.get(key);
    if (known !== undefined) return known;
    let download = this.#downloading.get(appId | 0);
    if (download === undefined) {
      if (this.#downloads.pendingCount >= MAX_WAITING_PICTURES) {
        throw new MoonteeError('LIMIT_REACHED', 'Too many pictures are asked for at once');
      }
      download = this.#downloads(() => this.#client.appAsset(appId)).finally(() =>
        this.#downloading.delete(appId | 0),
      );
      this.#downloading.set(appId | 0, download);
    }
    const picture = await download;
    this.#pictures.set(key, picture);
    return picture;
  }

  /** Forgets its pictures. */
  close(): void {
    this.#pictures.deleteAll(this.#pictureKey);
  }

  /** Quits the app that runs. */
  async cancel(): Promise<void> {
    await this.#client.cancel();
    this.clearCache();
  }

  #fetchInfo(): Promise<ServerInfo> {
    this.#asking ??= this.#askInfo().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  async #askInfo(): Promise<ServerInfo> {
    const late = new AbortController();
    const timer = setTimeout(() => {
      late.abort(
        new MoonteeError(
          'HOST_UNREACHABLE',
          `Host unreachable: no answer within ${LOOK_TIMEOUT_MS} ms`,
        ),
      );
    }, LOOK_TIMEOUT_MS);
    try {
      const info = await this.#client.serverInfo(late.signal, INFO_TIMEOUT_MS);
      this.#info = info;
      this.#infoAt = performance.now();
      this.#offline = null;
      await this.#remember(info);
      return info;
    } catch (thrown) {
      const error = MoonteeError.from(thrown, 'HOST_UNREACHABLE');
      if (this.#offline === null) {
        this.#log.info({ code: error.code, reason: error.message }, 'host does not answer');
      }
      this.#infoAt = -Infinity;
      this.#offline = { error, at: performance.now() };
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** What is good to know while it is off. */
  async #remember(info: ServerInfo): Promise<void> {
    const name = info.name === '' ? this.#stored.address : info.name;
    // Sunshine reports the MAC only over TLS: a known one is not forgotten.
    const mac = info.mac ?? this.#stored.cache?.mac ?? null;
    // A name that the host itself announces does not resolve any more once it sleeps.
    const named = isIP(this.#stored.address) === 0;
    const address = named ? await lookup(this.#stored.address).catch(() => null) : null;
    const last = address?.address ?? this.#stored.cache?.address;
    const cache = { name, mac, ...(named && last !== undefined ? { address: last } : {}) };
    this.#stored = { ...this.#stored, cache };
  }

  async #list(): Promise<HostApp[]> {
    const apps = await this.#client.apps();
    this.#apps = apps;
    this.#appsAt = performance.now();
    return apps;
  }

  get #pictureKey(): string {
    return `${this.#stored.address}:${this.#stored.httpPort}/`;
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

/** Hosts that are asked over IPv6 call themselves 127.0.0.1, which is us unless we know them so. */
function isOwn(candidate: string, address: string): boolean {
  return candidate.startsWith('127.') && candidate !== address;
}

/** Ids are 32 bits; some write them signed. */
function hasApp(apps: readonly HostApp[], appId: number): boolean {
  return apps.some(({ id }) => (id | 0) === (appId | 0));
}
