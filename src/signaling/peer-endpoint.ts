import { createHash, randomUUID } from 'node:crypto';
import { assertMay } from '../access/gate.js';
import { rightsOn } from '../access/principal.js';
import type { Tenure, Tenures } from '../access/tenures.js';
import { MoonteeError } from '../core/errors.js';
import type { OutcomeCode } from '../core/outcomes.js';
import type { Log } from '../core/log.js';
import type { Rights } from '../core/rights.js';
import type { StreamerRegistry } from '../streamer/registry.js';
import type { Streamer } from '../streamer/streamer.js';
import type { Viewer } from '../streamer/viewers.js';
import { AuthenticatedSocket, type AuthenticationOptions } from './authenticated-socket.js';
import { Clients, type Supersedable } from './clients.js';
import type { StreamClientMessage, StreamServerMessage } from '../protocol/viewer-messages.js';
import { viewerReason } from '../protocol/viewer-words.js';
import type { SocketGrant } from './upgrade.js';
import type { BrowserSocket } from './viewer-socket.js';

export interface PeerEndpointOptions extends AuthenticationOptions {
  readonly streamers: StreamerRegistry;
  readonly tenures: Tenures;
}

/** `/api/streamers/{id}/peer`: viewers of streamers that exist (signaling.md b.3). */
export class PeerEndpoint {
  readonly #options: PeerEndpointOptions;
  readonly #clients = new Clients();
  readonly #sessions = new Set<PeerSession>();

  constructor(options: PeerEndpointOptions) {
    this.#options = options;
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
  /** Made of the secret that its client was given. */
  seat?: string;
  readonly isPeerless: boolean;
  readonly #grant: SocketGrant & { streamerId: string };
  readonly #streamers: StreamerRegistry;
  readonly #tenures: Tenures;
  readonly #clients: Clients;
  readonly #gone: () => void;
  readonly #log: Log;
  readonly #socket: AuthenticatedSocket;
  #streamer: Streamer | null = null;
  #tenure: Tenure | null = null;
  #ended = false;

  constructor(
    socket: BrowserSocket,
    grant: SocketGrant & { streamerId: string },
    options: PeerEndpointOptions,
    clients: Clients,
    gone: () => void,
  ) {
    this.#grant = grant;
    this.isPeerless = grant.isPeerless;
    this.#streamers = options.streamers;
    this.#tenures = options.tenures;
    this.#clients = clients;
    this.#gone = gone;
    this.#log = options.log.child({ streamer_id: grant.streamerId, peer_id: this.peerId });
    this.#socket = new AuthenticatedSocket(
      socket,
      grant,
      false,
      { ...options, log: this.#log },
      {
        assertAdmitted: (principal) => assertMay(principal, 'watch', grant.streamerId),
        onInit: ({ resume_secret: secret, host_quality: hostQuality, presence }) => {
          this.#join(secret ?? null);
          if (presence) this.#streamer?.company.introduce(this.peerId, presence);
          // The child notifies on the viewer's data channel; it needs no credentials.
          if (hostQuality === true) this.#tellChild({ credentials: null, host_quality: true });
        },
        onMessage: (message) => this.#streamer?.fromViewer(this.peerId, message),
        onChannel: (channel, data) => {
          this.#streamer?.fromViewerChannel(this.peerId, channel, data);
        },
        onError: (error) => this.#refuse(error),
        onLeft: (code, reason) => this.#left(code, reason),
      },
    );
  }

  get rights(): Rights {
    return rightsOn(this.#socket.principal, this.#grant.streamerId);
  }

  get name(): string | null {
    return this.#socket.principal.name;
  }

  start(): void {
    if (!this.#socket.entered) return;
    try {
      this.#join(null);
    } catch (error) {
      this.#refuse(MoonteeError.from(error));
    }
  }

  deliver(message: StreamServerMessage, skippable = false): void {
    this.#socket.deliver(message, skippable);
  }

  deliverChannel(channel: number, data: Buffer): void {
    this.#socket.deliverChannel(channel, data);
  }

  /** From the streamer, which has forgotten it. */
  end(code: OutcomeCode, reason: string): void {
    this.#forget();
    this.#socket.end(code, reason);
  }

  supersede(): void {
    const reason = 'Another connection of this client took over';
    this.deliver({ PeerClosed: { code: 'SUPERSEDED', reason } });
    this.deliver('ClientKicked');
    this.#leave('SUPERSEDED', reason);
  }

  /**
   * Enters the streamer; a second time it only identifies the viewer.
   *
   * @param secret that this viewer was given when it was here before
   */
  #join(secret: string | null): void {
    if (this.#ended) return;
    const { streamerId } = this.#grant;
    if (secret !== null) this.#clients.takeOver(streamerId, secret, this);
    if (this.#streamer !== null) {
      if (secret !== null) this.#streamer.company.resume(this.peerId, seatOf(secret));
      return;
    }
    const streamer = this.#streamers.require(streamerId);
    this.#tenure = this.#tenures.hold(this.#socket.principal, (code, reason) => {
      streamer.dismissViewer(this.peerId, code, reason);
    });
    this.#streamer = streamer;
    const issued = this.#clients.enter(streamerId, this);
    this.seat = seatOf(issued);
    this.deliver({ Resume: { secret: issued } });
    streamer.addViewer(this);
    if (secret !== null) streamer.company.resume(this.peerId, seatOf(secret));
  }

  #refuse(error: MoonteeError): void {
    if (this.#ended) return;
    this.#log.info({ code: error.code, reason: error.message }, 'viewer refused');
    const stage = 'Setup WebRTC Peer';
    this.deliver({ StageFailed: { stage, error_code: -1 } });
    const reason = viewerReason(error.code, error.message);
    this.deliver({ PeerClosed: { code: error.code, reason } });
    this.#leave(error.code, reason);
  }

  #tellChild(
    init: Extract<StreamClientMessage, { AuthenticateAndInit: unknown }>['AuthenticateAndInit'],
  ): void {
    this.#streamer?.fromViewer(this.peerId, { AuthenticateAndInit: init });
  }

  /** Our own decision. */
  #leave(code: OutcomeCode, reason: string): void {
    this.#left(code, reason);
    this.#socket.end(code, reason);
  }

  /** The socket is gone, or as good as gone. */
  #left(code: OutcomeCode, reason: string): void {
    const streamer = this.#streamer;
    this.#forget();
    streamer?.removeViewer(this.peerId, code, reason);
  }

  #forget(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#tenure?.release();
    this.#clients.leave(this);
    this.#gone();
  }
}

/** What a viewer is known by when it comes back with its secret. */
function seatOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}
