import type { IncomingMessage, ServerResponse } from 'node:http';
import { Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import websockify from 'koa-websocket';
import { apiRoutes, createApp } from '../api/app.js';
import type { ApiContext } from '../api/context.js';
import { AddressQuota } from '../access/address-quota.js';
import { ClientAddress } from '../access/client-address.js';
import { CreationLimit } from '../access/creation-limit.js';
import { Credentials } from '../access/credentials.js';
import { RefusalLog } from '../access/refusal-log.js';
import { Gate } from '../access/gate.js';
import { EventFeed } from '../api/event-feed.js';
import { bodyReader } from '../http/body.js';
import { Certificate } from '../http/certificate.js';
import { Connections } from '../http/connections.js';
import { refusePlainly } from '../http/raw-answer.js';
import { readTarget } from '../http/request-target.js';
import { Routes } from '../http/routes.js';
import { createHttpServer, listen } from '../http/server.js';
import { Upgrades } from '../http/upgrades.js';
import { Metrics } from '../api/metrics.js';
import { OriginGuard } from '../access/origin-guard.js';
import { isLoopback } from '../config/codecs.js';
import { bindOf } from '../config/load.js';
import type { Config } from '../config/schema.js';
import { DRAIN_TIME, hostSocketsClosed } from '../moonlight/host-connections.js';
import { iceServerProvider } from '../ice/configured.js';
import { ControlSocket, takeDataFolder } from '../hosts/control-socket.js';
import { runDataCommand } from '../hosts/data-commands.js';
import { IdentityStore } from '../hosts/identities.js';
import { HostStore } from '../hosts/store.js';
import { Targets } from '../hosts/targets.js';
import type { Log } from '../core/log.js';
import { LegacyStreams } from '../signaling/legacy-streams.js';
import { PeerEndpoint } from '../signaling/peer-endpoint.js';
import {
  grantSocket,
  socketRoutes,
  type SocketGrant,
  type UpgradeOptions,
} from '../signaling/upgrade.js';
import type { FolderLock } from '../storage/folder-lock.js';
import { networkOf } from '../streamer/network.js';
import { defaultChildModule, killStreamers } from '../streamer/supervisor/process.js';
import { StreamerRegistry } from '../streamer/registry.js';
import { StreamerRestore } from '../streamer/restore.js';

export interface ServerOptions {
  readonly log: Log;
  /** Folder of the built page; null serves a line of text. */
  readonly staticDirectory: string | null;
  /** The streamer's program; default is this build's own. */
  readonly childModule?: string | URL;
}

export interface RunningServer {
  /** Where a browser on this machine finds it, with the path prefix. */
  readonly url: string;
  readonly port: number;
  readonly streamers: StreamerRegistry;
  readonly hosts: HostStore;
  /**
   * Tells viewers, ends sessions, stops children; idempotent. Takes five seconds at most, and as long
   * again where connections of streamers to their hosts have to end in order.
   */
  close(): Promise<void>;
  /** Uses renewed certificate files at once. Never rejects. */
  reload(): Promise<void>;
}

/** Milliseconds for an offer of the child, and then for ICE and DTLS: the child's own are shorter. */
const OFFER_TIMEOUT = 15_000;
const CONNECT_TIMEOUT = 45_000;
/** Milliseconds that streamers get to end, hosts to be saved, and sockets to close after that. */
const CLOSE_DEADLINE = 3_800;
const SAVE_DEADLINE = 300;
const LINGER = 500;

/**
 * The server process: REST, viewer sockets, hosts on disk, streamers in children.
 *
 * @throws CONFIG_INVALID, or what the operating system says of address, certificate or files
 */
export async function startServer(config: Config, options: ServerOptions): Promise<RunningServer> {
  const lock = await takeDataFolder(config.data_path, options.log);
  try {
    return await startOwner(config, options, lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** @param lock on the data folder; released when the server is closed */
async function startOwner(
  config: Config,
  options: ServerOptions,
  lock: FolderLock,
): Promise<RunningServer> {
  const { log } = options;
  const bind = bindOf(config);
  const folder = dirname(config.data_path);
  const hosts = await HostStore.open(config.data_path, log);
  const identities = await IdentityStore.open(join(folder, 'identities.json'), log);
  const credentials = new Credentials(config.credentials, config.auth_failures_per_minute);
  const addresses = new ClientAddress(config.trusted_proxies);
  const refusals = new RefusalLog(log);
  const connections = new Connections({
    maxConnections: config.max_connections,
    maxPerAddress: config.max_connections_per_address,
    maxRequestsPerAddress: config.max_requests_per_address,
    addresses,
    refusals,
  });
  const onKnown = (request: IncomingMessage): void => connections.trust(request);
  const gate = new Gate(credentials, addresses, onKnown);
  const secure = config.certificate !== null;
  const guard = new OriginGuard({
    allowedOrigins: config.allowed_origins,
    credentialsRequired: credentials.required,
    secure,
    addresses,
  });

  const targets = new Targets({
    hosts,
    identities,
    pin: config.pairing_pin,
    unpairOnDelete: config.unpair_on_delete,
    appWait: config.app_wait_ms,
    isRunning: (id) => {
      const status = streamers.get(id)?.status;
      return status !== undefined && status !== 'failed' && status !== 'stopping';
    },
    log,
  });
  const network = networkOf(config);
  const iceServers = iceServerProvider(config, network.ice_servers, log);
  void iceServers.warmUp();
  const streamers: StreamerRegistry = new StreamerRegistry({
    maxStreamers: config.max_streamers,
    retention: config.end_policy === 'keep' ? Infinity : config.failure_retention_ms,
    log,
    streamer: {
      module: options.childModule ?? defaultChildModule(),
      network,
      iceServers: (viewerId) => iceServers.serversFor(viewerId),
      maxViewers: config.max_viewers,
      maxPads: config.max_pads_per_viewer,
      startTimeout: config.create_timeout_ms,
      heartbeatInterval: config.heartbeat_interval_ms,
      heartbeatTimeout: config.heartbeat_timeout_ms,
      memoryLimit: config.streamer_memory_mib * 1_048_576,
      niceness: config.streamer_niceness,
      stopTimeout: config.stop_timeout_ms,
      offerTimeout: OFFER_TIMEOUT,
      connectTimeout: CONNECT_TIMEOUT,
      restart: {
        policy: config.end_policy,
        backoffMin: config.restart_backoff_min_ms,
        backoffMax: config.restart_backoff_max_ms,
        maxAttempts: config.restart_max_attempts,
        stableAfter: config.restart_stable_ms,
      },
      prepare: (spec, signal) => targets.prepare(spec, signal),
      apps: targets.apps,
      log,
    },
  });
  const events = new EventFeed(streamers, log);
  const metrics = new Metrics(streamers, credentials);
  const socket = {
    maxMessagesPerSecond: config.max_messages_per_second,
    pingInterval: config.ping_interval_ms,
    pingTimeout: config.ping_timeout_ms,
    onInvalid: () => metrics.invalidMessages.inc(),
  };
  const authTimeout = config.auth_timeout_ms;
  const common = { streamers, credentials, socket, authTimeout, refusals, log };
  const peers = new PeerEndpoint(common);
  const creations = new CreationLimit(config.creations_per_minute);
  const legacy = new LegacyStreams({ ...common, hosts, creations, grace: config.legacy_grace_ms });
  const restore = config.restore_streamers
    ? new StreamerRestore(join(folder, 'streamers.json'), streamers, log)
    : null;

  const api: ApiContext = {
    config,
    hosts,
    identities,
    apps: targets.apps,
    streamers,
    credentials,
    gate,
    creations,
    addresses,
    refusals,
    events,
    metrics,
    staticDirectory: options.staticDirectory,
    log,
  };
  const routes = new Routes<SocketGrant['endpoint']>(gate, bodyReader(config.max_body_bytes));
  apiRoutes(routes, api);
  socketRoutes(routes);
  const app = websockify(await createApp(api, guard, routes));
  const handle = app.callback();
  const certificate =
    config.certificate === null
      ? null
      : await Certificate.open({
          paths: config.certificate,
          onRenewed: (pair) => {
            if (server instanceof TlsServer) server.setSecureContext(pair);
          },
          log,
        });
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      readTarget(request, config.web_path_prefix);
      if (isAdmitted(request, response)) await handle(request, response);
    } catch (error) {
      log.error({ err: error }, 'request not answered');
      response.destroy();
    }
  };
  const isAdmitted = (request: IncomingMessage, response: ServerResponse): boolean => {
    try {
      connections.enter(request, response);
      return true;
    } catch (error) {
      refusePlainly(response, error);
      return false;
    }
  };
  const server = createHttpServer(config, certificate?.pair ?? null, (request, response) => {
    void answer(request, response);
  });
  const granting: UpgradeOptions = {
    streamers,
    credentials,
    gate,
    addresses,
    guard,
    routes,
    pending: new AddressQuota({
      what: 'sockets that have not authenticated',
      perAddress: config.max_pending_sockets_per_address,
      inAll: config.max_pending_sockets,
    }),
    onKnown,
    peerCredentials: config.peer_credentials,
  };
  const upgrades = new Upgrades(app, {
    prefix: config.web_path_prefix,
    grant: (request) => grantSocket(request, granting),
    serve: (socket, grant: SocketGrant) => {
      const { endpoint, streamerId } = grant;
      if (endpoint === 'legacy' || streamerId === null) legacy.serve(socket, grant);
      else peers.serve(socket, { ...grant, streamerId });
    },
    onRefused: (request, code, reason) => {
      const { method = '', url: path = '' } = request;
      refusals.note(addresses.of(request), { method, path, code, reason }, 'upgrade refused');
    },
    maxPayload: config.max_message_bytes,
    log,
  });
  upgrades.attach(server);
  connections.attach(server);
  try {
    await listen(server, bind.host, bind.port);
  } catch (error) {
    certificate?.close();
    throw error;
  }
  server.on('error', (error) => log.error({ err: error }, 'server error'));
  const { port } = server.address() as AddressInfo;
  const name = isLoopback(bind.host) ? '127.0.0.1' : bind.host;
  const authority = bind.host.includes(':') ? `[${bind.host}]:${port}` : `${name}:${port}`;
  const url = `${secure ? 'https' : 'http'}://${authority}${config.web_path_prefix}/`;
  log.info({ url, credentials_required: credentials.required }, 'server listens');
  const control = await ControlSocket.listen(
    config.data_path,
    (command, say, signal) =>
      runDataCommand(command, { hosts, identities, pin: config.pairing_pin }, say, signal),
    log,
  );
  await restore?.start();

  let closing: Promise<void> | null = null;
  async function close(): Promise<void> {
    log.info('server stopping');
    const frozen = restore?.freeze();
    const closed = new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    server.closeIdleConnections();
    // Streamers that are to come back are left running on their hosts.
    const ended = streamers.close(!config.restore_streamers);
    peers.close();
    legacy.close();
    events.close();
    certificate?.close();
    const from = performance.now();
    const over = Promise.all([ended, frozen]);
    if (!(await isDoneWithin(CLOSE_DEADLINE, over))) {
      log.warn('streamers take too long to end and are killed');
      if (killStreamers() > 0) await isDoneWithin(DRAIN_TIME, over);
    }
    await control.close();
    await hostSocketsClosed(Math.max(0, DRAIN_TIME - (performance.now() - from)));
    const saved = hosts
      .save()
      .catch((error: unknown) => log.error({ err: error }, 'hosts not saved'));
    if (!(await isDoneWithin(SAVE_DEADLINE, saved))) log.error('hosts not saved in time');
    // Whoever does not answer a close frame is not waited for.
    const lingering = setTimeout(() => connections.destroy(), LINGER);
    await closed;
    clearTimeout(lingering);
    upgrades.close();
    refusals.close();
    await lock.release();
    log.info('server stopped');
  }

  return {
    url,
    port,
    streamers,
    hosts,
    close: () => (closing ??= close()),
    reload: () => certificate?.reload() ?? Promise.resolve(),
  };
}

/** @param work must not reject */
async function isDoneWithin(milliseconds: number, work: Promise<unknown>): Promise<boolean> {
  const late = new AbortController();
  const done = await Promise.race([
    work.then(() => true),
    sleep(milliseconds, false, { signal: late.signal }).catch(() => false),
  ]);
  late.abort();
  return done;
}
