import { randomUUID } from 'node:crypto';
import type { Credentials } from '../api/credentials.js';
import { MoonteeError } from '../errors.js';
import type { Log } from '../log.js';
import type { StreamerRegistry } from '../streamer/registry.js';
import type { Streamer } from '../streamer/streamer.js';
import type { Viewer } from '../streamer/viewers.js';
import { Clients, type Supersedable } from './clients.js';
import type { StreamClientMessage, StreamServerMessage } from './messages.js';
import type { SocketGrant } from './upgrade.js';
import { ViewerSocket, type BrowserSocket, type ViewerSocketOptions } from './viewer-socket.js';

export interface PeerEndpointOptions {
  readonly streamers: StreamerRegistry;
  readonly credentials: Credentials;
  readonly socket: ViewerSocketOptions;
  /** Milliseconds for the first message, where one is needed. */
  readonly authTimeout: number;
  readonly log: Log;
}

/** `/api/streamers/{id}/peer`: viewers of streamers that exist (signaling.md b.3). */
export class PeerEndpoint {
  readonly #options: PeerEndpointOptions;
  readonly #clients = new Clients();
  readonly #sessions = new Set<PeerSession>();

  constructor(options: PeerEndpointOptions) {
    this.#options = options;
  }

  /** Sockets that have not authenticated yet. */
  get pending(): number {
    return [...this.#sessions].filter(({ authenticated }) => !authenticated).length;
  }

  serve(socket: BrowserSocket, grant: SocketGrant & { streamerId: string }): void {
    const session = new PeerSession(socket, grant, this.#options, this.#clients, () => {
      this.#sessions.delete(session);
    });
    this.#sessions.add(session);
    session.start();
  }

  /** Sockets that have no streamer to end them. */
  close(): void {
    for (const session of this.#sessions) session.end('CLOSED', 'The server is shutting down');
  }
}

class PeerSession implements Viewer, Supersedable {
  readonly peerId = randomUUID();
  readonly #grant: SocketGrant & { streamerId: string };
  readonly #options: PeerEndpointOptions;
  readonly #clients: Clients;
  readonly #gone: () => void;
  readonly #log: Log;
  readonly #socket: ViewerSocket;
  /** Messages are handled one after another: checking credentials takes a turn. */
  #turn: Promise<void> = Promise.resolve();
  #deadline: NodeJS.Timeout | null = null;
  #authenticated: boolean;
  #clientKey: string | null = null;
  #streamer: Streamer | null = null;
  #ended = false;

  constructor(
    socket: BrowserSocket,
    grant: SocketGrant & { streamerId: string },
    options: PeerEndpointOptions,
    clients: Clients,
    gone: () => void,
  ) {
    this.#grant = grant;
    this.#options = options;
    this.#clients = clients;
    this.#gone = gone;
    this.#authenticated = grant.authenticated;
    this.#log = options.log.child({ streamer_id: grant.streamerId, peer_id: this.peerId });
    this.#socket = new ViewerSocket(
      socket,
      { ...options.socket, log: this.#log },
      {
        onMessage: (message) => {
          this.#turn = this.#turn
            .then(() => this.#receive(message))
            .catch((error: unknown) => this.#refuse(MoonteeError.from(error)));
        },
        onClosed: (code, reason) => this.#left(code, reason),
      },
    );
  }

  get authenticated(): boolean {
    return this.#authenticated;
  }

  start(): void {
    if (this.#authenticated) {
      this.#attempt(() => this.#join(this.#grant.clientId));
      return;
    }
    this.#deadline = setTimeout(() => {
      this.#failAuthentication('No credentials came in time');
    }, this.#options.authTimeout);
  }

  deliver(message: StreamServerMessage): void {
    this.#socket.send(message);
  }

  /** From the streamer, which has forgotten it. */
  end(code: string, reason: string): void {
    this.#forget();
    this.#socket.end(code, reason);
  }

  supersede(): void {
    const reason = 'Another connection of this client took over';
    this.deliver({ PeerClosed: { code: 'SUPERSEDED', reason } });
    this.deliver('ClientKicked');
    this.#leave('SUPERSEDED', reason);
  }

  async #receive(message: StreamClientMessage): Promise<void> {
    if (this.#ended) return;
    if ('AuthenticateAndInit' in message) {
      const { credentials, client_unique_id: clientId } = message.AuthenticateAndInit;
      if (!this.#authenticated) {
        const { address } = this.#grant;
        if (!(await this.#options.credentials.check(credentials ?? '', address))) {
          this.#failAuthentication('Wrong credentials');
          return;
        }
        this.#authenticated = true;
      }
      this.#join(clientId ?? this.#grant.clientId);
      return;
    }
    if (!this.#authenticated) {
      this.#failAuthentication('The first message must be AuthenticateAndInit');
      return;
    }
    this.#streamer?.fromViewer(this.peerId, message);
  }

  /** Enters the streamer; a second time only tells who it is. */
  #join(clientId: string | null): void {
    if (this.#ended) return;
    if (this.#deadline !== null) clearTimeout(this.#deadline);
    this.#deadline = null;
    if (clientId !== null && clientId !== '' && this.#clientKey === null) {
      const key = `${this.#grant.streamerId}\n${clientId}`;
      this.#clients.enter(key, this);
      this.#clientKey = key;
    }
    if (this.#streamer !== null) return;
    const streamer = this.#options.streamers.require(this.#grant.streamerId);
    this.#streamer = streamer;
    streamer.addViewer(this);
  }

  #attempt(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#refuse(MoonteeError.from(error));
    }
  }

  #refuse(error: MoonteeError): void {
    if (this.#ended) return;
    this.#log.info({ code: error.code, reason: error.message }, 'viewer refused');
    const stage = 'Setup WebRTC Peer';
    this.deliver({ StageFailed: { stage, error_code: -1 } });
    this.deliver({ PeerClosed: { code: error.code, reason: error.message } });
    this.#leave(error.code, error.message);
  }

  #failAuthentication(reason: string): void {
    if (this.#ended) return;
    this.#log.warn({ address: this.#grant.address, reason }, 'viewer not authenticated');
    this.deliver({ StageFailed: { stage: 'Authentication', error_code: -1 } });
    this.deliver({ PeerClosed: { code: 'UNAUTHORIZED', reason } });
    this.#leave('UNAUTHORIZED', reason);
  }

  /** Our own decision. */
  #leave(code: string, reason: string): void {
    this.#left(code, reason);
    this.#socket.end(code, reason);
  }

  /** The socket is gone, or as good as gone. */
  #left(code: string, reason: string): void {
    const streamer = this.#streamer;
    this.#forget();
    streamer?.removeViewer(this.peerId, code, reason);
  }

  #forget(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#deadline !== null) clearTimeout(this.#deadline);
    if (this.#clientKey !== null) this.#clients.leave(this.#clientKey, this);
    this.#gone();
  }
}
