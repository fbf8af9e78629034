import { MoonteeError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { HostClient } from '../moonlight/nvhttp/host-client.js';
import type { SessionEnd } from '../streamer/policy.js';
import { LAST_QUIT_TIMEOUT_MS, type AppOwner, type Leave } from '../streamer/app-owner.js';
import type { StreamerSpec } from '../protocol/streamer-spec.js';
import type { Host } from './host.js';
import type { PairedIdentity } from './identities.js';

/** Milliseconds for quitting an app: when a streamer is deleted, and when the whole server ends. */
const QUIT_TIMEOUT_MS = { deleted: 5_000, ending: LAST_QUIT_TIMEOUT_MS } as const;
/** Milliseconds for one look at who sees an app, and for all three of them. */
const LOOK_TIMEOUT_MS = 1_000;
const LOOKS_TIMEOUT_MS = 2_000;
/** Milliseconds after our own doing in which a host's word is taken for its consequence. */
const CONSEQUENCE_MS = 10_000;
/** Ends of a first start after which the host does not run the app for us. */
const REFUSALS: ReadonlySet<string> = new Set([
  'APP_NOT_FOUND',
  'ENCRYPTION_REQUIRED',
  'HOST_BUSY',
  'HOST_CERTIFICATE_CHANGED',
  'HOST_NOT_PAIRED',
  'HOST_REFUSED',
]);

interface Use {
  readonly host: Host;
  readonly appId: number;
  readonly identity: PairedIdentity;
  /** The host was asked to run the app for it and has not refused. */
  mayRun: boolean;
  /** Never again: it is being deleted, or failed. */
  over: boolean;
  /** It is counted among those that are leaving. */
  isLeaving: boolean;
}

/** What we did to a host's app. */
interface Doing {
  /** Streamers that are leaving now. */
  leaving: number;
  /** `performance.now()` until which the consequences may come. */
  until: number;
  /** A person or a caller wanted the app to end. */
  ordered: number;
}

export interface AppUsersOptions {
  /** An identity under which nothing runs on that host, if there is one. */
  readonly bystander: (host: Host) => PairedIdentity | null;
  /** A streamer does not come back: what the host keeps of it may go. Never rejects. */
  readonly release: (spec: StreamerSpec, host: Host) => void;
  readonly log: Log;
}

/**
 * Who uses which app of which host. Sunshine runs one app for all clients: its end is the end of
 * every session there. Wolf runs one for each client. No field says which kind a host is. It shows
 * in the answer to a client without a session (gamestream.md §1.5: `currentgame`).
 */
export class AppUsers implements AppOwner {
  readonly #options: AppUsersOptions;
  readonly #uses = new Map<string, Use>();
  readonly #doings = new Map<string, Doing>();
  /** Hosts that were seen free for one client while they ran an app for another. */
  readonly #separate = new Set<string>();

  constructor(options: AppUsersOptions) {
    this.#options = options;
  }

  /** A session of that streamer is about to be started. */
  async join(
    { streamer_id: id, app_id: appId }: StreamerSpec,
    host: Host,
    identity: PairedIdentity,
    signal: AbortSignal,
  ): Promise<void> {
    if (!this.#uses.has(id)) await this.#watch(host, identity, undefined, signal);
    // Who was deleted meanwhile has left already, and does not leave again.
    signal.throwIfAborted();
    this.#uses.set(id, { host, appId, identity, mayRun: true, over: false, isLeaving: false });
  }

  /** A session of that streamer is over; the next one joins again. */
  sessionEnded(spec: StreamerSpec, { code, byHost, connectedFor }: SessionEnd): void {
    const use = this.#uses.get(spec.streamer_id);
    if (use === undefined) return;
    const refused = connectedFor === 0 && REFUSALS.has(code);
    if (refused || (byHost && this.ourDoing(spec) === null)) use.mayRun = false;
  }

  /** The streamer failed: no other streamer shares its fate any more. */
  failed({ streamer_id: id }: StreamerSpec): void {
    const use = this.#uses.get(id);
    if (use !== undefined) use.over = true;
  }

  /**
   * Whether the host's answer to that streamer may be the consequence of what we did to its app.
   * `sibling` is another streamer's end; `order` is a wish that the app ends.
   */
  ourDoing({ streamer_id: id }: StreamerSpec): 'sibling' | 'order' | null {
    const use = this.#uses.get(id);
    const doing = use === undefined ? undefined : this.#doings.get(keyOf(use.host));
    if (use === undefined || doing === undefined) return null;
    const now = performance.now();
    if (now < doing.ordered) return 'order';
    if (this.#separate.has(keyOf(use.host))) return null;
    return doing.leaving > 0 || now < doing.until ? 'sibling' : null;
  }

  /** The host's app is about to be quit by hand. */
  ordered(host: Host): void {
    this.#doing(host).ordered = performance.now() + CONSEQUENCE_MS;
  }

  /** The streamer wants to quit an app that it cannot resume, and to launch it again. */
  async mayQuit({ streamer_id: id }: StreamerSpec): Promise<boolean> {
    const use = this.#uses.get(id);
    if (use === undefined || use.over || (await this.#isShared(use))) return false;
    this.#doing(use.host).until = performance.now() + CONSEQUENCE_MS;
    return true;
  }

  /** The streamer is being deleted: from now on the app is not its own any more. */
  leaving({ streamer_id: id }: StreamerSpec): void {
    const use = this.#uses.get(id);
    if (use === undefined || use.isLeaving) return;
    use.over = true;
    use.isLeaving = true;
    this.#doing(use.host).leaving += 1;
  }

  /**
   * Nothing is left of the streamer. Quits its app if that was wished, and if no other streamer
   * uses it or that does not matter. Never rejects. Takes seven seconds at most, or little more
   * than one at the server's end.
   */
  async leave(spec: StreamerSpec, { quit, forGood }: Leave): Promise<void> {
    const { streamer_id: id } = spec;
    const use = this.#uses.get(id);
    if (use === undefined) return;
    const doing = this.#doing(use.host);
    try {
      if (quit === 'no' || !use.mayRun) return;
      if (quit === 'by-last' && (await this.#isShared(use))) {
        this.#options.log.info({ streamer_id: id }, 'app goes on for other streamers');
        return;
      }
      await this.#quit(id, use, QUIT_TIMEOUT_MS[forGood ? 'deleted' : 'ending']);
    } finally {
      this.#uses.delete(id);
      if (use.isLeaving) doing.leaving -= 1;
      doing.until = performance.now() + CONSEQUENCE_MS;
      if (forGood) this.#options.release(spec, use.host);
    }
  }

  /** Nothing is known of a host any more that may come back as another. */
  forget(host: Host): void {
    this.#separate.delete(keyOf(host));
  }

  /** Whether others run on the host who would lose their app with that of `use`. */
  async #isShared(use: Use): Promise<boolean> {
    if (this.#running(use.host, use).length === 0) return false;
    if (this.#separate.has(keyOf(use.host))) return false;
    const bystander = this.#options.bystander(use.host);
    if (bystander !== null) await this.#watch(use.host, bystander, use);
    // Others may have come or gone meanwhile.
    return !this.#separate.has(keyOf(use.host)) && this.#running(use.host, use).length > 0;
  }

  /**
   * Finds out that a host runs an app for each client: it is free for one client and busy for
   * another, before and after.
   *
   * @param bystander has no session there
   * @param without a use whose app may end meanwhile
   */
  async #watch(
    host: Host,
    bystander: PairedIdentity,
    without?: Use,
    signal?: AbortSignal,
  ): Promise<void> {
    const [other] = this.#running(host, without);
    if (other === undefined || this.#separate.has(keyOf(host))) return;
    const late = AbortSignal.timeout(LOOKS_TIMEOUT_MS);
    const ended = signal === undefined ? late : AbortSignal.any([signal, late]);
    for (const identity of [other.identity, bystander, other.identity]) {
      const info = await clientOf(host, identity, this.#options.log)
        .serverInfo(ended, LOOK_TIMEOUT_MS)
        .catch(() => null);
      if (info?.trust !== 'paired' || info.busy !== (identity === other.identity)) return;
    }
    this.#separate.add(keyOf(host));
  }

  #running(host: Host, without?: Use): Use[] {
    const key = keyOf(host);
    return [...this.#uses.values()].filter(
      (use) => use !== without && !use.over && use.mayRun && keyOf(use.host) === key,
    );
  }

  /** Asks first: another client may have started an app since, which is not ours. */
  async #quit(streamerId: string, { host, appId, identity }: Use, timeout: number): Promise<void> {
    const log = this.#options.log.child({ streamer_id: streamerId, app_id: appId });
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new MoonteeError('TIMEOUT')), timeout);
    try {
      const client = clientOf(host, identity, log);
      const info = await client.serverInfo(late.signal, timeout);
      if (info.trust !== 'paired' || (info.currentGame | 0) !== (appId | 0)) {
        log.info(
          { current_game: info.currentGame, trust: info.trust },
          'app does not run any more',
        );
        return;
      }
      await client.cancel(late.signal, timeout);
      host.clearCache();
      log.info('app quit');
    } catch (error) {
      const { code, message } = MoonteeError.from(error);
      log.warn({ code, reason: message }, 'app not quit');
    } finally {
      clearTimeout(timer);
    }
  }

  #doing(host: Host): Doing {
    const now = performance.now();
    for (const [key, { leaving, until, ordered }] of this.#doings) {
      if (leaving === 0 && until < now && ordered < now) this.#doings.delete(key);
    }
    const key = keyOf(host);
    const doing = this.#doings.get(key) ?? { leaving: 0, until: 0, ordered: 0 };
    this.#doings.set(key, doing);
    return doing;
  }
}

function clientOf(host: Host, identity: PairedIdentity, log: Log): HostClient {
  const { address, httpPort } = host.stored;
  const { hostCertificatePem: certificatePem } = identity;
  return HostClient.forPaired({ address, httpPort, certificatePem }, identity, log);
}

function keyOf({ stored }: Host): string {
  return `${stored.address}:${stored.httpPort}`;
}
