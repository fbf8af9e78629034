import { isRight } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { MoonteeError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { createIdentity } from '../moonlight/identity.js';
import { HostClient } from '../moonlight/nvhttp/host-client.js';
import { pair } from '../moonlight/pairing/pair.js';
import type { ClientIdentity } from '../moonlight/types.js';
import { describeIssues } from '../codec/issues.js';
import { AtomicFile } from '../storage/atomic-file.js';
import type { Host } from './host.js';

const Identity = t.intersection([
  t.type({
    client_unique_id: t.string,
    /** `address:port` of the host it is paired with. */
    host: t.string,
    unique_id: t.string,
    client_private_key: t.string,
    client_certificate: t.string,
    server_certificate: t.string,
    /** RFC 3339. */
    used_at: t.string,
  }),
  /** Its streamer was deleted then, and the host did not confirm that it has forgotten it. */
  t.partial({ released_at: t.string }),
]);
type Identity = t.TypeOf<typeof Identity>;

const IdentityFile = t.type({ identities: t.array(Identity) }, 'identities.json');

/** Bounds: beyond them the least recently used are forgotten, counted apart for released ones. */
const MAX_IDENTITIES = 1_000;
const MAX_RELEASED = 200;
/** Milliseconds after which an unused identity is forgotten, and a released one. */
const DAY_MS = 86_400_000;
const MAX_AGE_MS = 180 * DAY_MS;
const MAX_RELEASED_AGE_MS = 30 * DAY_MS;
/** Milliseconds for a pairing whose PIN the host accepts without a person. */
const AUTO_PIN_TIMEOUT_MS = 15_000;

export interface PairedIdentity extends ClientIdentity {
  readonly hostCertificatePem: string;
}

/**
 * Identities of streamers, one for each `client_unique_id` and host. Wolf distinguishes sessions by
 * certificate: the same certificate again means the same session resumed.
 */
export class IdentityStore {
  readonly #file: AtomicFile;
  readonly #log: Log;
  readonly #identities = new Map<string, Identity>();
  /** Pairings under way: a second asker waits for the first one's. */
  readonly #pairing = new Map<string, Promise<Identity>>();
  /** Goodbyes under way: who wants the same identity waits. */
  readonly #releasing = new Map<string, Promise<void>>();
  /** Hosts that do not confirm a goodbye: each would be waited for in vain. */
  readonly #unforgetting = new Set<string>();

  private constructor(path: string, log: Log) {
    this.#file = new AtomicFile(path);
    this.#log = log;
  }

  /** @throws CONFIG_INVALID if the file does not have the right form */
  static async open(path: string, log: Log): Promise<IdentityStore> {
    const store = new IdentityStore(path, log);
    const text = await store.#file.read();
    if (text !== null) store.#load(text, path);
    return store;
  }

  /** All `client_unique_id`s that have an identity. */
  names(): Set<string> {
    return new Set([...this.#identities.values()].map((each) => each.client_unique_id));
  }

  has(name: string, host: Host): boolean {
    return this.#identities.has(keyOf(name, host));
  }

  /**
   * The identity of that name, paired with the host; made and paired if it is missing.
   *
   * @throws PAIRING_PIN_MISSING without a PIN; errors of pairing
   */
  async obtain(name: string, host: Host, pin: string | null): Promise<PairedIdentity> {
    const key = keyOf(name, host);
    await this.#releasing.get(key);
    let identity = this.#identities.get(key);
    if (identity === undefined) {
      if (pin === null) throw new MoonteeError('PAIRING_PIN_MISSING');
      let pairing = this.#pairing.get(key);
      if (pairing === undefined) {
        pairing = this.#pair(name, host, pin).finally(() => this.#pairing.delete(key));
        this.#pairing.set(key, pairing);
      }
      identity = await pairing;
    }
    this.#touch(key, identity);
    return pairedIdentity(identity);
  }

  /** The host no longer knows it. */
  async forget(name: string, host: Host): Promise<void> {
    if (this.#identities.delete(keyOf(name, host))) await this.#save();
  }

  /** The host itself is forgotten. */
  async forgetHost({ stored }: Host): Promise<void> {
    const address = `${stored.address}:${stored.httpPort}`;
    await this.#forgetWhere(({ host }) => host === address);
  }

  /** The host was paired again and has another certificate: earlier pairings can never reach it. */
  async forgetOutdated(paired: Host): Promise<void> {
    const address = `${paired.stored.address}:${paired.stored.httpPort}`;
    await this.#forgetWhere(
      ({ host, server_certificate }) => host === address && !paired.shows(server_certificate),
    );
  }

  async #forgetWhere(isLost: (identity: Identity) => boolean): Promise<void> {
    const lost = [...this.#identities].filter(([, identity]) => isLost(identity));
    if (lost.length === 0) return;
    for (const [key] of lost) this.#identities.delete(key);
    this.#log.info({ identities: lost.length }, 'streamer identities forgotten');
    await this.#save();
  }

  /**
   * Its last streamer is gone: the host is asked to forget it. If the host does not confirm that,
   * the identity is kept for a while, since a streamer of that name may come back. Never rejects,
   * and takes two seconds at most.
   */
  async release(name: string, host: Host): Promise<void> {
    const key = keyOf(name, host);
    const identity = this.#identities.get(key);
    if (identity === undefined || this.#releasing.has(key)) return;
    const releasing = this.#release(key, identity, host)
      .catch((error: unknown) => this.#log.error({ err: error }, 'streamer identity not released'))
      .finally(() => this.#releasing.delete(key));
    this.#releasing.set(key, releasing);
    await releasing;
  }

  async #release(key: string, identity: Identity, host: Host): Promise<void> {
    const isForgotten =
      !this.#unforgetting.has(identity.host) &&
      (await HostClient.forPaired(
        {
          address: host.stored.address,
          httpPort: host.stored.httpPort,
          certificatePem: identity.server_certificate,
        },
        pairedIdentity(identity),
        this.#log,
      ).unpair());
    // Meanwhile it was paired again, or forgotten with its host.
    if (this.#identities.get(key) !== identity) return;
    if (isForgotten) {
      this.#identities.delete(key);
    } else {
      this.#unforgetting.add(identity.host);
      this.#identities.set(key, { ...identity, released_at: new Date().toISOString() });
    }
    this.#log.info({ host_id: host.id, unpaired: isForgotten }, 'streamer identity released');
    await this.#save();
  }

  async #pair(name: string, host: Host, pin: string): Promise<Identity> {
    const { address, httpPort } = host.stored;
    const made = await createIdentity();
    let hostCertificate: string;
    try {
      const paired = await pair({
        address,
        httpPort,
        identity: made,
        pin,
        pinTimeout: AUTO_PIN_TIMEOUT_MS,
        log: this.#log,
      });
      hostCertificate = paired.certificatePem;
    } catch (thrown) {
      const error = MoonteeError.from(thrown, 'PAIRING_FAILED');
      throw new MoonteeError(error.code, `Auto-pairing failed: ${error.message}`, { cause: error });
    }
    const identity: Identity = {
      client_unique_id: name,
      host: `${address}:${httpPort}`,
      unique_id: made.uniqueId,
      client_private_key: made.privateKeyPem,
      client_certificate: made.certificatePem,
      server_certificate: hostCertificate,
      used_at: new Date().toISOString(),
    };
    this.#identities.set(keyOf(name, host), identity);
    try {
      await this.#save();
    } catch (error) {
      // The host has accepted it, so it serves until we end; the next one that is made saves it too.
      this.#log.error({ err: error }, 'streamer identity not saved');
    }
    this.#log.info({ client_unique_id: name, host_id: host.id }, 'streamer identity paired');
    return identity;
  }

  /** Keeps the map in order of use. */
  #touch(key: string, identity: Identity): void {
    if (!this.#identities.delete(key)) return;
    const { released_at, ...kept } = identity;
    this.#identities.set(key, { ...kept, used_at: new Date().toISOString() });
    if (released_at === undefined && ageOf(identity.used_at) < DAY_MS) return;
    this.#save().catch((error: unknown) => {
      this.#log.error({ err: error }, 'use of a streamer identity not saved');
    });
  }

  /** Forgets what is too old or too many; in the order of use. */
  #prune(): void {
    const all = [...this.#identities];
    const released = all.filter(([, { released_at }]) => released_at !== undefined);
    const surplus = new Set([
      ...released.slice(0, Math.max(0, released.length - MAX_RELEASED)).map(([key]) => key),
      ...all.slice(0, Math.max(0, all.length - MAX_IDENTITIES)).map(([key]) => key),
    ]);
    for (const [key, { used_at, released_at }] of all) {
      const isOld =
        ageOf(used_at) > MAX_AGE_MS ||
        (released_at !== undefined && ageOf(released_at) > MAX_RELEASED_AGE_MS);
      if (isOld || surplus.has(key)) this.#identities.delete(key);
    }
  }

  async #save(): Promise<void> {
    this.#prune();
    const identities = [...this.#identities.values()];
    await this.#file.write(`${JSON.stringify({ identities }, null, 2)}\n`);
  }

  #load(text: string, path: string): void {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw new MoonteeError('CONFIG_INVALID', `${path} is not valid JSON`, { cause: error });
    }
    const decoded = IdentityFile.decode(value);
    if (!isRight(decoded)) {
      throw new MoonteeError('CONFIG_INVALID', `${path}: ${describeIssues(decoded.left)}`);
    }
    for (const identity of decoded.right.identities) {
      this.#identities.set(`${identity.client_unique_id}\n${identity.host}`, identity);
    }
    this.#prune();
  }
}

function pairedIdentity(identity: Identity): PairedIdentity {
  return {
    uniqueId: identity.unique_id,
    privateKeyPem: identity.client_private_key,
    certificatePem: identity.client_certificate,
    hostCertificatePem: identity.server_certificate,
  };
}

/** Milliseconds since a time that is read from a file; a clock that was set back ages nothing. */
function ageOf(time: string): number {
  return Date.now() - Date.parse(time);
}

function keyOf(name: string, host: Host): string {
  return `${name}\n${host.stored.address}:${host.stored.httpPort}`;
}
