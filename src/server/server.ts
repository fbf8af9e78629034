import { join } from 'node:path';
import { ViewerAccess } from '../access/viewer-access.js';
import type { ApiContext } from '../api/context.js';
import { EventFeed } from '../api/event-feed.js';
import { ReadinessCheck } from '../api/health.js';
import { Metrics } from '../api/metrics.js';
import type { Config } from '../config/schema.js';
import { Deadline } from '../core/deadline.js';
import type { Log } from '../core/log.js';
import { settlesWithin } from '../core/settles-within.js';
import { ControlSocket, takeDataFolder } from '../hosts/control-socket.js';
import type { HostStore } from '../hosts/store.js';
import { DRAIN_TIME_MS, hostSocketsClosed } from '../moonlight/host-connections.js';
import { DesktopEndpoint } from '../signaling/desktop-endpoint.js';
import { LegacyStreams } from '../signaling/legacy-streams.js';
import { HandOver } from '../signaling/hand-over.js';
import { MediaEndpoint } from '../signaling/media-endpoint.js';
import { PeerEndpoint } from '../signaling/peer-endpoint.js';
import { WhepEndpoint } from '../signaling/whep-endpoint.js';
import type { FolderLock } from '../storage/folder-lock.js';
import type { Recorder } from '../recordings/recorder.js';
import { Doors } from '../streamer/doors.js';
import type { StreamerRegistry } from '../streamer/registry.js';
import { MediaTickets } from '../streamer/media-tickets.js';
import { StreamerRestore } from '../streamer/restore.js';
import { WorkerProbe } from '../streamer/supervisor/probe.js';
import { defaultChildModule, killStreamers } from '../streamer/supervisor/process.js';
import { runCommand } from './commands.js';
import { Drain } from './drain.js';
import { Edge } from './edge.js';
import { createGuards, type Guards } from './guards.js';
import { openStores, type Stores } from './stores.js';
import { createStreamers, openRecorder } from './streamers.js';

export interface ServerOptions {
  readonly log: Log;
  /** Folder of the built page; null serves a line of text. */
  readonly staticDirectory: string | null;
  /** The streamer's program; default is this build's own. */
  readonly childModule?: string | URL;
}

/** Milliseconds that streamers get to end, and hosts to be saved. */
const CLOSE_DEADLINE_MS = 3_800;
const SAVE_DEADLINE_MS = 300;
/** Milliseconds for the ends of recordings to be written down. */
const RECORDS_DEADLINE_MS = 500;

/** What a server is made of; it owns all of it. */
interface Parts {
  readonly config: Config;
  readonly lock: FolderLock;
  readonly stores: Stores;
  readonly guards: Guards;
  readonly access: ViewerAccess;
  readonly streamers: StreamerRegistry;
  readonly recorder: Recorder | null;
  readonly restore: StreamerRestore | null;
  readonly events: EventFeed;
  readonly peers: PeerEndpoint;
  readonly legacy: LegacyStreams;
  readonly desktop: DesktopEndpoint;
  readonly handOver: HandOver;
  readonly edge: Edge;
  readonly control: ControlSocket;
  readonly drain: Drain;
  readonly log: Log;
}

/** The server process: REST, viewer sockets, hosts on disk, streamers in children. */
export class MoonteeServer {
  readonly #parts: Parts;
  #closing: Promise<void> | null = null;

