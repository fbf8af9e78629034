import { randomUUID } from 'node:crypto';
import type { Credentials } from '../api/credentials.js';
import { streamerSpec } from '../api/streamer-answers.js';
import { MoonteeError } from '../errors.js';
import type { HostStore } from '../hosts/store.js';
import { sameApp } from '../hosts/targets.js';
import type { Log } from '../log.js';
import type { StreamerRegistry } from '../streamer/registry.js';
import type { StreamerSpec } from '../streamer/spec.js';
import type { Streamer } from '../streamer/streamer.js';
import type { Viewer } from '../streamer/viewers.js';
import type { StreamClientMessage, StreamServerMessage } from './messages.js';
import type { SocketGrant } from './upgrade.js';
import { ViewerSocket, type BrowserSocket, type ViewerSocketOptions } from './viewer-socket.js';

export type LegacyMode = 'create' | 'keepalive' | 'join';
type Init = Extract<StreamClientMessage, { AuthenticateAndInit: unknown }>['AuthenticateAndInit'];
type PlainError = Extract<StreamServerMessage, string>;

export interface LegacyOptions {
  readonly streamers: StreamerRegistry;
  readonly hosts: HostStore;
  readonly credentials: Credentials;
  readonly socket: ViewerSocketOptions;
  /** Milliseconds for the first message. */
  readonly authTimeout: number;
  /** Milliseconds that a streamer of mode `create` outlives its last viewer. */
  readonly grace: number;
  readonly log: Log;
}

/**
 * `/api/host/stream`: the socket that makes its streamer itself (signaling.md b.2, a.6), on
 * top of the same streamers as everything else. Who comes back within the grace joins what
 * is still running.
 */
