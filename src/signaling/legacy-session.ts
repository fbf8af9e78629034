import { randomUUID } from 'node:crypto';
import { streamerSpec } from '../api/streamer-answers.js';
import { MoonteeError } from '../errors.js';
import type { HostStore } from '../hosts/store.js';
import { sameApp } from '../hosts/targets.js';
import type { Log } from '../log.js';
import type { StreamerSpec } from '../streamer/spec.js';
import type { Streamer } from '../streamer/streamer.js';
import type { Viewer } from '../streamer/viewers.js';
import {
  AuthenticatedSocket,
  type AuthenticationOptions,
  type Init,
} from './authenticated-socket.js';
import type { StreamServerMessage } from './messages.js';
import type { SocketGrant } from './upgrade.js';
import type { BrowserSocket } from './viewer-socket.js';

export type LegacyMode = 'create' | 'keepalive' | 'join';
type PlainError = Extract<StreamServerMessage, string>;

export interface LegacySessionOptions extends AuthenticationOptions {
  readonly hosts: HostStore;
  /** The running streamer of that spec, or one that is made now. */
  readonly open: (spec: StreamerSpec, mode: LegacyMode) => Promise<Streamer>;
  /** Once. */
  readonly gone: () => void;
}

/** One legacy socket: it names the streamer that it wants, looks at it, or only keeps it. */
export class LegacySession implements Viewer {
  readonly peerId = randomUUID();
  readonly #options: LegacySessionOptions;
  readonly #log: Log;
  readonly #socket: AuthenticatedSocket;
  #begun = false;
  #streamer: Streamer | null = null;
  #stopWatching: (() => void) | null = null;
  #ended = false;

  constructor(socket: BrowserSocket, grant: SocketGrant, options: LegacySessionOptions) {
    this.#options = options;
    this.#log = options.log.child({ peer_id: this.peerId });
    this.#socket = new AuthenticatedSocket(
      socket,
      grant,
      true,
      { ...options, log: this.#log },
      {
        onInit: (init) => this.#begin(init),
        onMessage: (message) => this.#streamer?.fromViewer(this.peerId, message),
        onError: (error) => this.#fail(error),
        onLeft: (code, reason) => this.#left(code, reason),
      },
    );
  }

  /** The first message was right. */
  get begun(): boolean {
    return this.#begun;
  }

  deliver(message: StreamServerMessage): void {
    this.#socket.deliver(message);
  }

  end(code: string, reason: string): void {
    this.#forget();
    this.#socket.end(code, reason);
  }

  async #begin(init: Init): Promise<void> {
    if (this.#begun) return;
    this.#begun = true;
    const mode = init.mode ?? 'create';
    const spec = specOf(init);
    if (mode !== 'join') await this.#announceApp(spec);
    const streamer = await this.#options.open(spec, mode);
    if (this.#ended) return;
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

  #left(code: string, reason: string): void {
    const streamer = this.#streamer;
    this.#forget();
    streamer?.removeViewer(this.peerId, code, reason);
  }

  #forget(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#stopWatching?.();
    this.#options.gone();
  }
}

/** Whether it can be looked at, now or soon. */
export function isAlive({ status }: Streamer): boolean {
  return status !== 'failed' && status !== 'stopping';
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