  private constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** @throws CONFIG_INVALID, or the operating system's error about address, certificate or files */
  static async start(config: Config, options: ServerOptions): Promise<MoonteeServer> {
    const lock = await takeDataFolder(config.data_path, options.log);
    try {
      const parts = await assemble(config, options, lock);
      await parts.restore?.start();
      parts.access.keepStreamers(parts.streamers.list().map(({ id }) => id));
      return new MoonteeServer(parts);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** The URL for a browser on this machine, with the path prefix. */
  get url(): string {
    return this.#parts.edge.url;
  }

  get port(): number {
    return this.#parts.edge.port;
  }

  get streamers(): StreamerRegistry {
    return this.#parts.streamers;
  }

  get hosts(): HostStore {
    return this.#parts.stores.hosts;
  }

  /** Resolves once the server was drained: nobody is left that would be disturbed by its end. */
  get drained(): Promise<void> {
    return this.#parts.drain.over;
  }

  /** Uses renewed certificate files at once. Never rejects. */
  reload(): Promise<void> {
    return this.#parts.edge.reload();
  }

  /**
   * Notifies viewers, ends sessions, stops children; idempotent. Takes five seconds at most, and as
   * long again if connections of streamers to their hosts have to end in order.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { edge, guards, access, control, drain, lock, log } = this.#parts;
    log.info('server stopping');
    drain.close();
    const begun = performance.now();
    const endConnections = edge.stop();
    await this.#endStreamers();
    await this.#parts.recorder?.close(Deadline.in(RECORDS_DEADLINE_MS));
    await control.close();
    await hostSocketsClosed(Math.max(0, DRAIN_TIME_MS - (performance.now() - begun)));
    await this.#saveHosts();
    await endConnections();
    guards.refusals.close();
    access.close();
    await lock.release();
    log.info('server stopped');
  }

  async #endStreamers(): Promise<void> {
    const { config, streamers, restore, peers, legacy, events, log } = this.#parts;
    const { desktop, handOver } = this.#parts;
    const frozen = restore?.freeze();
    // Streamers that are to come back are left running on their hosts.
    const deadline = Deadline.in(CLOSE_DEADLINE_MS);
    const ended = streamers.close(!config.restore_streamers, deadline);
    peers.close();
    legacy.close();
    desktop.close();
    handOver.close();
    events.close();
    const over = Promise.all([ended, frozen]);
    if (await settlesWithin(deadline.left, over)) return;
    log.warn('streamers take too long to end and are killed');
    if (killStreamers() > 0) await settlesWithin(DRAIN_TIME_MS, over);
  }

  async #saveHosts(): Promise<void> {
    const { stores, log } = this.#parts;
    const saved = stores.hosts
      .save()
      .catch((error: unknown) => log.error({ err: error }, 'hosts not saved'));
    if (!(await settlesWithin(SAVE_DEADLINE_MS, saved))) log.error('hosts not saved in time');
  }
}

/** @param lock on the data folder */
async function assemble(
  config: Config,
  { log, staticDirectory, childModule = defaultChildModule() }: ServerOptions,
  lock: FolderLock,
): Promise<Parts> {
  const stores = await openStores(config, log);
  const access = await ViewerAccess.open({
    folder: stores.folder,
    maxTokens: config.max_tokens,
    identity: config.identity,
    log,
  });
  const guards = createGuards(config, access, log);
  const tickets = new MediaTickets();
  const doors = new Doors();
  const { streamers, apps } = createStreamers(config, stores, tickets, doors, childModule, log);
  const drain = new Drain(doors, streamers, log);
  const probe = new WorkerProbe(childModule, log);
  streamers.on('removed', ({ id }, isForGood) => {
    if (isForGood) access.forgetStreamer(id);
  });
  const recorder = await openRecorder(config, streamers, log);
  const events = new EventFeed(streamers, recorder, log);
  const metrics = new Metrics(streamers, guards.credentials, recorder);
  const { hosts, identities, folder } = stores;
  const readiness = new ReadinessCheck({
    streamers,
    doors,
    folder,
    isWritable: lock.isHeld,
    workerWorks: () => probe.works(),
  });
  const { credentials, gate, creations, redemptions, addresses, refusals } = guards;
  const api: ApiContext = {
    ...{ config, hosts, identities, apps, streamers, credentials, gate, creations, addresses },
    ...{ access, redemptions },
    ...{ recorder, refusals, events, metrics, readiness, staticDirectory, log },
  };
  const sockets = createSockets({ config, guards, access, streamers, hosts, metrics, log });
  const { peers, legacy, desktop, handOver } = sockets;
  const edge = await Edge.listen({ config, guards, api, ...sockets, tickets, log });
  log.info({ url: edge.url, credentials_required: credentials.required }, 'server listens');
  const control = await ControlSocket.listen(
    config.data_path,
    (command, emit, signal) =>
      runCommand(command, { config, stores, streamers, drain }, emit, signal),
    log,
  );
  const restore = config.restore_streamers
    ? new StreamerRestore(join(folder, 'streamers.json'), streamers, log)
    : null;
  return {
    ...{
      config,
      lock,
      stores,
      guards,
      access,
      streamers,
      recorder,
      restore,
      events,
      peers,
      legacy,
      desktop,
      handOver,
      edge,
      control,
      drain,
    },
    log,
  };
}

interface Sockets extends Pick<Parts, 'peers' | 'legacy' | 'desktop' | 'handOver'> {
  readonly media: MediaEndpoint;
  readonly whep: WhepEndpoint;
}

function createSockets({
  config,
  guards,
  access,
  streamers,
  hosts,
  metrics,
  log,
}: Pick<Parts, 'config' | 'guards' | 'access' | 'streamers' | 'log'> &
  Pick<ApiContext, 'hosts' | 'metrics'>): Sockets {
  const { authenticator, creations, refusals } = guards;
  const { tenures } = access;
  const socket = {
    maxMessagesPerSecond: config.max_messages_per_second,
    pingInterval: config.ping_interval_ms,
    pingTimeout: config.ping_timeout_ms,
    onInvalid: () => metrics.invalidMessages.inc(),
  };
  const authTimeout = config.auth_timeout_ms;
  const common = { streamers, authenticator, socket, authTimeout, refusals, log };
  const handOver = new HandOver(log);
  const peers = new PeerEndpoint({ ...common, tenures });
  const legacy = new LegacyStreams({ ...common, hosts, creations, grace: config.legacy_grace_ms });
  return {
    ...{ peers, legacy, handOver },
    media: new MediaEndpoint(streamers, handOver),
    desktop: new DesktopEndpoint(streamers, handOver, tenures, log),
    whep: new WhepEndpoint({ streamers, tenures, log }),
  };
}
