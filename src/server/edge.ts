import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import websockify from 'koa-websocket';
import { apiRoutes, createApp } from '../api/app.js';
import type { ApiContext } from '../api/context.js';
import { isLoopback } from '../config/codecs.js';
import { bindOf } from '../config/load.js';
import type { Config } from '../config/schema.js';
import type { Log } from '../core/log.js';
import { bodyReader } from '../http/body.js';
import { Certificate } from '../http/certificate.js';
import type { Connections } from '../http/connections.js';
import { refusePlainly } from '../http/raw-answer.js';
import { readTarget } from '../http/request-target.js';
import { Routes } from '../http/routes.js';
import { createHttpServer, listen } from '../http/server.js';
import { Upgrades } from '../http/upgrades.js';
import type { DesktopEndpoint } from '../signaling/desktop-endpoint.js';
import type { LegacyStreams } from '../signaling/legacy-streams.js';
import type { PeerEndpoint } from '../signaling/peer-endpoint.js';
import type { MediaEndpoint } from '../signaling/media-endpoint.js';
import {
  grantSocket,
  socketRoutes,
  type Endpoint,
  type UpgradeGrant,
} from '../signaling/upgrade.js';
import type { WhepEndpoint } from '../signaling/whep-endpoint.js';
import { whepRoutes } from '../signaling/whep-routes.js';
import type { MediaTickets } from '../streamer/media-tickets.js';
import type { Guards } from './guards.js';

/** Milliseconds for sockets to answer a close frame. */
const LINGER_MS = 500;

export interface EdgeOptions {
  readonly config: Config;
  readonly guards: Guards;
  readonly api: ApiContext;
  readonly peers: PeerEndpoint;
  readonly legacy: LegacyStreams;
  readonly media: MediaEndpoint;
  readonly desktop: DesktopEndpoint;
  readonly whep: WhepEndpoint;
  readonly tickets: MediaTickets;
  readonly log: Log;
}

/** What listens: one server for requests and sockets, behind one reading of the target. */
export class Edge {
  readonly port: number;
  /** The URL for a browser on this machine, with the path prefix. */
  readonly url: string;
  readonly #server: Server;
  readonly #certificate: Certificate | null;
  readonly #connections: Connections;
  readonly #upgrades: Upgrades<UpgradeGrant>;

  private constructor(
    server: Server,
    certificate: Certificate | null,
    upgrades: Upgrades<UpgradeGrant>,
    { config, guards }: EdgeOptions,
  ) {
    this.#server = server;
    this.#certificate = certificate;
    this.#connections = guards.connections;
    this.#upgrades = upgrades;
    this.port = (server.address() as AddressInfo).port;
    this.url = urlOf(config, this.port);
  }

  /**
   * Listens on the configured address.
   *
   * @throws CONFIG_INVALID, or the operating system's error about address or certificate
   */
  static async listen(options: EdgeOptions): Promise<Edge> {
    const { config, guards, api, log } = options;
    const bind = bindOf(config);
    const routes = new Routes<Endpoint>(guards.gate, bodyReader(config.max_body_bytes));
    apiRoutes(routes, api);
    socketRoutes(routes, guards.desktop);
    whepRoutes(routes, {
      endpoint: options.whep,
      gate: guards.gate,
      creations: guards.creations,
      addresses: guards.addresses,
      pathPrefix: config.web_path_prefix,
    });
    const app = websockify(await createApp(api, guards.origins, routes));
    let server: Server | null = null;
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
    const answer = answering(options, app.callback());
    server = createHttpServer(config, certificate?.pair ?? null, (request, response) => {
      void answer(request, response);
    });
    const upgrades = createUpgrades(options, app, routes);
    upgrades.attach(server);
    guards.connections.attach(server);
    try {
      await listen(server, bind.host, bind.port);
    } catch (error) {
      certificate?.close();
      throw error;
    }
    server.on('error', (error) => log.error({ err: error }, 'server error'));
    return new Edge(server, certificate, upgrades, options);
  }

  /** Uses renewed certificate files at once. Never rejects. */
  reload(): Promise<void> {
    return this.#certificate?.reload() ?? Promise.resolve();
  }

  /**
   * Stops accepting connections.
   *
   * @returns a function that ends the remaining connections, and resolves once all are closed
   */
  stop(): () => Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    this.#server.closeIdleConnections();
    this.#certificate?.close();
    return async () => {
      // A socket that does not answer a close frame is not waited for.
      const lingering = setTimeout(() => this.#connections.destroy(), LINGER_MS);
      await closed;
      clearTimeout(lingering);
      this.#upgrades.close();
    };
  }
}

type Answer = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Reads the target, counts the connection, and only then lets Koa see the request. */
function answering({ config, guards, log }: EdgeOptions, handle: Answer): Answer {
  const isAdmitted = (request: IncomingMessage, response: ServerResponse): boolean => {
    try {
      guards.connections.enter(request, response);
      return true;
    } catch (error) {
      refusePlainly(response, error);
      return false;
    }
  };
  return async (request, response) => {
    try {
      readTarget(request, config.web_path_prefix);
      if (isAdmitted(request, response)) await handle(request, response);
    } catch (error) {
      log.error({ err: error }, 'request not answered');
      response.destroy();
    }
  };
}

function createUpgrades(
  { config, guards, api, peers, legacy, media, desktop, tickets, log }: EdgeOptions,
  app: websockify.App,
  routes: Routes<Endpoint>,
): Upgrades<UpgradeGrant> {
  const { authenticator, gate, addresses, origins, pending, refusals, onKnown } = guards;
  const granting = {
    ...{ streamers: api.streamers, gate, addresses, guard: origins, routes },
    credentialsRequired: authenticator.required,
    ...{ tickets, pending, onKnown, peerCredentials: config.peer_credentials },
    desktop: guards.desktop,
  };
  return new Upgrades(app, {
    prefix: config.web_path_prefix,
    grant: (request) => grantSocket(request, granting),
    take: (request, stream, head, grant) => {
      if (grant.endpoint === 'media') media.take(request, stream, head, grant.media);
      else if (grant.endpoint === 'desktop') desktop.take(request, stream, head, grant.desktop);
      else return false;
      return true;
    },
    serve: (socket, grant) => {
      if (grant.endpoint === 'media' || grant.endpoint === 'desktop') return;
      const { endpoint, streamerId } = grant;
      if (endpoint === 'legacy' || streamerId === null) legacy.serve(socket, grant);
      else peers.serve(socket, { ...grant, streamerId });
    },
    onRefused: (request, code, reason) => {
      const { method = '', url = '' } = request;
      // What stands behind it may be a ticket.
      const [path = ''] = url.split('?', 1);
      refusals.note(addresses.of(request), { method, path, code, reason }, 'upgrade refused');
    },
    maxPayload: config.max_message_bytes,
    log,
  });
}

function urlOf(config: Config, port: number): string {
  const { host } = bindOf(config);
  const name = isLoopback(host) ? '127.0.0.1' : host;
  const authority = host.includes(':') ? `[${host}]:${port}` : `${name}:${port}`;
  const scheme = config.certificate === null ? 'http' : 'https';
  return `${scheme}://${authority}${config.web_path_prefix}/`;
}
