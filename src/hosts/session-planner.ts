import { setTimeout as sleep } from 'node:timers/promises';
import { MoonteeError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { HostClient } from '../moonlight/nvhttp/host-client.js';
import type { HostApp } from '../moonlight/nvhttp/server-info.js';
import type { SessionTarget, StreamerSpec } from '../protocol/streamer-spec.js';
import { AppUsers } from './app-users.js';
import type { Host } from './host.js';
import type { IdentityStore, PairedIdentity } from './identities.js';
import type { HostStore } from './store.js';

/** Milliseconds between looks for an app that the host does not list yet. */
const APP_POLL_MS = 1_000;

export interface TargetOptions {
  readonly hosts: HostStore;
  readonly identities: IdentityStore;
  readonly pin: string | null;
  /** A streamer that is deleted takes its identity along. */
  readonly unpairOnDelete: boolean;
  /** Milliseconds. */
  readonly appWait: number;
  /** Whether that streamer has, or is about to have, a session. */
  readonly isRunning: (streamerId: string) => boolean;
  readonly log: Log;
}

/** Decides the host, the app and the identity of a streamer's session. */
export class SessionPlanner {
  readonly #options: TargetOptions;
  /** Host → the streamer that uses the host's own pairing. */
  readonly #ownPairing = new Map<Host, string>();
  /** Host and name of an identity → the streamer that uses it. */
  readonly #users = new Map<string, string>();
  /** Who shares which app. */
  readonly apps: AppUsers;

  constructor(options: TargetOptions) {
    this.#options = options;
    this.apps = new AppUsers({
      bystander: (host) => this.#bystander(host),
      release: (spec, host) => this.#release(spec, host),
      log: options.log,
    });
  }

  /**
   * Waits for the app (hosts list apps late) and sees to the identity.
   *
   * @throws HOST_NOT_FOUND, HOST_NOT_PAIRED, APP_NOT_FOUND, PAIRING_PIN_MISSING, errors of
   *   talking to the host and of pairing
   */
  async prepare(spec: StreamerSpec, signal: AbortSignal): Promise<SessionTarget> {
    const host = this.#options.hosts.require(spec.host_id);
    if (!host.paired) throw new MoonteeError('HOST_NOT_PAIRED');
    host.clearCache();
    const name = this.#nameOf(spec, host);
    let identity = await this.#identity(name, spec, host);
    try {
      await this.#awaitApp(host, identity, spec.app_id, signal);
    } catch (error) {
      const lost = error instanceof MoonteeError && isLost(error, identity, host);
      if (!lost || name === null || !this.#options.identities.has(name, host)) throw error;
      // The host has forgotten this identity, or was paired again under another certificate: pair
      // once more.
      await this.#options.identities.forget(name, host);
      identity = await this.#identity(name, spec, host);
      await this.#awaitApp(host, identity, spec.app_id, signal);
    }
    await this.apps.join(spec, host, identity, signal);
    return {
      host_address: host.stored.address,
      host_http_port: host.stored.httpPort,
      host_unique_id: identity.uniqueId,
      client_private_key_pem: identity.privateKeyPem,
      client_certificate_pem: identity.certificatePem,
      server_certificate_pem: identity.hostCertificatePem,
    };
  }

  /**
   * The name of its identity: `client_unique_id`, or one derived from it while another streamer
   * runs under that.
   */
  #nameOf({ client_unique_id: name, streamer_id: id }: StreamerSpec, host: Host): string | null {
    if (name === null) return null;
    for (const [key, user] of this.#users) {
      if (!this.#options.isRunning(user)) this.#users.delete(key);
    }
    const derived = `${name}~${id}`;
    const isTaken = (this.#users.get(keyOf(host, name)) ?? id) !== id;
    const isDerived = this.#users.get(keyOf(host, derived)) === id;
    const chosen = isTaken || isDerived ? derived : name;
    this.#users.set(keyOf(host, chosen), id);
    return chosen;
  }

  /**
   * A streamer with a name of its own gets an identity of its own. If nothing can pair one, the
   * host's own pairing serves one streamer at a time. The host would take a second session under
   * one certificate for the first one resumed (signaling.md e.4).
   */
  async #identity(name: string | null, spec: StreamerSpec, host: Host): Promise<PairedIdentity> {
    const { identities, pin, isRunning } = this.#options;
    if (name !== null && (pin !== null || identities.has(name, host))) {
      return identities.obtain(name, host, pin);
    }
    const user = this.#ownPairing.get(host);
    if (user !== undefined && user !== spec.streamer_id && isRunning(user)) {
      throw new MoonteeError(
        'PAIRING_PIN_MISSING',
        name === null
          ? 'The host’s pairing is in use by another streamer: give this one a client_unique_id'
          : undefined,
      );
    }
    this.#ownPairing.set(host, spec.streamer_id);
    return host.identity();
  }

  /** The identity of a streamer that is gone for good, unless another streamer uses it. */
  #release({ streamer_id: id }: StreamerSpec, host: Host): void {
    const { identities, pin, unpairOnDelete } = this.#options;
    const prefix = keyOf(host, '');
    for (const [key, user] of this.#users) {
      if (user !== id || !key.startsWith(prefix)) continue;
      this.#users.delete(key);
      // Without a PIN another one could not be made.
      if (unpairOnDelete && pin !== null) void identities.release(key.slice(prefix.length), host);
    }
  }

  /** The host's own pairing, unless a streamer runs under it. */
  #bystander(host: Host): PairedIdentity | null {
    const user = this.#ownPairing.get(host);
    if (user !== undefined && this.#options.isRunning(user)) return null;
    return host.paired ? host.identity() : null;
  }

  async #awaitApp(
    host: Host,
    identity: PairedIdentity,
    appId: number,
    signal: AbortSignal,
  ): Promise<HostApp> {
    const { address, httpPort } = host.stored;
    const client = HostClient.forPaired(
      { address, httpPort, certificatePem: identity.hostCertificatePem },
      identity,
      this.#options.log,
    );
    const deadline = performance.now() + this.#options.appWait;
    for (;;) {
      const apps = await client.apps(signal);
      const app = apps.find(({ id }) => sameApp(id, appId));
      if (app !== undefined) return app;
      if (performance.now() + APP_POLL_MS > deadline) throw new MoonteeError('APP_NOT_FOUND');
      await sleep(APP_POLL_MS, undefined, { signal });
    }
  }
}

/** The identity can never be used again, while the host itself is paired. */
function isLost({ code }: MoonteeError, identity: PairedIdentity, host: Host): boolean {
  if (code === 'HOST_NOT_PAIRED') return true;
  return code === 'HOST_CERTIFICATE_CHANGED' && !host.shows(identity.hostCertificatePem);
}

function keyOf(host: Host, name: string): string {
  return `${host.id}\n${name}`;
}

/** Ids are 32 bits; some write them signed. */
export function sameApp(left: number, right: number): boolean {
  return (left | 0) === (right | 0);
}
