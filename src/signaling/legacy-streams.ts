import type { CreationLimit } from '../access/creation-limit.js';
import { MoonteeError } from '../core/errors.js';
import type { HostStore } from '../hosts/store.js';
import { sameApp } from '../hosts/session-planner.js';
import type { StreamerRegistry } from '../streamer/registry.js';
import type { StreamerSpec } from '../protocol/streamer-spec.js';
import type { Streamer } from '../streamer/streamer.js';
import type { AuthenticationOptions } from './authenticated-socket.js';
import { isAlive, isKickoff, LegacySession, type LegacyMode } from './legacy-session.js';
import type { SocketGrant } from './upgrade.js';
import type { BrowserSocket } from './viewer-socket.js';

export interface LegacyOptions extends AuthenticationOptions {
  readonly streamers: StreamerRegistry;
  readonly hosts: HostStore;
  /** Streamers that are made here are among those that an address may ask for. */
  readonly creations: CreationLimit;
  /** Milliseconds that a streamer of mode `create` outlives its last viewer. */
  readonly grace: number;
}

/**
 * Milliseconds that a streamer which only started its app outlives its socket, at most. The browser
 * for which it was started joins it in that time, rather than race with its end.
 */
const KICKOFF_GRACE_MS = 5_000;

/**
 * `/api/host/stream`: the socket that makes its streamer itself (signaling.md b.2, a.6), on
 * top of the same streamers as everything else. Who comes back within the grace joins what
 * is still running.
 */
export class LegacyStreams {
  readonly #options: LegacyOptions;
  readonly #sessions = new Set<LegacySession>();
  readonly #graces = new Map<string, NodeJS.Timeout>();

  constructor(options: LegacyOptions) {
    this.#options = options;
    const { streamers } = options;
    streamers.on('viewer', (streamer, { what }) => {
      if (what === 'joined') this.#endGrace(streamer.id);
      if (what === 'left') this.#beginGrace(streamer);
    });
    streamers.on('removed', ({ id }) => {
      this.#endGrace(id);
    });
  }

  serve(socket: BrowserSocket, grant: SocketGrant): void {
    const session = new LegacySession(socket, grant, {
      ...this.#options,
      open: (spec, mode) => this.#open(spec, mode, grant.address),
      gone: () => this.#sessions.delete(session),
      left: (streamer) => this.#beginGrace(streamer),
    });
    this.#sessions.add(session);
  }

  /** The running streamer of that spec, or one that is made now. */
  async #open(spec: StreamerSpec, mode: LegacyMode, address: string): Promise<Streamer> {
    const { streamers } = this.#options;
    const named = streamers.get(spec.streamer_id);
    if (named !== undefined && isAlive(named)) return named;
    const same = this.#ofSameClient(spec);
    if (same !== undefined) return same;
    if (mode === 'join') throw new MoonteeError('STREAMER_NOT_FOUND');
    this.#options.creations.take(address);
    try {
      const passing = mode === 'create' || isKickoff(spec);
      const made = await streamers.create(spec, { lifetime: { mode, passing } });
      made.connected().then(
        () => streamers.promise(made),
        () => undefined,
      );
      return made;
    } catch (error) {
      // Another was quicker: its streamer serves as well.
      const raced = streamers.get(spec.streamer_id);
      if (raced !== undefined && isAlive(raced)) return raced;
      throw error;
    }
  }

  /**
   * A client comes back to what it has started under another name. A backend starts an app under
   * `agent-1-kickoff`; a browser of the same client resumes it as `agent-1`.
   */
  #ofSameClient(spec: StreamerSpec): Streamer | undefined {
    if (spec.client_unique_id === null) return undefined;
    return this.#options.streamers
      .list()
      .find(
        (streamer) =>
          isAlive(streamer) &&
          streamer.spec.client_unique_id === spec.client_unique_id &&
          streamer.spec.host_id === spec.host_id &&
          sameApp(streamer.spec.app_id, spec.app_id),
      );
  }

  close(): void {
    for (const session of this.#sessions) session.end('CLOSED', 'The server is shutting down');
    for (const id of [...this.#graces.keys()]) this.#endGrace(id);
  }

  #beginGrace(streamer: Streamer): void {
    const { mode, passing } = streamer.lifetime;
    if (!passing || !isAlive(streamer)) return;
    if (streamer.viewers.length > 0) return;
    if ([...this.#sessions].some(({ kept }) => kept === streamer)) return;
    this.#endGrace(streamer.id);
    const { grace, log, streamers } = this.#options;
    // The app that it started must run when a viewer comes.
    const kickoff = mode === 'keepalive';
    const timer = setTimeout(
      () => {
        this.#graces.delete(streamer.id);
        log.info({ streamer_id: streamer.id }, 'no viewer came back');
        streamers.delete(streamer.id, !kickoff).catch(() => undefined);
      },
      kickoff ? Math.min(grace, KICKOFF_GRACE_MS) : grace,
    );
    this.#graces.set(streamer.id, timer);
  }

  #endGrace(id: string): void {
    clearTimeout(this.#graces.get(id));
    this.#graces.delete(id);
  }
}