export class LegacyStreams {
  readonly #options: LegacyOptions;
  readonly #sessions = new Set<LegacySession>();
  readonly #modes = new Map<string, LegacyMode>();
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
      this.#modes.delete(id);
    });
  }

  get pending(): number {
    return [...this.#sessions].filter(({ begun }) => !begun).length;
  }

  /** How a streamer was made here; undefined where it was not. */
  modeOf(streamerId: string): LegacyMode | undefined {
    return this.#modes.get(streamerId);
  }

  serve(socket: BrowserSocket, grant: SocketGrant): void {
    const session = new LegacySession(socket, grant, this.#options, this, () => {
      this.#sessions.delete(session);
    });
    this.#sessions.add(session);
  }

  /** The running streamer of that spec, or one that is made now. */
  async open(spec: StreamerSpec, mode: LegacyMode): Promise<Streamer> {
    const { streamers } = this.#options;
    const existing = streamers.get(spec.streamer_id);
    if (existing !== undefined && isAlive(existing)) return existing;
    if (mode === 'join') throw new MoonteeError('STREAMER_NOT_FOUND');
    try {
      const made = await streamers.create(spec);
      this.#modes.set(spec.streamer_id, mode);
      return made;
    } catch (error) {
      // Somebody was quicker: theirs serves as well.
      const raced = streamers.get(spec.streamer_id);
      if (raced !== undefined && isAlive(raced)) return raced;
      throw error;
    }
  }

  close(): void {
    for (const session of this.#sessions) session.end('CLOSED', 'The server is shutting down');
    for (const id of [...this.#graces.keys()]) this.#endGrace(id);
  }

  #beginGrace(streamer: Streamer): void {
    if (this.#modes.get(streamer.id) !== 'create') return;
    if (streamer.viewers.length > 0 || !isAlive(streamer)) return;
    this.#endGrace(streamer.id);
    const timer = setTimeout(() => {
      this.#graces.delete(streamer.id);
      this.#options.log.info({ streamer_id: streamer.id }, 'nobody came back');
      this.#options.streamers.delete(streamer.id, true).catch(() => undefined);
    }, this.#options.grace);
    this.#graces.set(streamer.id, timer);
  }

  #endGrace(id: string): void {
    clearTimeout(this.#graces.get(id));
    this.#graces.delete(id);
  }
}

function isAlive({ status }: Streamer): boolean {
  return status !== 'failed' && status !== 'stopping';
}

class LegacySession implements Viewer {
  readonly peerId = randomUUID();
  readonly #grant: SocketGrant;
  readonly #options: LegacyOptions;
  readonly #streams: LegacyStreams;
  readonly #gone: () => void;
  readonly #log: Log;
  readonly #socket: ViewerSocket;
  readonly #deadline: NodeJS.Timeout;
  #turn: Promise<void> = Promise.resolve();
  #begun = false;
  #streamer: Streamer | null = null;
  #stopWatching: (() => void) | null = null;
  #ended = false;

  constructor(
    socket: BrowserSocket,
    grant: SocketGrant,
    options: LegacyOptions,
    streams: LegacyStreams,
    gone: () => void,
  ) {
    this.#grant = grant;
    this.#options = options;
    this.#streams = streams;
    this.#gone = gone;
    this.#log = options.log.child({ peer_id: this.peerId });
    this.#deadline = setTimeout(() => {
      this.#failAuthentication('No first message came in time');
    }, options.authTimeout);
    this.#socket = new ViewerSocket(
      socket,
      { ...options.socket, log: this.#log },
      {
        onMessage: (message) => {
          this.#turn = this.#turn
            .then(() => this.#receive(message))
            .catch((error: unknown) => this.#fail(MoonteeError.from(error)));
        },
        onClosed: (code, reason) => this.#left(code, reason),
      },
    );
  }

  /** The first message was right. */
  get begun(): boolean {
    return this.#begun;
  }

  deliver(message: StreamServerMessage): void {
    this.#socket.send(message);
  }

  end(code: string, reason: string): void {
    this.#forget();
    this.#socket.end(code, reason);
  }

  async #receive(message: StreamClientMessage): Promise<void> {
    if (this.#ended) return;
    if (this.#begun) {
      if (!('AuthenticateAndInit' in message)) this.#streamer?.fromViewer(this.peerId, message);
      return;
    }
    if (!('AuthenticateAndInit' in message)) {
      this.#failAuthentication('The first message must be AuthenticateAndInit');
      return;
    }
    const init = message.AuthenticateAndInit;
    const { credentials } = this.#options;
    if (
      !this.#grant.authenticated &&
      !(await credentials.check(init.credentials ?? '', this.#grant.address))
    ) {
      this.#failAuthentication('Wrong credentials');
      return;
    }
    clearTimeout(this.#deadline);
    this.#begun = true;
    await this.#begin(init);
  }

  async #begin(init: Init): Promise<void> {
    const mode = init.mode ?? 'create';
    const spec = specOf(init);
    if (mode !== 'join') await this.#announceApp(spec);
    const streamer = await this.#streams.open(spec, mode);
    if (this.#isEnded()) return;
    this.#streamer = streamer;
    this.deliver({ StageComplete: { stage: 'Launch Streamer' } });
    if (mode === 'keepalive') this.#watch(streamer);
    else streamer.addViewer(this);
  }

  async #announceApp(spec: StreamerSpec): Promise<void> {
    const host = this.#options.hosts.require(spec.host_id);
    if (!host.paired) throw new MoonteeError('HOST_NOT_PAIRED');
    const app = (await host.freshApps()).find(({ id }) => sameApp(id, spec.app_id));
    if (app === undefined) throw new MoonteeError('APP_NOT_FOUND');
    this.deliver({
      UpdateApp: {
        app: { app_id: app.id, title: app.title, is_hdr_supported: app.hdrSupported },
      },
    });
  }

  /** A socket that only keeps: it has no picture, and hears when the streamer ends. */
  #watch(streamer: Streamer): void {
    const onStatus = (): void => {
      if (streamer.status === 'active') {
        this.deliver({ StageComplete: { stage: 'Moonlight Stream' } });
      } else if (!isAlive(streamer)) {
        this.deliver('PeerDisconnect');
        this.end('STREAMER_STOPPING', streamer.failure?.reason ?? 'The streamer was stopped');
      }
    };
    streamer.on('status', onStatus);
    this.#stopWatching = () => streamer.off('status', onStatus);
    onStatus();
  }

  #fail(error: MoonteeError): void {
    if (this.#ended) return;
    this.#log.info({ code: error.code, reason: error.message }, 'stream refused');
    this.deliver(plainError(error));
    this.#left(error.code, error.message);
    this.#socket.endPlainly();
  }

  #failAuthentication(reason: string): void {
    if (this.#ended) return;
    this.#log.warn({ address: this.#grant.address, reason }, 'stream not authenticated');
    this.deliver({ StageFailed: { stage: 'Authentication', error_code: -1 } });
    this.#left('UNAUTHORIZED', reason);
    this.#socket.end('UNAUTHORIZED', reason);
  }

  #left(code: string, reason: string): void {
    const streamer = this.#streamer;
    this.#forget();
    streamer?.removeViewer(this.peerId, code, reason);
  }

  #forget(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#deadline);
    this.#stopWatching?.();
    this.#gone();
  }

  /** Asked after an await, where the compiler believes to know. */
  #isEnded(): boolean {
    return this.#ended;
  }
}

/** What a client that says little means: the reference's defaults. */
function specOf(init: Init): StreamerSpec {
  const hostId = init.host_id ?? 0;
  const appId = init.app_id ?? 0;
  const session = init.session_id ?? '';
  return streamerSpec({
    streamer_id: session === '' ? `legacy-${hostId}-${appId}` : session,
    client_unique_id: init.client_unique_id ?? null,
    host_id: hostId,
    app_id: appId,
    bitrate: init.bitrate ?? 10_000,
    packet_size: init.packet_size ?? 1_024,
    fps: init.fps ?? 60,
    width: init.width ?? 1_920,
    height: init.height ?? 1_080,
    video_sample_queue_size: init.video_sample_queue_size ?? 10,
    audio_sample_queue_size: init.audio_sample_queue_size ?? 10,
    play_audio_local: init.play_audio_local ?? false,
    video_supported_formats: init.video_supported_formats ?? 1,
    video_colorspace: init.video_colorspace ?? 'Rec709',
    video_color_range_full: init.video_color_range_full ?? false,
  });
}

function plainError({ code }: MoonteeError): PlainError {
  switch (code) {
    case 'HOST_NOT_FOUND':
      return 'HostNotFound';
    case 'HOST_NOT_PAIRED':
      return 'HostNotPaired';
    case 'APP_NOT_FOUND':
      return 'AppNotFound';
    case 'STREAMER_NOT_FOUND':
      return 'SessionNotFound';
    default:
      return 'InternalServerError';
  }
}
