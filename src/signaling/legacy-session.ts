import { randomUUID } from 'node:crypto';
import { streamerSpec } from '../protocol/create-request.js';
import { assertMay } from '../access/gate.js';
import { MoonteeError } from '../core/errors.js';
import { ALL_RIGHTS } from '../core/rights.js';
import type { OutcomeCode } from '../core/outcomes.js';
import type { HostStore } from '../hosts/store.js';
import { sameApp } from '../hosts/session-planner.js';
import type { Log } from '../core/log.js';
import type { StreamerSpec } from '../protocol/streamer-spec.js';
import type { Streamer } from '../streamer/streamer.js';
import type { Viewer } from '../streamer/viewers.js';
import {
  AuthenticatedSocket,
  type AuthenticationOptions,
  type Init,
} from './authenticated-socket.js';
import type { StreamServerMessage } from '../protocol/viewer-messages.js';
import { viewerReason } from '../protocol/viewer-words.js';
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
  /** After `gone`: the streamer that it opened, or kept, has to do without it. */
  readonly left: (streamer: Streamer) => void;
}

/** What a backend appends to the name of a session that it starts and leaves (signaling.md e.2). */
const KICKOFF = /-kickoff$/;

/**
 * Milliseconds after which a streamer that still starts is handed over. A backend waits for ten
 * seconds and takes silence for a failure.
 */
const HANDOVER_DEADLINE_MS = 8_000;

/** One legacy socket: it names the streamer that it wants, looks at it, or only keeps it. */
export class LegacySession implements Viewer {
  readonly peerId = randomUUID();
  readonly rights = ALL_RIGHTS;
  readonly name = null;
  readonly isPeerless: boolean;
  readonly #options: LegacySessionOptions;
  readonly #log: Log;
  readonly #socket: AuthenticatedSocket;
  #begun = false;
  #streamer: Streamer | null = null;
  #stopWatching: (() => void) | null = null;
  #handover: NodeJS.Timeout | null = null;
  #ended = false;

  constructor(socket: BrowserSocket, grant: SocketGrant, options: LegacySessionOptions) {
    this.#options = options;
    this.isPeerless = grant.isPeerless;
    this.#log = options.log.child({ peer_id: this.peerId });
    this.#socket = new AuthenticatedSocket(
      socket,
      grant,
      true,
      { ...options, log: this.#log },
      {
        // Who opens it may make streamers.
        assertAdmitted: (principal) => assertMay(principal, 'administrator', null),
        onInit: (init) => this.#begin(init),
        onMessage: (message) => this.#streamer?.fromViewer(this.peerId, message),
        onChannel: (channel, data) => {
          this.#streamer?.fromViewerChannel(this.peerId, channel, data);
        },
        onError: (error) => this.#fail(error),
        onLeft: (code, reason) => this.#left(code, reason),
      },
    );
  }

  /** The streamer that it keeps without looking at it. */
  get kept(): Streamer | null {
    return this.#stopWatching === null ? null : this.#streamer;
  }

  deliver(message: StreamServerMessage, skippable = false): void {
    this.#socket.deliver(message, skippable);
  }

  deliverChannel(channel: number, data: Buffer): void {
    this.#socket.deliverChannel(channel, data);
  }

  end(code: OutcomeCode, reason: string): void {
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
    if (this.#ended) {
      this.#options.left(streamer);
      return;
    }
    this.#streamer = streamer;
    this.deliver({ StageComplete: { stage: 'Launch Streamer' } });
    if (mode === 'keepalive') this.#watch(streamer, !isKickoff(spec));
    else {
      streamer.addViewer(this);
      if (init.presence) streamer.company.introduce(this.peerId, init.presence);
    }
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

  /**
   * A socket without media, which is notified when the streamer runs or ends.
   *
   * @param handsOver the server ends it, without a status, once the streamer runs by itself;
   * otherwise the client must end it
   */
  #watch(streamer: Streamer, handsOver: boolean): void {
    const onStatus = (): void => {
      if (streamer.status === 'active') {
        this.deliver({ StageComplete: { stage: 'Moonlight Stream' } });
        if (handsOver) this.#leaveAlone();
      } else if (!isAlive(streamer)) {
        this.deliver('PeerDisconnect');
        const { failure } = streamer;
        const reason = failure ? viewerReason(failure.code, failure.reason) : null;
        this.end('STREAMER_STOPPING', reason ?? 'The streamer was stopped');
      }
    };
    streamer.on('status', onStatus);
    this.#stopWatching = () => streamer.off('status', onStatus);
    if (handsOver) this.#handover = setTimeout(() => this.#leaveAlone(), HANDOVER_DEADLINE_MS);
    onStatus();
  }

  #leaveAlone(): void {
    this.#forget();
    this.#socket.endPlainly();
  }

  #fail(error: MoonteeError): void {
    if (this.#ended) return;
    this.#log.info({ code: error.code, reason: error.message }, 'stream refused');
    const plain = plainError(error);
    this.deliver(plain);
    this.#left(error.code, error.message);
    // The other socket reports everything.
    if (plain === 'InternalServerError')
      this.#socket.endPlainly(viewerReason(error.code, error.message));
    else this.#socket.endPlainly();
  }

  #left(code: OutcomeCode, reason: string): void {
    const streamer = this.#streamer;
    this.#forget();
    streamer?.removeViewer(this.peerId, code, reason);
  }

  #forget(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#stopWatching?.();
    if (this.#handover !== null) clearTimeout(this.#handover);
    this.#options.gone();
    if (this.kept !== null) this.#options.left(this.kept);
  }
}

/** Whether it can be looked at, now or soon. */
export function isAlive({ status }: Streamer): boolean {
  return status !== 'failed' && status !== 'stopping';
}

/**
 * Whether a streamer shall only start its app. Its socket then stays until the client closes it,
 * and the streamer ends with it. Without the suffix it is the other way round (signaling.md e.2).
 */
export function isKickoff({ streamer_id: id }: StreamerSpec): boolean {
  return KICKOFF.test(id);
}

/** The settings of a client that sends few: the reference's defaults. */
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
